package sim

import (
	"bytes"
	"maps"
	"testing"

	"sierradb/core/segment"
)

// TestExempt spoils the header and the first frame of every segment of a bucket:
// the entries before it stay, and the segments behind it name others.
func TestExempt(t *testing.T) {
	w, log := finished(t)
	files := w.box.image(0)
	end := w.box.logEnd(files)
	if end.entry != log.LastIndex() {
		t.Fatalf("the log ends with entry %d on the disk, expected %d", end.entry, log.LastIndex())
	}
	for name := range files {
		number, ok := segmentNumber(name)
		if !ok {
			continue
		}
		seed, _ := w.box.seedOf(name)
		h, start, err := segment.DecodeHeader(seed, number, files[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, off := range []int64{20, start + 30} {
			spoilt := maps.Clone(files)
			spoilt[name] = bytes.Clone(files[name])
			spoilt[name][off] ^= 1
			delete(spoilt, "buckets/00000/raft.state")
			got := w.box.logEnd(spoilt)
			if got.entry != h.Base-1 {
				t.Errorf("%s is spoilt at %d, and the log ends with entry %d, expected %d", name, off, got.entry, h.Base-1)
			}
			named := w.box.named(0, spoilt, got)
			if number < end.number && named < h.Base {
				t.Errorf("%s is spoilt at %d, and the segments behind it name entry %d", name, off, named)
			}
		}
	}
}

// TestNamedByFrames: a frame that stands nearer to the end of the log than the
// frames between would need is no witness.
func TestNamedByFrames(t *testing.T) {
	m := newMade(t)
	for range 4 {
		m.land(m.index+1, m.want("a"))
	}
	seed := uint32(7)
	frame, _ := segment.AppendFrame(nil, seed, 0, segment.Entry{Kind: segment.Transaction, Term: 1, Index: 4, Data: m.w.model.buckets[0].entries[3].data})
	f := func(gap int, next, between, want uint64) {
		t.Helper()
		if got := namedByFrames(seed, append(make([]byte, gap), frame...), 0, next, between); got != want {
			t.Errorf("a frame of entry 4 that names 3 stands %d bytes behind the end, where entry %d is missing and %d fit before: got %d, expected %d", gap, next, between, got, want)
		}
	}
	const one = (segment.FrameMin + segment.FrameAlign - 1) / segment.FrameAlign * segment.FrameAlign
	f(one, 3, 0, 3)
	f(0, 3, 0, 0)
	f(0, 3, 1, 3)
	f(one, 2, 0, 0)
	f(2*one, 2, 0, 3)
	f(one, 4, 0, 0)
	f(0, 4, 9, 0)
}
