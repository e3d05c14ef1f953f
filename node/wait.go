package node

import (
	"strings"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/node/replica"
)

// waiting is a read that waits for an event to come: the last act of a reading
// that found nothing.
type waiting struct {
	rd    *reading
	src   [1]event.Source
	next  [1]uint64
	key   event.StreamKey // of src
	ask   replica.Ask
	feed  replica.Feed
	until actor.Instant // 0: no limit
	over  bool
}

// wait lets a reading that found nothing wait.
func (r *router) wait(env *actor.Env, rd *reading) {
	q := rd.q
	w := &waiting{rd: rd, next: [1]uint64{q.From}, until: rd.until}
	if mutate.On(mutate.WaitsForNext) {
		w.next[0]++
	}
	w.src[0].Partition = rd.ask.Partition
	if q.Kind == event.ScanStream {
		// The query is the command's, which may be gone before the bucket lets go.
		w.key = event.StreamKey{Key: q.Stream.Key, ID: strings.Clone(q.Stream.ID)}
		w.src[0].Stream = &w.key
	}
	w.ask = replica.Ask{Owner: w, Kind: event.OpenFollow, Sources: w.src[:], Next: w.next[:]}
	w.feed = replica.Feed{Owner: w, Limit: 1}
	r.waits = append(r.waits, w)
	r.send(env, &w.ask, r.Bucket(rd.ask.Partition))
	r.arm(env)
}

// noted takes the bucket's word that it knows of a read that waits.
func (r *router) noted(env *actor.Env, w *waiting) {
	w.feed.Follower = w.ask.Follower
	switch {
	case w.over:
		r.release(env, w)
	case w.ask.Err != nil:
		r.end(env, w, false) // the read gets the error itself
	default:
		env.Tell(replica.ID(r.Bucket(w.src[0].Partition)), actor.Event{Kind: replica.Feeding, Body: &w.feed})
	}
}

// end ends the wait: the read is done again, or answered with nothing.
func (r *router) end(env *actor.Env, w *waiting, late bool) {
	w.over = true
	for i, other := range r.waits {
		if other == w {
			r.waits = append(r.waits[:i], r.waits[i+1:]...)
			break
		}
	}
	r.release(env, w)
	rd := w.rd
	rd.late = late
	r.send(env, &rd.ask, r.Bucket(rd.ask.Partition))
}

func (r *router) release(env *actor.Env, w *waiting) {
	if w.feed.Follower != nil {
		env.Tell(replica.ID(r.Bucket(w.src[0].Partition)), actor.Event{Kind: replica.Unfollowing, Body: w.feed.Follower})
	}
}

// armMax is the longest time that the router's timer runs: what waits for less
// than the rest of it needs a timer of its own.
const armMax = 10 * actor.Second

// arm sets the timer for the read that has waited long enough first.
func (r *router) arm(env *actor.Env) {
	at := actor.Instant(0)
	for _, w := range r.waits {
		if w.until != 0 && (at == 0 || w.until < at) {
			at = w.until
		}
	}
	if at == 0 {
		return
	}
	at = min(at, env.Now+armMax)
	if r.armed > env.Now && r.armed <= at {
		return
	}
	r.armed = at
	env.After(max(at-env.Now, 1), waitToken)
}

// waitToken is the token of the router's timer.
const waitToken = 1

// tick ends the reads that have waited long enough.
func (r *router) tick(env *actor.Env) {
	if env.Now < r.armed {
		return
	}
	r.armed = 0
	for i := 0; i < len(r.waits); {
		if w := r.waits[i]; w.until != 0 && w.until <= env.Now {
			r.end(env, w, true)
			continue
		}
		i++
	}
	if mutate.On(mutate.WaitTimerOnce) {
		return
	}
	r.arm(env)
}

// Hurry ends all waits: reads that wait for events are answered with nothing.
func (r *router) Hurry(env *actor.Env) {
	r.hurried = true
	for len(r.waits) > 0 {
		r.end(env, r.waits[0], true)
	}
}
