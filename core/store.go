// Package core is the store of one node: a data directory with its identity and
// its buckets, recovered and ready to be written.
//
//	DIR/LOCK           who uses the directory
//	DIR/store.state    what was fixed when it was made
//	DIR/buckets/BBBBB  one directory for each bucket
//
// It decides nothing by itself. A node puts a replica over each bucket; tools
// open a store for reading and look.
package core

import (
	"errors"
	"fmt"
	"io"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
	"sierradb/vfs"

	"github.com/google/uuid"
)

// Options are the settings of a store. Buckets, Partitions and SegmentSize are
// fixed when the directory is made.
type Options struct {
	Buckets     int   // 1 to 65536
	Partitions  int   // 1 to 65536
	SegmentSize int64 // bytes; the directory's own wins over another, with a warning; 0: the directory's, DefaultSegmentSize for a new one
	Rand        *actor.Rand
	Owner       string      // what others read about who has the lock: "pid 123"
	Hooks       actor.Hooks // nil: none
	// ReadOnly changes nothing but the lock file, and makes no store where there
	// is none. Zero Buckets and Partitions mean the directory's then.
	ReadOnly bool
}

// DefaultSegmentSize is the size in bytes of the segments of a new store for
// which none was asked.
const DefaultSegmentSize = 256 << 20

// FixedError tells that a store was made with another value of a setting that
// can't be changed any more. It is an event.ErrInvalid.
type FixedError struct {
	Setting     string // "bucket.count" or "partition.count"
	Asked, Made int
}

func (e *FixedError) Error() string {
	return fmt.Sprintf("%s is %d, but this data directory was made with %d, which can't be changed; start with %s = %d",
		e.Setting, e.Asked, e.Made, e.Setting, e.Made)
}

// Is makes errors.Is(err, event.ErrInvalid) true.
func (e *FixedError) Is(target error) bool { return target == event.ErrInvalid }

// CountMax is the most buckets or partitions that a store can have.
const CountMax = 1 << 16

// Store is an open data directory. Its methods may be called by anyone, its
// buckets belong to one user each.
type Store struct {
	// Warnings are what an operator should read in the log, in order.
	Warnings []string

	state   identity
	lock    io.Closer
	buckets []*bucket.Bucket
	errs    []error // by bucket
}

// Open opens the store in the root of fs, or makes it when there is none. A
// damaged bucket does not keep the others from being used: Bucket returns its
// error. A directory that someone else uses gives a *vfs.LockedError, one that
// was made with other counts a *FixedError. Errors name files relative to fs,
// so whoever knows the directory adds its name.
func Open(fs vfs.FS, o Options) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Hooks == nil {
		o.Hooks = actor.Quiet{}
	}
	lock, err := fs.Lock("LOCK", o.Owner)
	if err != nil {
		return nil, err
	}
	s := &Store{lock: lock}
	if err := s.open(fs, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (o *Options) check() error {
	switch {
	case o.SegmentSize != 0 && (o.SegmentSize < segment.SizeMin || o.SegmentSize > segment.SizeMax):
		return fmt.Errorf("%w: segment.size_bytes must be %d to %d, got %d", event.ErrInvalid, segment.SizeMin, int64(segment.SizeMax), o.SegmentSize)
	case o.ReadOnly && o.Buckets == 0 && o.Partitions == 0:
		return nil
	case o.Buckets < 1 || o.Buckets > CountMax:
		return fmt.Errorf("%w: bucket.count must be 1 to %d, got %d", event.ErrInvalid, CountMax, o.Buckets)
	case o.Partitions < 1 || o.Partitions > CountMax:
		return fmt.Errorf("%w: partition.count must be 1 to %d, got %d", event.ErrInvalid, CountMax, o.Partitions)
	case !o.ReadOnly && o.Rand == nil:
		return fmt.Errorf("%w: a new store needs a source of randomness", event.ErrInvalid)
	}
	return nil
}

func (s *Store) open(fs vfs.FS, o Options) error {
	f := &stateFile{fs: fs, hooks: o.Hooks}
	defer f.close()
	if err := f.load(o); err != nil {
		return err
	}
	s.state = f.id
	s.Warnings = append(s.Warnings, f.warnings...)
	if err := s.compare(o); err != nil {
		return err
	}
	if !o.ReadOnly {
		if err := makeDirs(fs, s.state.buckets); err != nil {
			return err
		}
	}
	if mutate.On(mutate.CompleteTooEarly) && !o.ReadOnly {
		if err := f.complete(); err != nil {
			return err
		}
	}
	whole := true
	for i := range s.state.buckets {
		id := event.BucketID(i)
		b, err := bucket.Open(fs, bucketDir(id), bucket.Options{
			Bucket: id, Partitions: s.state.partitions, SegmentSize: s.state.segmentSize, Salt: s.state.salt,
			Hooks: o.Hooks, Existing: s.state.complete, ReadOnly: o.ReadOnly,
		})
		whole = whole && err == nil
		s.buckets = append(s.buckets, b)
		s.errs = append(s.errs, err)
	}
	if whole && !o.ReadOnly {
		if err := f.complete(); err != nil {
			return err
		}
		s.state = f.id
	}
	return nil
}

// compare refuses counts that differ from what the directory was made with.
func (s *Store) compare(o Options) error {
	if o.Buckets != 0 && o.Buckets != s.state.buckets {
		return &FixedError{Setting: "bucket.count", Asked: o.Buckets, Made: s.state.buckets}
	}
	if o.Partitions != 0 && o.Partitions != s.state.partitions {
		return &FixedError{Setting: "partition.count", Asked: o.Partitions, Made: s.state.partitions}
	}
	if o.SegmentSize != 0 && o.SegmentSize != s.state.segmentSize {
		s.Warnings = append(s.Warnings, fmt.Sprintf("segment.size_bytes is %d, but this data directory was made with %d, which stays in use", o.SegmentSize, s.state.segmentSize))
	}
	return nil
}

func bucketDir(id event.BucketID) string { return fmt.Sprintf("buckets/%05d", id) }

// makeDirs makes the directories of the buckets. It does so at each start: a
// crash may have come in between, and what a killed process made is not
// durable yet.
func makeDirs(fs vfs.FS, buckets int) error {
	for i := range buckets {
		// A directory that is lost from a complete store is made anew, empty; the
		// bucket finds its raft.state missing and says so.
		if err := fs.MkdirAll(bucketDir(event.BucketID(i))); err != nil {
			return err
		}
	}
	for _, dir := range []string{"buckets", "."} {
		if err := fs.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// Bucket returns a bucket, or why it can't be used.
func (s *Store) Bucket(id event.BucketID) (*bucket.Bucket, error) {
	if int(id) >= len(s.buckets) {
		return nil, fmt.Errorf("%w: bucket must be 0 to %d, got %d", event.ErrInvalid, len(s.buckets)-1, id)
	}
	return s.buckets[id], s.errs[id]
}

// ID is the identity of this node, made with its directory.
func (s *Store) ID() uuid.UUID { return s.state.node }

// Cluster is the identity of the cluster that the directory belongs to.
func (s *Store) Cluster() uuid.UUID { return s.state.cluster }

// Buckets is the number of buckets.
func (s *Store) Buckets() int { return s.state.buckets }

// Partitions is the number of partitions of all buckets.
func (s *Store) Partitions() int { return s.state.partitions }

// SegmentSize is the size of a segment in bytes.
func (s *Store) SegmentSize() int64 { return s.state.segmentSize }

// Salt is secret: whoever knows it can make ids collide. It may only be sent to
// nodes of the same cluster.
func (s *Store) Salt() uint64 { return s.state.salt }

// Close closes the buckets and gives the lock back. Nothing may be in use any
// more.
func (s *Store) Close() error {
	var errs []error
	for _, b := range s.buckets {
		if b != nil {
			errs = append(errs, b.Close())
		}
	}
	s.buckets, s.errs = nil, nil
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	return errors.Join(errs...)
}
