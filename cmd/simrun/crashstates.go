package main

import (
	"fmt"
	"io"
	"time"

	"sierradb/sim/crashenum"
)

// crashStates visits the crash states of all scripts in full depth and prints
// a line for each.
func crashStates(stdout io.Writer, scripts []crashenum.Script, depth crashenum.Depth) int {
	fmt.Fprintf(stdout, "%-18s %8s %8s %8s %8s %9s %11s %8s\n", "script", "points", "whole", "by op", "sampled", "states", "recoveries", "time")
	var sum crashenum.Result
	began, status := time.Now(), exitClean
	for _, s := range scripts {
		start := time.Now()
		r := crashenum.Run(s, depth)
		row(stdout, r, start)
		sum.Points += r.Points
		sum.Whole += r.Whole
		sum.ByOperation += r.ByOperation
		sum.Sampled += r.Sampled
		sum.States += r.States
		sum.Recoveries += r.Recoveries
		if r.Violation != nil {
			fmt.Fprintf(stdout, "VIOLATION %v\n", r.Violation)
			status = exitViolation
		}
	}
	sum.Script = fmt.Sprintf("%d scripts", len(scripts))
	row(stdout, sum, began)
	if sum.Sampled > 0 {
		fmt.Fprintf(stdout, "not exhaustive: at %d points more than %d operations were pending, and of their subsets a part was tried\n", sum.Sampled, depth.Parts)
	}
	return status
}

func row(out io.Writer, r crashenum.Result, began time.Time) {
	fmt.Fprintf(out, "%-18s %8d %8d %8d %8d %9d %11d %8s\n", r.Script, r.Points, r.Whole, r.ByOperation, r.Sampled, r.States, r.Recoveries,
		time.Since(began).Round(10*time.Millisecond))
}
