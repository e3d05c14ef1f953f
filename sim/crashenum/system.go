package crashenum

import (
	"errors"
	"fmt"
	"io"

	"sierradb/core"
	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

const (
	partitions = 4
	buckets    = 2
	bucketDir  = "buckets/00000"
)

// system starts what a script is about. seed is that of an identity that has to
// be made; it differs from start to start, so that a lost one shows.
type system func(fs vfs.FS, seed uint64) (*running, error)

// running is an open bucket, with the store that it is in or without.
type running struct {
	b      *bucket.Bucket
	id     string           // of the store; "" without one
	others []*bucket.Bucket // the store's other buckets
}

func oneBucket(fs vfs.FS, _ uint64) (*running, error) {
	b, err := bucket.Open(fs, bucketDir, bucket.Options{Partitions: partitions, SegmentSize: segment.SizeMin, Salt: 0x5eed})
	if err != nil {
		return nil, err
	}
	return &running{b: b}, nil
}

// lockless keeps the lock file off the disk. Nobody syncs it or relies on what
// it says, so its pending writes would only multiply the states.
type lockless struct{ vfs.FS }

func (lockless) Lock(string, string) (io.Closer, error) { return io.NopCloser(nil), nil }

// settings are those of the store; scripts also ask for others.
func settings(seed uint64) core.Options {
	return core.Options{Buckets: buckets, Partitions: partitions, SegmentSize: segment.SizeMin, Rand: actor.NewRand(seed), Owner: "crashenum"}
}

func wholeStore(fs vfs.FS, seed uint64) (*running, error) {
	s, err := core.Open(lockless{fs}, settings(seed))
	if err != nil {
		return nil, err
	}
	r := &running{id: fmt.Sprintf("node %v cluster %v salt %x", s.ID(), s.Cluster(), s.Salt())}
	for i := range s.Buckets() {
		b, err := s.Bucket(event.BucketID(i))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			r.b = b
		} else {
			r.others = append(r.others, b)
		}
	}
	return r, nil
}

// start opens the system and looks at all of it.
func start(open system, fs vfs.FS, seed uint64) (*found, error) {
	r, err := open(fs, seed)
	if err != nil {
		return nil, err
	}
	return r.look()
}

// found is what a start found.
type found struct {
	id      string
	log     []segment.Entry
	state   segment.State
	applied uint64
}

func (f *found) String() string {
	terms := make([]uint64, len(f.log))
	for i, e := range f.log {
		terms[i] = e.Term
	}
	text := fmt.Sprintf("%d entries of terms %v, %d applied, state %+v", len(f.log), terms, f.applied, f.state)
	if f.id != "" {
		text = f.id + ", " + text
	}
	return text
}

// digest sums all of it.
func (f *found) digest() vfs.Digest {
	var d vfs.Digest
	d.AddBytes([]byte(f.id))
	for _, n := range []uint64{f.applied, f.state.Term, f.state.Vote, f.state.Commit} {
		d.Add(n)
	}
	for _, e := range f.log {
		d.Add(e.Index)
		d.Add(e.Term)
		d.Add(uint64(e.Kind))
		d.AddBytes(e.Data)
	}
	return d
}

// errReads is of a start whose indexes do not answer as its log does.
var errReads = errors.New("what can be read is not what the log holds")

// look reads the whole log from the files, and everything that the indexes
// know of it.
func (r *running) look() (*found, error) {
	f := &found{id: r.id, state: r.b.HardState(), applied: r.b.Applied()}
	for i := uint64(1); i <= r.b.LastIndex(); i++ {
		e, err := r.b.Entry(i)
		if err != nil {
			return nil, err
		}
		if term, ok := r.b.Term(i); !ok || term != e.Term {
			return nil, fmt.Errorf("%w: entry %d has term %d, Term says %d", errReads, i, e.Term, term)
		}
		f.log = append(f.log, e)
	}
	tail := r.b.Tail()
	if f.applied > uint64(len(f.log)) || uint64(len(tail)) != uint64(len(f.log))-f.applied {
		return nil, fmt.Errorf("%w: %d entries, %d applied and %d in the tail", errReads, len(f.log), f.applied, len(tail))
	}
	for i, e := range tail {
		if !equal(e, f.log[int(f.applied)+i]) {
			return nil, fmt.Errorf("%w: entry %d of the tail", errReads, e.Index)
		}
	}
	for _, other := range r.others {
		if other.LastIndex() != 0 {
			return nil, fmt.Errorf("%w: another bucket has %d entries", errReads, other.LastIndex())
		}
	}
	return f, r.reads(f)
}

// reads compares the index of the partitions with the applied entries.
func (r *running) reads(f *found) error {
	var cur segment.Cursor
	var next [partitions]event.Sequence
	for _, e := range f.log[:f.applied] {
		for _, want := range eventsOf(e) {
			p := want.Partition
			pos := r.b.PartitionPositions(nil, p, uint64(next[p]), uint64(next[p])+1, 1, false)
			at, ok := r.b.Find(want.ID, p, false)
			if len(pos) != 1 || !ok || at != pos[0] {
				return fmt.Errorf("%w: sequence %d of partition %d is at %v, its id at %v", errReads, next[p], p, pos, at)
			}
			var got event.Event
			if err := cur.Event(at, &got); err != nil {
				return err
			}
			if got.ID != want.ID || got.Sequence != next[p] || string(got.Payload) != string(want.Payload) {
				return fmt.Errorf("%w: event %v stands where %v is expected", errReads, got.ID, want.ID)
			}
			next[p]++
		}
	}
	for p, n := range next {
		if got := r.b.NextSequence(event.PartitionID(p)); got != n {
			return fmt.Errorf("%w: partition %d goes on with %d, the log with %d", errReads, p, got, n)
		}
	}
	return nil
}

// eventsOf decodes the events of an entry.
func eventsOf(e segment.Entry) []event.Event {
	if e.Kind != segment.Transaction {
		return nil
	}
	body, err := segment.DecodeBody(e.Index, e.Data)
	if err != nil {
		panic(fmt.Sprintf("crashenum: entry %d: %v", e.Index, err))
	}
	var out []event.Event
	var ev event.Event
	for body.Next(&ev) {
		out = append(out, ev.Clone())
	}
	return out
}

func equal(a, b segment.Entry) bool {
	return a.Kind == b.Kind && a.Term == b.Term && a.Index == b.Index && string(a.Data) == string(b.Data)
}

func isDamage(err error) bool { return errors.Is(err, event.ErrDamaged) }
