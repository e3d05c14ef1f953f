package bucket_test

import (
	"errors"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// TestRecover_Large recovers frames that are larger than a read and lie across
// reads, and finds damage in front of them by what they name.
func TestRecover_Large(t *testing.T) {
	o := options
	o.SegmentSize = 3 << 20
	fs := vfs.NewMem(vfs.MemOptions{})
	b, err := bucket.Open(fs, dir, o)
	must(t, err)
	must(t, b.SaveState(segment.State{Term: 1, Vote: 1}, true))
	r := actor.NewRand(1)
	s := newScript(1, nil)
	var log []segment.Entry
	for i := uint64(1); i <= 120; i++ {
		size := r.Intn(3000)
		if i%20 == 0 {
			size = r.Intn(700_000)
		}
		log = append(log, s.txn(1, i, i-1, 1+r.Intn(3), size/3))
		if i%30 == 0 {
			must(t, b.Reserve(30, 100_000))
		}
		must(t, b.Append(log[i-1:]))
	}
	syncAll(t, fs, b)
	must(t, b.Close())
	b, err = bucket.Open(fs, dir, o)
	must(t, err)
	prefixOf(t, b, log)
	if b.Applied() != 119 {
		t.Fatalf("applied %d; the frames name 119", b.Applied())
	}
	checkReads(t, b, log)
	must(t, b.Close())
	named := int64(segment.HeaderSize) // bytes in front of the last entry, which nothing names
	for _, e := range log[:119] {
		named += segment.FrameSize(len(e.Data))
	}
	for range 40 {
		c := fs.Clone()
		off := r.Intn(int(min(named, o.SegmentSize)))
		must(t, c.FlipBit(seg1, int64(off), uint8(r.Intn(8))))
		var d *event.DamageError
		if _, err := bucket.Open(c, dir, o); !errors.As(err, &d) || d.File != seg1 || d.Offset > int64(off) {
			t.Fatalf("byte %d is damaged: %v", off, err)
		}
	}
}

// TestAppend_RefusesBrokenSequence: an entry that could never be applied stops
// the log before a byte of it is written.
func TestAppend_RefusesBrokenSequence(t *testing.T) {
	fs, _, log := written(t, 3, 3, 20, true)
	b := open(t, fs)
	s := newScript(1, log)
	s.txn(1, 4, 3, 2, 10) // never appended: what follows has a gap
	last := uint64(3)
	for b.Append([]segment.Entry{s.txn(1, last+1, 3, 1, 10)}) == nil { // until the partition with the gap comes
		if last++; last > 100 {
			t.Fatal("an entry whose sequence leaves a gap was appended")
		}
	}
	if err := b.Append([]segment.Entry{s.txn(1, last+1, 3, 1, 10)}); !errors.Is(err, event.ErrReadOnly) {
		t.Fatalf("the log goes on after a broken invariant: %v", err)
	}
	must(t, b.Close())
	b = open(t, fs)
	if b.LastIndex() != last {
		t.Fatalf("the log ends at %d, want %d", b.LastIndex(), last)
	}
	must(t, b.Close())
}

// TestApply_Refuses names the broken invariant.
func TestApply_Refuses(t *testing.T) {
	fs, _, log := written(t, 3, 3, 20, true)
	b := open(t, fs)
	refuse := func(e segment.Entry) {
		t.Helper()
		if err := b.Apply(e); err == nil {
			t.Errorf("entry %d of term %d was applied", e.Index, e.Term)
		}
	}
	refuse(log[2])
	next := newScript(1, log).batch(4, 2, 10)
	refuse(next[0])
	must(t, b.Append(next))
	refuse(next[1])
	other := next[0]
	other.Term = 2
	refuse(other)
	must(t, b.Apply(next[0]))
	must(t, b.Apply(next[1]))
	pos, ok := b.Find(events(next[1])[0].ID, 0, true)
	if !ok {
		t.Fatal("the event is not found")
	}
	body, err := b.Transaction(pos)
	must(t, err)
	var ev event.Event
	if !body.Next(&ev) || !sameEvent(&ev, &events(next[1])[0]) || body.Next(&ev) {
		t.Errorf("the transaction holds %+v", ev)
	}
}
