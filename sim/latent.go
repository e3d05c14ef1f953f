package sim

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// Latent faults: the device answers that all is well and returns, now or later,
// something else than was written. A node on its own can only notice them and
// refuse; what it must never do is to give wrong bytes to a client.

// latent damages a file at a place that f.Arg chooses: one bit, or a sector.
func (b *box) latent(f *Fault) {
	r := actor.NewRand(uint64(f.Arg))
	name, end := b.victim(r)
	if end == 0 {
		return
	}
	// The last frames are where torn and damaged meet: often aim at them.
	from := 0
	if r.Chance(1, 2) {
		from = max(0, end-200)
	}
	at := int64(r.Range(from, end-1))
	data, err := b.mem.ReadFile(name)
	if err != nil {
		panic("sim: a listed file can't be read: " + err.Error())
	}
	if f.Kind == Flip {
		bit := uint8(r.Intn(8))
		if b.wound(name, at, []byte{data[at] ^ 1<<bit}, fmt.Sprintf("bit %d flips", bit)) {
			b.w.count.Add("bits flipped", 1)
		}
		return
	}
	unit := int64(b.w.k.Sector)
	at = at / unit * unit
	if b.wound(name, at, make([]byte, min(unit, int64(len(data))-at)), "a sector is zeroed") {
		b.w.count.Add("sectors zeroed", 1)
	}
}

// victim chooses a file of the store and returns the end of what it holds. The
// space behind the end of a log holds nothing yet: rarely aim there. Often it is
// the last segment of a bucket, or the one before: what is damaged at its end can
// be told from a torn tail by the segment behind it alone.
func (b *box) victim(r *actor.Rand) (name string, end int) {
	want := choose(r, ".seg", ".seg", ".seg", ".seg", ".seg", "raft.state", "raft.state", "store.state", "")
	newest, before := r.Chance(1, 2), r.Chance(1, 2)
	var names []string
	last := "" // of the bucket, if its segment before that is wanted
	for _, name := range b.mem.Names() {
		if !strings.HasSuffix(name, want) {
			continue
		}
		if n := len(names); n > 0 && bucketOfFile(names[n-1]) == bucketOfFile(name) {
			switch {
			case newest:
				names[n-1] = name // the bucket's last segment instead of the one before
				continue
			case before && b.used(name) > segment.HeaderSize:
				if last != "" {
					names[n-1] = last
				}
				last = name
				continue
			case before:
				continue // prepared, and empty
			}
		}
		last = ""
		names = append(names, name)
	}
	if len(names) == 0 {
		return "", 0
	}
	name = names[r.Intn(len(names))]
	data, err := b.mem.ReadFile(name)
	if err != nil {
		panic("sim: a listed file can't be read: " + err.Error())
	}
	return name, min(len(bytes.TrimRight(data, "\x00"))+16, len(data))
}

// misread lets one read return something else than the file holds. The node may
// answer with an error; it must neither believe the bytes nor lose anything. A
// life has one such read at most: two alike can't be told from damage.
func (b *box) misread(f *Fault, op vfs.Op) vfs.Verdict {
	r := actor.NewRand(uint64(f.Arg))
	b.hit(op)
	b.w.rec.struck(f)
	if f.Kind == FlipRead {
		bit := vfs.Bit{Byte: r.Intn(op.Size), Bit: uint8(r.Intn(8))}
		if f.Where == "end" {
			bit.Byte = b.used(op.Name) - int(op.Offset) - 1 - r.Intn(40)
		}
		b.w.tell("%v returns byte %d with bit %d flipped", op, bit.Byte, bit.Bit)
		b.w.count.Add("reads with a wrong bit", 1)
		return vfs.Verdict{Flip: []vfs.Bit{bit}}
	}
	shift := b.shift(op, r)
	b.w.tell("%v returns what stands %d bytes further", op, shift)
	return vfs.Verdict{Shift: shift}
}

// readsEnd says whether recovery reads the end of what a bucket's last segment
// holds, and enough before it.
func (b *box) readsEnd(op vfs.Op) bool {
	if _, ok := b.seedOf(op.Name); !ok || !b.booting {
		return false
	}
	for _, name := range b.mem.Names() {
		if _, ok := b.seedOf(name); ok && name > op.Name && path.Dir(name) == path.Dir(op.Name) {
			return false
		}
	}
	end := int64(b.used(op.Name))
	return op.Offset+40 < end && end <= op.Offset+int64(op.Size)
}

// used is where the bytes of a file end that are not zero.
func (b *box) used(name string) int {
	data, err := b.mem.ReadFile(name)
	if err != nil {
		return 0
	}
	return len(bytes.TrimRight(data, "\x00"))
}

// shift draws how far a read goes astray: by whole sectors, and often to where a
// frame begins, since that is what a checksum does not notice. In a segment of
// real size one sector in a few begins like that; those of a run are tiny.
func (b *box) shift(op vfs.Op, r *actor.Rand) int64 {
	b.w.count.Add("misdirected reads", 1)
	unit := int64(b.w.k.Sector)
	if r.Chance(1, 4) {
		return unit * choose[int64](r, -2, -1, 1, 2, 5)
	}
	data, err := b.mem.ReadFile(op.Name)
	seed, ok := b.seedOf(op.Name)
	if err != nil || !ok {
		return unit
	}
	var good []int64
	for off := op.Offset % segment.FrameAlign; off < int64(len(data)); off += segment.FrameAlign {
		if _, flaw := segment.DecodeFrame(seed, data[off:]); flaw == nil && off != op.Offset {
			good = append(good, off-op.Offset)
		}
	}
	if len(good) == 0 {
		return unit
	}
	b.w.count.Add("misdirected reads of whole frames", 1)
	return choose(r, good...)
}

// seedOf is the seed of the checksums of a segment file.
func (b *box) seedOf(name string) (seed uint32, ok bool) {
	number, ok := segmentNumber(name)
	return segment.Seed(b.salt, event.BucketID(bucketOfFile(name)), number), ok
}

// segmentNumber is the number in the name of a segment file.
func segmentNumber(name string) (number uint64, ok bool) {
	_, err := fmt.Sscanf(path.Base(name), "%d.seg", &number)
	return number, err == nil
}

// written is a write that no barrier covers yet.
type written struct {
	name string
	off  int64
	old  []byte // what stood there before
	new  []byte // nil until the write is covered
}

// keepWrite remembers what a write replaces, when some fault may want it back.
func (b *box) keepWrite(op vfs.Op) {
	if len(b.armed) == 0 || op.Kind != vfs.OpWrite || op.Size == 0 {
		return
	}
	old := make([]byte, op.Size)
	if data, err := b.mem.ReadFile(op.Name); err == nil && op.Offset < int64(len(data)) {
		copy(old, data[op.Offset:])
	}
	b.writes = append(b.writes, written{name: op.Name, off: op.Offset, old: old})
}

// takeWrites returns the writes of an actor's bucket that its barrier covers.
func (b *box) takeWrites(id actor.ID) (taken []written) {
	var rest []written
	for _, wr := range b.writes {
		if id.Role != actor.Replica || event.BucketID(bucketOfFile(wr.name)) != event.BucketID(id.N) {
			rest = append(rest, wr)
			continue
		}
		if data, err := b.mem.ReadFile(wr.name); err == nil && wr.off+int64(len(wr.old)) <= int64(len(data)) {
			wr.new = bytes.Clone(data[wr.off:][:len(wr.old)])
			taken = append(taken, wr)
		}
	}
	b.writes = rest
	return taken
}

// misplace takes a part of a write that was synced from its place; a
// misdirected one goes to another sector, of this file or another one.
func (b *box) misplace(f *Fault, writes []written) {
	// What is not on the medium yet can't be missing there: raft.state is synced
	// rarely, and what a power cut makes of its last write is not known yet.
	writes = slices.DeleteFunc(writes, func(wr written) bool {
		data, err := b.mem.Durable(wr.name)
		end := wr.off + int64(len(wr.new))
		return err != nil || end > int64(len(data)) || !bytes.Equal(data[wr.off:end], wr.new)
	})
	if len(writes) == 0 {
		return
	}
	r := actor.NewRand(uint64(f.Arg))
	wr := writes[r.Intn(len(writes))]
	unit := int64(b.w.k.Sector)
	from, to := wr.off, wr.off+int64(len(wr.old))
	if r.Chance(1, 2) { // one sector of it
		from = max(from, (from+int64(r.Intn(len(wr.old))))/unit*unit)
		to = min(to, from/unit*unit+unit)
	}
	old, moved := wr.old[from-wr.off:to-wr.off], wr.new[from-wr.off:to-wr.off]
	b.w.rec.struck(f)
	if !b.wound(wr.name, from, old, "a write is lost") {
		return
	}
	if f.Kind == LostWrite {
		b.w.count.Add("writes lost", 1)
		return
	}
	b.w.count.Add("writes misdirected", 1)
	name, sector := wr.name, from/unit+int64(choose(r, -3, -1, 1, 1, 2, 8))
	if r.Chance(1, 3) {
		var end int
		name, end = b.victim(r)
		sector = int64(r.Intn(end+1)) / unit
	}
	if sector >= 0 && (name != wr.name || sector != from/unit) { // elsewhere indeed
		b.wound(name, sector*unit+from%unit, moved, "a write lands elsewhere")
	}
}
