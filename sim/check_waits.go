package sim

import "sierradb/core/actor"

// Whatever strikes, nobody waits for ever (D8): an append whose sync hangs is
// given up at its timeout, a question that no leader takes as well, and so is a
// client that reads nothing. Each is judged when it ends: by an answer, or with
// its connection. A time in which the process stood still counts for nothing.

// A replica looks for what is overdue at its ticks.
const tick = 100 * actor.Millisecond

// checkWait judges how long the oldest request of a connection waited while
// nothing was on the wire: no other one on it stands in its way. A read of an
// event by its id alone asks one bucket, then the others at once.
func (w *World) checkWait(op *Op) *Violation {
	cn := op.Conn
	if w.box.closing || op.Blocks && op.Block == 0 {
		return nil // what was not taken gets no answer any more
	}
	w.judged("D8 liveness")
	waited := cn.wire.idle(w.s.Now()) - cn.oldestIdle
	most := w.k.Timeout + tick
	if op.Intent == nil {
		most *= 2
	}
	most += op.Block + w.k.backlog(cn.wire.shown-op.shown, cn.wire.posted-cn.oldestTaken) + w.box.paused(cn.oldest)
	w.peak("wait while faults strike, % of its bound", uint64(waited), uint64(most))
	if waited > most {
		return violated("D8 liveness", "%s waited for %s in which nothing was on its connection and no request was before it, expected at most %s", op, clock(waited), clock(most))
	}
	return nil
}

// older notes that the first of the waiting requests is another one now.
func (cn *conn) older() {
	cn.oldest, cn.oldestIdle, cn.oldestTaken = cn.w.s.Now(), cn.wire.idle(cn.w.s.Now()), cn.wire.taken
}

// checkCutOff demands that a client which took none of its output for longer than
// OutputTimeout is cut off. It is judged when the client takes some after all, and
// when the connection ends.
func (w *World) checkCutOff(cn *conn) *Violation {
	if len(cn.in) == 0 {
		return nil
	}
	w.judged("D8 liveness")
	waited, most := w.s.Now()-cn.moved, w.k.OutputTimeout+w.k.backlog(0, max(cn.untold, cn.wire.posted-cn.wire.taken))+w.box.paused(cn.moved)
	w.peak("wait of output, % of its bound", uint64(waited), uint64(most))
	if waited > most {
		return violated("D8 liveness", "%s is not cut off: its client left %d bytes of output unread for %s, expected at most %s", cn.id, len(cn.in), clock(waited), clock(most))
	}
	return nil
}

// backlog bounds what a request costs that no disk holds up: some tells, some
// turns, the requests of all connections before it in a mailbox, and for a scan
// its pieces of two events. It is twice the sum, for delays are random: those of
// the request itself may all be late, those of many are late on average.
func (k *Knobs) backlog(events, posted int) actor.Instant {
	tell, turn := k.late()*k.TellMax, k.late()*k.RunMax
	event := turn / actor.Instant((1+k.BatchMax)/2)
	own := 4*k.TellMax + 4*k.RunMax
	if k.LateOne > 0 {
		own *= lateTimes
	}
	pieces := actor.Instant(events+1) / 2 * (2*tell + 2*turn)
	return 2 * (10*actor.Millisecond + own + 16*turn + pieces + (2*actor.Instant(k.Clients*k.Depth)+actor.Instant(posted))*event)
}

// lateTimes is how many times its usual most a late delay takes at most.
const lateTimes = 21

// standstill is a time in which the process got no turn.
type standstill struct{ from, until actor.Instant }

// paused is how long the process stood still since t.
func (b *box) paused(t actor.Instant) (sum actor.Instant) {
	for _, p := range b.pauses {
		sum += max(0, min(p.until, b.w.s.Now())-max(p.from, t))
	}
	return sum
}
