package sim

import (
	"strconv"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
)

// Client is a program that uses the node: it keeps up to Depth requests in
// flight on one connection, and connects again when it is lost.
type Client struct {
	w      *World
	n      int
	rand   *actor.Rand
	gen    Gen
	conn   *conn
	left   int // requests to make
	made   int
	retry  []*Intent                    // appends with an unknown outcome that are worth another try
	script []*Op                        // requests to make first, in this order, one at a time
	quiet  bool                         // it makes nothing but its script, one request at a time
	coming []*Request                   // scripted, whose time has not come
	awake  bool                         // a wake-up is queued
	deaf   actor.Instant                // it reads nothing before
	talk   talk                         // requests that depend on each other; nil: none is under way
	said   *Op                          // the talk's request in flight
	rest   int                          // when it has made so many requests it pauses
	told   map[streamName]event.Version // the next version of a stream, as its replies told it last
	subs   []*subscription              // all that it asked for, in this order
	named  map[int]*subscription        // by what a script calls them
	due    []*subscription              // of which it wants to acknowledge something
	again  [][][]byte                   // subscriptions that it wants back, as requests
}

func newClient(w *World, n int) *Client {
	c := &Client{w: w, n: n, left: w.k.Ops, rand: actor.NewRand(actor.Mix(w.plan.Seed^uint64(n)<<20) + 0xc11), told: make(map[streamName]event.Version), named: make(map[int]*subscription)}
	if w.k.Mute && n == 0 {
		c.deaf = span
	}
	c.gen = Gen{Rand: c.rand.Fork(1), w: w, c: c, k: w.k}
	c.again = c.gen.fromTheStart()
	return c
}

// finished says whether the client has nothing left to do or to wait for. One
// that never reads is not waited for.
func (c *Client) finished() bool {
	mute := c.w.k.Mute && c.n == 0 && !c.w.healed && c.conn != nil && len(c.conn.waiting) > 0
	return c.done() || mute
}

// done says whether the client has nothing left to do and all its answers.
func (c *Client) done() bool {
	return c.left == 0 && len(c.coming) == 0 && len(c.script) == 0 && len(c.retry) == 0 && len(c.due) == 0 && len(c.again) == 0 &&
		c.talk == nil && (c.conn == nil || len(c.conn.waiting) == 0)
}

// wake lets the client act after d.
func (c *Client) wake(d actor.Instant) {
	if c.awake {
		return
	}
	c.awake = true
	c.w.s.After(d, func() {
		c.awake = false
		c.act()
	})
}

// act makes requests while there is room for them.
func (c *Client) act() {
	if c.done() {
		return
	}
	if c.conn == nil && !c.connect() {
		return // boot wakes it again
	}
	room := c.w.k.Depth - len(c.conn.waiting)
	if c.quiet || c.talk != nil {
		room = 1 - len(c.conn.waiting)
	}
	if room <= 0 || c.conn.closing {
		return // a reply, or the end of the connection, wakes it again
	}
	burst := 1 + c.rand.Intn(room)
	if c.rand.Chance(1, 8) {
		burst = room
	}
	c.gen.aim(burst)
	for range burst {
		op := c.next()
		if op == nil || c.conn == nil {
			break
		}
		c.conn.send(op)
		for len(c.script) > 0 && c.script[0].Follows && c.conn != nil {
			c.conn.send(c.next())
		}
		if c.conn == nil || c.conn.closing {
			break
		}
	}
	c.end()
	if c.left > 0 || len(c.script) > 0 || len(c.retry) > 0 || len(c.due) > 0 || len(c.again) > 0 {
		c.wake(c.think())
	}
}

// aim makes some long bursts go to one stream, and with it to one bucket.
func (g *Gen) aim(burst int) {
	g.focus = ""
	if burst > 8 && g.Chance(1, 4) {
		g.focus = g.stream()
	}
}

// end ends some bursts with bytes that are no request, or with the end of what
// the client says on this connection: it reads on until all is answered.
func (c *Client) end() {
	c.gen.focus = ""
	cn := c.conn
	if cn == nil || cn.closing || c.quiet || c.talk != nil || len(c.script) > 0 || c.left == 0 {
		return
	}
	switch k := c.w.k; {
	case k.Malformed > 0 && c.rand.Chance(1, 4*k.Malformed):
		cn.send(c.gen.noRequest())
	case k.HalfClose > 0 && c.rand.Chance(1, k.HalfClose):
		cn.send(&Op{Raw: []byte{}, Bad: true})
	}
}

// think draws how long the client waits before it acts again: a little, or long
// at the end of a burst.
func (c *Client) think() actor.Instant {
	if c.w.plan.Script != nil {
		return actor.Microsecond // each request has its time
	}
	if c.w.k.Idle > 0 && c.made >= c.rest && !c.w.healed {
		c.rest = c.made + c.rand.Range(5, 60)
		return actor.Instant(c.rand.Uint64n(uint64(c.w.k.Idle) + 1))
	}
	return actor.Instant(c.rand.Uint64n(uint64(c.w.k.Think)+1)) + actor.Microsecond
}

// next makes the next request.
func (c *Client) next() *Op {
	if c.left == 0 || c.rand.Chance(1, 2) {
		if op := c.ack(); op != nil {
			return op
		}
	}
	switch {
	case c.said != nil:
		return nil
	case c.talk != nil:
		c.left = max(0, c.left-1)
		return c.say()
	case len(c.script) > 0:
		op := c.script[0]
		c.script = c.script[1:]
		return op
	case len(c.retry) > 0 && (c.left == 0 || c.rand.Chance(3, 4)):
		in := c.retry[0]
		c.retry = c.retry[1:]
		c.w.count.Add("appends retried", 1)
		return c.gen.attempt(in)
	case c.left > 0 && !c.quiet:
		c.left--
		if n := c.w.k.Talks; n > 0 && c.rand.Chance(1, n) {
			c.talk = c.gen.begin()
			return c.say()
		}
		return c.gen.op()
	}
	return nil
}

// say makes the next request of the talk, nil when the talk is over.
func (c *Client) say() *Op {
	c.said = c.talk.next(&c.gen)
	if c.said == nil {
		c.talk = nil
		c.wake(c.think())
	}
	return c.said
}

// hush ends the talk whose request is not made.
func (c *Client) hush(op *Op) {
	if c.said == op {
		c.said, c.talk = nil, nil
		c.wake(c.think())
	}
}

// heard tells the talk how its request went.
func (c *Client) heard(op *Op) {
	if c.said != op {
		return
	}
	c.said = nil
	if c.talk != nil {
		c.w.violate(c.talk.heard(c.w, op))
	}
}

// connect opens a connection.
func (c *Client) connect() bool {
	b := c.w.box
	if !b.up() {
		return false
	}
	id := b.node.Connect()
	c.conn = &conn{w: c.w, c: c, id: id, life: b.m.Life, proto: resp3.RESP2, spoken: resp3.RESP2, active: c.w.s.Now(),
		floor: make([]uint64, c.w.k.Buckets), order: make([]uint64, c.w.k.Buckets)}
	c.w.conns[id] = c.conn
	c.w.count.Add("connections", 1)
	c.w.rec.connected(c.conn)
	if c.w.plan.Script == nil {
		switch c.rand.Intn(8) {
		case 0, 1, 2, 3:
			c.conn.send(c.gen.hello(3))
		case 4:
			c.conn.send(&Op{Work: work("COMMAND"), Args: text(c.gen.mixCase("COMMAND"), "COUNT")}) // as redis-cli does
		}
	}
	return true
}

// cut loses the connection, in whatever frame it is.
func (c *Client) cut() {
	if c.conn == nil {
		return
	}
	c.w.count.Add("connections cut", 1)
	c.conn.lose(c.rand.Chance(1, 2))
}

// deafen lets the client read nothing for a while.
func (c *Client) deafen(d actor.Instant) {
	c.deaf = c.w.s.Now() + d
	c.w.count.Add("clients deaf", 1)
}

// gone is called when the connection is lost: what was in flight on it has an
// unknown outcome.
func (c *Client) gone() {
	if len(c.conn.waiting) > 0 {
		c.w.violate(c.w.checkWait(c.conn.waiting[0]))
	}
	for _, op := range c.conn.waiting {
		op.Return, op.ReturnAt, op.Outcome = c.w.s.Steps(), c.w.s.Now(), Unknown
		c.w.count.Add("requests lost", 1)
		c.w.rec.gone(op)
		c.w.violate(c.w.checkLost(op))
		c.uncertain(op)
		c.heard(op)
	}
	cn := c.conn
	c.conn = nil
	c.disconnected(cn)
	c.wake(c.think())
}

// uncertain puts an append in line for another attempt, when that is safe.
func (c *Client) uncertain(op *Op) {
	in := op.Intent
	if in == nil || op.Bad || c.w.healed || !in.Given() || len(in.Attempts) > c.w.k.Retries {
		return
	}
	c.retry = append(c.retry, in)
}

// answered is called with the reply to the oldest request in flight.
func (c *Client) answered(op *Op) {
	w := c.w
	w.count.Add("replies", 1)
	if code := op.code(); code != "" {
		w.count.Add("replies "+code, 1)
		w.violate(w.checkDeclared(op, code))
	}
	v := w.judge(op)
	w.rec.answered(op)
	w.violate(v)
	if op.Outcome == Unknown || op.code() == "DISKFULL" && c.rand.Chance(2, 3) {
		c.uncertain(op)
	}
	c.learn(op)
	c.heard(op)
	c.wake(c.think())
}

// learn remembers what a reply tells of streams.
func (c *Client) learn(op *Op) {
	if op.Intent == nil || op.Outcome != Done || c.w.found != nil {
		return
	}
	for _, r := range op.Intent.Landed {
		c.told[streamName{r.Key, r.Stream}] = r.Version + 1
	}
}

// request encodes a request as an array of bulk strings; nil is null.
func request(args [][]byte) []byte {
	b := append([]byte{'*'}, strconv.Itoa(len(args))...)
	b = append(b, "\r\n"...)
	for _, a := range args {
		if a == nil {
			b = append(b, "$-1\r\n"...)
			continue
		}
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(len(a)), 10)
		b = append(b, "\r\n"...)
		b = append(b, a...)
		b = append(b, "\r\n"...)
	}
	return b
}
