package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"sierradb/sim"
)

// told is how many failing seeds are told in full.
const told = 3

// tally is the sum of many runs.
type tally struct {
	runs     uint64
	virtual  float64 // seconds
	counters sim.Counters
	seeds    map[string]uint64 // by counter: the seeds that counted it
	failed   []report
}

func newTally() *tally { return &tally{counters: sim.Counters{}, seeds: map[string]uint64{}} }

func (t *tally) add(r report) {
	t.runs++
	t.virtual += float64(r.Virtual) / 1e9
	for _, name := range r.Counters.Names() {
		if strings.HasPrefix(name, "most ") {
			t.counters[name] = max(t.counters[name], r.Counters[name])
		} else {
			t.counters.Add(name, r.Counters[name])
		}
		t.seeds[name]++
	}
	if r.Violation != "" {
		t.failed = append(t.failed, r)
	}
}

// sweep runs many seeds.
func sweep(f *flags, stdout, stderr io.Writer) int {
	t := newTally()
	began := time.Now()
	shown := began
	total := f.to - f.from + 1
	workers := f.fleet(stderr)
	err := workers.each(f.from, f.to, func(r report) bool {
		t.add(r)
		if now := time.Now(); now.Sub(shown) > 5*time.Second {
			shown = now
			fmt.Fprintf(stderr, "%d of %d seeds, %.1f a second, %d violations\n", t.runs, total, float64(t.runs)/now.Sub(began).Seconds(), len(t.failed))
		}
		return r.Property != sameRun // no other finding would be certain
	})
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	took := time.Since(began)
	t.print(stdout, took)
	fmt.Fprintf(stdout, "speed: %.1f runs for a second of CPU time, %.0f s of virtual time for a real second, %d requests a run\n",
		t.perCPU(workers), t.virtual/took.Seconds(), t.counters["requests"]/t.runs)
	if f.twice && t.diverged() == 0 {
		fmt.Fprintf(stdout, "each seed ran twice (%s; %s): the same records, counters and verdicts\n",
			strings.Join(settingsTwice[0], " "), strings.Join(settingsTwice[1], " "))
	}
	complete := t.coverage(stdout, f.requireAll)
	for i, r := range t.failed {
		fmt.Fprintln(stdout)
		switch {
		case r.Apart:
			// What hung or died there would do so here.
			fmt.Fprintf(stdout, "seed %d: %s\n%sreplay: %s\n", r.Seed, r.Violation, r.Stack, f.replay(r))
		case i < told:
			runOne(&flags{seed: r.Seed, lines: f.lines, without: f.without}, stdout, stderr)
		default:
			fmt.Fprintf(stdout, "seed %d: %.400s\nreplay: %s\n", r.Seed, r.Violation, f.replay(r))
		}
	}
	if status := worst(t.failed); status != exitClean || complete || !f.requireAll {
		return status
	}
	return exitViolation
}

// perCPU is how many runs a core does in a second that it has for them alone: a
// number that a busy machine hardly changes.
func (t *tally) perCPU(f *fleet) float64 {
	runs := float64(t.runs)
	if f.twice {
		runs *= 2
	}
	return runs / f.used.Seconds()
}

// replay is the command that shows a finding again.
func (f *flags) replay(r report) string {
	without := ""
	if f.without != "" {
		without = " --without " + f.without
	}
	if r.Property == sameRun {
		return fmt.Sprintf("go run ./cmd/simrun --seeds %d..%d --twice%s", r.Seed, r.Seed, without)
	}
	return fmt.Sprintf("go run ./cmd/simrun --seed %d%s", r.Seed, without)
}

// diverged is how many seeds gave two runs.
func (t *tally) diverged() int {
	n := 0
	for _, r := range t.failed {
		if r.Property == sameRun {
			n++
		}
	}
	return n
}

// print prints the sums: first what tells whether the sweep was worth
// something, then everything.
func (t *tally) print(out io.Writer, took time.Duration) {
	fmt.Fprintf(out, "%d runs in %s: %.1f seeds a second, %.0f s of virtual time\n", t.runs, took.Round(time.Millisecond), float64(t.runs)/took.Seconds(), t.virtual)
	c := t.counters
	fmt.Fprintf(out, "crashes %d (power cuts %d, in recovery %d), torn sectors %d, acknowledged events %d, violations %d\n",
		c["process deaths"]+c["power cuts"], c["power cuts"], c["crashes in recovery"], c["sectors torn"], c["events acknowledged"], len(t.failed))
	properties := map[string]int{}
	var names []string
	for _, r := range t.failed {
		if properties[r.Property]++; properties[r.Property] == 1 {
			names = append(names, r.Property)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(out, "  violations of %-30s %6d\n", name, properties[name])
	}
	fmt.Fprintf(out, "%-46s %12s %8s\n", "count", "total", "seeds")
	for _, name := range c.Names() {
		if !strings.HasPrefix(name, "mark ") {
			fmt.Fprintf(out, "%-46s %12d %8d\n", name, c[name], t.seeds[name])
		}
	}
	fmt.Fprintf(out, "%-46s %12s %8s\n", "states worth reaching (Sometimes)", "hits", "seeds")
	for _, name := range c.Names() {
		if mark, ok := strings.CutPrefix(name, "mark "); ok {
			fmt.Fprintf(out, "%-46s %12d %8d\n", mark, c[name], t.seeds[name])
		}
	}
}
