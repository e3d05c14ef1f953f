package sim

import (
	"sierradb/core/actor"
	"sierradb/node/replica"
	"sierradb/sim/sched"
)

// Queues stay in the limits that the settings give (D7, S21, S22): mailboxes,
// the appends that a replica holds, the output of a session that its client has
// not read. Each bound follows from the knobs; the counters "most ..." say how
// near a run came.

// sizes are how much clients wanted to append.
type sizes struct {
	largest  int64 // append, as a replica counts it
	event    int   // the largest event, as a reply shows it
	rendered int   // all events, as replies show them; a retry counts again
	light    int   // the largest reply to an append, or lightMax
}

// rendering is more than an event takes in a reply beyond its stream, name,
// metadata and payload.
const rendering = 600

func (s *sizes) add(in *Intent) {
	size := int64(128)
	for i := range in.Events {
		ev := &in.Events[i]
		n := len(ev.Stream) + len(eventName(in.N, i)) + len(ev.Payload) + len(ev.Metadata)
		size += int64(n) + 64
		s.event = max(s.event, n+rendering)
		s.rendered += n + rendering
	}
	s.largest = max(s.largest, size)
	reply := 256
	for i := range in.Events {
		reply += 200 + len(in.Events[i].Stream)
	}
	s.light = max(s.light, lightMax, reply)
}

// credits is how many requests of a connection are with the replicas at most.
func (k *Knobs) credits() int { return min(k.Inflight, k.Depth) }

// mail judges a mailbox, as it got one more event of a sender. A request of a
// session has at most one event in each replica's mailbox, and room for the answer
// in the session's; a read that waits has up to four: that it waits, what for, that
// it does no more, and the read itself. A subscription has its block of events, on
// the way to a replica or back, and the news that it has ended. A session answers
// its own questions about buckets that are not served.
func (w *World) mail(m *sched.Machine, to, from actor.ID, n int) {
	most, who := 0, ""
	switch {
	case to.Role == actor.Replica && from.Role == actor.Session:
		most, who = 4*w.k.credits()+1+2*w.follows[from], "of a session in a replica" // and that it has left
		w.violate(w.checkQueue(m, to))
	case to.Role == actor.Session && from.Role == actor.Replica:
		most, who = 2*w.k.credits()+w.follows[to], "of a replica in a session"
	case to.Role == actor.Session && from == to:
		most, who = w.k.credits()*w.k.Buckets, "of a session in itself"
	case to.Role == actor.Replica && from == to:
		most, who = 1, "of a replica in itself" // the flag that it has to go on
	case to.Role == actor.Replica:
		most, who = 4, "of the world in a replica" // start, one tick, one barrier, stop
	default:
		return // input and sent bytes: bounded by checkSession, and by consumption
	}
	w.judged("D7 limits")
	w.peak("mail "+who+", % of its bound", uint64(n), uint64(most))
	if n > most {
		w.violate(violated("D7 limits", "%d events of %s wait for %s, expected at most %d", n, from, to, most))
	}
}

// checkQueue judges what a replica counts as queued: the limit, or a single
// append.
func (w *World) checkQueue(m *sched.Machine, id actor.ID) *Violation {
	r, ok := m.Actor(id).(*replica.Replica)
	if !ok {
		return nil
	}
	w.judged("D7 limits")
	queued, most := r.Queued(), max(w.k.QueueBytes, w.model.sizes.largest)
	w.peak("bytes queued in a replica, % of its bound", uint64(queued), uint64(most))
	if queued <= w.k.QueueBytes {
		return nil
	}
	if _, appends := r.Held(); appends == 1 && queued <= most {
		return nil
	}
	return violated("D7 limits", "%s holds %d bytes of appends, the limit is %d", id, queued, w.k.QueueBytes)
}

// checkHeld demands that what a replica counts is what it holds: a count that
// drifts up ends in a bucket that is busy for ever, one that drifts down in no
// limit at all.
func (w *World) checkHeld(id actor.ID, r *replica.Replica) *Violation {
	if r.Halted() {
		return nil
	}
	w.judged("D7 limits")
	if held, appends := r.Held(); held != r.Queued() {
		return violated("D7 limits", "%s counts %d bytes of appends and holds %d in %d appends", id, r.Queued(), held, appends)
	}
	return nil
}

// checkSize judges the size of one reply: a scan has at most ReplyMax bytes, or
// a single event; other replies are small.
func (w *World) checkSize(op *Op) *Violation {
	w.judged("D7 limits")
	most := max(lightMax, w.model.sizes.light)
	if op.Ask.Kind != 0 {
		most = max(w.k.ReplyMax, w.model.sizes.event) + 128
	}
	w.peak("bytes of a reply, % of its bound", uint64(op.Size), uint64(most))
	if op.Size > most {
		return violated("D7 limits", "%s is answered with %d bytes, expected at most %d", op, op.Size, most)
	}
	return nil
}

// checkIndexMemory judges what the index of a bucket takes for its events. The
// bounds are those of its structure: slices have room for up to twice of what
// they hold, an event stands in two runs and in a hash table that is at least
// three eighths full.
func (w *World) checkIndexMemory(bucket int, bytes int64, s *fullScan, segments int) *Violation {
	w.judged("D7 limits")
	most := int64(segments)*indexOfSegment + int64(len(s.parts))*indexOfChain
	for _, p := range s.parts {
		most += int64(len(p)) * indexOfEvent
	}
	for _, stream := range s.streamOrder {
		most += indexOfStream + int64(len(stream.key.ID))
	}
	chains := len(s.parts) + len(s.streamOrder)
	most += int64(min(chains*segments, 2*len(s.idOrder)+chains)) * 32 // links
	w.peak("bytes of an index, % of its bound", uint64(bytes), uint64(most))
	if bytes > most {
		return violated("D7 limits", "the index of bucket %d takes %d bytes, expected at most %d", bucket, bytes, most)
	}
	return nil
}

// What the parts of an index take at most, in bytes.
const (
	indexOfEvent   = 2*(4+2+2+16) + 8*8/3 + 2*(2*3*4) + 2*2*12
	indexOfSegment = 512
	indexOfChain   = 2 * 64
	indexOfStream  = 2*64 + 2*64
)
