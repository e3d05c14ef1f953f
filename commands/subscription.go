package commands

import (
	"strconv"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
	"sierradb/core/event"
	"sierradb/core/mutate"
)

// subscription is what ESUB and EPSUB begin: a follow whose events go to the
// client as pushes. It belongs to its session and is the sink of its follow.
type subscription struct {
	s      *Session
	id     uuid.UUID
	follow event.Follow
	single bool   // the cursor is the version or sequence of the event; else it counts from 0
	window uint64 // the most events that are not acknowledged, 0 for any number

	first uint64 // cursor of the first event
	sent  uint64 // events delivered
	acked uint64 // of these, acknowledged

	era     uint64 // of the session when the command was run
	at      int    // in Session.subs.list
	waits   bool   // for an acknowledgement
	blocked bool   // stands in Session.subs.blocked
}

// cursor is that of the event that comes next.
func (u *subscription) cursor() uint64 {
	if u.single {
		return u.follow.Next[0]
	}
	return u.sent
}

// ack takes events up to and including the one with cursor c as processed. One
// beyond what was delivered counts as the last delivered, one that goes back
// changes nothing.
func (u *subscription) ack(c uint64) {
	if c < u.first {
		return
	}
	n := u.sent
	if c-u.first < u.sent || mutate.On(mutate.AckBeyond) && c-u.first < 1<<60 {
		n = c - u.first + 1
	}
	if mutate.On(mutate.AckBackwards) {
		u.acked = n
		return
	}
	u.acked = max(u.acked, n)
}

// Room implements [event.FollowSink].
func (u *subscription) Room() int {
	switch s := u.s; {
	case u.window > 0 && u.sent-u.acked >= u.window && !(mutate.On(mutate.WindowOffByOne) && u.sent-u.acked == u.window):
		u.waits = true
		s.env.Hooks.Sometimes("commands/window-full")
		return 0
	case s.crowded():
		s.env.Hooks.Sometimes("commands/pushes-wait")
		s.subs.block(u)
		return 0
	case u.window > 0:
		if mutate.On(mutate.WindowOffByOne) {
			return int(min(u.window+1-(u.sent-u.acked), 1<<20))
		}
		return int(min(u.window-(u.sent-u.acked), 1<<20))
	}
	return 1 << 20
}

// Event implements [event.FollowSink].
func (u *subscription) Event(_ int, ev *event.Event, forms *event.Forms) bool {
	if u.Room() == 0 {
		return false
	}
	s := u.s
	b := s.pushing()
	b = s.appendPush(b, 4)
	b = append(b, "+message\r\n+"...)
	b = appendUUID(b, u.id)
	b = append(b, "\r\n:"...)
	b = strconv.AppendUint(b, u.cursor(), 10)
	b = append(b, "\r\n"...)
	if forms == nil {
		b = appendEvent(b, s.spoken, ev)
	} else {
		b = append(b, sharedForm(s.spoken, ev, forms)...)
	}
	s.pushed(b)
	u.sent++
	return true
}

// sharedForm returns an event as a client is shown it, encoded once for all.
func sharedForm(p resp3.Proto, ev *event.Event, forms *event.Forms) []byte {
	n := 0
	if p == resp3.RESP3 && !mutate.On(mutate.FormsMixed) {
		n = 1
	}
	b := forms.Form(n)
	if b == nil {
		b = appendEvent(make([]byte, 0, 512+len(ev.Payload)+len(ev.Metadata)), p, ev)
		forms.Keep(n, b)
	}
	return b
}

// Ended implements [event.FollowSink].
func (u *subscription) Ended(err error) {
	u.s.close(u, Coded(err))
}

// appendConfirmed appends the push that confirms a subscription, the n-th of its
// connection. It follows the reply at once, in the same write: clients count it.
func (u *subscription) appendConfirmed(b []byte, n int) []byte {
	b = u.s.appendPush(b, 3)
	b = append(b, "+subscribe\r\n+"...)
	b = append(appendUUID(b, u.id), "\r\n"...)
	return resp3.AppendInt(b, int64(n))
}

// appendClosed appends the push that ends a subscription: the cursor of the
// event that would have come next, why, and what to put behind FROM MAP to go on
// from there.
func (u *subscription) appendClosed(b []byte, why *Error) []byte {
	b = u.s.appendPush(b, 5)
	b = append(b, "+closed\r\n+"...)
	b = append(appendUUID(b, u.id), "\r\n"...)
	b = resp3.AppendUint(b, u.cursor())
	b = resp3.AppendBulkString(b, why.line())
	sources := u.follow.Sources
	if mutate.On(mutate.ClosedWithoutPositions) {
		sources = sources[:1]
	}
	b = resp3.AppendArray(b, len(sources))
	for i, src := range sources {
		name := strconv.Itoa(int(src.Partition))
		if src.Stream != nil {
			name = src.Stream.ID
		}
		b = resp3.AppendBulkString(b, name+"="+strconv.FormatUint(u.follow.Next[i], 10))
	}
	return b
}

// subscriptions are those of a session.
type subscriptions struct {
	byID    map[uuid.UUID]*subscription
	list    []*subscription
	blocked []*subscription // that wait for room in the output, the longest first
	opening int             // commands that will add one
	sources int             // of all of them, with those of opening
	era     uint64          // counts the times that all were ended
}

// add makes a subscription known.
func (t *subscriptions) add(u *subscription) {
	if t.byID == nil {
		t.byID = make(map[uuid.UUID]*subscription)
	}
	t.byID[u.id] = u
	u.at = len(t.list)
	t.list = append(t.list, u)
}

// remove forgets a subscription.
func (t *subscriptions) remove(u *subscription) {
	delete(t.byID, u.id)
	last := len(t.list) - 1
	t.list[u.at] = t.list[last]
	t.list[u.at].at = u.at
	t.list[last] = nil
	t.list = t.list[:last]
	t.sources -= len(u.follow.Sources)
	if u.blocked {
		for i, other := range t.blocked {
			if other == u {
				t.blocked = append(t.blocked[:i], t.blocked[i+1:]...)
				break
			}
		}
	}
}

// block lines a subscription up for room in the output.
func (t *subscriptions) block(u *subscription) {
	if !u.blocked {
		u.blocked = true
		t.blocked = append(t.blocked, u)
	}
}
