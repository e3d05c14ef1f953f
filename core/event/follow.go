package event

import "math"

// Latest stands for the position behind the last event that there is when a
// subscription is opened.
const Latest = math.MaxUint64

// Source is what a subscription follows: a partition, or one stream of it.
type Source struct {
	Partition PartitionID
	Stream    *StreamKey // nil: all of the partition; never changes
}

// Follow is a subscription: it hands the committed events of its sources to a
// sink, each source in order, without gap or repeat, until it is given up or
// ends with an error. It is opened by a Query of kind OpenFollow and belongs to
// who opened it; the store changes Next only.
type Follow struct {
	Sources []Source // never changes
	// Next holds, by source, the version (of a stream) or sequence (of a
	// partition) of the event that comes next. Latest is replaced when the
	// subscription is opened.
	Next []uint64
	Sink FollowSink
	Key  any // the store's own
}

// FollowSink takes the events of a subscription.
type FollowSink interface {
	// Room is how many events would be taken now, at most; it bounds what is
	// looked up ahead.
	Room() int
	// Event takes the next event of a source, or answers false: then it counts
	// as not delivered, and nothing comes before the store is told to go on. ev
	// and what it points to are valid during the call only. forms, unless nil,
	// is shared by all who take this event.
	Event(source int, ev *Event, forms *Forms) bool
	// Ended tells that nothing comes any more, and why.
	Ended(err error)
}
