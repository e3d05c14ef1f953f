package client

import (
	"fmt"
	"sync"

	"sierradb/commands/resp3"
)

// A feed is what the pushes of one connection bring: the events that the loop
// has not taken, and why no more will come. It belongs to the one subscription
// of its connection.
type feed struct {
	mu     sync.Mutex
	events []delivery
	bytes  int   // of the events, as feedMax counts them
	closed error // what the node said when it ended the subscription
	id     string

	reader messageReader // the connection's
	ready  chan struct{} // tells the loop of events, or of the end
	room   chan struct{} // tells the connection that events were taken
}

// A delivery is an event with the cursor that acknowledges it.
type delivery struct {
	cursor uint64
	event  Event
}

// feedMax is how many bytes of events a feed holds before its connection is not
// read any more. One event may exceed it. An event counts as its bytes and
// eventOverhead.
const (
	feedMax       = 8 << 20
	eventOverhead = 256
)

func newFeed() *feed {
	return &feed{ready: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// push takes a push; it waits while there is too much that the loop has not
// taken.
func (f *feed) push(dead <-chan struct{}, v Value) error {
	if len(v.Elems) < 3 {
		return unexpected("a push of a subscription", v)
	}
	switch kind := v.Elems[0].Text(); {
	case kind == "subscribe":
		f.mu.Lock()
		f.id = v.Elems[1].Text()
		f.mu.Unlock()
		return nil
	case kind == "closed" && len(v.Elems) >= 4:
		f.mu.Lock()
		f.closed = parseError(v.Elems[3].Text())
		f.mu.Unlock()
		f.tell()
		return nil
	case kind == "message" && len(v.Elems) == 4:
		return f.message(dead, v)
	}
	return nil // of a newer node
}

// message takes the push of an event that the decoder has read.
func (f *feed) message(dead <-chan struct{}, v Value) error {
	cursor, ok := countFrom(&v.Elems[2])
	if !ok || v.Elems[1].Kind != resp3.KindSimple {
		return unexpected("an id and a cursor", v)
	}
	e, err := eventFrom(v.Elems[3])
	if err != nil {
		return err
	}
	return f.deliver(dead, message{v.Elems[1].Str, delivery{cursor, e}, len(e.Payload) + len(e.Metadata)})
}

// glance takes the event that b begins with, if it is in the usual form, and
// returns its length there; 0 leaves it to push.
func (f *feed) glance(dead <-chan struct{}, b []byte) (n int, err error) {
	m, n := f.reader.read(b)
	if n == 0 {
		return 0, nil
	}
	return n, f.deliver(dead, m)
}

func (f *feed) deliver(dead <-chan struct{}, m message) error {
	f.mu.Lock()
	if string(m.id) != f.id {
		f.mu.Unlock()
		return fmt.Errorf("%w: an event of subscription %.40q, which is not that of the connection", ErrReply, m.id)
	}
	f.events = append(f.events, m.delivery)
	f.bytes += m.size + eventOverhead
	full := f.bytes > feedMax
	f.mu.Unlock()
	f.tell()
	for full {
		select {
		case <-f.room:
		case <-dead:
			return nil
		}
		f.mu.Lock()
		full = f.bytes > feedMax
		f.mu.Unlock()
	}
	return nil
}

func (f *feed) tell() {
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// take returns what is there, and gives spare for what comes. closed is the
// node's reason, if it ended the subscription behind these events.
func (f *feed) take(spare []delivery) (events []delivery, closed error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events, f.events, f.bytes = f.events, spare[:0], 0
	select {
	case f.room <- struct{}{}:
	default:
	}
	return events, f.closed
}
