package sim

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// wound is a bit that the world flipped at rest.
type wound struct {
	name   string
	off    int64
	bit    uint8
	near   []byte            // the bytes around it, right after
	bucket int               // -1: store.state
	image  map[string][]byte // the bucket's files right after
	mended bool
}

// flip turns over one bit of a file of the store.
func (b *box) flip(f *Fault) {
	r := actor.NewRand(uint64(f.Arg))
	want := choose(r, ".seg", ".seg", ".seg", ".seg", "raft.state", "raft.state", "store.state")
	newest := r.Chance(1, 2)
	var names []string
	for _, name := range b.mem.Names() {
		if !strings.HasSuffix(name, want) {
			continue
		}
		if n := len(names); newest && n > 0 && bucketOfFile(names[n-1]) == bucketOfFile(name) {
			names[n-1] = name // the bucket's last segment instead of the one before
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return
	}
	name := names[r.Intn(len(names))]
	data, err := b.mem.ReadFile(name)
	if err != nil {
		panic("sim: a listed file can't be read: " + err.Error())
	}
	// The space behind the end of the log holds nothing yet: rarely aim there.
	// The last frames are where torn and damaged meet: often aim at them.
	end := min(len(bytes.TrimRight(data, "\x00"))+16, len(data))
	if end == 0 {
		return
	}
	from := 0
	if r.Chance(1, 2) {
		from = max(0, end-200)
	}
	b.wound(name, int64(r.Range(from, end-1)), uint8(r.Intn(8)))
}

// wound flips one bit and remembers it.
func (b *box) wound(name string, off int64, bit uint8) {
	data, err := b.mem.ReadFile(name)
	if err == nil {
		err = b.mem.FlipBit(name, off, bit)
	}
	if err != nil {
		panic("sim: " + err.Error())
	}
	data[off] ^= 1 << bit
	wd := wound{name: name, off: off, bit: bit, near: around(data, off), bucket: bucketOfFile(name)}
	if wd.bucket >= 0 {
		b.w.model.buckets[wd.bucket].damaged = true
	}
	b.wounds = append(b.wounds, wd)
	b.reviewWounds()
	b.w.tell("bit %d of byte %d of %s flips", bit, off, name)
	b.w.count.Add("bits flipped", 1)
}

// reviewWounds looks at what the disk holds now, after a flip or a power cut:
// what recovery must leave alone, and which entries may be lost.
func (b *box) reviewWounds() {
	for i := range b.wounds {
		wd := &b.wounds[i]
		if wd.bucket < 0 || wd.mended {
			continue
		}
		wd.image = b.image(wd.bucket)
		bl := b.w.model.buckets[wd.bucket]
		bl.exempt = max(bl.hint, b.namedByState(wd.bucket))
	}
}

// namedByState is the commit index that raft.state names on the disk. With the
// one that the last visible entry names it is the highest that the image names
// at all: entries above may be cut as torn when damage hits them (architecture
// S1, S2).
func (b *box) namedByState(bucket int) uint64 {
	data := b.image(bucket)[fmt.Sprintf("buckets/%05d/raft.state", bucket)]
	seed := segment.Seed(b.salt, event.BucketID(bucket), 0)
	var newest, commit uint64
	for off := 0; off+segment.SlotUsed <= len(data); off += segment.SlotSize {
		if seq, st, ok := segment.DecodeSlot(seed, data[off:]); ok && seq > newest {
			newest, commit = seq, st.Commit
		}
	}
	return commit
}

// bucketOfFile is the bucket that a file belongs to, -1 for files of the store.
func bucketOfFile(name string) int {
	var n int
	if _, err := fmt.Sscanf(path.Base(path.Dir(name)), "%d", &n); err != nil {
		return -1
	}
	return n
}

// image copies the files of a bucket as the next process will find them: on a
// copy of the disk, with cached pages forgotten that no medium holds.
func (b *box) image(bucket int) map[string][]byte {
	files := make(map[string][]byte)
	disk := b.mem.Clone()
	for _, name := range disk.Names() {
		if strings.HasSuffix(name, "/") || bucket < 0 || bucketOfFile(name) != bucket {
			continue
		}
		f, err := disk.Open(name, vfs.Read)
		if err == nil {
			err = errors.Join(f.Evict(), f.Close())
		}
		if err == nil {
			files[name], err = disk.ReadFile(name)
		}
		if err != nil {
			panic("sim: copy " + name + ": " + err.Error())
		}
	}
	return files
}

// judgeDamage judges a node's report that a bucket is damaged: somebody must
// have damaged it, the report must name file and offset, and not a byte of it
// may have changed.
func (b *box) judgeDamage(bucket int, err error) *Violation {
	b.w.count.Add("damage reported", 1)
	if b.upset || b.full && errors.Is(err, vfs.ErrNoSpace) {
		return nil
	}
	for i := range b.wounds {
		wd := &b.wounds[i]
		if wd.bucket != bucket || wd.mended {
			continue
		}
		if !strings.Contains(err.Error(), "buckets/") {
			return violated("D6 damage is named", "the report of damage in bucket %d names no file: %v", bucket, err)
		}
		return sameImage(bucket, wd.image, b.image(bucket))
	}
	return violated("D6 no false damage", "bucket %d is reported damaged, but nobody damaged it: %v", bucket, err)
}

// sameImage demands that recovery left damaged files alone.
func sameImage(bucket int, before, after map[string][]byte) *Violation {
	for name, data := range before { //det:ok any difference is a violation
		if !bytes.Equal(after[name], data) {
			return violated("D6 damage is left alone", "bucket %d is damaged, and recovery changed a file of it", bucket)
		}
	}
	if len(before) != len(after) {
		return violated("D6 damage is left alone", "bucket %d is damaged, and recovery changed its files from %d to %d", bucket, len(before), len(after))
	}
	return nil
}

// mend turns the bits back that were flipped and are still as the flip left
// them.
func (b *box) mend(why string) {
	for i := len(b.wounds) - 1; i >= 0; i-- { // the last first: one may lie beside another
		wd := &b.wounds[i]
		if wd.mended {
			continue
		}
		data, err := b.mem.ReadFile(wd.name)
		if err != nil || !bytes.Equal(around(data, wd.off), wd.near) {
			continue // written over since: a second flip would be new damage
		}
		if err := b.mem.FlipBit(wd.name, wd.off, wd.bit); err != nil {
			panic("sim: " + err.Error())
		}
		wd.mended = true
		b.w.count.Add("bits mended", 1)
		b.w.tell("%s: the flipped bit of %s is turned back", why, wd.name)
		if wd.bucket >= 0 {
			b.w.model.buckets[wd.bucket].damaged = b.wounded(wd.bucket)
		}
	}
	b.reviewWounds()
}

// around returns a copy of the bytes near an offset: enough to tell whether the
// frame or slot was written anew.
func around(data []byte, off int64) []byte {
	n := int64(len(data))
	return bytes.Clone(data[min(n, max(0, off-64)):min(n, off+64)])
}

// wounded says whether a bit of this bucket, or of store.state when bucket is
// -1, may still be wrong.
func (b *box) wounded(bucket int) bool {
	for _, wd := range b.wounds {
		if !wd.mended && wd.bucket == bucket {
			return true
		}
	}
	return false
}
