package sim

import (
	"strconv"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
)

// What replicas watch for their subscribers and for reads that wait ends with the
// connection (D5): a watch that nobody waits for would be held for ever.

// part ends all connections: by an orderly stop of the node, or by their clients,
// in order or without a word.
func (w *World) part() {
	w.parting = true
	w.count.Add("watches at the end", uint64(w.watches()))
	if w.rand.Chance(1, 2) {
		w.stop()
		return
	}
	w.hangUp()
}

// stop stops the node in order while everybody waits for events: subscriptions
// are told, reads are answered, and then the node starts again.
func (w *World) stop() {
	b := w.box
	for _, c := range w.clients {
		if cn := c.conn; cn != nil && !cn.closing {
			cn.send(c.gen.waits())
			w.until(w.s.Now()+w.prompt(cn, 0), func() bool { return false })
		}
	}
	life := b.m.Life
	b.shutdown()
	w.judged("D8 liveness")
	w.until(w.s.Now()+patience, func() bool { return b.m.Life != life && b.up() })
	if w.found == nil && (b.m.Life == life || !b.up()) {
		w.violate(violated("D8 liveness", "the node does not stop and start again within %s", clock(patience)))
	}
}

// waits makes a read that waits until the node stops.
func (g *Gen) waits() *Op {
	const beyond = 1 << 40
	op := g.ask("EPREAD", Ask{Kind: event.ScanPartition, From: beyond, To: event.NoVersion, Limit: g.k.Count}, text("EPREAD", "0", "FROM", strconv.Itoa(beyond), "BLOCK", "0")...)
	op.Blocks = true
	return op
}

// hangUp lets all clients leave, and demands that no replica holds a watch for
// them.
func (w *World) hangUp() {
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
