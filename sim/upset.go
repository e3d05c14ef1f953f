package sim

import (
	"fmt"
	"path"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/vfs"
)

// upset says what the world did to the files of one bucket, or of the store, in
// the present life of the process. A state of the world in which no operation
// was hit upsets nothing.
type upset struct {
	changes bool          // a change or a sync of a file failed
	reads   bool          // a read failed or returned wrong bytes
	readAt  actor.Instant // when the last such read was
}

// of returns what was done to the files of a bucket; -1 stands for those that
// belong to no bucket.
func (b *box) of(bucket int) *upset { return &b.upset[bucket+1] }

// hit notes that an operation failed, or that a read returned wrong bytes.
func (b *box) hit(op vfs.Op) {
	name := op.Name
	switch op.Kind {
	case vfs.OpMkdir, vfs.OpList, vfs.OpSyncDir:
		name = path.Join(name, "entry")
	}
	u := b.of(bucketOfFile(name))
	if op.Kind == vfs.OpRead {
		u.reads, u.readAt = true, b.w.s.Now()
		return
	}
	u.changes = true
}

// hitSync notes that a sync of an actor fails.
func (b *box) hitSync(id actor.ID) {
	bucket := -1
	if id.Role == actor.Replica {
		bucket = int(event.BucketID(id.N))
	}
	b.of(bucket).changes = true
}

// excusesStart says whether the operations that were hit while the process
// started explain that a bucket, or with -1 the node, is not served.
func (b *box) excusesStart(bucket int) bool {
	own, store := b.of(bucket), b.of(-1)
	return own.changes || own.reads || store.changes || store.reads
}

// excusesRead says whether a read that was hit since a request was made explains
// that it can't have what it needs.
func (b *box) excusesRead(op *Op) bool {
	for i := range b.hurt {
		if u := b.of(i); u.reads && u.readAt >= op.CallAt && op.concerns(b.w.model, i) {
			return true
		}
	}
	return false
}

// String shows which buckets were upset.
func (u upset) String() string { return fmt.Sprintf("{changes %v, reads %v}", u.changes, u.reads) }

// noChange says whether no change or sync failed in this life.
func (b *box) noChange() bool {
	for _, u := range b.upset {
		if u.changes {
			return false
		}
	}
	return true
}
