package main

import (
	"fmt"
	"io"
	"slices"

	"sierradb/core/mutate"
	"sierradb/sim"
)

// need says that a planted bug can't be found when something is left out of all
// plans: a class of faults, or what [sim.Ablations] names.
type need struct {
	bug     mutate.Bug
	without string
}

// needs are the cells of the ablation matrix that must stay empty. If one fills,
// some other part of the simulator finds that bug now: take the line out. If a
// class of faults has no line, nothing shows that it is worth its place.
var needs = []need{}

// leaves are all names that --without takes.
func leaves() (names []string) {
	for _, c := range sim.Classes() {
		names = append(names, c.Name)
	}
	for _, a := range sim.Ablations() {
		names = append(names, a.Name)
	}
	return names
}

// ablate hunts planted bugs with parts of the world left out, and checks that
// those which need such a part are not found without it. The whole matrix is
// printed with --ablation=all, else only what must be empty is tried.
func ablate(f *flags, stdout, stderr io.Writer) int {
	budget := f.to - f.from + 1
	status := exitClean
	fmt.Fprintf(stdout, "seeds until found, at most %d (-: not found)\n%-24s %-22s %8s  %s\n", budget, "planted bug", "left out", "seeds", "")
	for _, n := range f.cells() {
		tried, hit, err := f.fleetWithout(n.without, stderr).hunt(n.bug, f.from, f.to)
		if err != nil {
			fmt.Fprintln(stderr, "simrun:", err)
			return exitUsage
		}
		found, must := fmt.Sprint(tried), slices.Contains(needs, n)
		if hit == nil {
			found = "-"
		}
		note := ""
		switch {
		case must && hit != nil:
			status, note = exitViolation, fmt.Sprintf("found by seed %d, although it was thought to need what is left out", hit.Seed)
		case must:
			note = "as it must be"
		}
		if hit == nil || must {
			fmt.Fprintf(stdout, "%-24s %-22s %8s  %s\n", n.bug, n.without, found, note)
		}
	}
	return status
}

// cells are the cells of the matrix to try.
func (f *flags) cells() []need {
	if f.ablation == "needs" {
		return needs
	}
	var all []need
	for _, a := range mutate.About {
		for _, name := range leaves() {
			if f.mutant == "" || f.mutant == string(a.Bug) {
				all = append(all, need{a.Bug, name})
			}
		}
	}
	return all
}

// fleetWithout is a fleet whose plans lack something.
func (f *flags) fleetWithout(name string, stderr io.Writer) *fleet {
	fl := f.fleet(stderr)
	fl.without = name
	return fl
}
