package replica

import (
	"github.com/google/uuid"

	"sierradb/core/event"
	"sierradb/core/mutate"
)

// tail is what a leader knows beyond the applied log: the sequences, versions
// and event ids of appends that are proposed and not yet applied. It is empty
// when leadership begins, since a leader serves only once everything before its
// term is applied, and it is dropped when leadership ends.
type tail struct {
	sequences map[event.PartitionID]event.Sequence
	streams   map[streamRef]speculation
	ids       map[idRef]uint64 // index of the entry that carries the event
	undo      []change         // of the batch being evaluated
	before    []taken          // of the batch: what partitions stood at
}

// taken is the sequence that a partition stood at before an append of the
// batch.
type taken struct {
	partition event.PartitionID
	old       event.Sequence
	had       bool
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
	t.keep()
}

// advance gives a stream its next version, resting on the entry at index.
func (t *tail) advance(ref streamRef, next event.Version, index uint64) {
	old, had := t.streams[ref]
	t.undo = append(t.undo, change{ref, old, had})
	t.streams[ref] = speculation{next, index}
}

// take gives n sequences of a partition away and returns the first. next is
// what the applied log says, for a partition that the tail does not know.
func (t *tail) take(p event.PartitionID, n int, next event.Sequence) event.Sequence {
	old, had := t.sequences[p]
	if had {
		next = old
	}
	t.before = append(t.before, taken{p, old, had})
	t.sequences[p] = next + event.Sequence(n)
	return next
}

// giveBack takes the last take back.
func (t *tail) giveBack() {
	n := len(t.before) - 1
	b := t.before[n]
	if t.before = t.before[:n]; b.had {
		t.sequences[b.partition] = b.old
	} else {
		delete(t.sequences, b.partition)
	}
}

// restedOn is the index that a stream's version rested on before the changes
// above mark, 0 when it was committed.
func (t *tail) restedOn(mark int, ref streamRef) uint64 {
	for _, c := range t.undo[mark:] {
		if c.ref == ref {
			return c.old.index
		}
	}
	return 0
}

// keep makes the changes of the batch final.
func (t *tail) keep() {
	clear(t.undo) // its stream ids alias the clients' input
	t.undo, t.before = t.undo[:0], t.before[:0]
}

// backTo takes back the streams' changes above mark.
func (t *tail) backTo(mark int) {
	for i := len(t.undo) - 1; i >= mark; i-- {
		if c := t.undo[i]; c.had {
			t.streams[c.ref] = c.old
		} else {
			delete(t.streams, c.ref)
		}
	}
	clear(t.undo[mark:])
	t.undo = t.undo[:mark]
}

// drop takes back all changes of the batch.
func (t *tail) drop() {
	t.backTo(0)
	for len(t.before) > 0 {
		t.giveBack()
	}
}

// settle forgets what rested on an entry that is applied now.
func (t *tail) settle(index uint64, p event.PartitionID, ref event.StreamKey, id uuid.UUID) {
	sr := streamRef{p, ref}
	if s, ok := t.streams[sr]; ok && (s.index <= index || mutate.On(mutate.SettleTooMuch)) {
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
