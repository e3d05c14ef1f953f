package bucket_test

import (
	"errors"
	"testing"

	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// TestAppend_NoSpace fills the disk at each write of a batch: the log is as it
// was, and goes on when there is space (W4).
func TestAppend_NoSpace(t *testing.T) {
	for _, kind := range []vfs.OpKind{vfs.OpWrite, vfs.OpOpen} {
		for short := 0; short <= 4000; short += 500 {
			failed := 0
			first := 1
			if kind == vfs.OpOpen {
				first = 2 // recovery opens one
			}
			for n := first; n <= 8; n++ {
				fs, _, log := written(t, 5, 5, 200, true)
				b := open(t, vfs.Inject(fs, vfs.On(kind).In("*.seg").Nth(n, vfs.Verdict{Err: vfs.ErrNoSpace, Short: short})))
				batch := newScript(1, log).batch(6, 15, 600)
				err := b.Append(batch)
				if err != nil {
					failed++
					if !errors.Is(err, vfs.ErrNoSpace) {
						t.Fatalf("%v %d: %v", kind, n, err)
					}
					prefixOf(t, b, log)
					must(t, b.Append(batch))
				}
				prefixOf(t, b, append(log, batch...))
				syncAll(t, fs, b)
				must(t, b.Close())
				prefix(t, fs, append(log, batch...), 20)
			}
			if failed < 3 {
				t.Fatalf("%v: only %d appends failed", kind, failed)
			}
			if kind == vfs.OpOpen {
				break
			}
		}
	}
}

// prefixOf compares the log of an open bucket.
func prefixOf(t tester, b *bucket.Bucket, log []segment.Entry) {
	t.Helper()
	got := entries(t, b)
	if len(got) != len(log) {
		t.Fatalf("%d entries, want %d", len(got), len(log))
	}
	for i := range got {
		if !equal(got[i], log[i]) {
			t.Fatalf("entry %d differs", i+1)
		}
	}
}

// TestReserve_NoSpace: what was reserved can be written on a disk that is full
// for everyone else; what can't be reserved changes nothing.
func TestReserve_NoSpace(t *testing.T) {
	fs, _, log := written(t, 5, 5, 200, true)
	b := open(t, fs)
	batch := newScript(1, log).batch(6, 20, 600)
	var bytes int64
	for _, e := range batch {
		bytes += int64(len(e.Data))
	}
	fs.SetCapacity(fs.Used() + 4096)
	if err := b.Reserve(len(batch), bytes); !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("Reserve on a full disk: %v", err)
	}
	prefixOf(t, b, log)
	fs.SetCapacity(0)
	must(t, b.Reserve(len(batch), bytes))
	fs.SetCapacity(fs.Used())
	must(t, b.Append(batch))
	prefixOf(t, b, append(log, batch...))
	syncAll(t, fs, b)
	fs.SetCapacity(0)
	fs.PowerCut(nil, vfs.CutLosesAll)
	prefix(t, fs, append(log, batch...), 25)
}

// TestAppend_ReplaceNoSpace: entries that replace others find their space
// before anything is cut.
func TestAppend_ReplaceNoSpace(t *testing.T) {
	fs, _, log := written(t, 5, 2, 200, true)
	b := open(t, vfs.Inject(fs, vfs.On(vfs.OpPreallocate).In("*.seg").Nth(1, vfs.Verdict{Err: vfs.ErrNoSpace})))
	batch := newScript(1, log[:3]).batch(4, 3, 500)
	for i := range batch {
		batch[i].Term = 2
	}
	if len(b.Tail()) != 1 { // frames name 4
		t.Fatalf("tail %d", len(b.Tail()))
	}
	if err := b.Append(batch); err == nil || errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("replacing applied entries: %v", err)
	}
	fs, _, log = written(t, 5, 2, 200, false)
	b = open(t, vfs.Inject(fs, vfs.On(vfs.OpPreallocate).In("*.seg").Nth(1, vfs.Verdict{Err: vfs.ErrNoSpace})))
	if err := b.Append(batch); !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("replace on a full disk: %v", err)
	}
	prefixOf(t, b, log)
	must(t, b.Append(batch))
	prefixOf(t, b, append(log[:3:3], batch...))
	if len(b.Tail()) != 1 {
		t.Fatalf("the tail has %d entries; entry 3 is left of it", len(b.Tail()))
	}
}

// TestPoison: after a failed write nothing is appended any more, reads go on.
func TestPoison(t *testing.T) {
	fs, _, log := written(t, 5, 5, 200, true)
	b := open(t, vfs.Inject(fs, vfs.On(vfs.OpWrite).In("*.seg").Nth(1, vfs.Verdict{Err: vfs.ErrIO})))
	batch := newScript(1, log).batch(6, 2, 100)
	if err := b.Append(batch); !errors.Is(err, vfs.ErrIO) || errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("append: %v", err)
	}
	for what, err := range map[string]error{
		"append": b.Append(batch), "reserve": b.Reserve(1, 1), "state": b.SaveState(segment.State{Term: 2}, true),
	} {
		if !errors.Is(err, event.ErrReadOnly) || !errors.Is(err, vfs.ErrIO) {
			t.Errorf("%s: %v", what, err)
		}
	}
	checkReads(t, b, log)

	b = open(t, vfs.Inject(fs, vfs.On(vfs.OpSync).In("raft.state").Nth(2, vfs.Verdict{Err: vfs.ErrIO})))
	if err := b.SaveState(segment.State{Term: 2}, true); !errors.Is(err, vfs.ErrIO) {
		t.Fatalf("state: %v", err)
	}
	if err := b.Append(batch); !errors.Is(err, event.ErrReadOnly) {
		t.Errorf("append: %v", err)
	}
}

// TestAppend_Refuses: what no log can hold is refused before a byte is written.
func TestAppend_Refuses(t *testing.T) {
	refuse := func(what string, change func([]segment.Entry)) {
		t.Helper()
		fs, _, log := written(t, 5, 5, 200, true)
		b := open(t, fs)
		before := image(fs)
		batch := newScript(1, log).batch(6, 3, 100)
		change(batch)
		if err := b.Append(batch); err == nil {
			t.Errorf("%s was accepted", what)
		}
		if image(fs) != before {
			t.Errorf("%s: bytes were written", what)
		}
		prefixOf(t, b, log)
	}
	refuse("a gap behind the log", func(e []segment.Entry) { e[0].Index = 7 })
	refuse("an applied index", func(e []segment.Entry) { e[0].Index = 5 })
	refuse("a gap between entries", func(e []segment.Entry) { e[1].Index = 9 })
	refuse("a lower term", func(e []segment.Entry) { e[1].Term = 0 })
	refuse("an endless term", func(e []segment.Entry) { e[2].Term = 1 << 60 })
	refuse("an unknown kind", func(e []segment.Entry) { e[2].Kind = 0 })
	refuse("a body that is none", func(e []segment.Entry) { e[2].Data = []byte("??") })
	refuse("too much data", func(e []segment.Entry) { e[2].Data = make([]byte, segment.SizeMin) })
}

// TestRoll_Boundary: entries of exactly the room that is left, one byte less
// and one more (W1: each is covered by the sync of the right file).
func TestRoll_Boundary(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	b := open(t, fs)
	must(t, b.SaveState(segment.State{Term: 1, Vote: 1}, true))
	most := b.DataMax()
	if n := segment.FrameSize(most) + segment.HeaderSize; n > segment.SizeMin || n <= segment.SizeMin-segment.FrameAlign {
		t.Fatalf("DataMax %d makes a segment of %d bytes", most, n)
	}
	var log []segment.Entry
	add := func(size int) {
		t.Helper()
		e := segment.Entry{Kind: segment.ConfChange, Term: 1, Index: uint64(len(log) + 1), Data: make([]byte, size)}
		must(t, b.Append([]segment.Entry{e}))
		log = append(log, e)
		syncAll(t, fs, b)
		c := fs.Clone()
		c.PowerCut(nil, vfs.CutLosesAll)
		prefix(t, c, log, uint64(len(log)))
	}
	add(most)
	add(most)
	for d := -9; d <= 9; d++ {
		half := (segment.SizeMin - segment.HeaderSize) / 2
		add(half - segment.FrameHead)
		add(half - segment.FrameHead + d)
	}
	add(0)
	if err := b.Append([]segment.Entry{{Kind: segment.ConfChange, Term: 1, Index: uint64(len(log) + 1), Data: make([]byte, most+1)}}); !errors.Is(err, event.ErrTooLarge) {
		t.Fatalf("one byte more than DataMax: %v", err)
	}
}

// TestFailedReads: errors of the disk in recovery name the file and are not
// taken for the end of the log.
func TestFailedReads(t *testing.T) {
	for _, kind := range []vfs.OpKind{vfs.OpRead, vfs.OpSize, vfs.OpEvict, vfs.OpSync, vfs.OpSyncDir, vfs.OpOpen, vfs.OpList, vfs.OpTruncate, vfs.OpRemove} {
		for n := 1; ; n++ {
			fs, _, log := written(t, 12, 12, 500, true)
			data, _ := fs.ReadFile(seg3)
			fill(t, fs, seg3, int64(len(data)), []byte("torn"))
			f, err := fs.Open(dir+"/0000000004.seg", vfs.Write|vfs.Create)
			must(t, err)
			must(t, f.Close())
			b, err := bucket.Open(vfs.Inject(fs, vfs.On(kind).Nth(n, vfs.Verdict{Err: vfs.ErrIO})), dir, options)
			if err == nil {
				if n == 1 {
					t.Errorf("%v is never used", kind)
				}
				must(t, b.Close())
				break
			}
			if !errors.Is(err, vfs.ErrIO) || errors.Is(err, event.ErrDamaged) {
				t.Fatalf("%v %d: %v", kind, n, err)
			}
			prefix(t, fs, log, 12)
		}
	}
}
