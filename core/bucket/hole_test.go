package bucket_test

import (
	"testing"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// TestReserve_Hole: after a power cut a file may be longer than the space that
// it has. What Reserve promises can be written all the same.
func TestReserve_Hole(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	o := options
	o.SegmentSize = 64 << 10
	b, err := bucket.Open(fs, dir, o)
	must(t, err)
	must(t, b.SaveState(segment.State{Term: 1, Vote: 1}, true))
	// One entry ends just before a page does; the next one, never synced, ends
	// behind it.
	fill := segment.Entry{Kind: segment.ConfChange, Term: 1, Index: 1, Data: make([]byte, 3900)}
	must(t, b.Append([]segment.Entry{fill}))
	syncAll(t, fs, b)
	must(t, b.Append(newScript(2, nil).batch(2, 1, 400)))
	holes := 0
	for seed := range uint64(100) {
		c := fs.Clone()
		c.PowerCut(actor.NewRand(seed), vfs.CutKeepsSubset)
		b, err := bucket.Open(c, dir, o)
		must(t, err)
		if data, err := c.ReadFile(seg1); err == nil && b.LastIndex() == 1 && len(data) > 4200 {
			holes++
		}
		must(t, b.Reserve(1, 200))
		c.SetCapacity(c.Used())
		more := newScript(3, nil).batch(b.LastIndex()+1, 1, 100)
		if b.LastIndex() == 2 {
			continue // nothing was lost
		}
		if err := b.Append(more); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	if holes < 5 {
		t.Fatalf("only %d files are longer than their space", holes)
	}
}
