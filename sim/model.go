package sim

import (
	"bytes"
	"fmt"

	"github.com/google/uuid"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/sim/sched"
)

// Model is the truth of a run: for each bucket the log that the node made
// visible, and what follows from it for partitions, streams and ids. It is fed
// with facts in the order in which the node states them and judges each one.
//
// Moments are ticks: the number of queue entries run so far. They order what
// happens at one instant of virtual time.
type Model struct {
	partitions int
	tick       uint64
	buckets    []*bucketLog
	parts      []*partitionLog
	streams    map[streamName]*streamLog
	byID       map[uuid.UUID][]*Record // in the order of landing
	intents    []*Intent               // by number
	judged     func(property string)   // counts what Apply judges
	sizes      sizes                   // of what clients wanted to append

	clock  func() actor.Instant // the time, nil in tests without one
	latest actor.Instant        // when the last entry became visible

	// told says whether the node may have read this time, in milliseconds, from
	// its wall clock between a moment and now.
	told func(millis int64, since actor.Instant) bool
}

// streamName identifies a stream in maps.
type streamName struct {
	Key uuid.UUID
	ID  string
}

// bucketLog is the canonical log of one bucket.
type bucketLog struct {
	entries []logEntry // entry i has index i+1
	next    uint64     // index that the next fact of this life must have

	// exempt is set while damage that the world made may cost entries: those
	// above it may be missing from the next life (architecture S1).
	exempt  uint64
	whole   uint64 // the last entry before all of the damage
	damaged bool
	cutting bool // a start has begun to cut
	cost    bool // the node wrote over damage and has shown no new entry since: some may be gone

	failed bool // a sync failed in this life: nothing may follow
}

type logEntry struct {
	term   uint64
	digest uint64
	data   []byte
	tick   uint64 // when it was first visible
	intent *Intent
}

type partitionLog struct {
	bucket  int
	records []*Record // by sequence
	lost    bool      // entries were lost to damage: the history is no longer whole
}

type streamLog struct {
	partition event.PartitionID
	records   []*Record // by version
}

// Record is one event as it stands in the log.
type Record struct {
	event.Event
	Index  uint64        // of its entry
	Tick   uint64        // when it was first visible
	At     actor.Instant // and the time
	Intent *Intent
}

// Intent is a transaction that a client wants: one or more requests with the
// same content, of which at most one may land.
type Intent struct {
	N         int
	Key       uuid.UUID
	Partition event.PartitionID
	Events    []event.New
	Multi     bool // EMAPPEND
	Attempts  []*Op

	// Variants have the number and the event names of this one and differ from it
	// in one thing, so that only one of them all may land.
	Variants []*Intent
	variant  int // which of them this is, from 1 on; 0: none

	Landed  []*Record // nil: not in the log
	Index   uint64    // of its entry
	Tick    uint64    // when it landed
	Excused bool      // it was in the log and lost to damage that may cost it
}

// Given says whether the client chose all event ids, so that a retry is safe.
func (in *Intent) Given() bool {
	for i := range in.Events {
		if !in.Events[i].GivenID {
			return false
		}
	}
	return true
}

// since is when a client first sent the append.
func (in *Intent) since() actor.Instant {
	if len(in.Attempts) == 0 {
		return 0
	}
	return in.Attempts[0].CallAt
}

// refused says whether every attempt was answered that it was not done.
func (in *Intent) refused() bool {
	for _, op := range in.Attempts {
		if op.Outcome != NotDone {
			return false
		}
	}
	return len(in.Attempts) > 0
}

func newModel(buckets, partitions int) *Model {
	m := &Model{partitions: partitions, judged: func(string) {}, streams: make(map[streamName]*streamLog), byID: make(map[uuid.UUID][]*Record)}
	for range buckets {
		m.buckets = append(m.buckets, &bucketLog{next: 1})
	}
	for p := range partitions {
		m.parts = append(m.parts, &partitionLog{bucket: int(event.BucketOf(event.PartitionID(p), buckets))})
	}
	return m
}

// bucketOf is the bucket of a partition.
func (m *Model) bucketOf(p event.PartitionID) int { return m.parts[p].bucket }

// intend registers a transaction before it is sent.
func (m *Model) intend(in *Intent) *Intent {
	in.N = len(m.intents)
	in.Partition = event.PartitionOf(in.Key, m.partitions)
	m.intents = append(m.intents, in)
	return in
}

// begin starts a life: every bucket states its log from the beginning.
func (m *Model) begin() {
	for _, b := range m.buckets {
		b.next, b.failed = 1, false
	}
}

// Apply takes the fact that an entry became visible.
func (m *Model) Apply(f *event.Applied) *Violation {
	b := m.buckets[f.Bucket]
	if m.clock != nil {
		m.latest = m.clock()
	}
	if b.failed {
		return violated("D9 failed sync", "bucket %d makes entry %d visible after a sync failed in this life", f.Bucket, f.Index)
	}
	if f.Index != b.next {
		return violated("D3 gapless", "bucket %d makes entry %d visible, expected entry %d", f.Bucket, f.Index, b.next)
	}
	b.next++
	m.judged("D3 gapless")
	digest := sched.DigestBytes(uint64(f.Kind), f.Data)
	if known := int(f.Index) - 1; known < len(b.entries) {
		m.judged("D3 immutable")
		e := &b.entries[known]
		if e.term == f.Term && e.digest == digest && bytes.Equal(e.data, f.Data) {
			return nil
		}
		if !b.damaged || f.Index <= b.exempt {
			return violated("D3 immutable", "bucket %d entry %d was visible with term %d and %s, and comes back with term %d and %s",
				f.Bucket, f.Index, e.term, m.describe(f.Index, e.data), f.Term, m.describe(f.Index, f.Data))
		}
		m.lose(int(f.Bucket), known)
	}
	b.damaged, b.cutting, b.cost = false, false, false // all that was there came back, or is known to be lost
	b.entries = append(b.entries, logEntry{term: f.Term, digest: digest, data: bytes.Clone(f.Data), tick: m.tick})
	if segment.EntryKind(f.Kind) != segment.Transaction {
		return nil
	}
	return m.land(b, int(f.Bucket), f)
}

// land takes the events of a new entry.
func (m *Model) land(b *bucketLog, bucket int, f *event.Applied) *Violation {
	body, err := segment.DecodeBody(f.Index, b.entries[f.Index-1].data)
	if err != nil {
		return violated("D2 whole", "bucket %d entry %d is visible and can't be decoded: %v", bucket, f.Index, err)
	}
	m.judged("S2 hint")
	if body.Commit >= f.Index {
		return violated("S2 hint", "bucket %d entry %d names commit index %d, which is not below it", bucket, f.Index, body.Commit)
	}
	var records []*Record
	var ev event.Event
	for body.Next(&ev) {
		records = append(records, &Record{Event: ev.Clone(), Index: f.Index, Tick: m.tick, At: m.latest})
	}
	if len(records) == 0 {
		return violated("D2 whole", "bucket %d entry %d is a transaction without events", bucket, f.Index)
	}
	in, v := m.recognise(records)
	if v != nil {
		return v
	}
	b.entries[f.Index-1].intent = in
	if v := m.place(records, in); v != nil {
		return v
	}
	in.Landed, in.Index, in.Tick = records, f.Index, m.tick
	m.judged("D4 refused")
	if in.refused() {
		return violated("D4 refused", "%s landed in bucket %d at entry %d though every attempt was answered that it was not done: %s",
			in, bucket, f.Index, in.Attempts[len(in.Attempts)-1].Reply)
	}
	return nil
}

// place puts records at the end of their partition and streams, and checks that
// they belong there.
func (m *Model) place(records []*Record, in *Intent) *Violation {
	part := m.parts[in.Partition]
	for i, r := range records {
		m.judged("routing")
		m.judged("D4 expected version")
		m.judged("D4 once")
		if r.Partition != in.Partition || r.Key != in.Key {
			return violated("routing", "%s landed in partition %d with key %s, expected partition %d", in, r.Partition, r.Key, in.Partition)
		}
		if want := event.Sequence(len(part.records)); r.Sequence != want {
			return violated("D3 gapless", "%s event %d got sequence %d in partition %d, expected %d", in, i, r.Sequence, r.Partition, want)
		}
		s := m.stream(r.Key, r.Stream)
		next := event.Version(len(s.records))
		if r.Version != next {
			return violated("D3 gapless", "%s event %d got version %d in stream %q, expected %d", in, i, r.Version, r.Stream, next)
		}
		if want := in.Events[i].Expected; !want.Holds(next) {
			return violated("D4 expected version", "%s event %d landed in stream %q at version %d, but expected the stream at %s", in, i, r.Stream, r.Version, want)
		}
		for _, other := range m.byID[r.ID] {
			if other.Partition == r.Partition {
				return violated("D4 once", "event id %s is in partition %d twice: %s and %s", r.ID, r.Partition, other.Intent, in)
			}
		}
		r.Intent = in
		part.records = append(part.records, r)
		s.records = append(s.records, r)
		m.byID[r.ID] = append(m.byID[r.ID], r)
	}
	return nil
}

// stream returns the log of a stream, empty when nothing landed in it.
func (m *Model) stream(key uuid.UUID, id string) *streamLog {
	name := streamName{key, id}
	s := m.streams[name]
	if s == nil {
		s = &streamLog{partition: event.PartitionOf(key, m.partitions)}
		m.streams[name] = s
	}
	return s
}

// lose forgets the entries of a bucket from position at on: damage that the
// world made cost them, and they were not named by any commit index.
func (m *Model) lose(bucket, at int) {
	b := m.buckets[bucket]
	for _, e := range b.entries[at:] {
		if e.intent == nil {
			continue
		}
		e.intent.Landed, e.intent.Excused = nil, true
		m.parts[e.intent.Partition].lost = true
	}
	b.entries = b.entries[:at]
	from := uint64(at) + 1
	for _, p := range m.parts {
		if p.bucket != bucket {
			continue
		}
		n := len(p.records)
		for n > 0 && p.records[n-1].Index >= from {
			n--
			r := p.records[n]
			s := m.stream(r.Key, r.Stream)
			s.records = s.records[:len(s.records)-1]
			m.byID[r.ID] = without(m.byID[r.ID], r)
		}
		p.records = p.records[:n]
	}
}

func without(list []*Record, r *Record) []*Record {
	var out []*Record
	for _, o := range list {
		if o != r {
			out = append(out, o)
		}
	}
	return out
}

// describe shows an entry's data.
func (m *Model) describe(index uint64, data []byte) string {
	if len(data) == 0 {
		return "no data"
	}
	body, err := segment.DecodeBody(index, data)
	if err != nil {
		return fmt.Sprintf("%d bytes that can't be decoded (%v)", len(data), err)
	}
	s := fmt.Sprintf("transaction %s in partition %d from sequence %d:", body.Transaction, body.Partition, body.First)
	var ev event.Event
	for body.Next(&ev) {
		s += fmt.Sprintf(" %s@%d=%s", ev.Stream, ev.Version, ev.Name)
	}
	return s
}

// tag names the intent.
func (in *Intent) tag() string {
	if in.variant > 0 {
		return fmt.Sprintf("append #%d variant %d", in.N, in.variant)
	}
	return fmt.Sprintf("append #%d", in.N)
}

// String names the intent and its requests.
func (in *Intent) String() string {
	s := in.tag()
	for _, op := range in.Attempts {
		s += " " + op.name()
	}
	return s
}
