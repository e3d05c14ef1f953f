//go:build mutants

package crashenum_test

import (
	"testing"

	"sierradb/core/mutate"
	"sierradb/sim/crashenum"
)

// TestMutants plants bugs into the bucket and the replica over it, and shows
// that the enumeration of one script finds each of them.
func TestMutants(t *testing.T) {
	scripts := make(map[string]crashenum.Script)
	for _, s := range crashenum.Scripts() {
		scripts[s.Name] = s
	}
	found := func(bug mutate.Bug, script string) {
		t.Helper()
		defer mutate.Set("")
		if !mutate.Set(bug) {
			t.Fatalf("the bug %s is unknown", bug)
		}
		r := crashenum.Run(scripts[script], crashenum.Quick)
		if r.Violation == nil {
			t.Errorf("%s was not found in %d states of script %s", bug, r.States, script)
			return
		}
		t.Logf("%s: %d states: %v", bug, r.States, r.Violation)
	}
	found(mutate.SkipSyncDir, "create")
	found(mutate.RecoverWithoutSync, "create")
	found(mutate.NoHardState, "create")
	found(mutate.CutTooMuch, "append")
	found(mutate.CutTooLittle, "append")
	found(mutate.SkipCRC, "append")
	found(mutate.ClampHint, "bit-flip")
	found(mutate.SkipFsync, "replica")
	found(mutate.AckBeforeSync, "replica")
	found(mutate.IgnoreSyncError, "replica-fails")
}
