package replica

import (
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"

	pb "go.etcd.io/raft/v3/raftpb"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// batch is the proposal that one Flush puts together. Raft copies what it is
// given, so all of it is reused.
type batch struct {
	requests []batched
	ends     []int       // where each entry's data ends in data
	data     []byte      // bodies, one after another
	entries  []*pb.Entry // what Raft is shown
}

// batched is an append in the batch, whose last entry is at index, or a
// request that waits for that entry.
type batched struct {
	request
	index   uint64
	refusal error
}

// propose evaluates the queued appends in order and proposes those that hold,
// as one batch.
func (r *Replica) propose(env *actor.Env) {
	if len(r.queue) == 0 || !r.leadable() && !r.disk.full {
		return
	}
	b := &r.batch
	b.requests, b.ends, b.data = b.requests[:0], b.ends[:0], b.data[:0]
	done := 0
	for _, q := range r.queue {
		if done++; r.disk.full || r.disk.cramped && mutate.On(mutate.FullForEver) {
			// A repetition of what is stored, or waits for space itself, is no new append.
			if !r.leadable() || !r.repeated(env, q) {
				r.finish(env, q, r.diskFull(vfs.ErrNoSpace))
			}
			continue
		}
		r.evaluate(env, q)
		if env.Hooks.Buggify("replica/small-batch") {
			break // the rest is the next batch
		}
	}
	left := copy(r.queue, r.queue[done:])
	clear(r.queue[left:])
	r.queue = r.queue[:left]
	switch {
	case len(b.requests) > 0 && r.broken != nil:
		// Nothing can be written any more, so nothing of it is proposed.
		r.dropBatch(env, fmt.Errorf("bucket %d: %w: %v", r.o.Bucket, event.ErrReadOnly, r.broken))
	case len(b.requests) > 0:
		r.proposeBatch(env)
	}
	r.tail.keep()
	if cap(b.data) > batchKeep {
		b.data, b.entries = nil, nil
	}
	if r.broken != nil {
		r.halt(env, r.broken)
	}
}

// batchKeep is the most memory of a large batch that is kept for the next.
const batchKeep = 4 << 20

func (r *Replica) diskFull(why error) error {
	return fmt.Errorf("bucket %d: %w: the append was not done, reads go on: %v", r.o.Bucket, event.ErrDiskFull, why)
}

// evaluate decides about one append: into the batch, refused, or a repetition
// of one that is there.
func (r *Replica) evaluate(env *actor.Env, q request) {
	a := q.append
	t := &a.Transaction
	if err := r.check(t); err != nil {
		r.finish(env, q, err)
		return
	}
	if mutate.On(mutate.VersionBeforeID) {
		rests, refusal := r.place(a, r.last+uint64(len(r.batch.ends))+1)
		if r.tail.backTo(len(r.tail.undo) - len(a.Placed)); refusal != nil {
			r.hold(env, q, refusal, rests)
			return
		}
	}
	if !mutate.On(mutate.NoDedup) && r.repeated(env, q) {
		return
	}
	b := &r.batch
	mark := len(r.tail.undo)
	index := r.last + uint64(len(b.ends)) + 1
	if mutate.On(mutate.TornTransaction) {
		index += uint64(len(t.Events)) - 1
	}
	if rests, refusal := r.place(a, index); refusal != nil {
		if !mutate.On(mutate.RefusalLeavesTail) {
			r.tail.backTo(mark)
		}
		r.hold(env, q, refusal, rests)
		return
	}
	a.First = r.tail.take(t.Partition, len(t.Events), r.log.NextSequence(t.Partition))
	ends, data := len(b.ends), len(b.data)
	if mutate.On(mutate.RefusedIDStays) && t.Events[0].GivenID {
		r.tail.ids[idRef{t.Partition, t.Events[0].ID}] = index
	}
	r.encode(a, index)
	if err := r.log.Reserve(len(b.ends), int64(len(b.data))); err != nil {
		b.ends, b.data = b.ends[:ends], b.data[:data]
		r.tail.backTo(mark)
		if !mutate.On(mutate.SequenceKept) {
			r.tail.giveBack()
		}
		r.unreserved(env, q, err)
		return
	}
	r.cramped(env, nil)
	for i := range t.Events {
		if t.Events[i].GivenID {
			r.tail.ids[idRef{t.Partition, t.Events[i].ID}] = index
		}
	}
	b.requests = append(b.requests, batched{request: q, index: index})
}

// encode adds the bodies of an append to the batch; its last entry is at index.
func (r *Replica) encode(a *event.Append, index uint64) {
	b, t := &r.batch, &a.Transaction
	commit := r.log.Applied()
	if mutate.On(mutate.HintOfProposed) {
		commit = index - 1
	}
	if mutate.On(mutate.TornTransaction) && len(t.Events) > 1 {
		for i := range t.Events {
			part := event.Transaction{ID: t.ID, Key: t.Key, Partition: t.Partition, Events: t.Events[i : i+1]}
			at := r.last + uint64(len(b.ends)) + 1
			b.data = segment.AppendBody(b.data, &part, a.First+event.Sequence(i), a.Placed[i:i+1], at, commit)
			b.ends = append(b.ends, len(b.data))
		}
		return
	}
	b.data = segment.AppendBody(b.data, t, a.First, a.Placed, index, commit)
	b.ends = append(b.ends, len(b.data))
}

// unreserved answers an append for which there is no room, or stops the replica
// when the disk said something else. It is known before anything is proposed,
// so it costs this append alone.
func (r *Replica) unreserved(env *actor.Env, q request, err error) {
	if errors.Is(err, vfs.ErrNoSpace) {
		env.Hooks.Sometimes("replica: disk full")
		r.cramped(env, err)
		r.finish(env, q, r.diskFull(err))
		return
	}
	r.finish(env, q, fmt.Errorf("bucket %d: %w: %w", r.o.Bucket, event.ErrReadOnly, err))
	r.broken = err
}

// cramped notes that the disk has no room, or (nil) that it has some again, and
// tells the hooks when that changes.
func (r *Replica) cramped(env *actor.Env, why error) {
	if r.disk.cramped == (why != nil) {
		return
	}
	r.disk.cramped = why != nil
	fact := event.DiskFull{Bucket: r.o.Bucket, Full: why != nil}
	if why != nil {
		fact.Reason = why.Error()
	}
	env.Hooks.Observe(&fact)
}

// check refuses what can never be appended.
func (r *Replica) check(t *event.Transaction) error {
	if n := len(t.Events); n == 0 || n > event.EventsMax {
		return fmt.Errorf("%w: a transaction has 1 to %d events, got %d", event.ErrInvalid, event.EventsMax, n)
	}
	if size, most := segment.BodyMax(t), r.log.DataMax(); size > most {
		return fmt.Errorf("%w: the transaction takes up to %d bytes in the log, one segment holds %d (segment.size_bytes)", event.ErrTooLarge, size, most)
	}
	if len(t.Events) == 1 {
		return nil
	}
	seen := make(map[[16]byte]bool, len(t.Events))
	for i := range t.Events {
		if seen[t.Events[i].ID] {
			return fmt.Errorf("%w: event id %s stands twice in the transaction", event.ErrInvalid, t.Events[i].ID)
		}
		seen[t.Events[i].ID] = true
	}
	return nil
}

// place checks the expectations and fills in a.Placed. A refusal comes with
// the index of the uncommitted entry that it rests on, 0 for none.
func (r *Replica) place(a *event.Append, index uint64) (rests uint64, refusal error) {
	t := &a.Transaction
	a.Placed = a.Placed[:0]
	mark := len(r.tail.undo)
	for i := range t.Events {
		ev := &t.Events[i]
		key := event.StreamKey{Key: t.Key, ID: ev.Stream}
		ref := streamRef{t.Partition, key}
		now, ok := r.tail.streams[ref]
		if !ok {
			now = speculation{next: r.log.NextVersion(t.Partition, key)}
		}
		held := now.next
		if mutate.On(mutate.CheckCommittedOnly) {
			held = r.log.NextVersion(t.Partition, key)
		}
		if !ev.Expected.Holds(held) {
			err := &event.VersionError{Stream: key, Next: now.next, Expected: ev.Expected}
			if now.index == index && !mutate.On(mutate.RestsOnItself) {
				// The stream was advanced by this transaction's own earlier events.
				now.index = r.tail.restedOn(mark, ref)
			}
			return now.index, err
		}
		a.Placed = append(a.Placed, event.Placed{ID: ev.ID, Version: now.next, Timestamp: ev.Timestamp})
		r.tail.advance(ref, now.next+1, index)
	}
	return 0, nil
}

// hold keeps a refusal back until what it rests on is committed: an answer
// must not tell of a version that may vanish.
func (r *Replica) hold(env *actor.Env, q request, refusal error, rests uint64) {
	if rests > r.log.Applied() && !mutate.On(mutate.EarlyRefusal) {
		env.Hooks.Sometimes("replica: refusal waits for commit")
		r.attach(rests, waiter{request: q, refusal: refusal})
		return
	}
	// It rests on committed state; a read index proves that this is still the
	// newest.
	q.append.Err = refusal
	r.asks = append(r.asks, q)
}

// attach lets a request wait for the entry at index, which is proposed or in
// the batch.
func (r *Replica) attach(index uint64, w waiter) {
	if on := r.waiting.at(index); on != nil {
		w.index, w.term = on.index, on.term
		w.next, on.next = on.next, &w
		return
	}
	r.batch.requests = append(r.batch.requests, batched{w.request, index, w.refusal})
}

// proposeBatch hands the batch to Raft. Either all of it is proposed or none.
func (r *Replica) proposeBatch(env *actor.Env) {
	b := &r.batch
	start := 0
	for i, end := range b.ends {
		if i == len(b.entries) {
			b.entries = append(b.entries, &pb.Entry{})
		}
		b.entries[i].Data = b.data[start:end:end]
		start = end
	}
	if len(b.ends) > 0 {
		err := r.step(&pb.Message{Type: pb.MsgProp.Enum(), From: ptr(uint64(voter)), Entries: b.entries[:len(b.ends)]})
		if errors.Is(err, raft.ErrProposalDropped) {
			r.dropBatch(env, fmt.Errorf("bucket %d: %w", r.o.Bucket, event.ErrNotLeader))
			return
		}
	}
	r.last += uint64(len(b.ends))
	env.Hooks.Sometimes("replica: batch proposed")
	for _, q := range b.requests {
		w := waiter{request: q.request, index: q.index, term: r.term, refusal: q.refusal}
		if r.waiting.at(q.index) != nil {
			r.attach(q.index, w)
		} else {
			r.waiting.push(w)
		}
	}
	clear(b.requests)
}

// dropBatch answers a batch that Raft did not take.
func (r *Replica) dropBatch(env *actor.Env, err error) {
	b := &r.batch
	r.tail.drop()
	for _, q := range b.requests {
		t := &q.append.Transaction
		for i := range t.Events {
			ref := idRef{t.Partition, t.Events[i].ID}
			if r.tail.ids[ref] > r.last {
				delete(r.tail.ids, ref)
			}
		}
		r.finish(env, q.request, err)
	}
	clear(b.requests)
}
