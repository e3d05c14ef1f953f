package sim

import "sierradb/core/actor"

// A bucket whose queue has a limit of a few bytes refuses an append with BUSY
// while another one waits there, and never else (D7): what is answered, or
// visible, does not count any more.

// settles is how long a request that its client no longer waits for may take to
// be dealt with, when nothing stands still.
const settles = 2 * actor.Second

// busy says whether BUSY is right: another append to the bucket may have waited
// there between call and return.
func (w *World) busy(op *Op) bool {
	if w.k.QueueBytes >= 1<<20 {
		return false
	}
	if w.box.stalled > op.CallAt {
		return true
	}
	bucket := w.model.bucketOf(op.Intent.Partition)
	for i := len(w.history) - 1; i >= 0; i-- {
		a := w.history[i]
		if a.Conn.life != op.Conn.life {
			break
		}
		if a != op && a.Intent != nil && a.concerns(w.model, bucket) && !a.overBefore(op) {
			return true
		}
	}
	return false
}

// overBefore says whether an append had surely left the queue when op was made.
func (op *Op) overBefore(later *Op) bool {
	switch in := op.Intent; op.Outcome {
	case Pending:
		return false
	case Unknown:
		// It waits until it is visible, however long ago its client gave it up; if
		// it repeats what was visible before, until it was looked at.
		return in.Landed != nil && in.Tick < later.Call && op.ReturnAt+settles < later.CallAt
	}
	return op.Return < later.Call
}
