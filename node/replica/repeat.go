package replica

import (
	"bytes"
	"errors"
	"fmt"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
)

// repeated answers an append whose event ids are known (architecture S13):
// with the first result when it is the same transaction, with a conflict
// otherwise. It reports whether the append is dealt with.
func (r *Replica) repeated(env *actor.Env, q request) bool {
	t := &q.append.Transaction
	for i := range t.Events {
		if !t.Events[i].GivenID {
			continue
		}
		id := t.Events[i].ID
		if index, ok := r.tail.ids[idRef{t.Partition, id}]; ok && !mutate.On(mutate.DedupCommitted) {
			r.repeatsUncommitted(env, q, id, index)
			return true
		}
		if pos, ok := r.log.Find(id, t.Partition, false); ok && !mutate.On(mutate.DedupTail) {
			r.repeatsCommitted(env, q, id, pos)
			return true
		}
	}
	return false
}

// repeatsUncommitted compares an append with one that is under way.
func (r *Replica) repeatsUncommitted(env *actor.Env, q request, id [16]byte, index uint64) {
	first := r.pending(index)
	if first == nil {
		// The one under way was given up by its waiter; what it holds is known
		// only once it is committed.
		r.attach(index, waiter{request: q, refusal: errAgain})
		return
	}
	if !repeatsRequest(&q.append.Transaction, &first.Transaction) {
		r.hold(env, q, &event.IDConflictError{ID: id}, index)
		return
	}
	env.Hooks.Sometimes("replica: retry joins its original")
	q.append.First, q.append.Repeated = first.First, true
	q.append.Placed = append(q.append.Placed[:0], first.Placed...)
	r.attach(index, waiter{request: q})
}

// errAgain marks a waiter whose append is evaluated again.
var errAgain = errors.New("evaluate again")

// pending finds the append that made the entry at index.
func (r *Replica) pending(index uint64) *event.Append {
	if w := r.waiting.at(index); w != nil {
		return w.append
	}
	for _, q := range r.batch.requests {
		if q.index == index {
			return q.append
		}
	}
	return nil
}

// repeatsCommitted compares an append with a transaction in the log.
func (r *Replica) repeatsCommitted(env *actor.Env, q request, id [16]byte, pos segment.Position) {
	a := q.append
	body, err := r.log.Transaction(pos)
	if err == nil && (body.Partition != a.Transaction.Partition || !holds(&body, id)) {
		// The same id may stand in another partition, too.
		err = &event.DamageError{File: pos.Segment.Name(), Offset: pos.Offset, Reason: "another transaction stands here than the index says"}
	}
	if err != nil {
		env.Hooks.Observe(&event.Unreadable{Err: err})
		r.finish(env, q, fmt.Errorf("compare with the first append of this event id: %w", err))
		return
	}
	if !repeatsBody(a, &body) {
		r.hold(env, q, &event.IDConflictError{ID: id}, 0)
		return
	}
	env.Hooks.Sometimes("replica: retry finds its original")
	a.First, a.Repeated = body.First, true
	r.finish(env, q, nil)
}

// holds says whether an event of the body has an id.
func holds(body *segment.Body, id [16]byte) bool {
	defer body.Reset()
	var ev event.Event
	for body.Next(&ev) {
		if ev.ID == id {
			return true
		}
	}
	return false
}

// repeatsBody says whether an append asks for the transaction of a body, and
// notes where that one's events were placed.
func repeatsBody(a *event.Append, body *segment.Body) bool {
	t := &a.Transaction
	a.Placed = a.Placed[:0]
	var ev event.Event
	same := body.Count == len(t.Events) || body.Count > len(t.Events) && mutate.On(mutate.DedupPrefix)
	for i := 0; same && i < len(t.Events) && body.Next(&ev); i++ {
		want := &t.Events[i]
		have := event.New{ID: ev.ID, Stream: ev.Stream, Name: ev.Name, Timestamp: ev.Timestamp, Payload: ev.Payload, Metadata: ev.Metadata}
		same = ev.Key == t.Key && repeatsEvent(want, &have)
		if mutate.On(mutate.DedupIDs) {
			same = ev.ID == want.ID
		}
		if mutate.On(mutate.RetryTime) {
			ev.Timestamp = want.Timestamp
		}
		a.Placed = append(a.Placed, event.Placed{ID: ev.ID, Version: ev.Version, Timestamp: ev.Timestamp})
	}
	return same
}

// repeatsRequest says whether b asks for the same events as a, in their order.
func repeatsRequest(b, a *event.Transaction) bool {
	if a.Key != b.Key || len(a.Events) != len(b.Events) {
		return false
	}
	for i := range a.Events {
		if !repeatsEvent(&b.Events[i], &a.Events[i]) && !mutate.On(mutate.DedupCount) {
			return false
		}
	}
	return true
}

// repeatsEvent says whether want asks for the event have. What it expects of the
// stream does not count, and a time that it leaves open is any.
func repeatsEvent(want, have *event.New) bool {
	return want.GivenID && want.ID == have.ID && want.Stream == have.Stream && want.Name == have.Name &&
		bytes.Equal(want.Payload, have.Payload) &&
		(bytes.Equal(want.Metadata, have.Metadata) || mutate.On(mutate.DedupMetadata)) &&
		(!want.GivenTime || want.Timestamp == have.Timestamp || mutate.On(mutate.DedupTime))
}
