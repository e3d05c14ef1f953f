package sim

import (
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
)

// What replicas watch for their subscribers and for reads that wait ends with the
// connection (D5): a watch that nobody waits for would be held for ever.

// part ends all connections, in order or without a word, and demands that no
// replica holds a watch for them.
func (w *World) part() {
	w.parting = true
	w.count.Add("watches at the end", uint64(w.watches()))
	for _, c := range w.clients {
		c.cut()
	}
	deadline := w.s.Now() + 100*actor.Millisecond + w.k.latency(0, 0)
	w.judged("D5 watches")
	w.until(deadline, func() bool { return w.watches() == 0 })
	if w.found == nil {
		w.violate(checkWatches(w.watches()))
	}
}

// checkWatches demands that nothing is watched.
func checkWatches(n int) *Violation {
	if n == 0 {
		return nil
	}
	return violated("D5 watches", "%d watches are held for connections that are gone", n)
}

// watches adds up what all replicas watch.
func (w *World) watches() (n int) {
	for b := range w.k.Buckets {
		if r, ok := w.box.m.Actor(replica.ID(event.BucketID(b))).(*replica.Replica); ok {
			n += r.Watches()
		}
	}
	return n
}
