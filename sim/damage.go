package sim

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"sierradb/vfs"
)

// wound is a stretch of bytes that the world damaged behind the node's back.
type wound struct {
	name   string
	off    int64
	was    []byte // what belongs there
	is     []byte // what the world put there
	near   []byte // the bytes around it, right after
	over   bool   // the node has written there since
	cut    bool   // the node has removed what follows it in other files
	past   bool   // the node has gone on without it: what was lost must not come back
	bucket int    // -1: a file of the store
	gone   bool   // the node has written over all of it, or cut it away
	whole  uint64 // the last entry in front of it when it struck
	mended bool
}

// wound puts bytes where they don't belong, on the medium and in the cache.
func (b *box) wound(name string, off int64, is []byte, why string) bool {
	data, err := b.mem.ReadFile(name)
	if err != nil || off+int64(len(is)) > int64(len(data)) || bytes.Equal(data[off:off+int64(len(is))], is) {
		return false // the file is gone or shorter now, or nothing would change
	}
	for i := range b.wounds {
		if wd := &b.wounds[i]; !wd.mended && wd.name == name && wd.off < off+int64(len(is)) && off < wd.off+int64(len(wd.is)) {
			return false // one over another: what heals the one would bring back the other
		}
	}
	if held := b.image(bucketOfFile(name))[name]; held != nil && !bytes.Equal(held[off:off+int64(len(is))], data[off:off+int64(len(is))]) {
		return false // a failed sync left the cache with bytes that no medium holds: to mend would be to write them
	}
	wd := wound{name: name, off: off, was: bytes.Clone(data[off : off+int64(len(is))]), is: bytes.Clone(is), bucket: bucketOfFile(name)}
	if err := b.mem.Corrupt(name, off, is); err != nil {
		panic("sim: " + err.Error())
	}
	copy(data[off:], is)
	wd.near = around(data, off, len(is))
	if bl := b.bucketLog(&wd); bl != nil {
		wd.whole = b.logEnd(b.image(wd.bucket)).entry
		bl.cutting = false
	}
	b.wounds = append(b.wounds, wd)
	b.w.tell("%s: %d bytes at %d of %s are not what was written", why, len(is), off, name)
	b.reviewWounds()
	return true
}

// overwritten notes that the node wrote where a wound is, or went on without
// what is wounded. Whether the operation did something is seen from the file: it
// may have failed.
func (b *box) overwritten(op vfs.Op) {
	if !changes(op.Kind) || op.Kind == vfs.OpPreallocate {
		return
	}
	for i := range b.wounds {
		wd := &b.wounds[i]
		if wd.bucket != bucketOfFile(op.Name) || wd.mended {
			continue
		}
		if bl := b.bucketLog(wd); bl != nil && b.booting && op.Kind != vfs.OpWrite {
			bl.cutting = true
		}
		wd.cut = wd.cut || op.Kind == vfs.OpRemove && wd.name < op.Name
		wd.past = wd.past || strings.HasSuffix(wd.name, "raft.state")
		if wd.name != op.Name {
			continue
		}
		data, err := b.mem.ReadFile(wd.name)
		end := wd.off + int64(len(wd.is))
		switch {
		case err != nil || int64(len(data)) <= wd.off:
			wd.over, wd.gone = true, true
			b.emptied(wd, err != nil)
		case int64(len(data)) < end:
			wd.over = true
		case op.Kind == vfs.OpWrite && !bytes.Equal(data[wd.off:end], wd.is):
			wd.over = true
			wd.gone = wd.gone || op.Offset <= wd.off && end <= op.Offset+int64(op.Size)
		}
	}
}

// emptied takes note when a start removed the first segment of a log of which
// all may be lost. A log that begins anew may begin with the bytes of the old one,
// so that its entries would not tell.
func (b *box) emptied(wd *wound, removed bool) {
	bl := b.bucketLog(wd)
	if number, log := segmentNumber(wd.name); log && number == 1 && removed && bl.damaged && bl.exempt == 0 {
		b.w.model.lose(wd.bucket, 0)
	}
}

// bucketLog is the log that a wound is in, nil for one of the store's files.
func (b *box) bucketLog(wd *wound) *bucketLog {
	if wd.bucket < 0 {
		return nil
	}
	return b.w.model.buckets[wd.bucket]
}

// healed says whether a view of the disk has again what belongs there.
func (wd *wound) healed(view func(name string) ([]byte, error)) bool {
	data, err := view(wd.name)
	end := wd.off + int64(len(wd.was))
	return err != nil || end <= int64(len(data)) && bytes.Equal(data[wd.off:end], wd.was)
}

// shows says whether a view of the disk has all of the damage.
func (wd *wound) shows(view func(name string) ([]byte, error)) bool {
	data, err := view(wd.name)
	end := wd.off + int64(len(wd.is))
	return err == nil && end <= int64(len(data)) && bytes.Equal(data[wd.off:end], wd.is)
}

// reviewWounds looks at what the disk holds now, after damage, a power cut, or
// before a start: what recovery must leave alone, and which entries may be lost.
func (b *box) reviewWounds() {
	for i := range b.wounds {
		wd := &b.wounds[i]
		if wd.mended {
			continue
		}
		if wd.over && wd.healed(b.mem.ReadFile) && wd.healed(b.mem.Durable) || wd.gone && !wd.shows(b.mem.Durable) {
			wd.mended = true // written anew, or removed, on the medium, too
			if bl := b.bucketLog(wd); bl != nil {
				bl.cost = true
			}
		}
	}
	for i := range b.w.model.buckets {
		if b.wounded(i) {
			b.images[i] = b.image(i)
			b.exempt(i)
		}
	}
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
	b.w.judged("D6 no false damage")
	if b.excusesStart(bucket) || b.full && errors.Is(err, vfs.ErrNoSpace) {
		return nil
	}
	for i := range b.wounds {
		wd := &b.wounds[i]
		if wd.bucket != bucket || wd.mended {
			continue
		}
		if v := b.namesDamage(bucket, err); v != nil {
			return v
		}
		b.w.judged("D6 damage is left alone")
		return sameImage(bucket, b.images[bucket], b.image(bucket))
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

// mend repairs what the world damaged and nobody has written since.
func (b *box) mend(why string) {
	for i := range b.wounds {
		wd := &b.wounds[i]
		if wd.mended || wd.past {
			continue
		}
		data, err := b.mem.ReadFile(wd.name)
		end := wd.off + int64(len(wd.is))
		if err != nil || end > int64(len(data)) || !bytes.Equal(data[wd.off:end], wd.is) || wd.over && !bytes.Equal(around(data, wd.off, len(wd.is)), wd.near) {
			continue // written over since: to write again would be new damage
		}
		if err := b.mem.Corrupt(wd.name, wd.off, wd.was); err != nil {
			panic("sim: " + err.Error())
		}
		wd.mended = true
		if wd.bucket >= 0 {
			bl := b.w.model.buckets[wd.bucket]
			_, costs := b.costs(wd.bucket)
			bl.damaged = costs || bl.cost || wd.over || wd.cut // recovery may have cut there
		}
		b.w.count.Add("damage mended", 1)
		b.w.tell("%s: the damage at %d of %s is mended", why, wd.off, wd.name)
	}
	b.reviewWounds()
}

// around returns a copy of the bytes near a stretch: enough to tell whether the
// frame or slot was written anew.
func around(data []byte, off int64, n int) []byte {
	size := int64(len(data))
	return bytes.Clone(data[min(size, max(0, off-64)):min(size, off+int64(n)+64)])
}

// wounded says whether bytes of this bucket, or of the store's own files when
// bucket is -1, may still be wrong.
func (b *box) wounded(bucket int) bool {
	for _, wd := range b.wounds {
		if !wd.mended && wd.bucket == bucket {
			return true
		}
	}
	return false
}
