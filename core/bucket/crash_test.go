package bucket_test

import (
	"fmt"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// story is a short life of a bucket with everything that changes names: it
// rolls, reserves, replaces entries over a roll and opens again. It returns
// what was promised when it ended, and what was ever appended.
type story struct {
	synced []segment.Entry // the log as of the last sync, cut where it was replaced since
	ever   map[uint64][]segment.Entry
	term   uint64 // the last that was synced
}

func (s *story) run(t tester, fs vfs.FS) {
	b, err := bucket.Open(fs, dir, options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	var log []segment.Entry
	term := uint64(1)
	save := func() {
		must(t, b.SaveState(segment.State{Term: term, Vote: 1, Commit: b.Applied()}, true))
		s.term = term
	}
	add := func(first uint64, n, size int, reserve bool) {
		batch := newScript(first, log[:first-1]).batch(first, n, size)
		for i := range batch {
			batch[i].Term = term
		}
		if reserve {
			must(t, b.Reserve(n, int64(n*(size+100))))
		}
		if n := int(first - 1); n < len(s.synced) {
			s.synced = s.synced[:n:n]
		}
		for _, e := range batch {
			s.ever[e.Index] = append(s.ever[e.Index], e)
		}
		must(t, b.Append(batch))
		log = append(log[:first-1:first-1], batch...)
	}
	sync := func() {
		syncAll(t, fs, b)
		s.synced = log
	}
	save()
	add(1, 5, 300, false)
	sync()
	for _, e := range log[:4] {
		must(t, b.Apply(e))
	}
	must(t, b.SaveState(segment.State{Term: term, Vote: 1, Commit: 4}, false))
	add(6, 20, 500, true)
	sync()
	add(26, 3, 100, true)
	term = 2
	save()
	add(9, 4, 900, false) // over two rolls back
	sync()
	must(t, b.Close())
	if b, err = bucket.Open(fs, dir, options); err != nil {
		t.Fatalf("second open: %v", err)
	}
	add(13, 12, 700, false)
	sync()
	must(t, b.Close())
}

// check opens what the crash left, over and over, and compares.
func (s *story) check(t tester, what string, fs *vfs.Mem) {
	t.Helper()
	b, err := bucket.Open(fs, dir, options)
	if err != nil {
		t.Fatalf("%s: open: %v", what, err)
	}
	if b.LastIndex() < uint64(len(s.synced)) {
		t.Fatalf("%s: %d entries, %d were synced", what, b.LastIndex(), len(s.synced))
	}
	if st := b.HardState(); st.Term < s.term {
		t.Fatalf("%s: state %+v, term %d was synced", what, st, s.term)
	}
	for i, e := range entries(t, b) {
		known := i < len(s.synced) && equal(e, s.synced[i])
		for _, old := range s.ever[e.Index] {
			known = known || i >= len(s.synced) && equal(e, old)
		}
		if !known {
			t.Fatalf("%s: entry %d was not appended", what, i+1)
		}
	}
	last := b.LastIndex()
	st := b.HardState()
	must(t, b.SaveState(segment.State{Term: st.Term + 1, Vote: 2, Commit: st.Commit}, true))
	more := newScript(99, entries(t, b)).batch(last+1, 12, 400)
	for i := range more {
		more[i].Term = st.Term + 1
	}
	must(t, b.Append(more))
	must(t, b.Close())
	b = open(t, fs)
	if b.LastIndex() != last+12 {
		t.Fatalf("%s: %d entries after 12 were added to %d", what, b.LastIndex(), last)
	}
	must(t, b.Close())
}

type crashed struct{}

// until runs f until the injected crash and says whether it came.
func until(f func()) (done bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(crashed); !ok {
				panic(p)
			}
			done = false
		}
	}()
	f()
	return true
}

// TestCrash_EveryOperation ends the process before, in and after each file
// operation of the story, by a kill and by power cuts, and recovers. It also
// crashes each recovery at a changing operation (W7). sim/crashenum does the
// same for shorter lives with all that a power cut can leave.
func TestCrash_EveryOperation(t *testing.T) { everyOperation(t) }

func everyOperation(t tester) {
	r := actor.NewRand(5)
	for _, when := range []vfs.Moment{vfs.BeforeOp, vfs.MidOp, vfs.AfterOp} {
		for n := 1; ; n++ {
			fs := vfs.NewMem(vfs.MemOptions{})
			s := &story{ever: map[uint64][]segment.Entry{}}
			done := until(func() { s.run(t, vfs.Inject(fs, vfs.On().Crash(n, when, crashed{}))) })
			what := fmt.Sprintf("crash %v operation %d", when, n)
			kill := fs.Clone()
			s.check(t, what+", kill", kill)
			for mode := range vfs.CutModes {
				cut := fs.Clone()
				cut.PowerCut(r, vfs.CutMode(mode))
				// A crash in recovery, then power goes again.
				until(func() {
					b, err := bucket.Open(vfs.Inject(cut, vfs.On().Crash(r.Range(1, 40), vfs.Moment(r.Intn(3)), crashed{})), dir, options)
					if err == nil {
						b.Close()
					}
				})
				cut.PowerCut(r, vfs.CutMode(r.Uint64n(vfs.CutModes)))
				s.check(t, fmt.Sprintf("%s, power cut %v", what, vfs.CutMode(mode)), cut)
			}
			if done {
				if n < 60 {
					t.Fatalf("the story has only %d operations", n)
				}
				break
			}
		}
	}
}
