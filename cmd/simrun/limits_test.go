package main

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestLimits: a run that hangs, dies or eats the memory is a finding of its
// class, and the seeds before and behind it are run all the same.
func TestLimits(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("CPU time and memory are limited on Linux only")
	}
	f := func(what, property, violation, stack string) {
		t.Helper()
		fl := planted(t, what)
		fl.cpu = time.Second
		first, last := uint64(2), uint64(4)
		if what == "wait" {
			fl.wall, first, last = time.Second, 3, 3 // a busy machine may need longer for a good run
		}
		all := fl.reports(t, first, last)
		r := all[3]
		if r.Property != property || !strings.Contains(r.Violation, violation) || !strings.Contains(r.Stack, stack) || !r.Apart {
			t.Errorf("%s: %q, %q, apart %v, stack:\n%.2000s", what, r.Property, r.Violation, r.Apart, r.Stack)
		}
		for seed := first; seed <= last; seed++ {
			if seed != 3 && (all[seed].Violation != "" || all[seed].Hash == 0) {
				t.Errorf("%s: seed %d: %+v", what, seed, all[seed])
			}
		}
	}
	f("spin", runEnds, "used 1s of CPU time", "simrun.draw(")
	f("wait", runEnds, "within 1s of real time", "")
	f("exit", noPanic, "exit status 2", "planted panic")
	f("memory", noPanic, "exit status 2", "out of memory")
}

// TestLimits_CountAnew: the time is that of one run, not that of the process.
func TestLimits_CountAnew(t *testing.T) {
	fl := planted(t, "none")
	fl.cpu = time.Second
	fl.jobs = 1
	if err := fl.each(1, 120, func(r report) bool {
		if r.Violation != "" {
			t.Errorf("seed %d: %s", r.Seed, r.Violation)
		}
		return true
	}); err != nil || fl.used < fl.cpu {
		t.Errorf("%v; a worker used %s, and more than %s was to be shown harmless", err, fl.used, fl.cpu)
	}
}

func TestClasses(t *testing.T) {
	f := func(want int, properties ...string) {
		t.Helper()
		var failed []report
		for _, p := range properties {
			failed = append(failed, report{Property: p})
		}
		if got := worst(failed); got != want {
			t.Errorf("violations of %v give status %d, expected %d", properties, got, want)
		}
	}
	f(exitClean)
	f(exitViolation, "D3 immutable")
	f(exitLiveness, "liveness")
	f(exitLiveness, "D8 recovery")
	f(exitCrash, "D7 no panic", "D8 liveness")
	f(exitHang, "hang")
	f(exitLiveness, "hang", "D8 halts")
	f(exitViolation, "hang", "D7 no panic", "D1 reads", "liveness")
	f(exitDiverged, "D1 reads", "determinism", "hang")
}
