package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"sierradb/sim"
)

// shrinkMost bounds the runs of one shrinking: a minute or two.
const shrinkMost = 5000

// shrink makes a failing run small and writes its plan to a file.
func shrink(f *flags, stdout, stderr io.Writer) int {
	p, _, err := f.thePlan()
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	began := time.Now()
	s := &sim.Shrinker{
		Run:  func(p *sim.Plan) *sim.Result { return simulate(p, sim.Options{}) },
		Most: shrinkMost,
		Tell: func(step string, runs, faults, requests int) {
			fmt.Fprintf(stdout, "%-14s %4d faults, %4d requests, after %4d runs and %s\n", step, faults, requests, runs, time.Since(began).Round(100*time.Millisecond))
		},
	}
	small := s.Shrink(p)
	r := simulate(small, sim.Options{})
	if r.Violation == nil {
		fmt.Fprintln(stdout, "the run is clean: there is nothing to shrink")
		return exitClean
	}
	small.Story = append(small.Story, story(f, r)...)
	if f.mutant != "" {
		small.Finds = []sim.Find{{Bug: f.mutant, Property: r.Violation.Property}}
	}
	if err := os.WriteFile(f.shrink, small.Text(), 0o644); err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	fmt.Fprintf(stdout, "seed %d: %v\n", p.Seed, r.Violation)
	f.plan = f.shrink
	_, again, err := f.thePlan()
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	fmt.Fprintf(stdout, "replay: %s\n", again)
	return classOf(r.Violation.Property)
}

// story begins the story of a plan that was shrunk; a person writes the rest.
func story(f *flags, r *sim.Result) []string {
	from := fmt.Sprintf("Shrunk from seed %d", f.seed)
	if f.plan != "" {
		from = "Shrunk from " + f.plan
	}
	if f.mutant != "" {
		from += " with the planted bug " + f.mutant
	}
	text := strings.ReplaceAll(fmt.Sprintf("%.300s", r.Violation.Error()), "\n", " ")
	return []string{from + ".", text}
}

// leaveOut takes classes of faults out of a plan.
func leaveOut(p *sim.Plan, classes string) error {
	if classes == "" {
		return nil
	}
	for name := range strings.SplitSeq(classes, ",") {
		if err := p.Without(name); err != nil {
			return err
		}
	}
	return nil
}

// draw makes the plan of a seed, without the classes that are left out; they
// were checked with the command line.
func (f *flags) draw(seed uint64) *sim.Plan {
	p := sim.NewPlan(seed)
	if err := leaveOut(p, f.without); err != nil {
		panic(err)
	}
	return p
}

// listClasses shows what --without can leave out.
func listClasses(out io.Writer) {
	for _, c := range sim.Classes() {
		fmt.Fprintf(out, "%-20s %s\n", c.Name, c.Text)
	}
	for _, a := range sim.Ablations() {
		fmt.Fprintf(out, "%-20s %s\n", a.Name, a.Text)
	}
}
