package replica

import (
	"sort"

	"sierradb/core/event"
	"sierradb/core/segment"
)

// Fresh is an event that was committed just now and is still in memory. It is
// shared by all who follow it and never changes.
type Fresh struct {
	Event event.Event
	Forms event.Forms
}

// recentMax is how many bytes of entries are kept in memory for subscribers, for
// a bucket. Who is further behind reads the log.
const recentMax = 4 << 20

// recent holds the entries applied last, while somebody waits for them: it is
// the end of the log, in memory, and no path of its own.
type recent struct {
	entries []recentEntry // in the order of the log, from first on
	first   int
	bytes   int
}

// recentEntry is an entry that was applied.
type recentEntry struct {
	at     segment.Position // of its first event
	index  uint64
	data   []byte
	events []Fresh // once somebody wants them
}

// keep takes an applied entry in. Its data must not be written any more.
func (q *recent) keep(e segment.Entry, at segment.Position) {
	q.entries = append(q.entries, recentEntry{at: at, index: e.Index, data: e.Data})
	for q.bytes += len(e.Data); q.bytes > recentMax; q.first++ {
		q.bytes -= len(q.entries[q.first].data)
		q.entries[q.first] = recentEntry{}
	}
	if q.first > 1024 && 2*q.first > len(q.entries) {
		n := copy(q.entries, q.entries[q.first:])
		clear(q.entries[n:])
		q.entries, q.first = q.entries[:n], 0
	}
}

// clear forgets everything.
func (q *recent) clear() { *q = recent{} }

// find returns the event at a position, nil if it is not in memory.
func (q *recent) find(at segment.Position) *Fresh {
	held := q.entries[q.first:]
	frame := at
	frame.Item = 0
	if len(held) == 0 || compare(frame, held[0].at) < 0 {
		return nil
	}
	n := sort.Search(len(held), func(n int) bool { return compare(held[n].at, frame) >= 0 })
	if n == len(held) || held[n].at != frame {
		return nil
	}
	e := &held[n]
	if e.events == nil {
		e.decode()
	}
	return &e.events[at.Item]
}

// decode makes the events of an entry. They alias its data.
func (e *recentEntry) decode() {
	body, err := segment.DecodeBody(e.index, e.data)
	if err != nil {
		panic("replica: an entry was applied and can't be decoded: " + err.Error())
	}
	e.events = make([]Fresh, body.Count)
	for i := range e.events {
		body.Next(&e.events[i].Event)
	}
}
