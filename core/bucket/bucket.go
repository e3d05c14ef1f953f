// Package bucket is the storage of one bucket: the segments that are its log,
// the index over what is committed, and raft.state.
//
// Entries are appended, become durable by a sync of what Pending names, are
// committed by Raft, and become visible by Apply. Open recovers all of it: a
// write that a crash tore is cut off, damage to bytes that were acknowledged is
// an error and changes nothing on disk. docs/format.md has the bytes and the
// rules of recovery.
//
// A Bucket belongs to one replica and is used in its Step and Flush only. The
// positions it hands out are read by anyone, at the same time.
package bucket

import (
	"errors"
	"fmt"
	"path"
	"sort"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/index"
	"sierradb/core/segment"
	"sierradb/vfs"

	"github.com/google/uuid"
)

// Options are the settings of a bucket; all are fixed when the store is made.
type Options struct {
	Bucket      event.BucketID
	Partitions  int   // of the whole store
	SegmentSize int64 // bytes of a segment, its table not counted; segment.SizeMin to segment.SizeMax
	Salt        uint64
	Hooks       actor.Hooks // nil: none

	// Existing says that the bucket was completely made before. Then a missing
	// raft.state is damage, not a new bucket.
	Existing bool
	// ReadOnly leaves every byte on disk as it is: what recovery would cut is
	// ignored in memory, and nothing can be appended.
	ReadOnly bool
}

// Bucket is an open bucket. It implements the replica's log.
type Bucket struct {
	fs  vfs.FS
	dir string
	o   Options

	state    stateFile
	segs     []*logFile // in order; numbers 1, 2, ...
	ready    []*logFile // prepared by Reserve, the numbers after
	dirDirty bool       // a name in dir changed since the last Pending
	failed   error      // why the log takes no more appends

	terms    []termRun
	last     uint64 // index of the last entry
	lastTerm uint64
	lastCRC  uint32           // of the last frame: the chain
	next     []event.Sequence // by partition, of appended entries
	pend     []pending        // entries above applied; pend[done] is applied+1
	done     int
	tail     []segment.Entry // what recovery found above applied

	applied    uint64
	appliedSeg int    // index in segs of the applied entry
	appliedCRC uint32 // of its frame
	early      uint64 // planted bug index-before-commit: entries up to here are indexed
	index      *index.Index

	buf    []byte // of Append
	places []index.Place
	keys   *segment.Keys
	fact   event.Applied // what Apply shows to the hooks
	report Report
}

// pending is what must be known of an entry that can still be replaced.
type pending struct {
	crc       uint32
	partition event.PartitionID
	events    bool           // it is a transaction
	first     event.Sequence // that the partition had before it
}

// termRun says that entries from index first on have a term.
type termRun struct{ first, term uint64 }

// Report says what recovery found.
type Report struct {
	Segments int    // that hold entries
	Entries  uint64 // in the log
	Events   uint64 // committed
	Bytes    int64  // of frames read
	Cut      int64  // bytes of a torn tail, padding included
	Removed  int    // segment files without a valid frame
}

// Open opens the bucket in a directory and recovers it; dir is made when it is
// missing. Damage is reported as *event.DamageError, and then nothing on disk
// has changed.
func Open(fs vfs.FS, dir string, o Options) (*Bucket, error) {
	if o.SegmentSize < segment.SizeMin || o.SegmentSize > segment.SizeMax {
		return nil, fmt.Errorf("%w: segment size must be %d to %d bytes, got %d", event.ErrInvalid, segment.SizeMin, int64(segment.SizeMax), o.SegmentSize)
	}
	if o.Partitions < 1 || o.Partitions > 1<<16 {
		return nil, fmt.Errorf("%w: partition count must be 1 to 65536, got %d", event.ErrInvalid, o.Partitions)
	}
	if o.Hooks == nil {
		o.Hooks = actor.Quiet{}
	}
	b := &Bucket{
		fs: fs, dir: dir, o: o,
		next:  make([]event.Sequence, o.Partitions),
		index: index.New(o.Partitions, o.Salt),
		keys:  segment.NewKeys(int(min(4096, o.SegmentSize/64))), // a frame takes more
	}
	if err := b.recover(); err != nil {
		b.Close()
		if errors.Is(err, event.ErrDamaged) {
			o.Hooks.Sometimes("recovery: damage found")
		}
		return nil, fmt.Errorf("open bucket %d: %w", o.Bucket, err)
	}
	return b, nil
}

// Close closes the files. It syncs nothing: what must be durable was synced
// when it was acknowledged.
func (b *Bucket) Close() error {
	var errs []error
	for _, s := range append(b.segs, b.ready...) {
		errs = append(errs, s.file.Close())
	}
	b.segs, b.ready = nil, nil
	errs = append(errs, b.state.close())
	b.poison(event.ErrClosed)
	return errors.Join(errs...)
}

// Report says what recovery found when the bucket was opened.
func (b *Bucket) Report() Report { return b.report }

// IndexBytes is about how much memory the index takes.
func (b *Bucket) IndexBytes() int64 { return b.index.Bytes() }

// LastIndex is the index of the last appended entry, 0 for none.
func (b *Bucket) LastIndex() uint64 { return b.last }

// Applied is the index of the last applied entry.
func (b *Bucket) Applied() uint64 { return b.applied }

// Tail returns the entries above the applied index that recovery found, in
// order, until they are applied or replaced. They are the bucket's.
func (b *Bucket) Tail() []segment.Entry { return b.tail }

// Term is the term of an entry from 0 (term 0) to LastIndex.
func (b *Bucket) Term(i uint64) (uint64, bool) {
	if i == 0 || i > b.last {
		return 0, i == 0
	}
	n := sort.Search(len(b.terms), func(n int) bool { return b.terms[n].first > i })
	return b.terms[n-1].term, true
}

// Entry reads one entry of the log, of any age, from its file. Its data is the
// caller's.
func (b *Bucket) Entry(i uint64) (segment.Entry, error) {
	if i == 0 || i > b.last {
		return segment.Entry{}, fmt.Errorf("entry %d: the log holds 1 to %d", i, b.last)
	}
	s := b.segs[b.segmentOf(i)]
	off := s.offset(i)
	e, _, err := s.reader.ReadFrame(off, nil)
	if err == nil && e.Index != i {
		err = &event.DamageError{File: s.reader.Name(), Offset: off, Reason: fmt.Sprintf("entry %d stands where %d is expected", e.Index, i)}
	}
	return e, err
}

// segmentOf returns which of segs holds entry i, which exists.
func (b *Bucket) segmentOf(i uint64) int {
	return sort.Search(len(b.segs), func(n int) bool { return b.segs[n].base > i }) - 1
}

// Apply makes the next entry visible: it indexes its events. An error names the
// invariant that is broken; the bucket is not to be used after it.
func (b *Bucket) Apply(e segment.Entry) error {
	if e.Index != b.applied+1 || e.Index > b.last {
		return fmt.Errorf("apply entry %d: the next one is %d and the log ends at %d", e.Index, b.applied+1, b.last)
	}
	if term, _ := b.Term(e.Index); term != e.Term {
		return fmt.Errorf("apply entry %d: its term is %d, in the log it is %d", e.Index, e.Term, term)
	}
	if e.Index > b.early {
		if err := b.addEvents(e); err != nil {
			return fmt.Errorf("apply entry %d: %w", e.Index, err)
		}
	}
	b.fact = event.Applied{Bucket: b.o.Bucket, Index: e.Index, Term: e.Term, Kind: uint8(e.Kind), Data: e.Data}
	b.o.Hooks.Observe(&b.fact)
	b.fact.Data = nil
	b.applied = e.Index
	b.appliedCRC = b.pend[b.done].crc
	if b.done++; b.done == len(b.pend) {
		b.pend, b.done, b.tail = b.pend[:0], 0, nil
	}
	return nil
}

// addEvents indexes the events of an appended entry.
func (b *Bucket) addEvents(e segment.Entry) error {
	for b.appliedSeg+1 < len(b.segs) && b.segs[b.appliedSeg+1].base <= e.Index {
		b.appliedSeg++
	}
	for b.index.Tables() <= b.appliedSeg {
		b.index.Begin()
	}
	if e.Kind != segment.Transaction {
		return nil
	}
	body, err := segment.DecodeBodyWith(e.Index, e.Data, b.keys)
	if err != nil {
		return err
	}
	off := b.segs[b.appliedSeg].offset(e.Index)
	var ev event.Event
	for item := uint16(0); body.Next(&ev); item++ {
		if err := b.index.Add(&ev, off, item); err != nil {
			return err
		}
	}
	return nil
}

// NextSequence is the sequence that the next event of p gets, of applied
// entries.
func (b *Bucket) NextSequence(p event.PartitionID) event.Sequence { return b.index.NextSequence(p) }

// NextVersion is the version that the next event of the stream gets, of
// applied entries. key.ID need not outlive the call.
func (b *Bucket) NextVersion(p event.PartitionID, key event.StreamKey) event.Version {
	return b.index.NextVersion(p, key)
}

// Find returns where the event with an id is, in a partition or, with any set,
// in all of the bucket: then the lowest partition that has it.
func (b *Bucket) Find(id uuid.UUID, p event.PartitionID, any bool) (segment.Position, bool) {
	at, ok := b.index.Find(id, p, any)
	if !ok {
		return segment.Position{}, false
	}
	return b.position(at), true
}

// StreamPositions appends to dst where events from to to of a stream are, at
// most limit, ascending or (reverse) descending from to.
func (b *Bucket) StreamPositions(dst []segment.Position, p event.PartitionID, key event.StreamKey, from, to uint64, limit int, reverse bool) []segment.Position {
	b.places = b.index.Stream(b.places[:0], p, key, from, to, limit, reverse)
	return b.positions(dst)
}

// PartitionPositions does the same for a partition, by sequence.
func (b *Bucket) PartitionPositions(dst []segment.Position, p event.PartitionID, from, to uint64, limit int, reverse bool) []segment.Position {
	b.places = b.index.Partition(b.places[:0], p, from, to, limit, reverse)
	return b.positions(dst)
}

// Place is where the first event of an applied transaction stands.
func (b *Bucket) Place(i uint64) segment.Position {
	s := b.segs[b.segmentOf(i)]
	return segment.Position{Segment: s.reader, Offset: s.offset(i)}
}

func (b *Bucket) positions(dst []segment.Position) []segment.Position {
	for _, p := range b.places {
		dst = append(dst, b.position(p))
	}
	return dst
}

func (b *Bucket) position(p index.Place) segment.Position {
	return segment.Position{Segment: b.segs[p.Table].reader, Offset: p.Offset, Item: p.Item}
}

// Transaction reads the whole transaction that an event at pos belongs to. The
// body and its memory are the caller's.
func (b *Bucket) Transaction(pos segment.Position) (segment.Body, error) {
	e, _, err := pos.Segment.ReadFrame(pos.Offset, nil)
	if err != nil {
		return segment.Body{}, err
	}
	body, err := segment.DecodeBody(e.Index, e.Data)
	if err != nil {
		return body, &event.DamageError{File: pos.Segment.Name(), Offset: pos.Offset, Reason: err.Error()}
	}
	return body, nil
}

// poison makes every later append fail with err; the first reason stays.
func (b *Bucket) poison(err error) error {
	if b.failed == nil {
		if b.failed = err; errors.Is(err, vfs.ErrNoSpace) {
			b.failed = hideNoSpace(err)
		}
	}
	return err
}

// writable says why nothing can be written, nil if it can.
func (b *Bucket) writable(doing string) error {
	switch {
	case b.failed != nil:
		return fmt.Errorf("%s of bucket %d: %w after: %w", doing, b.o.Bucket, event.ErrReadOnly, b.failed)
	case b.o.ReadOnly:
		return fmt.Errorf("%s of bucket %d: %w: it was opened for reading", doing, b.o.Bucket, event.ErrReadOnly)
	}
	return nil
}

func (b *Bucket) name(file string) string { return path.Join(b.dir, file) }
