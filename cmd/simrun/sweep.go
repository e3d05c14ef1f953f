package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
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
		t.counters.Add(name, r.Counters[name])
		t.seeds[name]++
	}
	if r.Violation != "" {
		t.failed = append(t.failed, r)
	}
}

// each runs the seeds from first to last on jobs workers and hands the reports
// to take, one at a time, until it answers false.
func each(jobs int, mutant string, first, last uint64, stderr io.Writer, take func(report) bool) error {
	var mu sync.Mutex
	var failure error
	next, stop := first, false
	claim := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		if stop || next > last || next < first {
			return 0, false
		}
		next++
		return next - 1, true
	}
	give := func(r report, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failure, stop = err, true
		} else if !stop && !take(r) {
			stop = true
		}
	}
	var done sync.WaitGroup
	for range min(uint64(jobs), last-first+1) {
		done.Add(1)
		go func() {
			defer done.Done()
			w, err := startWorker(mutant, stderr)
			if err != nil {
				give(report{}, err)
				return
			}
			for {
				seed, ok := claim()
				if !ok {
					break
				}
				r, alive := w.run(seed)
				give(r, nil)
				if alive {
					continue
				}
				if w, err = startWorker(mutant, stderr); err != nil {
					give(report{}, err)
					return
				}
			}
			w.stop()
		}()
	}
	done.Wait()
	return failure
}

// sweep runs many seeds.
func sweep(f *flags, stdout, stderr io.Writer) int {
	t := newTally()
	began := time.Now()
	shown := began
	total := f.to - f.from + 1
	err := each(f.jobs, "", f.from, f.to, stderr, func(r report) bool {
		t.add(r)
		if now := time.Now(); now.Sub(shown) > 5*time.Second {
			shown = now
			fmt.Fprintf(stderr, "%d of %d seeds, %.1f a second, %d violations\n", t.runs, total, float64(t.runs)/now.Sub(began).Seconds(), len(t.failed))
		}
		return true
	})
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	t.print(stdout, time.Since(began))
	if len(t.failed) == 0 {
		return exitClean
	}
	for i, r := range t.failed {
		fmt.Fprintln(stdout)
		if i < told {
			runOne(&flags{seed: r.Seed, lines: f.lines}, stdout, stderr)
			continue
		}
		fmt.Fprintf(stdout, "seed %d: %.400s\nreplay: go run ./cmd/simrun --seed %d\n", r.Seed, r.Violation, r.Seed)
	}
	return exitViolation
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
