package sim

import (
	"github.com/google/uuid"

	"sierradb/core/event"
	"sierradb/core/segment"
)

// An append that was acknowledged is in the log, at the place that the
// acknowledgement names (D1); appends of one connection to one bucket are in
// the order in which they were sent (S15).

// checkLanded judges an acknowledgement as far as EAPPEND and EMAPPEND share it.
func (w *World) checkLanded(op *Op) *Violation {
	in, cn := op.Intent, op.Conn
	w.count.Add("appends acknowledged", 1)
	w.count.Add("events acknowledged", uint64(len(in.Events)))
	w.judged("D1 acknowledged")
	if in.Landed == nil {
		return violated("D1 acknowledged", "%s is acknowledged before it is visible", in)
	}
	b := w.model.bucketOf(in.Partition)
	if len(in.Attempts) == 1 {
		w.judged("S15 order")
		if in.Index < cn.order[b] {
			return violated("S15 order", "%s landed at entry %d, but an earlier append of its connection at entry %d", in, in.Index, cn.order[b])
		}
		cn.order[b] = in.Index
	} else {
		w.count.Add("retries acknowledged", 1)
	}
	cn.floor[b] = max(cn.floor[b], in.Tick)
	return nil
}

// tooLarge says whether an append may be refused for its size: its frame, with
// the table of a new segment, does not fit or nearly so.
func (w *World) tooLarge(in *Intent) bool {
	t := event.Transaction{ID: uuid.Max, Key: in.Key, Events: in.Events}
	return segment.FrameSize(segment.BodyMax(&t))+segment.HeaderSize+segment.TableSize(w.k.Partitions) > w.k.SegmentSize
}
