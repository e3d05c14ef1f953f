package sim

import (
	"slices"
	"strconv"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// What clients do with their subscriptions. Some acknowledge each event, some
// now and then, some wildly, some never; some stop reading for a while. One that
// loses its connection subscribes again where it was, from the last event that
// reached it, and one whose subscription the node ended does so with the words
// that the node gave it.

// habit is what a client does with one subscription.
type habit uint8

const (
	eager  habit = iota // it acknowledges each event when it comes
	lazy                // the last one, after a while
	wild                // some, in any order, and what was never sent
	silent              // none
)

// habit chooses what a client does with a subscription. One without a window gets
// all events without any acknowledgement.
func (g *Gen) habit(sub *subscription) habit {
	if sub.window == 0 {
		return choose(g.Rand, silent, silent, lazy, wild)
	}
	return choose(g.Rand, eager, eager, lazy, lazy, wild, silent)
}

// subscribes notes what a request says of subscriptions, as it goes out.
func (cn *conn) subscribes(op *Op) {
	op.After = cn.proto
	if !cn.begun {
		cn.begun = true
		if op.Raw == nil && isOption(op.Args[0], "COMMAND") {
			cn.browses = true
		}
	}
	op.ahead = cn.patience(op)
	if op.Bad || op.Work == nil {
		return
	}
	c := cn.c
	switch op.Work.Name {
	case "ESUB", "EPSUB":
		sub := op.Sub
		sub.op, sub.cn, sub.number = op, cn, len(c.subs)
		sub.habit = c.gen.habit(sub)
		c.subs = append(c.subs, sub)
		cn.subs = append(cn.subs, sub)
		cn.w.follows[cn.id]++
		if op.Named == 0 {
			op.Named = len(c.subs)
		}
		c.named[op.Named] = sub
	case "EACK":
		if op.Acks != nil {
			cn.acks = append(cn.acks, op)
		}
	}
}

// patience is how long a request may wait by its own wish and that of those
// before it.
func (cn *conn) patience(op *Op) (sum actor.Instant) {
	for _, o := range cn.waiting {
		if o.Blocks && o.Block == 0 {
			return -1
		}
		sum += o.Block
	}
	return sum
}

// noticed takes a push that reached the client.
func (c *Client) noticed(f *frame) {
	w, sub := c.w, f.sub
	if sub == nil {
		return // the push was wrong, and nobody judges it
	}
	w.s.Note(func() string { return "<- push " + shorten(f.v.String()) }, 22, uint64(c.n))
	if f.source != nil {
		f.source.client, f.source.heard = f.position+1, true
		sub.got++
		sub.lastCursor = uint64(f.v.Elems[2].Int)
	}
	if w.plan.Script != nil {
		return // all that it does stands there
	}
	if sub.state == subClosed && len(f.v.Elems) == 5 {
		words := closedWords(f) // what ended it may go on for a while
		w.s.After(10*actor.Millisecond+actor.Instant(c.rand.Uint64n(uint64(w.dawdle()))), func() { c.goOn(sub, words) })
		return
	}
	if f.source == nil {
		return
	}
	if n := w.k.Dozes; n > 0 && !w.healed && c.rand.Chance(1, n) {
		c.deafen(actor.Instant(c.rand.Range(1, 1500)) * actor.Millisecond)
	}
	switch sub.habit {
	case eager:
		c.acknowledge(sub)
	case lazy, wild:
		if !sub.acking {
			sub.acking = true
			w.s.After(actor.Instant(c.rand.Uint64n(uint64(w.dawdle()))), func() {
				if sub.acking = false; sub.cn == c.conn {
					c.acknowledge(sub)
				}
			})
		}
	}
}

// dawdle is how long clients take at most for an acknowledgement that can wait.
// In the end they hurry: a window of one event may have to open for each.
func (w *World) dawdle() actor.Instant {
	if w.healed {
		return 5 * actor.Millisecond
	}
	return 300 * actor.Millisecond
}

// acknowledge lets the client make an EACK when there is room for one.
func (c *Client) acknowledge(sub *subscription) {
	for _, other := range c.due {
		if other == sub {
			return
		}
	}
	c.due = append(c.due, sub)
	c.wake(c.think())
}

// ack makes the next acknowledgement that is due, or subscribes again; nil when
// there is nothing of that.
func (c *Client) ack() *Op {
	for len(c.due) > 0 {
		sub := c.due[0]
		if sub.state == subEnded {
			c.due = c.due[1:]
			continue
		}
		switch {
		case sub.habit != wild:
			c.due = c.due[1:]
			return c.gen.eack(sub, sub.lastCursor)
		case !sub.told && c.rand.Chance(1, 2):
			return c.gen.eack(sub, c.gen.wildCursor(sub))
		case !sub.told:
			sub.told = true
			return c.gen.eack(sub, sub.lastCursor)
		}
		c.due, sub.told = c.due[1:], false
		if c.rand.Chance(1, 2) { // what it says last may be of long ago
			return c.gen.eack(sub, c.rand.Uint64n(sub.lastCursor+1))
		}
	}
	if len(c.again) > 0 {
		args := c.again[0]
		c.again = c.again[1:]
		return c.gen.subscribe(args)
	}
	return nil
}

// wildCursor draws what a client may acknowledge by mistake: what it has long
// acknowledged, what it does not have yet, what there never will be.
func (g *Gen) wildCursor(sub *subscription) uint64 {
	switch at := sub.lastCursor; g.Intn(5) {
	case 0:
		return at - g.Uint64n(at+1)
	case 1:
		return at + g.Uint64n(4)
	case 2:
		return choose[uint64](g.Rand, 0, 1<<40, event.NoVersion, 1<<64-1)
	default:
		return at - min(at, g.Uint64n(3))
	}
}

// disconnected remembers the subscriptions of a lost connection, to go on where
// they were.
func (c *Client) disconnected(cn *conn) {
	c.due = nil
	if c.w.plan.Script != nil || c.w.parting {
		return
	}
	for _, sub := range cn.subs {
		if sub.lost && sub.known && c.rand.Chance(7, 8) {
			c.goOn(sub, sub.heardWords())
		}
	}
}

// goOn lets the client subscribe again from the positions behind FROM MAP; with
// none it begins with what comes then.
func (c *Client) goOn(sub *subscription, words []string) {
	if len(c.again) >= c.w.k.keeps() || c.w.parting {
		return
	}
	args := slices.Clone(sub.op.Args[:sub.selects])
	if len(words) > 0 {
		args = append(args, text("FROM", "MAP")...)
		args = append(args, text(words...)...)
	}
	if sub.window > 0 {
		args = append(args, text("WINDOW", strconv.FormatUint(sub.window, 10))...)
	}
	c.again = append(c.again, args)
	c.w.count.Add("subscriptions taken up again", 1)
	c.wake(c.think())
}

// heardWords are the positions behind the events that reached the client: those
// that it asked for where none did, and none for LATEST.
func (sub *subscription) heardWords() (words []string) {
	several := make(map[string]bool)
	for i, s := range sub.sources {
		for _, o := range sub.sources[i+1:] {
			several[s.name] = several[s.name] || s.name == o.name
		}
	}
	for _, s := range sub.sources {
		switch {
		case s.heard:
			words = append(words, s.name+"="+strconv.FormatUint(s.client, 10))
		case !s.latest:
			words = append(words, s.name+"="+strconv.FormatUint(s.asked, 10))
		case several[s.name]:
			return nil // a pair that is left out would shift the others
		}
	}
	return words
}

// closedWords are the positions that a push gives at the end of a subscription.
func closedWords(f *frame) (words []string) {
	for i := range f.v.Elems[4].Elems {
		words = append(words, f.v.Elems[4].Elems[i].Text())
	}
	return words
}
