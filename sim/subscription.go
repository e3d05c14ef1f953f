package sim

import (
	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// subscription is one ESUB or EPSUB of a client: what was asked for, and how far
// it got, by what left the session and by what reached the client.
type subscription struct {
	op       *Op
	cn       *conn
	number   int // among those of its client, from 0 on, in the order of the requests
	id       string
	sources  []*source
	numbered bool   // the selector as written names one source: its positions are the cursors
	window   uint64 // 0: none
	state    subState

	sent       uint64   // messages that left the session
	began      uint64   // the cursor of the first of them
	least      uint64   // messages that the session has surely taken as processed
	most       uint64   // messages that it may have taken as processed
	fresh      []uint64 // cursors of the acknowledgements that it ran in the output at hand
	got        uint64   // messages that reached the client
	lastCursor uint64   // of the last of them
	endedAt    uint64   // tick at which it ended, or was refused
	lost       bool     // it lived when its connection was lost
	known      bool     // its reply reached the client
	acking     bool     // the client will acknowledge something later
	told       bool     // it has acknowledged the last message since it began to
	selects    int      // words up to the end of the selector, the command's included
	habit      habit
}

// subState is how far a subscription came.
type subState uint8

const (
	subAsked   subState = iota // its reply has not left the session
	subReplied                 // its reply has, its announcement not
	subLive                    // and so has that
	subClosed                  // the session said that it ends it
	subEnded                   // by EUNSUB, RESET, or with its connection
	subRefused                 // the request failed
)

// source is one stream or partition of a subscription.
type source struct {
	name      string // as FROM MAP calls it
	partition event.PartitionID
	stream    streamName // of a stream
	whole     bool       // all of the partition
	latest    bool       // it starts behind what is there
	starts    []int      // of LATEST: where it may start, until its first event decides
	asked     uint64     // where it starts, if it is not LATEST
	next      uint64     // the position that the session must send next, when that is decided
	client    uint64     // the position that the client waits for
	heard     bool       // and the client knows it
}

// decided says whether the position to come is known.
func (s *source) decided() bool { return !s.latest || s.starts == nil }

// records returns what is in the source's stream or partition.
func (s *source) records(m *Model) []*Record {
	if s.whole {
		return m.parts[s.partition].records
	}
	if l := m.streams[s.stream]; l != nil {
		return l.records
	}
	return nil
}

// owed is how many events of the source the session has to send, as far as that
// is certain.
func (s *source) owed(m *Model) uint64 {
	n, next := uint64(len(s.records(m))), s.next
	if !s.decided() {
		next = uint64(s.starts[len(s.starts)-1])
	}
	if next >= n {
		return 0
	}
	return n - next
}

// owed is how many events the session has to send, were there no window.
func (sub *subscription) owed(m *Model) (n uint64) {
	for _, s := range sub.sources {
		n += s.owed(m)
	}
	return n
}

// room is how many events the window surely allows beyond those that were sent.
func (sub *subscription) room() uint64 {
	if sub.window == 0 {
		return 1 << 60
	}
	return sub.window - min(sub.window, sub.sent-sub.least)
}

// behind is how many events the session should have sent and has not.
func (sub *subscription) behind(m *Model) uint64 { return min(sub.owed(m), sub.room()) }

// alive says whether events are to be sent.
func (sub *subscription) alive() bool { return sub.state == subReplied || sub.state == subLive }

// source finds the source that an event belongs to, nil when it was not asked for.
func (sub *subscription) source(partition uint64, name streamName) *source {
	for _, s := range sub.sources {
		if uint64(s.partition) == partition && (s.whole || s.stream == name) {
			return s
		}
	}
	return nil
}

// upTo is how many of the messages that were sent have this cursor or one below.
func (sub *subscription) upTo(cursor uint64) uint64 {
	first := uint64(0)
	if sub.numbered {
		if sub.sent == 0 {
			return 0
		}
		first = sub.began
	}
	switch {
	case cursor < first:
		return 0
	case cursor-first < sub.sent:
		return cursor - first + 1
	}
	return sub.sent
}

// concerns says whether a source lies in a bucket.
func (sub *subscription) concerns(m *Model, bucket int) bool {
	for _, s := range sub.sources {
		if m.bucketOf(s.partition) == bucket {
			return true
		}
	}
	return false
}

// cursorOf is the cursor of the next message, if it is the event at a position.
func (sub *subscription) cursorOf(position uint64) uint64 {
	if sub.numbered {
		return position
	}
	return sub.sent
}

// subscribed returns the subscription of an id on this connection, nil when there
// was none.
func (cn *conn) subscribed(id string) *subscription {
	for _, sub := range cn.subs {
		if sub.id == id && sub.state != subAsked {
			return sub
		}
	}
	return nil
}

// live counts the subscriptions that go on.
func (cn *conn) live() (n int) {
	for _, sub := range cn.subs {
		if sub.alive() {
			n++
		}
	}
	return n
}

// form is how pushes look.
type form struct {
	proto resp3.Proto
	array bool // as an array, for clients that know no pushes
}

// form is the form that pushes have now, by the protocol in force behind the last
// reply: that of a HELLO that is not answered yet would confuse its client.
func (cn *conn) form() form {
	return form{cn.spoken, cn.spoken == resp3.RESP2 && !cn.browses}
}
