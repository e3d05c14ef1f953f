package main

import (
	"fmt"
	"io"
	"strings"

	"sierradb/sim"
)

const (
	rareShare  = 100  // what fewer than one seed in so many counts is rare
	wholeSweep = 5000 // so many seeds must count the rare things too
	shortSweep = 1000 // fewer seeds miss too much to list it unasked
)

// coverage prints which declared errors and marked states no seed of the sweep
// counted, which ones few did, and which ones were counted though no run should
// be able to. It answers whether the sweep saw all that it must.
func (t *tally) coverage(out io.Writer, asked bool) (complete bool) {
	list := sim.Requirements()
	verbose := asked || t.runs >= shortSweep
	complete = true
	unseen := 0
	for _, r := range list {
		line := ""
		seeds := t.seeds[r.Counter]
		switch {
		case r.Never != "" && seeds > 0:
			complete = false
			line = fmt.Sprintf("seen in %d seeds, though it can't be: %s", seeds, r.Never)
		case r.Never != "":
		case seeds == 0 && r.Rare && t.runs < wholeSweep:
			unseen++
			line = "not seen, rare"
		case seeds == 0:
			unseen++
			complete = false
			line = "NEVER SEEN"
		case seeds*rareShare < t.runs:
			line = fmt.Sprintf("rare: %d seeds", seeds)
		}
		if line != "" && verbose {
			fmt.Fprintf(out, "  %-46s %s\n", strings.TrimPrefix(r.Counter, "mark "), line)
		}
	}
	fmt.Fprintf(out, "of %d declared errors, judged properties and marked states %d were not seen\n", len(list), unseen)
	return complete
}
