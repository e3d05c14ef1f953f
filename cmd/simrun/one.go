package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"sierradb/core/actor"
	"sierradb/sim"
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
	var text func(string)
	if f.trace {
		text = func(line string) { fmt.Fprintln(stdout, line) }
	}
	describePlan(stdout, p)
	began := time.Now()
	r := simulate(p, sim.Options{Text: text})
	took := time.Since(began)
	fmt.Fprintf(stdout, "trace hash %016x, %d records, %.3f s of virtual time in %s\n", r.Hash, r.Records, seconds(r.Virtual), took.Round(time.Millisecond))
	printCounters(stdout, r.Counters)
	if r.Violation == nil {
		fmt.Fprintln(stdout, "PASS")
		return exitClean
	}
	printViolation(stdout, f, p, r)
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

// printViolation runs the plan once more for its last events: a run costs
// nothing for a timeline that nobody reads.
func printViolation(out io.Writer, f *flags, p *sim.Plan, r *sim.Result) {
	fmt.Fprintf(out, "VIOLATION of %s\n", r.Violation.Property)
	ring := make([]string, 0, f.lines)
	again := simulate(p, sim.Options{Text: func(line string) {
		if strings.Contains(line, " op ") || len(line) > 12 && strings.Contains(line, " kind 2 from none-0 ") {
			return // file operations and ticks fill the page without telling much
		}
		if len(ring) == cap(ring) && len(ring) > 0 {
			copy(ring, ring[1:])
			ring = ring[:len(ring)-1]
		}
		if len(line) > 320 {
			line = line[:320] + "..."
		}
		ring = append(ring, line)
	}})
	fmt.Fprintf(out, "the last %d events (seconds of virtual time; -> request, <- reply, -- the world):\n", len(ring))
	for _, line := range ring {
		fmt.Fprintln(out, line)
	}
	fmt.Fprintf(out, "\nseed %d: %v\n", p.Seed, r.Violation)
	if len(r.Stack) > 0 {
		fmt.Fprintf(out, "%s\n", r.Stack)
	}
	if again.Hash != r.Hash {
		fmt.Fprintf(out, "the run was not the same the second time: hash %016x, then %016x\n", r.Hash, again.Hash)
	}
}
