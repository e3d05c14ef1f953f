package sched

import "sierradb/core/actor"

// item is an entry of the queue: a call of the world (do), an actor's turn
// (run) or an event that arrives.
type item struct {
	at   actor.Instant
	do   func()
	slot *slot
	run  bool
	ev   actor.Event
	sent actor.Instant // when ev was told, or asked for
}

// key orders the entries of the queue.
type key struct {
	at  actor.Instant
	tie uint64 // drawn: entries of one instant run in any order
	seq uint64 // makes the order total
	in  int32  // index of the entry in items
}

func (a *key) before(b *key) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if a.tie != b.tie {
		return a.tie < b.tie
	}
	return a.seq < b.seq
}

// queue is a binary heap of keys. The entries stay where they are while their
// keys move: an entry is large and full of pointers, which the collector wants
// to hear of whenever one is moved.
type queue struct {
	keys  []key
	items []item
	free  []int32 // indexes of items that hold none
	seq   uint64
}

func (q *queue) len() int { return len(q.keys) }

// next is when the first entry is due; there must be one.
func (q *queue) next() actor.Instant { return q.keys[0].at }

// push adds an entry; among those of one instant tie decides, then the order in
// which they were pushed.
func (q *queue) push(it item, tie uint64) {
	if len(q.free) == 0 {
		q.free = append(q.free, int32(len(q.items)))
		q.items = append(q.items, item{})
	}
	in := q.free[len(q.free)-1]
	q.free = q.free[:len(q.free)-1]
	q.items[in] = it
	q.seq++
	h := append(q.keys, key{at: it.at, tie: tie, seq: q.seq, in: in})
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	q.keys = h
}

func (q *queue) pop() item {
	h := q.keys
	in := h[0].in
	top := q.items[in]
	q.items[in] = item{}
	q.free = append(q.free, in)
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		least := i
		for _, c := range [2]int{2*i + 1, 2*i + 2} {
			if c < len(h) && h[c].before(&h[least]) {
				least = c
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	q.keys = h
	return top
}
