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

// lane is a subscription's part in one bucket.
type lane struct {
	of     *following
	bucket event.BucketID
	index  []int32 // of the subscription's sources; nil: all of them
	feed   replica.Feed
	at     int  // of feed.Items: the next to deliver
	asked  bool // the feed is with the replica
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
		l.of, l.feed.Owner = fol, l
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
		l.feed.Follower = a.Follower
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
		if l.feed.Follower != nil {
			env.Tell(replica.ID(l.bucket), actor.Event{Kind: replica.Unfollowing, Body: l.feed.Follower})
		}
	}
	fol.lanes = nil
}

// fed takes events that a bucket has for a subscription.
func (r *router) fed(env *actor.Env, b *replica.Feed) {
	l := b.Owner.(*lane)
	l.asked, l.at = false, 0
	if !l.of.ended {
		r.pump(env, l.of)
	}
}

// pump delivers what is here and asks for more, lane by lane, as far as the sink
// takes it.
func (r *router) pump(env *actor.Env, fol *following) {
	for range fol.lanes {
		l := &fol.lanes[fol.turn]
		if l.asked {
			fol.turn = (fol.turn + 1) % len(fol.lanes)
			continue
		}
		full, err := r.deliver(env, l)
		if err != nil {
			env.Hooks.Observe(&event.Unreadable{Err: err})
			r.part(env, fol)
			fol.f.Sink.Ended(err)
			return
		}
		if full {
			return // it is this lane's turn when the sink takes events again
		}
		room := fol.f.Sink.Room()
		if room == 0 {
			return
		}
		l.feed.Limit = min(room, feedMax)
		if env.Hooks.Buggify("follow/small-feed") {
			l.feed.Limit = 1
		}
		l.asked = true
		fol.turn = (fol.turn + 1) % len(fol.lanes)
		env.Tell(replica.ID(l.bucket), actor.Event{Kind: replica.Feeding, Body: &l.feed})
	}
}

// deliver hands the events of a feed to the sink, until it is full. Those that
// are left are read from the log later: what is in memory now is not kept for a
// subscriber that is slow.
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
	r.cursor.Plan(r.plan)
	defer r.cursor.Plan(nil)
	var ev event.Event
	for i := range items {
		it := &items[i]
		at, forms := &ev, (*event.Forms)(nil)
		if it.Fresh != nil {
			at, forms = &it.Fresh.Event, &it.Fresh.Forms
		} else if err := r.cursor.Event(it.At, &ev); err != nil {
			return false, err
		}
		n := l.source(it)
		if !isNext(f, n, at) {
			return false, misplaced(it.At)
		}
		if !f.Sink.Event(n, at, forms) {
			for j := range items[i:] {
				items[i+j].Fresh = nil
			}
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
