package sim

import (
	"testing"

	"sierradb/core/segment"
	"sierradb/vfs"
)

// bed is a bucket at rest with a log of several segments, for damaging.
type bed struct {
	t    *testing.T
	b    *box
	log  *bucketLog
	name string // of its second segment
	at   int64  // inside the first frame of that
	base uint64 // entry of that frame
}

func newBed(t *testing.T) *bed {
	w, _ := finished(t)
	d := &bed{t: t, b: w.box, log: w.model.buckets[0], name: "buckets/00000/0000000002.seg"}
	seed, _ := w.box.seedOf(d.name)
	data, err := w.box.mem.ReadFile(d.name)
	if err != nil {
		t.Fatal(err)
	}
	h, start, err := segment.DecodeHeader(seed, 2, data)
	if err != nil {
		t.Fatal(err)
	}
	d.at, d.base = start+30, h.Base
	d.b.wounds = nil
	d.log.damaged, d.log.cutting, d.log.cost = false, false, false
	return d
}

// flip wounds a byte.
func (d *bed) flip(name string, at int64) {
	d.t.Helper()
	data, err := d.b.mem.ReadFile(name)
	if err != nil || !d.b.wound(name, at, []byte{data[at] ^ 1}, "a test") {
		d.t.Fatalf("byte %d of %s can't be damaged: %v", at, name, err)
	}
}

// change does something to a file as the node would.
func (d *bed) change(op vfs.Op, do func(f vfs.File) error) {
	d.t.Helper()
	if op.Kind == vfs.OpRemove {
		if err := d.b.mem.Remove(op.Name); err != nil {
			d.t.Fatal(err)
		}
	} else if do != nil {
		f, err := d.b.mem.Open(op.Name, vfs.Write)
		if err != nil {
			d.t.Fatal(err)
		}
		if err := do(f); err != nil {
			d.t.Fatal(err)
		}
	}
	d.b.overwritten(op)
}

func (d *bed) want(wounded, damaged bool) {
	d.t.Helper()
	d.b.reviewWounds()
	if d.b.wounded(0) != wounded || d.log.damaged != damaged {
		d.t.Errorf("the bucket is wounded: %v, and may lose entries: %v, expected %v and %v", d.b.wounded(0), d.log.damaged, wounded, damaged)
	}
}

// TestWounds_Mended: what the world repairs costs nothing, and one wound does not
// lie over another.
func TestWounds_Mended(t *testing.T) {
	d := newBed(t)
	d.flip(d.name, d.at)
	d.want(true, true)
	if d.log.whole != d.base-1 {
		t.Errorf("entries up to %d must stay, expected %d", d.log.whole, d.base-1)
	}
	if d.b.wound(d.name, d.at-8, make([]byte, 16), "another") {
		t.Error("a wound lies over another")
	}
	d.b.mend("a test")
	d.want(false, false)
}

// TestWounds_Cut: a wound is over when it was cut away on the medium, too, and
// what it cost is excused until a new entry is shown. An operation that failed
// changes nothing.
func TestWounds_Cut(t *testing.T) {
	d := newBed(t)
	d.flip(d.name, d.at)
	cut := vfs.Op{Kind: vfs.OpTruncate, Name: d.name, Offset: d.at - 30}
	d.change(cut, nil)
	if d.b.wounds[0].over || d.b.wounds[0].gone {
		t.Error("a truncation that failed cut the wound away")
	}
	d.change(cut, func(f vfs.File) error { return f.Truncate(cut.Offset) })
	d.want(true, true)
	f, err := d.b.mem.Open(d.name, vfs.Write)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		t.Fatal(err)
	}
	d.want(false, true)
	if !d.log.cost {
		t.Error("what was cut away cost nothing")
	}
}

// TestWounds_InRecovery: what a start destroys does not widen what may be lost.
func TestWounds_InRecovery(t *testing.T) {
	d := newBed(t)
	d.flip(d.name, d.at)
	before := d.log.exempt
	if before < d.base {
		t.Fatalf("the segments behind the wound name no entry from %d on", d.base)
	}
	d.b.booting = true
	for _, name := range d.b.mem.Names() {
		if number, ok := segmentNumber(name); ok && number > 2 {
			d.change(vfs.Op{Kind: vfs.OpRemove, Name: name}, nil)
		}
	}
	d.change(vfs.Op{Kind: vfs.OpRemove, Name: "buckets/00000/raft.state"}, nil)
	d.want(true, true)
	if d.log.exempt != before {
		t.Errorf("entries up to %d must stay, expected %d as before", d.log.exempt, before)
	}
	d.b.booting, d.log.cutting = false, false
	d.want(true, true)
	if d.log.exempt >= before {
		t.Errorf("entries up to %d must stay: the files that named them are gone, and no start was under way", d.log.exempt)
	}
}

// TestWounds_State: damage to raft.state costs no entry, and is not mended once
// the node went on without it.
func TestWounds_State(t *testing.T) {
	const state = "buckets/00000/raft.state"
	d := newBed(t)
	d.flip(state, 20)
	d.want(true, false)
	d.change(vfs.Op{Kind: vfs.OpWrite, Name: d.name}, nil)
	d.b.mend("a test")
	d.want(true, false)
}
