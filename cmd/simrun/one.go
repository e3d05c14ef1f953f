package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"sierradb/core/actor"
	"sierradb/sim"
	"sierradb/sim/timeline"
)

// runOne runs one seed or one plan and tells all about it.
func runOne(f *flags, stdout, stderr io.Writer) int {
	p, again, err := f.thePlan()
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	if f.showPlan {
		fmt.Fprintf(stdout, "%s", p.Text())
		return exitClean
	}
	var o sim.Options
	if f.trace != "" {
		o = sim.Options{Level: f.level, Text: func(line string) { fmt.Fprintln(stdout, line) }}
	}
	describePlan(stdout, p)
	began := time.Now()
	r := simulate(p, o)
	took := time.Since(began)
	fmt.Fprintf(stdout, "trace hash %016x, %d records, %.3f s of virtual time in %s\n", r.Hash, r.Records, seconds(r.Virtual), took.Round(time.Millisecond))
	printCounters(stdout, r.Counters)
	if r.Violation != nil {
		fmt.Fprintf(stdout, "VIOLATION of %s\n", r.Violation.Property)
	}
	if r.Violation != nil || f.html != "" || f.set != nil && f.set.Changed("timeline") {
		if err := showTimeline(stdout, f, p, r, again); err != nil {
			fmt.Fprintln(stderr, "simrun:", err)
			return exitUsage
		}
	}
	if r.Violation == nil {
		fmt.Fprintln(stdout, "PASS")
		return exitClean
	}
	fmt.Fprintf(stdout, "\nseed %d: %v\n", p.Seed, r.Violation)
	if len(r.Stack) > 0 {
		fmt.Fprintf(stdout, "%s\n", r.Stack)
	}
	fmt.Fprintf(stdout, "replay: %s\n", again)
	return classOf(r.Violation.Property)
}

// thePlan is the plan to run, and the command that runs it.
func (f *flags) thePlan() (*sim.Plan, string, error) {
	tags := ""
	if f.mutant != "" {
		tags = "-tags mutants "
	}
	again := fmt.Sprintf("go run %s./cmd/simrun --seed %d", tags, f.seed)
	p := sim.NewPlan(f.seed)
	if f.plan != "" {
		again = fmt.Sprintf("go run %s./cmd/simrun --plan %s", tags, f.plan)
		text, err := os.ReadFile(f.plan)
		if err != nil {
			return nil, "", err
		}
		if p, err = sim.ParsePlan(text); err != nil {
			return nil, "", fmt.Errorf("%s is no plan: %w", f.plan, err)
		}
	}
	if f.mutant != "" {
		again += " --mutant " + f.mutant
	}
	if f.without != "" {
		again += " --without " + f.without
	}
	return p, again, leaveOut(p, f.without)
}

func seconds(t actor.Instant) float64 { return float64(t) / float64(actor.Second) }

func describePlan(out io.Writer, p *sim.Plan) {
	k := &p.Knobs
	fmt.Fprintf(out, "seed %d, mode %s: %d buckets, %d partitions, segments of %d bytes, sectors of %d; %d clients with %d requests each, %d in flight\n",
		p.Seed, p.Mode, k.Buckets, k.Partitions, k.SegmentSize, k.Sector, k.Clients, k.Ops, k.Depth)
	for i := range p.Faults {
		fmt.Fprintf(out, "  fault %d: %s\n", i, p.Faults[i].String())
	}
}

func printCounters(out io.Writer, c sim.Counters) {
	for _, name := range c.Names() {
		fmt.Fprintf(out, "  %-44s %10d\n", name, c[name])
	}
}

// showTimeline runs the plan once more for its timeline: a run costs nothing for
// one that nobody reads.
func showTimeline(out io.Writer, f *flags, p *sim.Plan, r *sim.Result, again string) error {
	t := &timeline.Run{Plan: p, Result: r, Replay: again}
	second := play(p, sim.Options{Moments: func(m *sim.Moment) { t.Moments = append(t.Moments, m) }})
	if second.Hash != r.Hash {
		fmt.Fprintf(out, "the run was not the same the second time: hash %016x, then %016x\n", r.Hash, second.Hash)
	}
	if r.Violation != nil || f.html == "" || f.set.Changed("timeline") {
		if err := timeline.Text(out, t, f.lines); err != nil {
			return err
		}
	}
	if f.html == "" {
		return nil
	}
	var page bytes.Buffer
	if err := timeline.HTML(&page, t); err != nil {
		return err
	}
	if err := os.WriteFile(f.html, page.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "wrote %s: %d moments, %d bytes\n", f.html, len(t.Moments), page.Len())
	return nil
}
