package replica

import (
	"container/heap"

	"sierradb/core/event"
	"sierradb/core/mutate"
)

// A watch is a source of a follower that has no event yet at the position that
// comes next. It is fired once, by the commit that brings one, and forgotten: a
// follower that is behind, and one that waits while others commit, cost nothing.
type watch struct {
	next uint64 // the event that it waits for
	f    *Follower
	at   int32 // of the follower's sources
}

// watchList holds the watches of one partition or one stream, the one that
// waits for the lowest number first.
type watchList struct {
	of      event.Source
	list    []watch
	dead    int  // of these, watches of followers that are gone
	touched bool // it stands in watches.touched
}

func (l *watchList) Len() int           { return len(l.list) }
func (l *watchList) Less(i, j int) bool { return l.list[i].next < l.list[j].next }
func (l *watchList) Swap(i, j int)      { l.list[i], l.list[j] = l.list[j], l.list[i] }
func (l *watchList) Push(x any)         { panic("replica: a watch is pushed without a box") }
func (l *watchList) Pop() any           { panic("replica: a watch is popped without a box") }

// add puts a watch into its place.
func (l *watchList) add(w watch) {
	l.list = append(l.list, w)
	heap.Fix(l, len(l.list)-1)
}

// pop takes the first watch.
func (l *watchList) pop() watch {
	w, last := l.list[0], len(l.list)-1
	l.list[0] = l.list[last]
	l.list[last] = watch{}
	l.list = l.list[:last]
	if last > 1 {
		heap.Fix(l, 0)
	}
	return w
}

// bury notes that one watch belongs to a follower that is gone, and drops those
// once they are the half.
func (l *watchList) bury() {
	if l.dead++; 2*l.dead < len(l.list) {
		return
	}
	kept := l.list[:0]
	for _, w := range l.list {
		if !w.f.gone {
			kept = append(kept, w)
		}
	}
	clear(l.list[len(kept):])
	l.list, l.dead = kept, 0
	heap.Init(l)
}

// watches are those of a bucket.
type watches struct {
	partitions map[event.PartitionID]*watchList
	streams    map[event.StreamKey]*watchList
	free       []*watchList
	live       int          // watches of followers that are not gone
	touched    []*watchList // lists that what was applied may fire, or that are empty
}

func (w *watches) init() {
	w.partitions = make(map[event.PartitionID]*watchList)
	w.streams = make(map[event.StreamKey]*watchList)
}

// find returns the list of a source, nil if nobody watches it.
func (w *watches) find(src event.Source) *watchList {
	if src.Stream == nil {
		return w.partitions[src.Partition]
	}
	return w.streams[*src.Stream]
}

// add watches a source of a follower.
func (w *watches) add(f *Follower, at int32) {
	s := &f.sources[at]
	l := w.find(s.source())
	if l == nil {
		l = w.begin(s.source())
	}
	s.watched = true
	l.add(watch{next: s.next, f: f, at: at})
	w.live++
}

func (w *watches) begin(src event.Source) *watchList {
	l := new(watchList)
	if n := len(w.free); n > 0 {
		l, w.free = w.free[n-1], w.free[:n-1]
	}
	l.of = src
	if src.Stream == nil {
		w.partitions[src.Partition] = l
	} else {
		w.streams[*src.Stream] = l
	}
	return l
}

// fire takes the first watch of a list, if it waits for an event below next.
func (w *watches) fire(l *watchList, next uint64) (watch, bool) {
	for len(l.list) > 0 && l.list[0].next < next {
		at := l.pop()
		if at.f.gone {
			l.dead--
			if mutate.On(mutate.DeadWatchStops) {
				break
			}
			continue
		}
		w.live--
		at.f.sources[at.at].watched = false
		return at, true
	}
	return watch{}, false
}

// bury lets go of the watch of a source whose follower is gone.
func (w *watches) bury(s *followed) {
	w.live--
	l := w.find(s.source())
	l.bury()
	w.touch(l)
}

// touch remembers a list for settle.
func (w *watches) touch(l *watchList) {
	if l != nil && !l.touched {
		l.touched = true
		w.touched = append(w.touched, l)
	}
}

// listsFree is how many empty lists, of at most watchesFree watches, are kept.
const listsFree, watchesFree = 1024, 16

// settle forgets the touched lists that are empty.
func (w *watches) settle() {
	for _, l := range w.touched {
		l.touched = false
		if len(l.list) > 0 {
			continue
		}
		if l.of.Stream == nil {
			delete(w.partitions, l.of.Partition)
		} else {
			delete(w.streams, *l.of.Stream)
		}
		l.of = event.Source{}
		if len(w.free) < listsFree && cap(l.list) <= watchesFree {
			w.free = append(w.free, l)
		}
	}
	clear(w.touched)
	w.touched = w.touched[:0]
}
