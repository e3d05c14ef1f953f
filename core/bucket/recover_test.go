package bucket_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

const (
	seg1  = dir + "/0000000001.seg"
	seg2  = dir + "/0000000002.seg"
	seg3  = dir + "/0000000003.seg"
	state = dir + "/raft.state"
)

// written makes a bucket with a synced log of n entries with payloads of size
// bytes, of which commit are committed, and a hint that says so. Its entries
// name the commit index before them if naming is set, else 0.
func written(t tester, n, commit uint64, size int, naming bool) (*vfs.Mem, *bucket.Bucket, []segment.Entry) {
	t.Helper()
	fs := vfs.NewMem(vfs.MemOptions{})
	b := open(t, fs)
	must(t, b.SaveState(segment.State{Term: 1, Vote: 1}, true))
	s := newScript(7, nil)
	var log []segment.Entry
	for i := uint64(1); i <= n; i++ {
		named := uint64(0)
		if naming {
			named = i - 1
		}
		log = append(log, s.txn(1, i, named, 1+int(i%2), size))
	}
	must(t, b.Append(log))
	syncAll(t, fs, b)
	for _, e := range log[:commit] {
		must(t, b.Apply(e))
	}
	must(t, b.SaveState(segment.State{Term: 1, Vote: 1, Commit: commit}, true))
	must(t, b.Close())
	return fs, b, log
}

// image is the content of all files.
func image(fs *vfs.Mem) string {
	var b bytes.Buffer
	for _, name := range fs.Names() {
		data, _ := fs.ReadFile(name)
		fmt.Fprintf(&b, "%s %x\n", name, data)
	}
	return b.String()
}

// damaged opens a bucket that must be reported as damaged, and checks that
// nothing on disk changed.
func damaged(t tester, fs *vfs.Mem, file string) *event.DamageError {
	t.Helper()
	before := image(fs)
	b, err := bucket.Open(fs, dir, options)
	var d *event.DamageError
	if !errors.As(err, &d) {
		t.Fatalf("open: %v, %v; damage of %s was expected", b, err, file)
	}
	if d.File != file {
		t.Fatalf("damage of %s was expected: %v", file, err)
	}
	if image(fs) != before {
		t.Fatalf("recovery changed bytes of a damaged bucket: %v", err)
	}
	return d
}

// prefix opens a bucket that must recover with the first n entries of log, and
// returns it.
func prefix(t tester, fs vfs.FS, log []segment.Entry, n uint64) *bucket.Bucket {
	t.Helper()
	b := open(t, fs)
	if b.LastIndex() != n {
		t.Fatalf("the log has %d entries, want %d", b.LastIndex(), n)
	}
	for i, e := range entries(t, b) {
		if !equal(e, log[i]) {
			t.Fatalf("entry %d is not what was written", i+1)
		}
	}
	return b
}

// fill replaces a file's bytes from off on.
func fill(t tester, fs *vfs.Mem, name string, off int64, p []byte) {
	t.Helper()
	f, err := fs.Open(name, vfs.Write)
	must(t, err)
	must(t, f.Truncate(off))
	_, err = f.WriteAt(p, off)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

// TestRecover_TornTail cuts the last batch at every byte, with zeros, nothing
// and garbage behind the cut (W3, W5, W6): what is left is whole transactions,
// and nothing that was cut comes back when entries of the same size follow.
func TestRecover_TornTail(t *testing.T) { tornTail(t) }

func tornTail(t tester) {
	fs, _, log := written(t, 4, 4, 60, true)
	base, _ := fs.ReadFile(seg1)
	b := open(t, fs)
	s := newScript(9, log)
	batch := []segment.Entry{s.txn(1, 5, 4, 3, 40), {Kind: segment.Empty, Term: 1, Index: 6}, s.txn(1, 7, 4, 1, 90)}
	must(t, b.Append(batch))
	must(t, b.Close())
	full, _ := fs.ReadFile(seg1)
	all := slices.Concat(log, batch)
	ends := []int64{int64(len(base))}
	for _, e := range batch {
		ends = append(ends, ends[len(ends)-1]+segment.FrameSize(len(e.Data)))
	}
	r := actor.NewRand(4)
	for cut := int64(len(base)); cut <= int64(len(full)); cut++ {
		for kind := range 3 {
			c := fs.Clone()
			tail := append([]byte(nil), full[len(base):cut]...)
			whole := uint64(0)
			for _, e := range ends[1:] {
				if cut >= e {
					whole++
				}
			}
			switch kind {
			case 1:
				tail = append(tail, make([]byte, 700)...)
				// Zeros may be what the frame had there.
				for whole < 3 && bytes.Equal(tail[:ends[whole+1]-ends[0]], full[ends[0]:ends[whole+1]]) {
					whole++
				}
			case 2:
				garbage := make([]byte, 300)
				r.Read(garbage)
				tail = append(tail, garbage...)
				if cut < int64(len(full)) {
					tail[cut-int64(len(base))] = ^full[cut]
				}
			}
			fill(t, c, seg1, int64(len(base)), tail)
			b := prefix(t, c, all, 4+whole)
			first := b.LastIndex() + 1
			again := newScript(11, all[:b.LastIndex()]).txn(1, first, 4, 3, 40)
			must(t, b.Append([]segment.Entry{again}))
			must(t, b.Close())
			prefix(t, c, append(all[:first-1:first-1], again), first)
		}
	}
}

// TestRecover_EveryBit flips each bit of a log: where a commit index names the
// entry it is damage, elsewhere the log ends there; never are other bytes read.
func TestRecover_EveryBit(t *testing.T) {
	for _, c := range []struct {
		name   string
		hint   uint64
		naming bool
		sure   uint64 // the highest index that something names
	}{
		{"hint names all", 6, false, 6},
		{"hint names some", 3, false, 3},
		{"frames name", 0, true, 5},
		{"nothing names", 0, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) { everyBit(t, c.hint, c.naming, c.sure) })
	}
}

func everyBit(t tester, hint uint64, naming bool, named uint64) {
	fs, _, log := written(t, 6, hint, 20, naming)
	data, _ := fs.ReadFile(seg1)
	var ends []int64
	off := int64(segment.HeaderSize) + segment.TableSize(0)
	for _, e := range log {
		off += segment.FrameSize(len(e.Data))
		ends = append(ends, off)
	}
	for bit := range len(data) * 8 {
		c2 := fs.Clone()
		must(t, c2.FlipBit(seg1, int64(bit/8), uint8(bit%8)))
		hit := uint64(1) // index of the entry that is hit; header and table count to the first
		for hit <= 6 && int64(bit/8) >= ends[hit-1] {
			hit++
		}
		sure := named
		if hint == 0 && hit == 6 {
			sure = 0 // what names entry 5 is damaged itself
		}
		if hit > sure && !(bit/8 < segment.HeaderSize && segment.Foreign(headerFlaw(c2))) {
			prefix(t, c2, log, hit-1)
			continue
		}
		d := damaged(t, c2, seg1)
		want := int64(0)
		if hit > 1 {
			want = ends[hit-2]
		} else if int64(bit/8) >= segment.HeaderSize+segment.TableSize(0) {
			want = segment.HeaderSize + segment.TableSize(0)
		}
		if d.Offset != want {
			t.Fatalf("bit %d: damage at %d, want %d: %v", bit, d.Offset, want, d)
		}
	}
}

func headerFlaw(fs *vfs.Mem) error {
	b, _ := fs.ReadFile(seg1)
	_, _, err := segment.DecodeHeader(segment.Seed(salt, 1, 1), 1, b)
	return err
}

// TestRecover_StateBits flips each bit of raft.state: term and vote stand in
// both slots and are never lost or wrong.
func TestRecover_StateBits(t *testing.T) {
	fs, _, log := written(t, 3, 3, 20, true)
	for _, slot := range []int64{0, segment.SlotSize} {
		for bit := range segment.SlotUsed * 8 {
			c := fs.Clone()
			must(t, c.FlipBit(state, slot+int64(bit/8), uint8(bit%8)))
			b := prefix(t, c, log, 3)
			if st := b.HardState(); st != (segment.State{Term: 1, Vote: 1, Commit: 3}) {
				t.Fatalf("slot at %d, bit %d: %+v", slot, bit, st)
			}
		}
	}
}

// TestRecover_Damage puts a bucket into states that no crash leaves.
func TestRecover_Damage(t *testing.T) {
	const n = 30 // entries; three segments
	fresh := func() (*vfs.Mem, []segment.Entry) {
		t.Helper()
		fs, _, log := written(t, n, n, 300, true)
		if _, err := fs.ReadFile(seg3); err != nil {
			t.Fatal(err)
		}
		return fs, log
	}
	lost := func(name string) {
		t.Helper()
		fs, _ := fresh()
		must(t, fs.Remove(name))
		damaged(t, fs, name)
	}
	lost(seg1)
	lost(seg2)
	fs, _ := fresh()
	last := fmt.Sprintf("%s/%010d.seg", dir, open(t, fs).Report().Segments)
	fs.Kill()
	must(t, fs.Remove(last))
	damaged(t, fs, fmt.Sprintf("%s/%010d.seg", dir, len(fs.Names())-1))

	swap := func() {
		t.Helper()
		fs, _ := fresh()
		must(t, fs.Rename(seg1, dir+"/x"))
		must(t, fs.Rename(seg2, seg1))
		must(t, fs.Rename(dir+"/x", seg2))
		damaged(t, fs, seg1)
	}
	swap()

	copied := func() {
		t.Helper()
		fs, log := fresh()
		data, _ := fs.ReadFile(seg1)
		f, err := fs.Open(dir+"/0000000077.seg", vfs.Write|vfs.Create)
		must(t, err)
		_, err = f.WriteAt(data, 0)
		must(t, err)
		must(t, f.Close())
		damaged(t, fs, dir+"/0000000077.seg")
		must(t, fs.Rename(dir+"/0000000077.seg", dir+"/unknown.file"))
		prefix(t, fs, log, n)
		if _, err := fs.ReadFile(dir + "/unknown.file"); err != nil {
			t.Fatalf("an unknown file is gone: %v", err)
		}
	}
	copied()

	fs, log := fresh()
	must(t, fs.Remove(state))
	damaged(t, fs, state)

	fs, _ = fresh()
	for _, slot := range []int64{0, segment.SlotSize} {
		must(t, fs.FlipBit(state, slot+20, 1))
	}
	damaged(t, fs, state)

	setState := func(st segment.State) *vfs.Mem {
		fs, _ := fresh()
		slot := segment.AppendSlot(nil, segment.Seed(salt, 1, 0), 99, st)
		must(t, fs.Corrupt(state, 0, slot))
		return fs
	}
	damaged(t, setState(segment.State{Term: 0, Vote: 1, Commit: n}), state)
	d := damaged(t, setState(segment.State{Term: 1, Vote: 1, Commit: n + 1}), last)
	if d.Reason == "" || d.Offset == 0 {
		t.Fatalf("damage without a place: %v", d)
	}
	b := prefix(t, setState(segment.State{Term: 5, Vote: 2, Commit: 2}), log, n)
	if st := b.HardState(); st != (segment.State{Term: 5, Vote: 2, Commit: n - 1}) || len(b.Tail()) != 1 {
		t.Fatalf("state %+v with a tail of %d; the frames name %d", st, len(b.Tail()), n-1)
	}
}

// TestRecover_Existing is about a bucket that was completely made: nothing of
// it may be missing.
func TestRecover_Existing(t *testing.T) {
	o := options
	o.Existing = true
	refuse := func(fs vfs.FS) {
		t.Helper()
		if _, err := bucket.Open(fs, dir, o); !errors.Is(err, event.ErrDamaged) {
			t.Errorf("open: %v", err)
		}
	}
	fs := vfs.NewMem(vfs.MemOptions{})
	refuse(fs)
	must(t, fs.MkdirAll(dir))
	refuse(fs)
	must(t, open(t, fs).Close())
	if _, err := bucket.Open(fs, dir, o); err != nil {
		t.Errorf("open of a bucket that was made: %v", err)
	}
}

// TestRecover_ReadOnly changes no byte, also of a torn log.
func TestRecover_ReadOnly(t *testing.T) {
	fs, _, log := written(t, 4, 4, 50, true)
	data, _ := fs.ReadFile(seg1)
	fill(t, fs, seg1, int64(len(data)), []byte("torn bytes"))
	before := image(fs)
	o := options
	o.ReadOnly = true
	b, err := bucket.Open(fs, dir, o)
	must(t, err)
	checkReads(t, b, log)
	for what, err := range map[string]error{"append": b.Append([]segment.Entry{{Kind: segment.Empty, Term: 1, Index: 5}}), "state": b.SaveState(segment.State{Term: 9}, true), "reserve": b.Reserve(1, 1)} {
		if !errors.Is(err, event.ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if r := b.Report(); r.Cut != 10 || r.Entries != 4 {
		t.Errorf("report %+v", r)
	}
	if image(fs) != before {
		t.Error("a byte has changed")
	}
}

// TestRecover_LaterSegments leaves what crashes around a roll leave (W7): no
// state needs a human.
func TestRecover_LaterSegments(t *testing.T) {
	_, _, whole := written(t, 30, 0, 300, false)
	leave := func(what string, content []byte) {
		t.Helper()
		fs, _, log := written(t, 5, 5, 50, true)
		f, err := fs.Open(seg2, vfs.Write|vfs.Create)
		must(t, err)
		_, err = f.WriteAt(content, 0)
		must(t, err)
		must(t, f.Close())
		b := prefix(t, fs, log, 5)
		if r := b.Report(); r.Removed != 1 {
			t.Errorf("%s: report %+v", what, r)
		}
		if _, err := fs.ReadFile(seg2); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("%s: the file is still there: %v", what, err)
		}
		must(t, b.Append(newScript(1, log).batch(6, 20, 300)))
	}
	header := segment.AppendHeader(nil, segment.Header{Seed: segment.Seed(salt, 1, 2), Number: 2, Base: 9, PrevTerm: 1, PrevCRC: 1})
	leave("empty file", nil)
	leave("zeros", make([]byte, 9000))
	leave("half a header", header[:30])
	leave("a header of another log", header)
	frame, _ := segment.AppendFrame(nil, segment.Seed(salt, 1, 2), 7, whole[8])
	leave("frames behind a lost header", slices.Concat(make([]byte, 72), frame))
	leave("frames of another log", slices.Concat(header, frame))
}

// batch makes n entries of one event from index first on.
func (s *script) batch(first uint64, n, size int) []segment.Entry {
	var out []segment.Entry
	for i := range uint64(n) {
		out = append(out, s.txn(1, first+i, 0, 1, size))
	}
	return out
}

// TestRecover_FitBound: a frame behind X counts only if as many frames fit
// between, so that a payload which looks like a frame of this very segment and
// claims a high index is not believed.
func TestRecover_FitBound(t *testing.T) {
	fs, _, log := written(t, 3, 0, 40, false)
	data, _ := fs.ReadFile(seg1)
	witness := func(index uint64) []byte {
		e := newScript(3, nil).txn(1, index, index-1, 1, 10)
		b, _ := segment.AppendFrame(nil, segment.Seed(salt, 1, 1), 0, e)
		return append(make([]byte, 64), b...)
	}
	c := fs.Clone()
	fill(t, c, seg1, int64(len(data)), witness(1000))
	prefix(t, c, log, 3)
	c = fs.Clone()
	fill(t, c, seg1, int64(len(data)), witness(6))
	damaged(t, c, seg1)
	c = fs.Clone()
	fill(t, c, seg1, int64(len(data)), witness(7))
	prefix(t, c, log, 3)
}
