//go:build mutants

package bucket_test

import (
	"fmt"
	"testing"

	"sierradb/core/bucket"
	"sierradb/core/machinetest"
	"sierradb/core/mutate"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// judge is a tester whose failures are counted, not reported.
type judge struct{ t *testing.T }

type verdict string

func (judge) Helper()                   {}
func (j judge) Logf(f string, a ...any) { j.t.Logf(f, a...) }
func (judge) Fatalf(f string, a ...any) { panic(verdict(fmt.Sprintf(f, a...))) }
func (j judge) fails(f func(tester)) (why string) {
	defer func() {
		if p := recover(); p != nil {
			why = fmt.Sprint(p)
		}
	}()
	f(j)
	return ""
}

// TestMutants plants each bug of this package and shows that a test notices.
func TestMutants(t *testing.T) {
	defer mutate.Set("")
	dies := func(bug mutate.Bug, f func(tester)) {
		t.Helper()
		mutate.Set("")
		if why := (judge{t}).fails(f); why != "" {
			t.Fatalf("without a bug: %s", why)
		}
		mutate.Set(bug)
		why := (judge{t}).fails(f)
		if why == "" {
			t.Errorf("%s was not noticed", bug)
		}
		t.Logf("%s: %s", bug, why)
	}
	dies(mutate.SkipCRC, func(t tester) { everyBit(t, 6, false, 6) })
	dies(mutate.CutTooMuch, tornTailUnhinted)
	dies(mutate.CutTooLittle, tornTail)
	dies(mutate.SkipSyncDir, everyOperation)
	dies(mutate.RecoverWithoutSync, everyOperation)
	dies(mutate.NoHardState, everyOperation)
	dies(mutate.ClampHint, func(t tester) { everyBit(t, 6, false, 6) })
	dies(mutate.IndexBeforeCommit, func(t tester) {
		fs := vfs.NewMem(vfs.MemOptions{})
		b := open(t, fs)
		must(t, b.SaveState(segment.State{Term: 1, Vote: 1}, true))
		e := newScript(1, nil).txn(1, 1, 0, 1, 10)
		must(t, b.Append([]segment.Entry{e}))
		checkReads(t, b, []segment.Entry{e})
	})
}

// tornTailUnhinted tears the tail of a log whose last synced entry no commit
// index names yet: it was acknowledged all the same.
func tornTailUnhinted(t tester) {
	fs, _, log := written(t, 4, 2, 60, true)
	data, _ := fs.ReadFile(seg1)
	fill(t, fs, seg1, int64(len(data)), []byte("torn bytes"))
	b, err := bucket.Open(fs, dir, options)
	must(t, err)
	prefixOf(t, b, log)
}

// TestMutants_Machine plants the bugs of this package and of the one below: the
// state machine finds each of them and shrinks it, most to less than ten steps
// in the time there is.
func TestMutants_Machine(t *testing.T) {
	for _, bug := range []mutate.Bug{
		mutate.SkipCRC, mutate.CutTooMuch, mutate.CutTooLittle, mutate.SkipSyncDir, mutate.RecoverWithoutSync, mutate.ClampHint,
		mutate.IndexBeforeCommit, mutate.NoHardState, mutate.CutUncommitted, mutate.DamageIsTorn, mutate.FirstIDOnly, mutate.LaterUnread,
		mutate.NoEvict, mutate.OlderSlot, mutate.SettleLastOnly, mutate.SlotsAlternate, mutate.SyncLastOnly, mutate.TableOfApplied,
		mutate.UndoKeepsSequences,
	} {
		machinetest.Finds(t, bug, 30, startMachine)
	}
}
