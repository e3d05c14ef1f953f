package segment

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"sierradb/core/event"

	"pgregory.net/rapid"
)

// scan begins to read events in a drawn order, planned or not. What is left of
// the scan before is forgotten.
func (m *machine) scan(t *rapid.T) {
	var all []Position
	for _, w := range m.log {
		for i := range w.events {
			all = append(all, Position{Segment: m.r, Offset: w.off, Item: uint16(i)})
		}
	}
	if len(all) == 0 {
		t.Skip("no event is there")
	}
	from := rapid.IntRange(0, len(all)-1).Draw(t, "from")
	m.plan = all[from : from+rapid.IntRange(1, len(all)-from).Draw(t, "count")]
	switch rapid.IntRange(0, 3).Draw(t, "order") {
	case 0:
		slices.Reverse(m.plan)
	case 1:
		m.plan = slices.Clone(rapid.Permutation(m.plan).Draw(t, "permutation"))
	case 2: // every second one
		m.plan = slices.DeleteFunc(m.plan, func(p Position) bool { return p.Item%2 == 1 })
	}
	m.cur.Plan(nil)
	if rapid.Bool().Draw(t, "planned") {
		m.cur.Plan(m.plan)
	}
	m.goOn(t)
}

// goOn reads more of the scan: the log may have grown since it began.
func (m *machine) goOn(t *rapid.T) {
	if len(m.plan) == 0 {
		t.Skip("no scan is under way")
	}
	n := rapid.IntRange(1, len(m.plan)).Draw(t, "read")
	for _, p := range m.plan[:n] {
		var ev event.Event
		if err := m.cur.Event(p, &ev); err != nil {
			t.Fatalf("event %d of the frame at %d: %v", p.Item, p.Offset, err)
		}
		i := slices.IndexFunc(m.log, func(w written) bool { return w.off == p.Offset })
		if want := m.log[i].events[p.Item]; !reflect.DeepEqual(plain(ev), plain(want)) {
			t.Fatalf("event %d of the frame at %d is %+v, want %+v", p.Item, p.Offset, plain(ev), plain(want))
		}
	}
	m.plan = m.plan[n:]
}

// plain is an event whose empty slices are nil.
func plain(ev event.Event) event.Event { return ev.Clone() }

// walk reads header and frames as recovery does, compares them with the log,
// and says how many there are and why no other follows; -1 when the header is
// damaged.
func (m *machine) walk(t *rapid.T) (frames int, flaw error) {
	scan, err := NewScanner(m.r, DataMax)
	if err != nil {
		t.Fatal(err)
	}
	h, size, flaw, err := scan.Header()
	if err != nil || flaw != nil {
		return -1, flaw
	}
	if size != m.start || !reflect.DeepEqual(h, m.head) {
		t.Fatalf("header %+v of %d bytes, want %+v of %d", h, size, m.head, m.start)
	}
	off, prev := size, h.PrevCRC
	for {
		f, flaw, err := scan.Frame(off)
		if err != nil {
			t.Fatal(err)
		}
		if flaw == nil && (f.Prev != prev || f.Entry.Index != h.Base+uint64(frames)) {
			flaw = fmt.Errorf("entry %d of another log", f.Entry.Index)
		}
		if flaw != nil {
			return frames, flaw
		}
		if frames == len(m.log) {
			t.Fatalf("entry %d stands behind the log", f.Entry.Index)
		}
		if w := &m.log[frames]; off != w.off || f.CRC != w.crc || f.Size != FrameSize(len(w.Data)) || !same(f.Entry, w.Entry) {
			t.Fatalf("at %d stands %+v, want %+v", off, f, w)
		}
		frames, off, prev = frames+1, off+f.Size, f.CRC
	}
}

// search looks for frames behind a drawn place, those of replaced entries too,
// and compares with trying every place.
func (m *machine) search(t *rapid.T) {
	from := rapid.Int64Range(0, int64(len(m.image))+9).Draw(t, "from")
	if len(m.log) > 0 && rapid.Bool().Draw(t, "border") {
		// One stretch of bytes ends within the head of a frame.
		off := rapid.SampledFrom(m.log).Draw(t, "frame").off
		from = max(0, off-Lookahead+FrameAlign*rapid.Int64Range(0, 4).Draw(t, "words"))
	}
	least := m.head.Base + rapid.Uint64Range(0, 5).Draw(t, "least")
	most := rapid.IntRange(1, 20).Draw(t, "most")
	limit := rapid.SampledFrom([]int64{60, 4096, DataMax}).Draw(t, "limit")
	var want, got []int64
	for off := (from + FrameAlign - 1) &^ (FrameAlign - 1); off < int64(len(m.image)) && len(want) < most; off += FrameAlign {
		f, err := DecodeFrame(m.head.Seed, m.image[off:])
		if err == nil && f.Entry.Index >= least && int64(FrameHead+len(f.Entry.Data)) <= limit {
			want = append(want, off)
		}
	}
	scan, err := NewScanner(m.r, limit)
	if err != nil {
		t.Fatal(err)
	}
	end, err := scan.Search(from, func(_ int64, index uint64) bool { return index >= least }, func(off int64, f Frame) bool {
		if f.Entry.Index < least {
			t.Fatalf("entry %d at %d is not wanted", f.Entry.Index, off)
		}
		got = append(got, off)
		return len(got) < most
	})
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("from %d on: frames at %v, %v; want %v", from, got, err, want)
	}
	if len(got) == most {
		return // it ended early
	}
	last := from // behind the last byte that is not zero, rounded up to 8
	for i := int64(len(m.image)) - 1; i >= (from+FrameAlign-1)&^(FrameAlign-1); i-- {
		if m.image[i] != 0 {
			last = min(i&^(FrameAlign-1)+FrameAlign, int64(len(m.image)))
			break
		}
	}
	if end != last {
		t.Fatalf("from %d on, the bytes that are not zero end at %d, want %d of %d", from, end, last, len(m.image))
	}
}

// limit walks with a bound for frames: the first larger one ends the log.
func (m *machine) limit(t *rapid.T) {
	limit := rapid.Int64Range(FrameHead, 10_000).Draw(t, "limit")
	scan, err := NewScanner(m.r, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range m.log {
		f, flaw, err := scan.Frame(w.off)
		if err != nil {
			t.Fatal(err)
		}
		if tooLarge := int64(FrameHead+len(w.Data)) > limit; tooLarge != (flaw == flawLength) || !tooLarge && !same(f.Entry, w.Entry) {
			t.Fatalf("a frame with %d bytes of data and a limit of %d: %+v, %v", len(w.Data), limit, f, flaw)
		}
	}
}

// check compares the whole file, and the frames in it.
func (m *machine) check(t *rapid.T) {
	if b, err := m.fs.ReadFile(machineFile); err != nil || !bytes.Equal(b, m.image) {
		t.Fatalf("the file has %d bytes, want others or %d: %v", len(b), len(m.image), err)
	}
	if n, flaw := m.walk(t); n != len(m.log) {
		t.Fatalf("%d frames of %d: %v", n, len(m.log), flaw)
	}
}

// slot is a slot of raft.state whose writes may tear.
type slot struct {
	b   [SlotUsed]byte
	seq uint64
	st  State
	ok  bool
}

// save writes a part of the next state: the slot holds the new one, the old one
// or none, which is told by its bytes alone.
func (s *slot) save(t *rapid.T, seed uint32) {
	st := State{Term: rapid.Uint64Range(0, 5).Draw(t, "term"), Vote: rapid.Uint64Range(0, 3).Draw(t, "vote"), Commit: rapid.Uint64().Draw(t, "commit")}
	next := AppendSlot(nil, seed, s.seq+1, st)
	was := s.b
	copy(s.b[:], next[:rapid.IntRange(0, SlotUsed).Draw(t, "written")])
	switch {
	case bytes.Equal(s.b[:], next):
		s.seq, s.st, s.ok = s.seq+1, st, true
	case s.b != was:
		s.ok = false
	}
	seq, got, ok := DecodeSlot(seed, s.b[:])
	if ok != s.ok || ok && (seq != s.seq || got != s.st) {
		t.Fatalf("slot %x holds %d %+v %v, want %d %+v %v", s.b, seq, got, ok, s.seq, s.st, s.ok)
	}
	if Blank(s.b[:]) != (s.b == [SlotUsed]byte{}) {
		t.Fatalf("Blank(%x) is wrong", s.b)
	}
}
