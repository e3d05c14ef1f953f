package main

import (
	"strings"
	"testing"

	"sierradb/core/mutate"
	"sierradb/sim"
)

// TestNeeds: what bugs are said to need is something that can be left out.
func TestNeeds(t *testing.T) {
	for _, n := range needs {
		known := false
		for _, a := range mutate.About {
			known = known || a.Bug == n.bug
		}
		if !known {
			t.Errorf("no planted bug is called %q", n.bug)
		}
		if err := leaveOut(sim.NewPlan(1), n.without); err != nil {
			t.Errorf("%s: %v", n.bug, err)
		}
	}
}

// TestAblation: a bug that is found although it was said to need what is left
// out fails the check.
func TestAblation(t *testing.T) {
	if !mutate.Built {
		t.Skip("planted bugs need -tags mutants")
	}
	was := needs
	defer func() { needs = was }()
	f := func(status int, want string, n need) {
		t.Helper()
		needs = []need{n}
		got, out := call("--ablation", "needs", "--seeds", "1..8")
		if got != status || !strings.Contains(out, want) {
			t.Errorf("status %d, expected %d and %q in:\n%s", got, status, want, out)
		}
	}
	f(exitClean, "- (8)  sync-failure", need{mutate.IgnoreSyncError, "sync-failure"})
	f(exitViolation, "although it was thought to need that", need{mutate.SkipFsync, "clock"})
}
