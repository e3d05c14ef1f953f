package node

import (
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
)

// feedMax is how many events of a subscription a bucket locates at a time.
const feedMax = 512

// following is a subscription of the router's session. It pulls: each bucket
// is asked for the next events when those before are delivered, and answers when
// there are some. What was committed long ago and what is committed just now
// come the same way.
type following struct {
	f       *event.Follow
	opening *event.Query // until all lanes are open
	lanes   []lane
	unready int   // lanes that are not open yet
	err     error // why it can't be opened
	turn    int   // the lane that goes first
	ended   bool
}

// lane is a subscription's part in one bucket. While it catches up there are two
// feeds: the bucket fills one while the events of the other are delivered.
type lane struct {
	of       *following
	bucket   event.BucketID
	index    []int32 // of the subscription's sources; nil: all of them
	follower *replica.Follower
	feed     *replica.Feed // whose events are delivered; nil: the replica has it
	at       int           // of its items: the next to deliver
	next     *replica.Feed // that has come behind it
	spare    *replica.Feed
	asked    bool // a feed is with the replica
}

// left is how many events of the feed are not delivered.
func (l *lane) left() int {
	if l.feed == nil {
		return 0
	}
	return len(l.feed.Items) - l.at
}

// full says whether the feed holds as many events as were asked for, so that
// there may be more.
func (l *lane) full() bool { return l.feed != nil && len(l.feed.Items) == l.feed.Limit }

// take makes b, which has come from the replica, the feed or the next one.
func (l *lane) take(b *replica.Feed) {
	l.asked = false
	if l.next = b; l.feed == nil {
		l.turn()
	}
}

// turn goes on to the feed that has come, when all of the one before is
// delivered.
func (l *lane) turn() {
	if l.left() == 0 && l.next != nil {
		if l.feed != nil {
			l.spare = l.feed
		}
		l.feed, l.next, l.at = l.next, nil, 0
	}
}

// cool lets go of what is in memory of the events that could not be delivered at
// once: they are read from the log, so that a slow subscriber holds nothing.
func (l *lane) cool() {
	if l.left() > 0 {
		for i := range l.feed.Items {
			l.feed.Items[i].Fresh = nil
		}
	}
	if l.next != nil {
		for i := range l.next.Items {
			l.next.Items[i].Fresh = nil
		}
	}
}

// block is a feed to ask with, which is the replica's from then on.
func (l *lane) block() (b *replica.Feed) {
	switch {
	case l.left() == 0:
		b, l.feed, l.spare = l.feed, nil, nil // it has caught up
	case l.spare != nil:
		b, l.spare = l.spare, nil
	default:
		b = &replica.Feed{Owner: l, Follower: l.follower}
	}
	return b
}

// source is the subscription's source of an item.
func (l *lane) source(it *replica.Item) int {
	if l.index == nil {
		return int(it.Source)
	}
	return int(l.index[it.Source])
}

// open begins a subscription: its sources are looked up in their buckets.
func (r *router) open(env *actor.Env, q *event.Query) {
	f := q.Follow
	fol := &following{f: f, opening: q}
	f.Key = fol
	fol.divide(r)
	fol.unready = len(fol.lanes)
	for i := range fol.lanes {
		l := &fol.lanes[i]
		l.of, l.feed = fol, &replica.Feed{Owner: l}
		a := &replica.Ask{Owner: l, Kind: event.OpenFollow}
		if l.index == nil {
			a.Sources, a.Next = f.Sources, append([]uint64(nil), f.Next...)
		} else {
			for _, n := range l.index {
				a.Sources, a.Next = append(a.Sources, f.Sources[n]), append(a.Next, f.Next[n])
			}
		}
		r.send(env, a, l.bucket)
	}
}

// divide makes a lane for each bucket that has sources.
func (fol *following) divide(r *router) {
	f := fol.f
	counts := make([]int, r.n.o.Buckets)
	buckets := 0
	for i := range f.Sources {
		b := r.Bucket(f.Sources[i].Partition)
		if counts[b]++; counts[b] == 1 {
			buckets++
		}
	}
	fol.lanes = make([]lane, 0, buckets)
	for b, n := range counts {
		if n == 0 {
			continue
		}
		l := lane{bucket: event.BucketID(b)}
		if buckets > 1 {
			l.index = make([]int32, 0, n)
			for i := range f.Sources {
				if int(r.Bucket(f.Sources[i].Partition)) == b {
					l.index = append(l.index, int32(i))
				}
			}
		}
		fol.lanes = append(fol.lanes, l)
	}
}

// opened takes the answer for one lane. It returns the query that opened the
// subscription when that is done.
func (r *router) opened(env *actor.Env, l *lane, a *replica.Ask) *event.Query {
	fol := l.of
	if a.Err != nil {
		if fol.err == nil {
			fol.err = a.Err
		}
	} else {
		l.follower, l.feed.Follower = a.Follower, a.Follower
		for i, next := range a.Next {
			at := i
			if l.index != nil {
				at = int(l.index[i])
			}
			fol.f.Next[at] = next
		}
	}
	if fol.unready--; fol.unready > 0 {
		return nil
	}
	q := fol.opening
	fol.opening = nil
	if q.Err = fol.err; q.Err != nil || fol.ended {
		r.part(env, fol)
	}
	return q
}

// Resume lets a subscription go on: after it was opened, and when its sink takes
// events again.
func (r *router) Resume(env *actor.Env, f *event.Follow) {
	r.pump(env, f.Key.(*following))
}

// Unfollow gives a subscription up. Its sink is not called any more.
func (r *router) Unfollow(env *actor.Env, f *event.Follow) {
	fol := f.Key.(*following)
	if fol.opening != nil {
		fol.ended = true // opened lets go of it
		return
	}
	r.part(env, fol)
}

// part lets go of what the buckets hold for a subscription.
func (r *router) part(env *actor.Env, fol *following) {
	fol.ended = true
	for i := range fol.lanes {
		l := &fol.lanes[i]
		if l.follower != nil {
			env.Tell(replica.ID(l.bucket), actor.Event{Kind: replica.Unfollowing, Body: l.follower})
		}
	}
	fol.lanes = nil
}

// fed takes events that a bucket has for a subscription.
func (r *router) fed(env *actor.Env, b *replica.Feed) {
	l := b.Owner.(*lane)
	if !l.of.ended {
		l.take(b)
		r.pump(env, l.of)
		l.cool()
	}
}

// pump delivers what is here and asks for more, lane by lane, as far as the sink
// takes it.
func (r *router) pump(env *actor.Env, fol *following) {
	for range fol.lanes {
		l := &fol.lanes[fol.turn]
		for l.turn(); ; l.turn() {
			left := l.left()
			if !r.ask(env, l, left) {
				return // it is this lane's turn when the sink takes events again
			}
			if left == 0 {
				break
			}
			full, err := r.deliver(env, l)
			if err != nil {
				env.Hooks.Observe(&event.Unreadable{Err: err})
				r.part(env, fol)
				fol.f.Sink.Ended(err)
				return
			}
			if full {
				return
			}
		}
		fol.turn = (fol.turn + 1) % len(fol.lanes)
	}
}

// ask asks for the events behind those that are left, if there may be some. It
// is false when the sink has no room for them.
func (r *router) ask(env *actor.Env, l *lane, left int) bool {
	if l.asked || l.next != nil || left > 0 && !l.full() {
		return true
	}
	room := l.of.f.Sink.Room() - left
	if room <= 0 {
		return left > 0
	}
	b := l.block()
	b.Limit = min(room, feedMax)
	if env.Hooks.Buggify("follow/small-feed") {
		b.Limit = 1
	}
	l.asked = true
	env.Tell(replica.ID(l.bucket), actor.Event{Kind: replica.Feeding, Body: b})
	return true
}

// deliver hands the events of a feed to the sink, until it is full.
func (r *router) deliver(env *actor.Env, l *lane) (full bool, err error) {
	items := l.feed.Items[l.at:]
	if len(items) == 0 {
		return false, nil
	}
	f := l.of.f
	r.plan = r.plan[:0]
	for i := range items {
		if items[i].Fresh == nil {
			r.plan = append(r.plan, items[i].At)
		}
	}
	if len(r.plan) < len(items) {
		env.Hooks.Sometimes("follow: events from memory")
	}
	if len(r.plan) > 0 {
		env.Hooks.Sometimes("follow: events from the log")
	}
	r.cursor.Plan(r.plan)
	defer func() {
		r.cursor.Plan(nil)
		r.event = event.Event{} // a large frame is not kept
	}()
	for i := range items {
		it := &items[i]
		at, forms := &r.event, (*event.Forms)(nil)
		if it.Fresh != nil {
			at, forms = &it.Fresh.Event, &it.Fresh.Forms
		} else if err := r.cursor.Event(it.At, at); err != nil {
			return false, err
		}
		n := l.source(it)
		if !isNext(f, n, at) {
			return false, misplaced(it.At)
		}
		if !f.Sink.Event(n, at, forms) {
			return true, nil
		}
		f.Next[n]++
		l.at++
	}
	return false, nil
}

// isNext says whether ev is the event of a source that comes next. A frame that
// checks may still be another one than was asked for: see reading.wants.
func isNext(f *event.Follow, n int, ev *event.Event) bool {
	src := &f.Sources[n]
	if ev.Partition != src.Partition {
		return false
	}
	if src.Stream == nil {
		return uint64(ev.Sequence) == f.Next[n]
	}
	return uint64(ev.Version) == f.Next[n] && ev.Key == src.Stream.Key && ev.Stream == src.Stream.ID
}
