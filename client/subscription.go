package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// A Subscription follows streams or partitions. It belongs to one goroutine: its
// methods are for the body of the loop, and for before and behind it.
type Subscription struct {
	c          *Client
	o          SubscribeOptions
	wrong      error // of the arguments
	all        bool
	partitions []Partition // as they were named; of streams: nil
	busy       atomic.Bool // a loop runs

	resolved bool // the fields below are set
	sources  []source
	index    map[source]int // with the key as events show it
	only     source         // of the index, if it has one alone
	next     []uint64       // by source: the event that the loop gets next
	done     []uint64       // by source: the event behind the last that is finished

	link    *link // nil: not connected
	current int   // source of the event that the loop has at hand, -1: none
	cursor  uint64
	dirty   bool // done moved since it was stored
	gap     bool // the last interruption was a hole
	pauses  backoff
}

// A link is a connection with the subscription on it.
type link struct {
	conn   *conn
	feed   *feed
	id     string
	batch  []delivery // taken from the feed; batch[at:] is not with the loop yet
	at     int
	closed error  // the node ended the subscription behind the batch
	last   uint64 // cursor of the last finished event
	ripe   int    // finished events that are not acknowledged
}

// Open connects and subscribes, if that was not done yet: what is appended after
// Open has returned comes, also from [Latest]. The loop over Events does it by
// itself, at its begin.
func (s *Subscription) Open(ctx context.Context) error {
	if !s.busy.CompareAndSwap(false, true) {
		return errBusySubscription
	}
	defer s.busy.Store(false)
	return s.ensure(ctx)
}

var errBusySubscription = errors.New("client: a subscription has one loop at a time")

// Close ends a subscription that was opened, and whose loop has ended or never
// began. Positions stay: a later loop goes on from there.
func (s *Subscription) Close() {
	if s.busy.CompareAndSwap(false, true) {
		s.drop()
		s.busy.Store(false)
	}
}

// Events returns the loop over the events. It ends with an error: that of ctx
// when that ends, [ErrClosed], or what the node answered that no waiting would
// mend. Lost connections and passing errors end nothing.
//
// An event counts as finished when the loop body asks for the next one, or calls
// [Subscription.Ack]. A body that leaves the loop has not finished its event: a
// later loop over the same subscription begins with it again.
func (s *Subscription) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if !s.busy.CompareAndSwap(false, true) {
			yield(Event{}, errBusySubscription)
			return
		}
		defer s.busy.Store(false)
		defer s.leave(ctx)
		for {
			e, err := s.event(ctx)
			if err != nil {
				// What is finished is stored before the caller hears of the end.
				yield(Event{}, errors.Join(err, s.leave(ctx)))
				return
			}
			if !yield(e, nil) {
				return
			}
			s.Ack()
		}
	}
}

// leave ends the connection and stores what is finished.
func (s *Subscription) leave(ctx context.Context) error {
	s.drop()
	if !s.resolved {
		return nil
	}
	s.current = -1
	copy(s.next, s.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.c.o.DialTimeout)
	defer cancel()
	return s.store(ctx)
}

// Ack takes the event that the loop body has at hand as finished. It is for
// bodies that leave the loop with it; otherwise the loop does it.
func (s *Subscription) Ack() {
	if s.current < 0 || !s.resolved {
		return
	}
	s.done[s.current] = s.next[s.current]
	s.current = -1
	s.dirty = true
	if l := s.link; l != nil {
		l.last = s.cursor
		l.ripe++
	}
}

// Positions returns how far the subscription is: behind the last finished event
// of each stream or partition. Before the subscription has begun there are none.
func (s *Subscription) Positions() []Position {
	list := make([]Position, len(s.done))
	for i, src := range s.sources[:len(s.done)] {
		list[i] = Position{src.stream, src.key, src.partition, s.done[i]}
	}
	return list
}

// event returns the next event, however long it takes.
func (s *Subscription) event(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Event{}, context.Cause(ctx)
		}
		if err := s.ensure(ctx); err != nil {
			return Event{}, err
		}
		d, err := s.take(ctx)
		if err == nil && d == nil {
			continue
		}
		if err == nil {
			var fresh bool
			if fresh, err = s.advance(d); fresh {
				return d.event, nil
			}
			if err == nil {
				continue
			}
		}
		s.drop()
		if err := s.interrupted(ctx, err); err != nil {
			return Event{}, err
		}
	}
}

// advance moves the position to behind an event. fresh is false for one that
// the loop has had; one that lies beyond the next is an error.
func (s *Subscription) advance(d *delivery) (fresh bool, err error) {
	e := &d.event
	src, n := source{partition: e.Partition}, e.Sequence
	if s.sources[0].stream != "" {
		src, n = source{stream: e.Stream, key: e.PartitionKey}, e.Version
	}
	i, known := 0, src == s.only
	if len(s.sources) > 1 {
		i, known = s.index[src]
	}
	if !known {
		return false, &connError{s.c.o.Addr, fmt.Errorf("%w: an event of stream %q in partition %d, which nobody follows", ErrReply, e.Stream, e.Partition)}
	}
	if n > s.next[i] {
		err := fmt.Errorf("%w: %d came where %d comes next (stream %q, partition %d)", ErrGap, n, s.next[i], e.Stream, e.Partition)
		if s.gap {
			return false, err
		}
		s.gap = true // it is looked at once more
		return false, &connError{s.c.o.Addr, err}
	}
	if n < s.next[i] {
		return false, nil
	}
	s.next[i] = n + 1
	s.current, s.cursor = i, d.cursor
	s.gap = false
	s.pauses.reset()
	return true, nil
}

// take returns the next delivery. It acknowledges in time: when half the window
// is finished, and before it waits. nil means to look again.
func (s *Subscription) take(ctx context.Context) (*delivery, error) {
	l := s.link
	if l.ripe >= (s.o.Window+1)/2 {
		if err := s.acknowledge(ctx); err != nil {
			return nil, err
		}
	}
	if l.at < len(l.batch) {
		l.at++
		return &l.batch[l.at-1], nil
	}
	clear(l.batch) // the loop has had them
	dead := l.conn.fault()
	l.batch, l.closed = l.feed.take(l.batch)
	l.at = 0
	switch {
	case len(l.batch) > 0:
		return nil, nil
	case l.closed != nil:
		return nil, l.closed
	case dead != nil:
		return nil, dead
	}
	if err := s.acknowledge(ctx); err != nil {
		return nil, err
	}
	return nil, s.await(ctx)
}

// heartbeat is how long the loop waits before it asks whether the node is there.
// A node that says nothing to that for Options.ReplyTimeout counts as lost.
const heartbeat = 15 * time.Second

// await waits until there may be something to take.
func (s *Subscription) await(ctx context.Context) error {
	quiet := time.NewTimer(min(heartbeat, s.c.o.ReplyTimeout))
	defer quiet.Stop()
	for {
		select {
		case <-s.link.feed.ready:
			return nil
		case <-s.link.conn.ended: // after the last push was taken
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-quiet.C:
			if s.link.conn.post(newCommand("PING")) != nil {
				return nil
			}
			quiet.Reset(min(heartbeat, s.c.o.ReplyTimeout))
		}
	}
}

// acknowledge tells the node, and the hook, what is finished.
func (s *Subscription) acknowledge(ctx context.Context) error {
	if l := s.link; l.ripe > 0 {
		l.ripe = 0
		// If it fails the connection is lost, which take will see.
		_ = l.conn.post(newCommand("EACK", l.id).number(l.last))
	}
	return s.store(ctx)
}

// store hands the positions to the hook.
func (s *Subscription) store(ctx context.Context) error {
	if s.o.Positions == nil || !s.dirty {
		return nil
	}
	if err := s.o.Positions.Store(ctx, s.Positions()); err != nil {
		return fmt.Errorf("store positions: %w", err)
	}
	s.dirty = false
	return nil
}

// ensure connects and subscribes, and tries that until it succeeds, or fails for
// good.
func (s *Subscription) ensure(ctx context.Context) error {
	if s.wrong != nil {
		return s.wrong
	}
	if s.link != nil {
		return nil
	}
	for {
		err := s.connect(ctx)
		if err == nil {
			return nil
		}
		if err := s.interrupted(ctx, err); err != nil {
			return err
		}
	}
}

// interrupted pauses after a failure, before the next attempt to connect. It
// returns the failure when there shall be none. Pauses grow until an event
// comes, so that a node which ends every subscription at once is not flooded.
func (s *Subscription) interrupted(ctx context.Context, err error) error {
	if lasting(err) {
		return err
	}
	if s.o.Interrupted != nil {
		s.o.Interrupted(err)
	}
	if s.pauses.pause == 0 { // the first since an event came
		s.pauses = s.c.o.Retry.forever()
		if s.o.RetryFor > 0 {
			s.pauses.until = time.Now().Add(s.o.RetryFor)
		}
	}
	pause, ok := s.pauses.next()
	if !ok {
		return err
	}
	return s.c.wait(ctx, pause)
}

// connect makes one attempt to connect and subscribe.
func (s *Subscription) connect(ctx context.Context) error {
	f := newFeed()
	n, err := s.c.dial(ctx, f)
	if err != nil {
		return err
	}
	if !s.resolved {
		if err := s.resolve(ctx, n); err != nil {
			n.close(ErrClosed)
			return err
		}
		s.current = -1
	}
	v, _, err := n.do(ctx, s.command())
	if err == nil && v.IsError() {
		err = parseError(v.Text())
	}
	if err == nil {
		if _, bad := uuid.ParseBytes(v.Str); bad != nil {
			err = unexpected("the id of a subscription", v)
		}
	}
	if err != nil {
		n.close(ErrClosed)
		return err
	}
	s.link = &link{conn: n, feed: f, id: v.Text()}
	return nil
}

// drop ends the connection. What the loop has not got will come again.
func (s *Subscription) drop() {
	if s.link != nil {
		s.link.conn.close(ErrClosed)
		s.link = nil
	}
}
