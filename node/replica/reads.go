package replica

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
	"go.etcd.io/raft/v3"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
)

// Ask is a question about committed events. The replica answers with where the
// events are; the asker reads them itself, since applied frames never change
// (architecture S20). The block goes to the replica and comes back.
type Ask struct {
	Owner     any // the asker's own, untouched
	Kind      event.QueryKind
	Partition event.PartitionID
	Stream    event.StreamKey
	ID        uuid.UUID
	Anywhere  bool   // GetEvent: look in all partitions of the bucket
	From, To  uint64 // scans: inclusive bounds
	Limit     int    // scans: at most so many positions
	Reverse   bool
	Sources   []event.Source // OpenFollow: what is followed, never changed again
	Next      []uint64       // OpenFollow: where, by source; Latest is replaced by the answer

	Err       error
	Found     bool               // the event, or at least one event of the stream or partition
	Last      uint64             // the last version of the stream or sequence of the partition, when Found
	Follower  *Follower          // OpenFollow
	Positions []segment.Position // in the order asked for; reused when the block is
}

// readBatch is a group of requests that share a read index.
type readBatch struct {
	ctx   uint64
	items []request
	known bool   // Raft has answered
	index uint64 // what must be applied
}

// requestReads asks Raft for one read index for all that wait. Each attempt has
// a context of its own: an answer to an older one proves less.
func (r *Replica) requestReads() {
	if len(r.asks) == 0 || !r.leadable() {
		return
	}
	r.readID++
	r.reads = append(r.reads, readBatch{ctx: r.readID, items: r.asks})
	r.asks = r.spare
	r.spare = nil
	r.rn.ReadIndex(binary.BigEndian.AppendUint64(nil, r.readID))
}

// readable takes a read index.
func (r *Replica) readable(st raft.ReadState) {
	ctx := binary.BigEndian.Uint64(st.RequestCtx)
	for i := range r.reads {
		if r.reads[i].ctx == ctx {
			r.reads[i].known, r.reads[i].index = true, st.Index
		}
	}
}

// retractReads puts requests whose read index will not come back into line:
// questions ask again, refusals are evaluated again.
func (r *Replica) retractReads() {
	kept := r.reads[:0]
	for _, b := range r.reads {
		if b.known {
			kept = append(kept, b)
			continue
		}
		for _, q := range b.items {
			if q.ask != nil {
				r.asks = append(r.asks, q)
			} else {
				r.queue = append(r.queue, q)
			}
		}
	}
	clear(r.reads[len(kept):])
	r.reads = kept
}

// answerReads answers what can be answered: batches whose index is applied, or
// everything when the replica has stopped: a group of one has nobody who could
// know better. It must have led for that: before its first entry is applied it
// does not know how much of the log is committed, and what it would leave out
// may have been read in an earlier life.
func (r *Replica) answerReads(env *actor.Env) {
	n := 0
	for n < len(r.reads) {
		b := &r.reads[n]
		if r.halted == "" && (!b.known || b.index > r.log.Applied()) {
			break
		}
		r.answerAll(env, b.items)
		clear(b.items)
		r.spare = b.items[:0]
		n++
	}
	if n > 0 {
		kept := copy(r.reads, r.reads[n:])
		clear(r.reads[kept:])
		r.reads = r.reads[:kept]
	}
	if r.halted != "" {
		r.answerAll(env, r.asks)
		clear(r.asks)
		r.asks = r.asks[:0]
	}
}

func (r *Replica) answerAll(env *actor.Env, items []request) {
	for _, q := range items {
		if q.append != nil {
			r.finish(env, q, q.append.Err)
			continue
		}
		if r.halted != "" && !r.leadable() && !mutate.On(mutate.HaltedServes) {
			env.Hooks.Sometimes("replica: halted before it could serve")
			q.ask.Err = fmt.Errorf("bucket %d: %w: it stopped before it could serve: %s", r.o.Bucket, event.ErrUnavailable, r.halted)
		} else {
			r.answer(q.from, q.ask)
		}
		env.Tell(q.from, actor.Event{Kind: Answered, Body: q.ask})
	}
}

// answer fills in an Ask from the applied state.
func (r *Replica) answer(from actor.ID, a *Ask) {
	a.Err, a.Found, a.Last = nil, false, 0
	clear(a.Positions)
	a.Positions = a.Positions[:0]
	if a.Kind == event.OpenFollow {
		r.openFollower(from, a)
		return
	}
	if a.Kind != event.GetEvent && int(a.Partition) >= r.o.Partitions {
		a.Err = fmt.Errorf("%w: partition %d is out of range 0..%d", event.ErrInvalid, a.Partition, r.o.Partitions-1)
		return
	}
	switch a.Kind {
	case event.GetEvent:
		pos, ok := r.log.Find(a.ID, a.Partition, a.Anywhere)
		if a.Found = ok; ok {
			a.Positions = append(a.Positions, pos)
		}
	case event.LastVersion, event.ScanStream:
		next := r.log.NextVersion(a.Partition, a.Stream)
		a.Found = next > 0
		if a.Found {
			a.Last = uint64(next - 1)
		}
		if a.Kind == event.ScanStream && a.Limit > 0 && a.Found && a.From <= min(a.To, a.Last) {
			a.Positions = r.log.StreamPositions(a.Positions, a.Partition, a.Stream, a.From, min(a.To, a.Last), a.Limit, a.Reverse)
		}
	case event.LastSequence, event.ScanPartition:
		next := r.log.NextSequence(a.Partition)
		a.Found = next > 0
		if a.Found {
			a.Last = uint64(next - 1)
		}
		if a.Kind == event.ScanPartition && a.Limit > 0 && a.Found && a.From <= min(a.To, a.Last) {
			a.Positions = r.log.PartitionPositions(a.Positions, a.Partition, a.From, min(a.To, a.Last), a.Limit, a.Reverse)
		}
	default:
		a.Err = fmt.Errorf("%w: unknown kind of query %d", event.ErrInvalid, a.Kind)
	}
}
