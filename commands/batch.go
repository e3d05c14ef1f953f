package commands

import (
	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// Batch builds the reply of a scan while the store finds the events: the map
// {has_more, events}. It is the [event.Sink] of the scan's query.
//
// The head of the reply, which counts the events, is written last, into room
// left free before the first of them.
type Batch struct {
	c      *Call
	events int
	cut    bool // an event did not fit
}

// headRoom is the most that the head of a batch takes:
// "%2\r\n+has_more\r\n#t\r\n+events\r\n*" and a length.
const headRoom = 64

// Begin starts an empty reply to c.
func (b *Batch) Begin(c *Call) {
	*b = Batch{c: c}
	var room [headRoom]byte
	c.buf = append(c.buf[:0], room[:]...)
	c.start = headRoom
}

// Event adds an event, unless the reply would exceed Options.ReplyMax by it.
// The first event always fits.
func (b *Batch) Event(ev *event.Event) bool {
	c := b.c
	if c.s.gone {
		b.events++ // nobody reads on: take the one that has to be taken
		return b.events == 1
	}
	if b.events == 0 && cap(c.buf) < c.s.large {
		c.buf = append(c.s.env.Buffer(c.s.large+c.s.large/8), c.buf...)
	}
	was := len(c.buf)
	if b.events > 0 && c.s.env.Hooks.Buggify("commands/cut-page") {
		b.cut = true
		return false
	}
	c.Event(ev)
	if b.events > 0 && len(c.buf) > c.s.o.ReplyMax {
		c.buf = c.buf[:was]
		b.cut = true
		c.s.env.Hooks.Sometimes("commands/page-cut-by-bytes")
		return false
	}
	b.events++
	return true
}

// End completes the reply to an answered scan.
func (b *Batch) End(q *event.Query) {
	c := b.c
	b.c = nil
	if c.Failed(q.Err) {
		return
	}
	var room [headRoom]byte
	head := resp3.AppendMap(room[:0], c.proto, 2)
	head = resp3.AppendSimple(head, "has_more")
	head = resp3.AppendBool(head, c.proto, q.More || b.cut)
	head = resp3.AppendSimple(head, "events")
	head = resp3.AppendArray(head, b.events)
	c.start = headRoom - len(head)
	copy(c.buf[c.start:], head)
}

// replyEmptyBatch replies with a batch of nothing.
func replyEmptyBatch(c *Call) {
	c.Map(2)
	c.Simple("has_more")
	c.Bool(false)
	c.Simple("events")
	c.Array(0)
}
