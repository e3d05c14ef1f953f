package sim

import (
	"sierradb/commands/resp3"
)

// What leaves a session is cut into frames at once: replies, each to the oldest
// request that has none, and pushes between them. So a push is judged by what was
// committed when it left, and not when it arrived. Clients see a frame when all
// of its bytes have reached them.

// frame is a reply or a push.
type frame struct {
	v    resp3.Value
	size int // in bytes
	op   *Op // that it replies to; nil: a push

	// Of a push:
	sub      *subscription
	source   *source // of a message
	position uint64  // of its event
}

// isPush says whether a frame is a push: in RESP2 an array that begins as no
// reply does.
func isPush(v *resp3.Value) bool {
	if v.Kind == resp3.KindPush {
		return true
	}
	if v.Kind != resp3.KindArray || len(v.Elems) < 3 || v.Elems[0].Kind != resp3.KindSimple || v.Elems[1].Kind != resp3.KindSimple {
		return false
	}
	switch v.Elems[0].Text() {
	case "message", "subscribe", "closed":
		return true
	}
	return false
}

// emitted takes the bytes that a session puts out, and how many bytes of input it
// has consumed since it did so last.
func (cn *conn) emitted(out []byte, consumed int) {
	w := cn.w
	cn.ate += consumed
	cn.ran()
	cn.dec.Feed(out)
	for w.found == nil {
		before := cn.dec.Buffered()
		v, ok, err := cn.dec.Next()
		if err != nil {
			w.violate(violated("replies", "%s sends bytes that are no reply: %v", cn.id, err))
			return
		}
		if !ok {
			break
		}
		f := &frame{v: v, size: before - cn.dec.Buffered()}
		switch {
		case isPush(&v):
			w.violate(cn.pushedOut(f))
		case len(cn.owing) == 0:
			w.violate(violated("replies", "%s sends a reply that nobody asked for: %v", cn.id, v))
			return
		default:
			f.op = cn.owing[0]
			cn.owing = cn.owing[1:]
			w.violate(cn.replied(f))
		}
		cn.frames = append(cn.frames, f)
	}
	cn.settleAcks()
	if len(out) > 0 {
		cn.active = w.s.Now()
	}
}

// replied takes a reply that leaves the session.
func (cn *conn) replied(f *frame) *Violation {
	op := f.op
	op.Left, op.LeftAt, op.quiet = cn.w.s.Steps(), cn.w.s.Now(), cn.active
	cn.active = op.LeftAt // for the next reply, which may have waited for this one
	cn.spoken = op.After
	if cn.announce != nil {
		return violated("D5 pushes", "%s is answered %s, but behind the reply to %s nothing may come before its announcement", op, shorten(f.v.String()), cn.announce.op)
	}
	failed := f.v.IsError()
	switch {
	case op.Bad:
	case op.Sub != nil:
		return cn.opened(op.Sub, &f.v)
	case op.Acks != nil:
		op.was = op.Acks.state
		if op.Work.Name == "EUNSUB" && !failed {
			op.Acks.end()
		}
	case op.Work != nil && op.Work.Name == "RESET" && !failed:
		for _, sub := range cn.subs {
			if sub.alive() || sub.state == subClosed {
				sub.end()
			}
		}
	}
	return nil
}

// opened takes the reply to ESUB or EPSUB.
func (cn *conn) opened(sub *subscription, v *resp3.Value) *Violation {
	if v.IsError() {
		sub.state, sub.endedAt = subRefused, cn.w.s.Steps()
		return nil
	}
	live := cn.live()
	if v.Kind != resp3.KindSimple || len(v.Str) != 36 || cn.subscribed(v.Text()) != nil {
		return violated("D5 pushes", "%s is answered %s, expected the id of a new subscription", sub.op, v)
	}
	sub.id, sub.state = v.Text(), subReplied
	cn.announce = sub
	for _, s := range sub.sources {
		if s.latest {
			s.starts = states(s.records(cn.w.model), cn.moments(sub.op, cn.w.model.bucketOf(s.partition)))
		}
	}
	cn.w.count.Add("subscriptions", 1)
	return cn.w.checkSubscriptions(sub, live)
}

// moments are those at which the session may have looked at a bucket for a
// request whose reply leaves now: behind the earlier appends of the connection
// and before the later ones (S15).
func (cn *conn) moments(op *Op, bucket int) interval {
	m := cn.w.model
	iv := interval{from: max(op.Call, cn.floor[bucket]), to: cn.w.s.Steps() + 1}
	for _, f := range cn.frames { // replies on their way to the client
		if f.op != nil && f.op.Intent != nil && !f.v.IsError() && f.op.Intent.Landed != nil && f.op.concerns(m, bucket) {
			iv.from = max(iv.from, f.op.Intent.Tick)
		}
	}
	for _, later := range cn.owing {
		if in := later.Intent; in != nil && !later.Bad && in.Landed != nil && len(in.Attempts) == 1 && later.concerns(m, bucket) {
			iv.to = min(iv.to, in.Tick)
		}
	}
	return iv
}

// pushedOut takes a push that leaves the session.
func (cn *conn) pushedOut(f *frame) *Violation {
	w := cn.w
	w.judged("D5 pushes")
	w.count.Add("pushes", 1)
	kind, id := "", ""
	if len(f.v.Elems) > 2 {
		kind, id = f.v.Elems[0].Text(), f.v.Elems[1].Text()
	}
	what := shorten(f.v.String())
	if cn.announce != nil && (kind != "subscribe" || id != cn.announce.id) {
		return violated("D5 pushes", "%s pushes %s between the reply to %s and its announcement", cn.id, what, cn.announce.op)
	}
	f.sub = cn.subscribed(id)
	if f.sub == nil {
		return violated("D5 pushes", "%s pushes %s, but no reply told of a subscription with this id", cn.id, what)
	}
	switch f.sub.state {
	case subClosed:
		return violated("D5 pushes", "%s pushes %s behind the end of the subscription of %s", cn.id, what, f.sub.op)
	case subEnded:
		return violated("D5 pushes", "%s pushes %s, but the client ended the subscription of %s, and was told so", cn.id, what, f.sub.op)
	}
	switch kind {
	case "subscribe":
		return w.checkAnnouncement(f)
	case "message":
		return w.checkMessage(f)
	case "closed":
		return w.checkClosed(f)
	}
	return violated("D5 pushes", "%s pushes %s, which is no kind of push", cn.id, what)
}

// ran takes the acknowledgements that the session has run, by the input that it
// has consumed: a command runs when it is cut from the input, and this one asks
// nobody else.
func (cn *conn) ran() {
	for len(cn.acks) > 0 && cn.acks[0].ends <= cn.ate {
		op := cn.acks[0]
		cn.acks = cn.acks[1:]
		if sub := op.Acks; sub.alive() {
			sub.least = max(sub.least, sub.upTo(op.Cursor))
			sub.fresh = append(sub.fresh, op.Cursor)
		}
	}
}

// settleAcks ends the output in which acknowledgements were run: none counts for
// more than what was sent by then.
func (cn *conn) settleAcks() {
	for _, sub := range cn.subs {
		if sub.fresh != nil {
			sub.most = sub.processed()
			sub.fresh = nil
		}
	}
}

// processed is how many messages the session may take as processed now.
func (sub *subscription) processed() uint64 {
	n := sub.most
	for _, cursor := range sub.fresh {
		n = max(n, sub.upTo(cursor))
	}
	return n
}

// end ends the subscription.
func (sub *subscription) end() { sub.state, sub.endedAt = subEnded, sub.cn.w.s.Steps() }

// receive takes bytes that reached the client: frames are seen when they are
// whole.
func (cn *conn) receive(piece []byte) {
	cn.arrived += len(piece)
	for cn.w.found == nil && !cn.dead && len(cn.frames) > 0 && cn.arrived >= cn.frames[0].size {
		f := cn.frames[0]
		cn.frames = cn.frames[1:]
		cn.arrived -= f.size
		if f.op == nil {
			cn.c.noticed(f)
			continue
		}
		cn.reply(f)
	}
}

// reply takes a reply that reached the client.
func (cn *conn) reply(f *frame) {
	w, op := cn.w, f.op
	cn.waiting = cn.waiting[1:]
	w.judged("replies")
	op.Reply, op.Size = f.v, f.size
	op.Return, op.ReturnAt = w.s.Steps(), w.s.Now()
	w.s.Note(func() string { return "<- " + op.name() + " " + shorten(f.v.String()) }, 21, uint64(op.Client), uint64(op.N))
	w.violate(w.checkLatency(op))
	w.violate(w.checkWait(op))
	cn.older()
	w.violate(w.checkSize(op))
	cn.c.answered(op)
}
