package replica

import (
	"github.com/google/uuid"

	"sierradb/core/event"
)

// tail is what a leader knows beyond the applied log: the sequences, versions
// and event ids of appends that are proposed and not yet applied. It is empty
// when leadership begins, since a leader serves only once everything before its
// term is applied, and it is dropped when leadership ends.
type tail struct {
	sequences map[event.PartitionID]event.Sequence
	streams   map[streamRef]speculation
	ids       map[idRef]uint64 // index of the entry that carries the event
	undo      []change         // of the append being evaluated
}

type streamRef struct {
	partition event.PartitionID
	stream    event.StreamKey
}

type idRef struct {
	partition event.PartitionID
	id        uuid.UUID
}

// speculation is a version that rests on an uncommitted entry.
type speculation struct {
	next  event.Version
	index uint64
}

// change is how to take back one stream's speculation.
type change struct {
	ref streamRef
	old speculation
	had bool
}

func (t *tail) init() {
	t.sequences = make(map[event.PartitionID]event.Sequence)
	t.streams = make(map[streamRef]speculation)
	t.ids = make(map[idRef]uint64)
}

// reset forgets everything.
func (t *tail) reset() {
	clear(t.sequences)
	clear(t.streams)
	clear(t.ids)
	t.undo = t.undo[:0]
}

// advance gives a stream its next version, resting on the entry at index.
func (t *tail) advance(ref streamRef, next event.Version, index uint64) {
	old, had := t.streams[ref]
	t.undo = append(t.undo, change{ref, old, had})
	t.streams[ref] = speculation{next, index}
}

// before is the index that a stream's version rested on before the changes
// above mark, 0 when it was committed.
func (t *tail) before(mark int, ref streamRef) uint64 {
	for _, c := range t.undo[mark:] {
		if c.ref == ref {
			return c.old.index
		}
	}
	return 0
}

// keep makes the changes since the last keep or back final.
func (t *tail) keep() {
	clear(t.undo) // its stream ids alias the clients' input
	t.undo = t.undo[:0]
}

// back takes the changes since the last keep back.
func (t *tail) back() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		if c := t.undo[i]; c.had {
			t.streams[c.ref] = c.old
		} else {
			delete(t.streams, c.ref)
		}
	}
	clear(t.undo)
	t.undo = t.undo[:0]
}

// settle forgets what rested on an entry that is applied now.
func (t *tail) settle(index uint64, p event.PartitionID, ref event.StreamKey, id uuid.UUID) {
	sr := streamRef{p, ref}
	if s, ok := t.streams[sr]; ok && s.index <= index {
		delete(t.streams, sr)
	}
	ir := idRef{p, id}
	if at, ok := t.ids[ir]; ok && at <= index {
		delete(t.ids, ir)
	}
}

// waiter is a request that is answered when the entry at index is applied.
type waiter struct {
	request
	index   uint64
	term    uint64
	refusal error   // what to answer instead of success
	next    *waiter // others that wait for the same entry

	partition event.PartitionID // of the entry
	end       event.Sequence    // that the entry leaves to it; 0 for who waits for another's
}

// waiters is a queue by ascending index.
type waiters struct {
	list []waiter
	head int
}

func (q *waiters) push(w waiter) { q.list = append(q.list, w) }

// at finds the waiter of an entry.
func (q *waiters) at(index uint64) *waiter {
	lo, hi := q.head, len(q.list)
	for lo < hi {
		mid := (lo + hi) / 2
		if q.list[mid].index < index {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(q.list) && q.list[lo].index == index {
		return &q.list[lo]
	}
	return nil
}

// pop takes the first waiter when its index is at most index.
func (q *waiters) pop(index uint64) (waiter, bool) {
	if q.head == len(q.list) || q.list[q.head].index > index {
		return waiter{}, false
	}
	w := q.list[q.head]
	q.list[q.head] = waiter{}
	q.head++
	if q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	} else if q.head > 1024 && q.head*2 > len(q.list) {
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	return w, true
}

// each visits all waiters and those that hang on them, in order.
func (q *waiters) each(visit func(*waiter)) {
	for i := q.head; i < len(q.list); i++ {
		for w := &q.list[i]; w != nil; w = w.next {
			visit(w)
		}
	}
}

func (q *waiters) reset() { q.list, q.head = nil, 0 }
