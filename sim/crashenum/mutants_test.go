//go:build mutants

package crashenum_test

import (
	"testing"

	"sierradb/core/mutate"
	"sierradb/sim/crashenum"
)

// TestMutants plants bugs into the bucket and the replica over it, and shows
// that the enumeration finds each of them, and in which script first.
func TestMutants(t *testing.T) {
	for _, bug := range []mutate.Bug{
		mutate.SkipSyncDir, mutate.RecoverWithoutSync, mutate.CutTooMuch, mutate.CutTooLittle,
		mutate.ClampHint, mutate.NoHardState, mutate.SkipCRC,
		mutate.SkipFsync, mutate.AckBeforeSync, mutate.IgnoreSyncError,
	} {
		t.Run(string(bug), func(t *testing.T) {
			defer mutate.Set("")
			if !mutate.Set(bug) {
				t.Fatal("the bug is unknown")
			}
			for _, s := range crashenum.Scripts() {
				if r := crashenum.Run(s, crashenum.Quick); r.Violation != nil {
					t.Logf("%d states: %v", r.States, r.Violation)
					return
				}
			}
			t.Error("no script finds it")
		})
	}
}
