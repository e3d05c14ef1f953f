package bucket_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"

	"github.com/google/uuid"
)

const (
	dir        = "buckets/00001"
	partitions = 8
	salt       = 0x5eed
)

var options = bucket.Options{Bucket: 1, Partitions: partitions, SegmentSize: segment.SizeMin, Salt: salt}

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

func open(t tester, fs vfs.FS) *bucket.Bucket {
	t.Helper()
	b, err := bucket.Open(fs, dir, options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return b
}

// script makes entries that continue a log, as a leader would. It knows the
// sequences and versions at the end of the log.
type script struct {
	r        *actor.Rand
	seqs     map[event.PartitionID]event.Sequence
	versions map[event.StreamKey]event.Version
}

func newScript(seed uint64, log []segment.Entry) *script {
	s := &script{r: actor.NewRand(seed), seqs: map[event.PartitionID]event.Sequence{}, versions: map[event.StreamKey]event.Version{}}
	for _, e := range log {
		for _, ev := range events(e) {
			s.seqs[ev.Partition] = ev.Sequence + 1
			s.versions[event.StreamKey{Key: ev.Key, ID: ev.Stream}] = ev.Version + 1
		}
	}
	return s
}

// txn makes the entry of a transaction of n events with payloads of size bytes.
func (s *script) txn(term, index, commit uint64, n, size int) segment.Entry {
	stream := fmt.Sprintf("stream-%d", s.r.Intn(5))
	key := event.KeyOf(stream)
	txn := event.Transaction{Key: key, Partition: event.PartitionOf(key, partitions), ID: event.NewTransactionID(s.r)}
	var placed []event.Placed
	for i := range n {
		if i > 0 && s.r.Chance(1, 2) {
			stream = fmt.Sprintf("stream-%d", s.r.Intn(5))
		}
		payload := make([]byte, size)
		s.r.Read(payload)
		sk := event.StreamKey{Key: key, ID: stream}
		placed = append(placed, event.Placed{ID: event.NewID(s.r, 1_700_000_000_000, key), Version: s.versions[sk], Timestamp: int64(index)})
		s.versions[sk]++
		txn.Events = append(txn.Events, event.New{Stream: stream, Name: "Happened", Payload: payload, Metadata: []byte("m")})
	}
	if n == 1 {
		txn.ID = placed[0].ID
	}
	first := s.seqs[txn.Partition]
	s.seqs[txn.Partition] += event.Sequence(n)
	return segment.Entry{Kind: segment.Transaction, Term: term, Index: index, Data: segment.AppendBody(nil, &txn, first, placed, index, commit)}
}

// events returns the events of an entry.
func events(e segment.Entry) []event.Event {
	if e.Kind != segment.Transaction {
		return nil
	}
	body, err := segment.DecodeBody(e.Index, e.Data)
	if err != nil {
		panic(err)
	}
	var evs []event.Event
	var ev event.Event
	for body.Next(&ev) {
		evs = append(evs, ev.Clone())
	}
	return evs
}

func equal(a, b segment.Entry) bool {
	return a.Kind == b.Kind && a.Term == b.Term && a.Index == b.Index && bytes.Equal(a.Data, b.Data)
}

// entries reads the whole log.
func entries(t tester, b *bucket.Bucket) []segment.Entry {
	t.Helper()
	var log []segment.Entry
	for i := uint64(1); i <= b.LastIndex(); i++ {
		e, err := b.Entry(i)
		if err != nil {
			t.Fatalf("Entry(%d): %v", i, err)
		}
		if term, ok := b.Term(i); !ok || term != e.Term {
			t.Fatalf("Term(%d) = %d, %v, the entry says %d", i, term, ok, e.Term)
		}
		log = append(log, e)
	}
	return log
}

// syncAll makes durable what is pending, as a barrier does.
func syncAll(t tester, fs vfs.FS, b *bucket.Bucket) {
	t.Helper()
	files, dirs := b.Pending(nil, nil)
	for _, f := range files {
		if err := f.Sync(); err != nil {
			t.Fatalf("sync: %v", err)
		}
	}
	for _, d := range dirs {
		if err := fs.SyncDir(d); err != nil {
			t.Fatalf("sync directory: %v", err)
		}
	}
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// checkReads compares everything that can be read with the applied part of a
// log.
func checkReads(t tester, b *bucket.Bucket, log []segment.Entry) {
	t.Helper()
	byPart := map[event.PartitionID][]event.Event{}
	byStream := map[event.StreamKey][]event.Event{}
	for _, e := range log[:b.Applied()] {
		for _, ev := range events(e) {
			byPart[ev.Partition] = append(byPart[ev.Partition], ev)
			sk := event.StreamKey{Key: ev.Key, ID: ev.Stream}
			byStream[sk] = append(byStream[sk], ev)
		}
	}
	var cur segment.Cursor
	read := func(what string, pos []segment.Position, want []event.Event, plan bool) {
		t.Helper()
		if len(pos) != len(want) {
			t.Fatalf("%s: %d positions, want %d", what, len(pos), len(want))
		}
		if plan {
			cur.Plan(pos)
		}
		for i, p := range pos {
			var ev event.Event
			if err := cur.Event(p, &ev); err != nil {
				t.Fatalf("%s: read %d: %v", what, i, err)
			}
			if !sameEvent(&ev, &want[i]) {
				t.Fatalf("%s: event %d is %+v, want %+v", what, i, ev, want[i])
			}
		}
	}
	for p := range event.PartitionID(partitions) {
		want := byPart[p]
		if got := b.NextSequence(p); got != event.Sequence(len(want)) {
			t.Fatalf("NextSequence(%d) = %d, want %d", p, got, len(want))
		}
		all := b.PartitionPositions(nil, p, 0, 1<<63, 1<<30, false)
		read(fmt.Sprintf("partition %d", p), all, want, true)
		down := b.PartitionPositions(nil, p, 0, 1<<63, 1<<30, true)
		slices.Reverse(down)
		if !slices.Equal(all, down) {
			t.Fatalf("partition %d: descending is not ascending reversed", p)
		}
		slices.Reverse(down)
		rev := slices.Clone(want)
		slices.Reverse(rev)
		read("descending", down, rev, p%2 == 0)
		for i := range want {
			from, to := uint64(i), uint64(i+2)
			if got := b.PartitionPositions(nil, p, from, to, 2, false); !slices.Equal(got, all[i:min(i+2, len(all))]) {
				t.Fatalf("partition %d from %d: got %d positions", p, from, len(got))
			}
			pos, ok := b.Find(want[i].ID, p, false)
			if !ok || pos != all[i] {
				t.Fatalf("Find(%s, %d) = %s %v, want %s", want[i].ID, p, where(pos), ok, where(all[i]))
			}
			if pos, ok := b.Find(want[i].ID, 0, true); !ok || pos != all[i] {
				t.Fatalf("Find(%s, any) = %s %v, want %s", want[i].ID, where(pos), ok, where(all[i]))
			}
			if pos, ok := b.Find(want[i].ID, p+1, false); ok {
				t.Fatalf("Find in another partition = %s", where(pos))
			}
		}
		if _, ok := b.Find(uuid.UUID{1, byte(p)}, p, true); ok {
			t.Fatalf("an unknown id was found")
		}
	}
	for sk, want := range byStream { //det:ok each stream by itself
		p := want[0].Partition
		if got := b.NextVersion(p, sk); got != event.Version(len(want)) {
			t.Fatalf("NextVersion(%v) = %d, want %d", sk, got, len(want))
		}
		read(sk.ID, b.StreamPositions(nil, p, sk, 0, 1<<63, 1<<30, false), want, true)
	}
}

// where is a position in words that are the same in each run: rapid takes
// failures for different ones when their texts differ.
func where(p segment.Position) string {
	if p.Segment == nil {
		return "nowhere"
	}
	return fmt.Sprintf("event %d of the frame at %d in %s", p.Item, p.Offset, p.Segment.Name())
}

func sameEvent(a, b *event.Event) bool {
	return a.ID == b.ID && a.Key == b.Key && a.Transaction == b.Transaction && a.Partition == b.Partition &&
		a.Sequence == b.Sequence && a.Version == b.Version && a.Timestamp == b.Timestamp && a.Stream == b.Stream &&
		a.Name == b.Name && bytes.Equal(a.Metadata, b.Metadata) && bytes.Equal(a.Payload, b.Payload)
}

func TestAppend_ReadsBack(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	b := open(t, fs)
	s := newScript(1, nil)
	var log []segment.Entry
	must(t, b.SaveState(segment.State{Term: 1, Vote: 1}, true))
	for i := uint64(1); i <= 200; i++ {
		e := s.txn(1, i, i-1, 1+int(i%3), int(i%300))
		log = append(log, e)
		must(t, b.Append([]segment.Entry{e}))
		syncAll(t, fs, b)
		must(t, b.Apply(e))
	}
	checkReads(t, b, log)
	must(t, b.SaveState(segment.State{Term: 1, Vote: 1, Commit: 200}, false))
	fs.Kill()
	b = open(t, fs)
	if b.Applied() != 200 || b.HardState() != (segment.State{Term: 1, Vote: 1, Commit: 200}) {
		t.Fatalf("after reopen: applied %d, state %+v", b.Applied(), b.HardState())
	}
	checkReads(t, b, log)
	t.Logf("%+v", b.Report())
}
