package sim

import (
	"errors"
	"sort"

	"sierradb/commands"
	"sierradb/commands/resp3"
	"sierradb/core/actor"
)

// conn is one connection: two streams of bytes with the delays, the cuts and the
// buffers of a network between a client and a session.
type conn struct {
	w     *World
	c     *Client
	id    actor.ID
	life  int
	proto resp3.Proto // of replies to requests made from now on

	waiting []*Op // requests without a reply, in the order they were made
	closing bool  // the client makes no more requests on it: QUIT, or bytes that are no request
	dead    bool
	ended   bool // the client says nothing behind out
	told    bool // and the session was told

	out    []byte // from the client, not yet at the session
	sent   int    // bytes given to the session and not consumed
	pushed bool   // a delivery to the session is queued
	in     []byte // from the session, not yet at the client
	pulled bool   // a delivery to the client is queued
	hangup bool   // the session closes it when in is empty
	wire   wire
	moved  actor.Instant // when the client last took bytes of in, or the first bytes came into it
	untold int           // events that the session had not taken then, the news of it the last

	oldest, oldestIdle actor.Instant // when the first of waiting became that, and the wire's idle time then
	oldestTaken        int           // and how many events the session had taken
	held               commands.Held // by the session, behind its last Step
	unsent             int           // bytes from the session that it was not told of as sent
	heard              actor.Instant // when it took the news of bytes that were read, or the first of unsent left it
	silent             actor.Instant // for how long it had heard of none when it last looked at the clock; 0: it did not, or nothing was unsent
	raw                bool          // bytes were sent that are no request: what is behind them gets no reply
	dec                resp3.Decoder // of what leaves the session

	frames  []*frame // that left the session and are not yet at the client
	arrived int      // bytes of the first of them that reached the client
	owing   []*Op    // requests whose reply has not left the session
	wrote   int      // bytes that the client wrote
	ate     int      // of these, bytes that the session has consumed

	subs     []*subscription // in the order of the requests
	announce *subscription   // whose reply has left, and its announcement must be next
	acks     []*Op           // EACK that the session has not run
	active   actor.Instant   // when the session last took or put out bytes
	spoken   resp3.Proto     // in force behind the last reply that left
	begun    bool            // the first request was made
	browses  bool            // it was COMMAND: pushes are frames of their own in RESP2, too

	name    string // CLIENT SETNAME
	greeted bool   // HELLO was said

	floor []uint64 // by bucket: tick of the latest append that was acknowledged here
	order []uint64 // by bucket: index of the last append that was acknowledged here
}

// window is how much input waits for a session at most, as on the production
// listener but smaller.
const window = 64 << 10

// send makes a request.
func (cn *conn) send(op *Op) {
	w := cn.w
	op.Client, op.N, op.Conn, op.Late = cn.c.n, cn.c.made, cn, w.healed
	cn.c.made++
	if !op.Late && w.skip[Skip{op.Client, op.N}] {
		cn.c.hush(op)
		return
	}
	op.Proto = cn.proto
	cn.c.resolve(op)
	op.Call, op.CallAt, op.Outcome = w.s.Steps(), w.s.Now(), Pending
	op.Second, op.owed, op.shown, op.taken, cn.raw = w.second, cn.wire.idle(w.s.Now()), cn.wire.shown, cn.wire.taken, cn.raw || op.Raw != nil
	if op.Intent != nil {
		op.Intent.Attempts = append(op.Intent.Attempts, op)
		w.model.sizes.add(op.Intent)
	}
	w.s.Note(func() string { return "-> " + op.String() }, 20, uint64(op.Client), uint64(op.N))
	w.history = append(w.history, op)
	if op.Raw != nil && len(op.Raw) == 0 {
		op.Outcome = Done
		cn.halfClose()
		return
	}
	w.count.Add("requests", 1)
	w.rec.asked(op)
	if len(cn.waiting) == 0 {
		cn.older()
	}
	cn.waiting = append(cn.waiting, op)
	cn.owing = append(cn.owing, op)
	if op.Work != nil && op.Work.Sent != nil {
		op.Work.Sent(cn, op)
	}
	cn.subscribes(op)
	raw := op.Raw
	switch {
	case raw != nil:
		cn.closing = true
	case w.k.Inline > 0 && cn.c.rand.Chance(1, w.k.Inline) && plain(op.Args):
		raw = line(op.Args)
		w.count.Add("requests in a line", 1)
	default:
		raw = request(op.Args)
	}
	cn.out = append(cn.out, raw...)
	cn.wrote += len(raw)
	op.ends = cn.wrote
	if cn.closing && cn.c.rand.Chance(1, 2) {
		cn.out = append(cn.out, cn.c.gen.unheard()...)
		w.count.Add("requests behind the end", 1)
	}
	cn.push()
}

// push queues the delivery of the next piece to the session.
func (cn *conn) push() {
	if cn.pushed || len(cn.out) == 0 || cn.sent > window || cn.dead {
		return
	}
	cn.pushed = true
	cn.wire.busy(cn.w.s.Now(), 1)
	cn.w.s.After(cn.transit(), func() {
		cn.pushed = false
		cn.wire.busy(cn.w.s.Now(), -1)
		if cn.dead {
			return
		}
		n := len(cn.out)
		if chunk := cn.w.k.Chunk; chunk > 0 && !cn.c.rand.Chance(1, 10) {
			n = min(n, 1+cn.c.rand.Intn(chunk))
		}
		piece := append([]byte(nil), cn.out[:n]...)
		cn.out = cn.out[n:]
		cn.sent += n
		cn.wire.posted++
		cn.w.box.m.Post(cn.id, actor.Event{Kind: actor.Input, Body: piece})
		cn.push()
		cn.tellEnd()
	})
}

func (cn *conn) transit() actor.Instant {
	return actor.Instant(cn.c.rand.Uint64n(uint64(cn.w.k.Transit) + 1))
}

// output takes what the session wants.
func (cn *conn) output(out *actor.Effects) {
	cn.w.judged("S21 credits")
	cn.sent -= out.Consumed
	if cn.sent < 0 {
		cn.w.violate(violated("S21 credits", "%s consumed %d bytes more than it got", cn.id, -cn.sent))
	}
	if len(cn.in) == 0 && len(out.Output) > 0 {
		cn.moved = cn.w.s.Now()
	}
	if cn.unsent == 0 && len(out.Output) > 0 {
		cn.heard = cn.w.s.Now()
	}
	cn.in = append(cn.in, out.Output...)
	cn.unsent += len(out.Output)
	cn.w.violate(cn.w.checkUnsent(cn))
	cn.w.rec.output(cn)
	cn.emitted(out.Output, out.Consumed)
	cn.w.violate(cn.w.checkEnd(cn, out.Hangup, out.Abort))
	cn.silent = 0
	if out.Abort {
		cn.w.count.Add("connections aborted", 1)
		cn.close()
		return
	}
	cn.hangup = cn.hangup || out.Hangup
	cn.push()
	cn.pull()
}

// pull queues the delivery of the next piece to the client.
func (cn *conn) pull() {
	if cn.pulled || cn.dead || len(cn.in) == 0 && !cn.hangup {
		return
	}
	cn.pulled = true
	cn.wire.busy(cn.w.s.Now(), 1)
	after := cn.transit()
	if now := cn.w.s.Now(); cn.c.deaf > now && !cn.w.healed {
		after += cn.c.deaf - now
	}
	cn.w.s.After(after, func() {
		cn.pulled = false
		cn.wire.busy(cn.w.s.Now(), -1)
		if cn.dead {
			return
		}
		n := len(cn.in)
		if rate := cn.w.k.ReadRate; rate > 0 && !cn.w.healed {
			n = min(n, 1+cn.c.rand.Intn(rate))
		}
		cn.w.violate(cn.w.checkCutOff(cn))
		piece := cn.in[:n]
		cn.in = cn.in[n:]
		if n > 0 {
			cn.moved = cn.w.s.Now()
			cn.wire.posted++
			cn.untold = cn.wire.posted - cn.wire.taken
			cn.w.box.m.Post(cn.id, actor.Event{Kind: actor.Sent, Token: uint64(n)})
			cn.w.rec.delivered(cn, piece)
			cn.receive(piece)
		}
		if cn.hangup && len(cn.in) == 0 && !cn.dead {
			cn.w.violate(cn.checkHangup())
			cn.close()
			return
		}
		cn.pull()
	})
}

func shorten(s string) string {
	if len(s) > 400 {
		return s[:400] + "..."
	}
	return s
}

var errReset = errors.New("connection reset")

// lose ends the connection from the client's side or from the network's: what
// is on the way in either direction is gone. The session may hear of it.
func (cn *conn) lose(told bool) {
	if !told {
		cn.close()
		return
	}
	ev := actor.Event{Kind: actor.Closed}
	if cn.id.N%2 == 0 {
		ev.Err = errReset // else the client has closed its side in order
	}
	cn.w.box.m.Post(cn.id, ev)
	cn.drop()
	cn.w.s.After(10*actor.Millisecond, cn.disconnect)
}

// close forgets the connection on both sides.
func (cn *conn) close() {
	cn.drop()
	cn.disconnect()
}

// disconnect takes the session away, if its process still lives.
func (cn *conn) disconnect() {
	if n := cn.w.box.node; n != nil && cn.w.box.m.Life == cn.life {
		n.Disconnect(cn.id)
	}
}

// drop forgets the connection on the client's side.
func (cn *conn) drop() {
	if cn.dead {
		return
	}
	cn.dead = true
	for _, sub := range cn.subs {
		sub.lost = sub.alive()
		sub.state = subEnded
	}
	cn.w.violate(cn.w.checkCutOff(cn))
	cn.w.rec.dropped(cn)
	delete(cn.w.conns, cn.id)
	if cn.c.conn == cn {
		cn.c.gone()
	}
}

// openConns returns the connections in the order of their ids.
func (w *World) openConns() []*conn {
	var out []*conn
	for _, cn := range w.conns { //det:ok sorted below
		out = append(out, cn)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].id.N < out[j].id.N })
	return out
}

// dropConns ends all connections because their process is gone. Bytes that had
// left it may still arrive: an acknowledgement in them counts.
func (w *World) dropConns() {
	for _, cn := range w.openConns() {
		if len(cn.in) > 0 && w.rand.Chance(1, 2) {
			cn.receive(cn.in)
			cn.in = nil
		}
		cn.drop()
	}
}
