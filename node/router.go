package node

import (
	"errors"
	"fmt"
	"strings"

	"sierradb/commands"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
	"sierradb/node/replica"
)

// piece is how many events of a scan are located at a time. A long scan goes
// back to the replica for each piece, so that it holds up neither the replica
// nor the session's other work.
const piece = 1024

// router is the commands.Store of one session: it finds the replica that a
// request belongs to, and reads the events that the replica located. It runs
// inside its session's Step and is never shared.
type router struct {
	n      *Node
	cursor segment.Cursor
	free   []*reading

	plan    []segment.Position // scratch of deliver, with event
	event   event.Event
	waits   []*waiting    // reads that wait for events
	armed   actor.Instant // when the timer for them fires, 0: it is not set
	hurried bool          // nothing waits any more
}

var _ commands.Store = (*router)(nil)

func (n *Node) router() *router { return &router{n: n} }

// reading is a query under way.
type reading struct {
	q         *event.Query
	ask       replica.Ask
	upper     uint64 // highest version or sequence of the scan that existed when it began
	begun     bool   // the first answer has come
	piece     int    // how many events are located at a time
	delivered int
	until     actor.Instant // of a read that waits: when it is answered with nothing, 0 for no limit
	late      bool          // it has waited long enough

	fan     []*replica.Ask    // GetEvent: one for each bucket
	where   event.PartitionID // GetEvent: the partition that has it
	waiting int
}

func (r *router) Bucket(p event.PartitionID) event.BucketID {
	return event.BucketOf(p, r.n.o.Buckets)
}

func (r *router) Info() commands.Info { return r.n.info }

// Append sends a transaction to the replica of its bucket. What the client left
// open is filled in here, once, so that a retry carries the same.
func (r *router) Append(env *actor.Env, a *event.Append) {
	t := &a.Transaction
	t.Partition = event.PartitionOf(t.Key, r.n.o.Partitions)
	wall := min(max(env.Wall, 0), event.TimestampMax)
	for i := range t.Events {
		ev := &t.Events[i]
		if !ev.GivenID {
			ev.ID = event.NewID(env.Rand, wall, t.Key)
		}
		if !ev.GivenTime {
			ev.Timestamp = wall
		}
	}
	switch {
	case len(t.Events) == 1:
		t.ID = t.Events[0].ID
	default:
		t.ID = event.NewTransactionID(env.Rand)
	}
	b := r.Bucket(t.Partition)
	if err := r.unserved(b); err != nil {
		a.Err = err
		env.Tell(env.Self, actor.Event{Kind: event.Appended, Token: a.Token, Body: a})
		return
	}
	env.Tell(replica.ID(b), actor.Event{Kind: event.Appending, Token: a.Token, Body: a})
}

// unserved says why a bucket can't be asked.
func (r *router) unserved(b event.BucketID) error {
	err := r.n.damaged[b]
	switch {
	case err == nil:
		return nil
	case errors.Is(err, event.ErrDamaged):
		return fmt.Errorf("bucket %d is not served: %w", b, err)
	}
	// Its files could not be opened or made: that may be better at the next start.
	return fmt.Errorf("bucket %d is not served: %w: %w", b, event.ErrUnavailable, err)
}

// Query starts a query.
func (r *router) Query(env *actor.Env, q *event.Query) {
	q.Err, q.Found, q.Last, q.More = nil, false, 0, false
	if q.Kind == event.OpenFollow {
		r.open(env, q)
		return
	}
	rd := r.take(q)
	if q.Wait && q.Within > 0 {
		rd.until = env.Now + q.Within
	}
	rd.piece = piece
	if env.Hooks.Buggify("router/small-pieces") {
		rd.piece = 2
	}
	p := q.Partition
	if q.Kind == event.GetEvent {
		p = event.PartitionOf(q.ID, r.n.o.Partitions)
	} else if q.Kind == event.ScanStream || q.Kind == event.LastVersion {
		p = event.PartitionOf(q.Stream.Key, r.n.o.Partitions)
	}
	rd.ask = replica.Ask{Owner: rd, Kind: q.Kind, Partition: p, Stream: q.Stream, ID: q.ID,
		From: q.From, To: q.To, Limit: min(q.Limit, rd.piece), Reverse: q.Reverse, Positions: rd.ask.Positions}
	r.send(env, &rd.ask, r.Bucket(p))
}

// send puts a question to the replica of a bucket.
func (r *router) send(env *actor.Env, a *replica.Ask, b event.BucketID) {
	if err := r.unserved(b); err != nil {
		a.Err = err
		env.Tell(env.Self, actor.Event{Kind: replica.Answered, Body: a})
		return
	}
	env.Tell(replica.ID(b), actor.Event{Kind: replica.Asking, Body: a})
}

// Deliver takes answers.
func (r *router) Deliver(env *actor.Env, ev *actor.Event) (*event.Append, *event.Query) {
	switch ev.Kind {
	case event.Appended:
		return ev.Body.(*event.Append), nil
	case replica.Answered:
		a := ev.Body.(*replica.Ask)
		switch of := a.Owner.(type) {
		case *lane:
			return nil, r.opened(env, of, a)
		case *waiting:
			r.noted(env, of)
			return nil, nil
		}
		rd := a.Owner.(*reading)
		if !r.answered(env, rd, a) {
			return nil, nil
		}
		q := rd.q
		r.give(rd)
		return nil, q
	case replica.Fed:
		b := ev.Body.(*replica.Feed)
		if w, ok := b.Owner.(*waiting); !ok {
			r.fed(env, b)
		} else if !w.over {
			r.end(env, w, false)
		}
		return nil, nil
	case actor.Tick:
		r.tick(env)
		return nil, nil
	}
	panic(fmt.Sprintf("node: a session got an event of unknown kind %d", ev.Kind))
}

// answered takes one answer and reports whether the query is done.
func (r *router) answered(env *actor.Env, rd *reading, a *replica.Ask) bool {
	q := rd.q
	switch q.Kind {
	case event.GetEvent:
		return r.located(env, rd, a)
	case event.LastVersion, event.LastSequence:
		q.Err, q.Found, q.Last = a.Err, a.Found, a.Last
		return true
	}
	if a.Err != nil {
		q.Err = a.Err
		return true
	}
	if !rd.begun {
		rd.begun, rd.upper = true, min(q.To, a.Last)
		q.Found = a.Found
	}
	if !q.Found || q.From > rd.upper {
		if q.Wait && q.Limit > 0 && !rd.late && !r.hurried {
			rd.begun = false
			r.wait(env, rd)
			return false
		}
		return true
	}
	full := r.read(env, rd, a.Positions)
	if q.Err != nil {
		return true
	}
	left := rd.upper - q.From + 1 - uint64(rd.delivered)
	if full || rd.delivered >= q.Limit || left == 0 {
		q.More = left > 0 || mutate.On(mutate.MoreAtCount) && rd.delivered == q.Limit
		return true
	}
	env.Hooks.Sometimes("router: scan in pieces")
	if q.Reverse {
		a.To = rd.upper - uint64(rd.delivered)
	} else {
		a.From = q.From + uint64(rd.delivered)
		a.To = rd.upper
	}
	a.Limit = min(q.Limit-rd.delivered, rd.piece)
	r.send(env, a, r.Bucket(a.Partition))
	return false
}

// read hands the events at some positions to the query's sink, until it is
// full.
func (r *router) read(env *actor.Env, rd *reading, at []segment.Position) (full bool) {
	r.cursor.Plan(at)
	var ev event.Event
	for _, pos := range at {
		err := r.cursor.Event(pos, &ev)
		if err == nil && !rd.wants(&ev) && !mutate.On(mutate.TrustPositions) {
			err = misplaced(pos)
		}
		if err != nil {
			env.Hooks.Observe(&event.Unreadable{Err: err})
			if mutate.On(mutate.UnreadableSkipped) {
				rd.delivered++
				continue
			}
			rd.q.Err = err
			return false
		}
		if !rd.q.Sink.Event(&ev) {
			return true
		}
		rd.delivered++
	}
	return false
}

// wants says whether ev is the event that comes next. A frame that checks may
// still be another one than was asked for: a disk can answer a read with what
// stands elsewhere, or write a sector to the wrong place.
func (rd *reading) wants(ev *event.Event) bool {
	q := rd.q
	n := q.From + uint64(rd.delivered)
	if q.Reverse {
		n = rd.upper - uint64(rd.delivered)
	}
	switch q.Kind {
	case event.GetEvent:
		return ev.ID == q.ID && ev.Partition == rd.where
	case event.ScanStream:
		return uint64(ev.Version) == n && ev.Key == q.Stream.Key && ev.Stream == q.Stream.ID
	}
	return uint64(ev.Sequence) == n && ev.Partition == q.Partition
}

// misplaced is the error for a frame that checks and is another one.
func misplaced(pos segment.Position) error {
	return &event.DamageError{File: pos.Segment.Name(), Offset: pos.Offset, Reason: "another event stands here than the index says"}
}

// located takes an answer to where an event is: first from the partition that
// its id names, then from all buckets (architecture S14).
func (r *router) located(env *actor.Env, rd *reading, a *replica.Ask) bool {
	q := rd.q
	if a == &rd.ask {
		if a.Err == nil && a.Found {
			q.Found, rd.where = true, a.Partition
			r.read(env, rd, a.Positions)
			return true
		}
		rd.waiting = r.n.o.Buckets
		for b := range r.n.o.Buckets {
			if b == len(rd.fan) {
				rd.fan = append(rd.fan, &replica.Ask{})
			}
			*rd.fan[b] = replica.Ask{Owner: rd, Kind: event.GetEvent, ID: q.ID, Anywhere: true, Positions: rd.fan[b].Positions}
			r.send(env, rd.fan[b], event.BucketID(b))
		}
		return false
	}
	if rd.waiting--; rd.waiting > 0 {
		return false
	}
	r.gather(env, rd)
	return true
}

// gather ends a search of all buckets: the hit in the lowest partition wins;
// without one, the event is known to be absent only when every bucket answered.
func (r *router) gather(env *actor.Env, rd *reading) {
	q := rd.q
	var best []segment.Position
	var lowest event.PartitionID
	var silent []string
	var why error
	for b, a := range rd.fan[:r.n.o.Buckets] {
		if a.Err != nil {
			silent = append(silent, fmt.Sprint(b))
			why = a.Err
			continue
		}
		if !a.Found {
			continue
		}
		var ev event.Event
		r.cursor.Plan(a.Positions)
		err := r.cursor.Event(a.Positions[0], &ev)
		if err == nil && ev.ID != q.ID {
			err = misplaced(a.Positions[0])
		}
		if err != nil {
			env.Hooks.Observe(&event.Unreadable{Err: err})
			q.Err = err
			return
		}
		if best == nil || ev.Partition < lowest {
			best, lowest = a.Positions, ev.Partition
		}
	}
	switch {
	case best != nil:
		q.Found, rd.where = true, lowest
		r.read(env, rd, best)
	case len(silent) > 0:
		q.Err = fmt.Errorf("%w: not found elsewhere, and bucket %s can't be asked: %w", event.ErrUnavailable, strings.Join(silent, ", "), why)
	}
}

// take and give reuse the state of queries.
func (r *router) take(q *event.Query) *reading {
	if n := len(r.free); n > 0 {
		rd := r.free[n-1]
		r.free = r.free[:n-1]
		rd.q, rd.begun, rd.upper, rd.delivered, rd.waiting, rd.until, rd.late = q, false, 0, 0, 0, 0, false
		return rd
	}
	return &reading{q: q}
}

func (r *router) give(rd *reading) {
	rd.q = nil
	r.cursor.Plan(nil) // a large frame is not kept for an idle connection
	r.free = append(r.free, rd)
}
