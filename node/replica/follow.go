package replica

import (
	"fmt"
	"slices"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
)

// The kinds of events between a replica and who follows its events.
const (
	Feeding     actor.Kind = iota + 48 // Body *Feed, to the replica: go on
	Fed                                // the same block, with events
	Unfollowing                        // Body *Follower: it is not wanted any more
	Leaving                            // From is gone: so are its followers
)

// Follower is one subscriber's interest in some sources of a bucket. It is
// opened by an Ask of kind event.OpenFollow and belongs to the replica; who
// asked keeps the pointer as its name only.
//
// A follower is given events for each Feed, of which there is one. While there
// are none it is watched for them, and costs nothing: there is no other path for
// what is committed just now, so none has to be left for it.
type Follower struct {
	session  actor.ID
	before   *Follower // among the followers of the session
	after    *Follower
	sources  []followed
	ready    []int32 // of sources: those that have events, in the order of their turns
	feed     *Feed   // waits for events
	awakened bool    // stands in Replica.awake
	gone     bool
}

// followed is a source and where a follower stands in it.
type followed struct {
	stream    *event.StreamKey // nil: the partition
	next      uint64
	partition event.PartitionID
	watched   bool // else it is ready
}

func (s *followed) source() event.Source {
	return event.Source{Partition: s.partition, Stream: s.stream}
}

// Feed is the block in which events reach a subscriber. It goes to the replica
// and comes back when there are events for it, at once or with a later commit.
type Feed struct {
	Owner    any // the subscriber's own, untouched
	Follower *Follower
	Limit    int // at most so many events

	// Items are the events that come next, those of each source in order. The
	// memory is reused when the block is.
	Items []Item
}

// Item is an event for a subscriber.
type Item struct {
	At     segment.Position
	Source int32 // of the follower
	Fresh  *Fresh
}

// itemsKept is how much room for items a follower that waits keeps.
const itemsKept = 4

// nobody is who has left.
var nobody actor.ID

// openFollower answers an Ask of kind OpenFollow.
func (r *Replica) openFollower(from actor.ID, a *Ask) {
	if from == nobody {
		return
	}
	f := &Follower{session: from, sources: make([]followed, len(a.Sources))}
	for i, src := range a.Sources {
		s := &f.sources[i]
		s.partition, s.stream = src.Partition, src.Stream
		if a.Next[i] == event.Latest {
			a.Next[i] = r.head(s.source())
		}
		s.next = a.Next[i]
	}
	if f.after = r.followers[from]; f.after != nil {
		f.after.before = f
	}
	r.followers[from] = f
	for i := range f.sources {
		r.line(f, int32(i))
	}
	a.Follower = f
}

// head is what the next event of a source will be numbered.
func (r *Replica) head(src event.Source) uint64 {
	if src.Stream == nil {
		return uint64(r.log.NextSequence(src.Partition))
	}
	return uint64(r.log.NextVersion(src.Partition, *src.Stream))
}

// line lines a source up: for its turn when there are events, else to be woken.
func (r *Replica) line(f *Follower, at int32) {
	if s := &f.sources[at]; s.next < r.head(s.source()) {
		f.ready = append(f.ready, at)
	} else {
		r.watches.add(f, at)
	}
}

// takeFeed takes a subscriber's wish for events.
func (r *Replica) takeFeed(env *actor.Env, b *Feed) {
	if f := b.Follower; !f.gone {
		f.feed = b
		if mutate.On(mutate.ReadyUnserved) && len(f.sources) > 1 {
			return
		}
		r.serve(env, f)
	}
}

// serve fills the feed of a follower, if it has one and there are events.
func (r *Replica) serve(env *actor.Env, f *Follower) {
	b := f.feed
	if b == nil {
		return
	}
	if cap(b.Items) > itemsKept && len(f.ready) == 0 {
		b.Items = nil
	}
	clear(b.Items)
	b.Items = b.Items[:0]
	if len(f.ready) == 0 {
		return
	}
	sources := 0
	for len(f.ready) > 0 && len(b.Items) < b.Limit {
		share := (b.Limit - len(b.Items) + len(f.ready) - 1) / len(f.ready)
		r.look(f, f.ready[0], share)
		sources++
		// The turn passes to the next source, and this one lines up again.
		at := f.ready[0]
		f.ready = f.ready[:copy(f.ready, f.ready[1:])]
		r.line(f, at)
	}
	if sources > 1 {
		r.sort(b)
	}
	for i := range b.Items {
		b.Items[i].Fresh = r.recent.find(b.Items[i].At)
	}
	f.feed = nil
	env.Tell(f.session, actor.Event{Kind: Fed, Body: b})
}

// look adds at most limit events of a source to the feed of f.
func (r *Replica) look(f *Follower, at int32, limit int) {
	s := &f.sources[at]
	to := r.head(s.source()) - 1
	if s.stream == nil {
		r.places = r.log.PartitionPositions(r.places[:0], s.partition, s.next, to, limit, false)
	} else {
		r.places = r.log.StreamPositions(r.places[:0], s.partition, *s.stream, s.next, to, limit, false)
	}
	if len(r.places) == 0 {
		panic(fmt.Sprintf("replica: bucket %d: the index knows of %d events of a source and not where number %d is", r.o.Bucket, to+1, s.next))
	}
	for _, p := range r.places {
		f.feed.Items = append(f.feed.Items, Item{At: p, Source: at})
	}
	s.next += uint64(len(r.places))
	if n := len(r.places); mutate.On(mutate.FollowEdge) && n > 0 && r.places[0].Segment != r.places[n-1].Segment {
		s.next--
	}
	clear(r.places)
}

// sort puts the events of a feed into the order of the log, so that it is read
// from front to back. It sorts keys that are smaller than items.
func (r *Replica) sort(b *Feed) {
	r.keys, r.items = r.keys[:0], append(r.items[:0], b.Items...)
	for i := range b.Items {
		r.keys = append(r.keys, itemKey{b.Items[i].At, int32(i)})
	}
	slices.SortFunc(r.keys, func(x, y itemKey) int { return compare(x.at, y.at) })
	for i, k := range r.keys {
		b.Items[i] = r.items[k.from]
	}
	clear(r.keys)
	clear(r.items)
}

// itemKey says which item stands where.
type itemKey struct {
	at   segment.Position
	from int32
}

// compare orders positions as the log does.
func compare(a, b segment.Position) int {
	switch {
	case a.Segment != b.Segment && a.Segment.Number() != b.Segment.Number():
		if a.Segment.Number() < b.Segment.Number() {
			return -1
		}
		return 1
	case a.Offset != b.Offset:
		return int(max(-1, min(1, a.Offset-b.Offset)))
	}
	return int(a.Item) - int(b.Item)
}

// unfollow forgets a follower.
func (r *Replica) unfollow(f *Follower) {
	if f.gone {
		return
	}
	if f.before != nil {
		f.before.after = f.after
	} else if f.after != nil {
		r.followers[f.session] = f.after
	} else {
		delete(r.followers, f.session)
	}
	if f.after != nil {
		f.after.before = f.before
	}
	f.gone = true
	for i := range f.sources {
		if s := &f.sources[i]; s.watched {
			r.watches.bury(s)
		}
	}
	r.watches.settle()
	f.sources, f.ready, f.feed, f.before, f.after = nil, nil, nil, nil, nil
}

// leave forgets all followers of a session, and those that it has asked for.
func (r *Replica) leave(session actor.ID) {
	forget := func(items []request) {
		for i := range items {
			if q := &items[i]; q.from == session && q.ask != nil && q.ask.Kind == event.OpenFollow {
				q.ask.Sources, q.ask.Next, q.from = nil, nil, nobody
			}
		}
	}
	forget(r.asks)
	for i := range r.reads {
		forget(r.reads[i].items)
	}
	for f := r.followers[session]; f != nil; f = r.followers[session] {
		r.unfollow(f)
		if mutate.On(mutate.LeavesOne) {
			return
		}
	}
}

// Watches is how many sources are watched for subscribers. It is for who judges
// the replica.
func (r *Replica) Watches() int { return r.watches.live }

// touch notes that an applied entry may have brought what is watched for.
func (r *Replica) touch(e segment.Entry) {
	if r.watches.live == 0 {
		r.recent.clear()
		return
	}
	if e.Kind != segment.Transaction {
		return
	}
	r.recent.keep(e, r.log.Place(e.Index))
	if len(r.watches.streams) == 0 {
		head, err := segment.DecodeHead(e.Index, e.Data)
		if err != nil {
			panic("replica: an entry was applied and can't be decoded: " + err.Error())
		}
		r.watches.touch(r.watches.partitions[head.Partition])
		return
	}
	body, err := segment.DecodeBody(e.Index, e.Data)
	if err != nil {
		panic("replica: an entry was applied and can't be decoded: " + err.Error())
	}
	r.watches.touch(r.watches.partitions[body.Partition])
	var ev event.Event
	for body.Next(&ev) {
		r.watches.touch(r.watches.streams[event.StreamKey{Key: ev.Key, ID: ev.Stream}])
	}
}

// wake gives what was applied to those who waited for it.
func (r *Replica) wake(env *actor.Env) {
	if len(r.watches.touched) == 0 {
		return
	}
	for _, l := range r.watches.touched {
		next := r.head(l.of)
		for {
			w, ok := r.watches.fire(l, next)
			if !ok {
				break
			}
			w.f.ready = append(w.f.ready, w.at)
			if mutate.On(mutate.HandoverGap) {
				w.f.sources[w.at].next = next - 1
			}
			if !w.f.awakened {
				w.f.awakened = true
				r.awake = append(r.awake, w.f)
			}
			if mutate.On(mutate.LostWakeUp) {
				break
			}
		}
	}
	for _, f := range r.awake {
		f.awakened = false
		r.serve(env, f)
	}
	clear(r.awake)
	r.awake = r.awake[:0]
	r.watches.settle()
}
