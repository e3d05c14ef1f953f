package commands

import (
	"slices"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// fakeAnswer is the kind in which the fake store's answers to queries travel.
const fakeAnswer actor.Kind = 200

// fakeStore is a [Store] in memory. Requests wait in pending until a test
// delivers their answers, in whatever order it likes; they take effect then.
type fakeStore struct {
	partitions, buckets int

	streams map[event.StreamKey][]*event.Event
	parts   [][]*event.Event
	pending []actor.Event // answers on their way, oldest first

	fail      error // the next request is answered with it
	failAfter int   // once the sink of a failing query took so many events
	sections  []InfoSection

	follows []*event.Follow // that may go on
	waits   []*event.Query  // reads that wait for events
	hurried bool

	started []string // what was asked, for tests of order
}

var _ Store = (*fakeStore)(nil)

func newFakeStore() *fakeStore {
	return &fakeStore{
		partitions: 32,
		buckets:    4,
		streams:    make(map[event.StreamKey][]*event.Event),
		parts:      make([][]*event.Event, 32),
	}
}

func (f *fakeStore) Append(env *actor.Env, a *event.Append) {
	t := &a.Transaction
	t.Partition = event.PartitionOf(t.Key, f.partitions)
	for i := range t.Events {
		n := &t.Events[i]
		if !n.GivenTime {
			n.Timestamp = env.Wall
		}
		if !n.GivenID {
			n.ID = event.NewID(env.Rand, n.Timestamp, t.Key)
		}
	}
	t.ID = t.Events[0].ID
	if len(t.Events) > 1 {
		t.ID = event.NewTransactionID(env.Rand)
	}
	f.started = append(f.started, "append "+t.Events[0].Stream)
	f.pending = append(f.pending, actor.Event{Kind: event.Appended, Body: a})
}

func (f *fakeStore) Query(_ *actor.Env, q *event.Query) {
	f.started = append(f.started, "query "+q.Stream.ID)
	f.pending = append(f.pending, actor.Event{Kind: fakeAnswer, Body: q})
}

func (f *fakeStore) Bucket(p event.PartitionID) event.BucketID { return event.BucketOf(p, f.buckets) }

func (f *fakeStore) Info() Info {
	return Info{Version: "1.0.0", PeerID: "sdb-0001", Partitions: f.partitions, Buckets: f.buckets, Mode: "standalone", Sections: f.sections}
}

func (f *fakeStore) Deliver(_ *actor.Env, ev *actor.Event) (*event.Append, *event.Query) {
	fail := f.fail
	switch b := ev.Body.(type) {
	case *event.Append:
		f.fail = nil
		if b.Err = fail; fail == nil {
			f.commit(b)
		}
		for _, fo := range f.follows {
			f.pump(fo)
		}
		for _, q := range f.waits {
			f.pending = append(f.pending, actor.Event{Kind: fakeAnswer, Body: q})
		}
		f.waits = nil
		return b, nil
	case *event.Query:
		f.fail = nil
		f.answer(b, fail)
		if b.Wait && b.Err == nil && b.Limit > 0 && !b.Found && !f.hurried {
			f.waits = append(f.waits, b)
			return nil, nil
		}
		return nil, b
	}
	return nil, nil
}

// events are those of a source.
func (f *fakeStore) events(src event.Source) []*event.Event {
	if src.Stream != nil {
		return f.streams[*src.Stream]
	}
	return f.parts[src.Partition]
}

func (f *fakeStore) Resume(_ *actor.Env, fo *event.Follow) {
	if !slices.Contains(f.follows, fo) {
		f.follows = append(f.follows, fo)
	}
	f.pump(fo)
}

func (f *fakeStore) pump(fo *event.Follow) {
	for i, src := range fo.Sources {
		for list := f.events(src); fo.Next[i] < uint64(len(list)); fo.Next[i]++ {
			if fo.Sink.Room() == 0 || !fo.Sink.Event(i, list[fo.Next[i]], nil) {
				return
			}
		}
	}
}

func (f *fakeStore) Unfollow(_ *actor.Env, fo *event.Follow) {
	f.follows = slices.DeleteFunc(f.follows, func(o *event.Follow) bool { return o == fo })
}

func (f *fakeStore) Hurry(*actor.Env) {
	f.hurried = true
	for _, q := range f.waits {
		f.pending = append(f.pending, actor.Event{Kind: fakeAnswer, Body: q})
	}
	f.waits = nil
}

func (f *fakeStore) commit(a *event.Append) {
	t := &a.Transaction
	added := make(map[event.StreamKey]int)
	for i := range t.Events {
		n := &t.Events[i]
		key := event.StreamKey{Key: t.Key, ID: n.Stream}
		next := event.Version(len(f.streams[key]) + added[key])
		if !n.Expected.Holds(next) {
			a.Err = &event.VersionError{Stream: key, Next: next, Expected: n.Expected}
			return
		}
		added[key]++
	}
	a.First = event.Sequence(len(f.parts[t.Partition]))
	for i := range t.Events {
		n := &t.Events[i]
		stored := event.Event{
			ID: n.ID, Key: t.Key, Transaction: t.ID, Partition: t.Partition,
			Sequence: a.First + event.Sequence(i), Timestamp: n.Timestamp,
			Stream: n.Stream, Name: n.Name, Metadata: n.Metadata, Payload: n.Payload,
		}
		stored = stored.Clone()
		key := event.StreamKey{Key: t.Key, ID: stored.Stream}
		stored.Version = event.Version(len(f.streams[key]))
		f.streams[key] = append(f.streams[key], &stored)
		f.parts[t.Partition] = append(f.parts[t.Partition], &stored)
		a.Placed = append(a.Placed, event.Placed{ID: n.ID, Version: stored.Version, Timestamp: n.Timestamp})
	}
}

func (f *fakeStore) answer(q *event.Query, fail error) {
	if fail != nil {
		q.Err = fail
		if q.Sink != nil {
			for i := range f.failAfter {
				q.Sink.Event(&event.Event{Sequence: event.Sequence(i)})
			}
		}
		return
	}
	switch q.Kind {
	case event.GetEvent:
		for _, part := range f.parts {
			for _, ev := range part {
				if ev.ID == q.ID {
					q.Found = true
					q.Sink.Event(ev)
					return
				}
			}
		}
	case event.ScanStream:
		scanFake(q, f.streams[q.Stream])
	case event.ScanPartition:
		scanFake(q, f.parts[q.Partition])
	case event.LastVersion:
		q.Found, q.Last = len(f.streams[q.Stream]) > 0, uint64(len(f.streams[q.Stream])-1)
	case event.OpenFollow:
		for i, src := range q.Follow.Sources {
			if q.Follow.Next[i] == event.Latest {
				q.Follow.Next[i] = uint64(len(f.events(src)))
			}
		}
	case event.LastSequence:
		q.Found, q.Last = len(f.parts[q.Partition]) > 0, uint64(len(f.parts[q.Partition])-1)
	}
}

func scanFake(q *event.Query, list []*event.Event) {
	q.Found = q.From < uint64(len(list))
	taken := 0
	for i := range list {
		n := i
		if q.Reverse {
			n = len(list) - 1 - i
		}
		if uint64(n) < q.From || uint64(n) > q.To {
			continue
		}
		if taken == q.Limit || !q.Sink.Event(list[n]) {
			q.More = true
			return
		}
		taken++
	}
}
