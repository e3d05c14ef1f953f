package sim

import (
	"sierradb/core/actor"
)

// A well-formed request fails only for a reason that the world gave (I15): an
// error without one is a violation, and so is any error in the last phase, when
// everything has healed.

// Requests of the second burst, and all of a calm seed, are excused by their own
// settings alone: a queue of a few bytes is full, a timeout of a fraction of a
// second passes.

// checkError judges an error to a well-formed request.
func (w *World) checkError(op *Op) *Violation {
	w.judged("I15 errors")
	b := w.box
	code := op.code()
	switch code {
	case "WRONGVER":
		return w.checkWrongVersion(op)
	case "IDCONFLICT":
		return w.checkConflict(op)
	case "TOOLARGE":
		if op.Intent != nil && w.tooLarge(op.Intent) {
			return nil
		}
		return violated("I15 errors", "%s is answered %s, but it fits a segment of %d bytes", op, op.Reply, w.k.SegmentSize)
	}
	switch {
	case code == "BUSY" && op.Sub != nil:
		if w.crowded(op.Sub) {
			return nil
		}
	case op.Sure:
	case op.Second || w.plan.Mode == "calm":
		if op.Intent != nil && w.tight(op, code) {
			return nil
		}
	case w.excuse(op, code):
		return nil
	}
	return violated("I15 errors", "%s is answered %s, and nothing in the world explains it (upset %v, full %v, halted %v)", op, op.Reply, b.upset, b.full, b.halt)
}

// tight says whether the settings of the run alone explain an error to an
// append.
func (w *World) tight(op *Op, code string) bool {
	switch code {
	case "BUSY":
		return w.busy(op)
	case "TIMEOUT":
		return w.k.Timeout < 10*actor.Second && op.ReturnAt-op.CallAt > w.k.Timeout
	}
	return false
}

// checkLost judges that a request got no reply: in the second burst no
// connection is lost but behind bytes that are no request.
func (w *World) checkLost(op *Op) *Violation {
	if !op.Second || op.Conn.raw {
		return nil
	}
	return violated("I15 errors", "%s got no reply: its connection was lost when everything had healed", op)
}

// excuse says whether the world did something for which an error is right.
func (w *World) excuse(op *Op, code string) bool {
	b := w.box
	touched := func(flags []bool) bool {
		for i, yes := range flags {
			if yes && op.concerns(w.model, i) {
				return true
			}
		}
		return false
	}
	slow := op.ReturnAt-op.CallAt > w.k.Timeout || b.stalled > op.CallAt || b.wasFull(op.CallAt)
	write := op.Intent != nil
	switch code {
	case "BUSY":
		return write && w.busy(op)
	case "DISKFULL":
		return b.wasFull(op.CallAt) && (write || touched(b.hurt))
	case "READONLY":
		return write && touched(b.halt)
	case "TIMEOUT":
		// Unless the bucket stopped, nobody may give up sooner than was agreed.
		return write && (touched(b.halt) || slow && op.ReturnAt-op.CallAt >= w.k.Timeout)
	case "UNAVAILABLE":
		return touched(b.hurt) || touched(b.halt) || b.closing || slow && op.ReturnAt-op.CallAt >= w.k.Timeout
	case "READERR":
		return touched(b.hurt) || b.excusesRead(op) || b.hurtNow(op)
	case "DBOPFAILED":
		return b.excusesRead(op) || touched(b.hurt)
	}
	return false
}

// hurtNow says whether bytes of a log that a request may need are damaged.
func (b *box) hurtNow(op *Op) bool {
	for i := range b.hurt {
		if _, costs := b.costs(i); costs && op.concerns(b.w.model, i) {
			return true
		}
	}
	return false
}

// wasFull says whether space was short at t or a little before: a replica that
// waits for space looks for it at its ticks.
func (b *box) wasFull(t actor.Instant) bool {
	return b.full || b.filled > 0 && max(b.filled, b.stalled)+600*actor.Millisecond > t
}
