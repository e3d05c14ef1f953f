package sim

import (
	"fmt"

	"sierradb/core/actor"
)

// When nothing is wrong, each request is answered in a time that follows from
// the settings (D8): in calm seeds from the first request on, in all others in
// the second burst. The time that bytes are on their way, slow readers included,
// is the client's and the network's. What counts is how long the wire lies idle
// while a request waits.

// wire measures how long nothing is on its way on a connection.
type wire struct {
	moving int           // deliveries on their way
	shown  int           // events in the replies of scans so far
	posted int           // events given to the session so far: input, and news of what was read
	taken  int           // those of them that it has taken
	since  actor.Instant // when the last one ended
	idled  actor.Instant // before that
}

// busy notes that a delivery begins (1) or ends (-1).
func (wr *wire) busy(now actor.Instant, n int) {
	if wr.moving == 0 {
		wr.idled += now - wr.since
	}
	wr.moving += n
	wr.since = now
}

// idle is the idle time up to now.
func (wr *wire) idle(now actor.Instant) actor.Instant {
	if wr.moving > 0 {
		return wr.idled
	}
	return wr.idled + now - wr.since
}

// checkLatency judges how long the node let a request wait.
func (w *World) checkLatency(op *Op) *Violation {
	wr := &op.Conn.wire
	wr.shown += len(fieldList(&op.Reply, "events"))
	if !op.Second && w.plan.Mode != "calm" || op.ahead < 0 {
		return nil
	}
	w.judged("D8 liveness")
	waited, most := wr.idle(w.s.Now())-op.owed, w.k.latency(wr.shown-op.shown, wr.posted-op.taken)+op.ahead
	w.peak("latency, % of its bound", uint64(waited), uint64(most))
	if waited > most {
		return violated("D8 liveness", "%s is answered after %s in which nothing else was to do on its connection, expected at most %s", op, clock(waited), clock(most))
	}
	return nil
}

// unsettled names a client that has not done its work.
func (w *World) unsettled() string {
	for _, c := range w.clients {
		if !c.finished() {
			waiting := 0
			if c.conn != nil {
				waiting = len(c.conn.waiting)
			}
			return fmt.Sprintf("client %d has %d requests to make and %d to be answered", c.n, c.left+len(c.retry)+len(c.script), waiting)
		}
	}
	return "all clients are done"
}

// latency bounds how long a request may wait. The requests before it on its
// connection may have to be done one after another: each takes some tells, some
// turns of its session and its replica, and a sync behind one that is in flight.
// And the requests of all connections may stand before it in a mailbox, more
// than once. A scan may come in pieces of two events, each located by itself;
// events is how many were shown while the request waited, and posted how many
// events its session had to take before it could answer. A tick may have to
// pass. Delays are late at random: three times the sum leaves room for bad luck.
func (k *Knobs) latency(events, posted int) actor.Instant {
	tell, turn := k.late()*k.TellMax, k.late()*k.RunMax
	one := 4*tell + 16*turn + 4*k.SyncMax
	event := turn / actor.Instant((1+k.BatchMax)/2)
	pieces := actor.Instant(events+1) / 2 * (2*tell + 2*turn)
	bound := 100*actor.Millisecond + pieces + actor.Instant(k.Depth+2)*one + (8*actor.Instant(k.Clients*k.Depth)+actor.Instant(posted))*event
	return 3 * bound
}

// late is how much longer delays take for those that are late.
func (k *Knobs) late() actor.Instant {
	if k.LateOne == 0 {
		return 1
	}
	return 2 + actor.Instant(20/k.LateOne)
}
