package main

import (
	"bytes"
	"strings"
	"testing"

	"sierradb/sim"
)

// TestCoverage: a sweep that missed something that it must see fails, and so
// does one that saw what can't be.
func TestCoverage(t *testing.T) {
	full := func(runs uint64) *tally {
		sum := newTally()
		sum.runs = runs
		for _, r := range sim.Requirements() {
			if r.Never == "" {
				sum.seeds[r.Counter] = runs
			}
		}
		return sum
	}
	f := func(spoil func(*tally), runs uint64, complete bool, want string) {
		t.Helper()
		sum := full(runs)
		spoil(sum)
		var out bytes.Buffer
		if got := sum.coverage(&out, true); got != complete || !strings.Contains(out.String(), want) {
			t.Errorf("complete %v, expected %v and %q in:\n%s", got, complete, want, out.String())
		}
	}
	var rare, never string
	for _, r := range sim.Requirements() {
		switch {
		case r.Rare:
			rare = r.Counter
		case r.Never != "":
			never = r.Counter
		}
	}
	f(func(*tally) {}, 100, true, " 0 were not seen")
	f(func(s *tally) { s.seeds["answer EGET SYNTAX"] = 0 }, 100, false, "NEVER SEEN")
	f(func(s *tally) { s.seeds["mark log rolled"] = 0 }, 100, false, "log rolled")
	f(func(s *tally) { s.seeds["mark log rolled"] = 1 }, 200, true, "rare: 1 seeds")
	f(func(s *tally) { s.seeds[never] = 1 }, 100, false, "though it can't be")
	f(func(s *tally) { s.seeds[rare] = 0 }, 100, true, "not seen, rare")
	f(func(s *tally) { s.seeds[rare] = 0 }, wholeSweep, false, "NEVER SEEN")
}

func TestRequireAll(t *testing.T) {
	status, out := call("--seeds", "1..1", "--require-all")
	if status != exitViolation || !strings.Contains(out, "NEVER SEEN") {
		t.Errorf("one seed sees all: status %d\n%s", status, out)
	}
}
