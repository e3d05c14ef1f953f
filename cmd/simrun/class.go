package main

import "strings"

// The exit statuses of simrun. Violations have classes, because they are looked
// at in different ways: a wrong answer, a wait without end, a dead process.
const (
	exitClean     = 0
	exitViolation = 1 // a wrong answer or lost data; or a planted bug was not found
	exitUsage     = 2
	exitDiverged  = 3 // one seed gave two runs
	exitLiveness  = 4 // something that has to happen did not
	exitCrash     = 5 // a panic, or the process of the run died
	exitHang      = 6 // a run that did not end
)

// statuses explains them in the help text.
const statuses = `Exit status:
  0  nothing was found                    4  liveness: something that has to happen did not
  1  safety: a wrong answer, lost data,   5  crash: a panic, or the process of a run died
     or a planted bug that was not found  6  hang: a run used up its CPU time
  2  wrong usage                          3  nondeterminism: a seed gave two runs
Of several findings the status is the first of 3, 1, 5, 4, 6.
`

// The properties that simrun itself judges; all others are sim's.
const (
	sameRun  = "determinism"
	runEnds  = "hang"
	noPanic  = "D7 no panic"
	liveness = "liveness"
)

// classOf is the exit status for a violation of a property.
func classOf(property string) int {
	switch {
	case property == "":
		return exitClean
	case property == sameRun:
		return exitDiverged
	case property == runEnds:
		return exitHang
	case property == noPanic:
		return exitCrash
	case strings.Contains(property, liveness) || strings.HasPrefix(property, "D8"):
		return exitLiveness
	}
	return exitViolation
}

// gravity orders the classes for runs that failed in several ways: where a seed
// means two runs nothing else is certain, and a wrong answer is worse than none.
var gravity = []int{exitDiverged, exitViolation, exitCrash, exitLiveness, exitHang}

// worst is the exit status for many runs.
func worst(failed []report) int {
	seen := map[int]bool{}
	for _, r := range failed {
		seen[classOf(r.Property)] = true
	}
	for _, class := range gravity {
		if seen[class] {
			return class
		}
	}
	return exitClean
}
