package sim

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
)

// A subscription delivers every event of its selection from its start on, in
// order in each source, once, and never one that is not committed; it stops only
// with a message that says why and where (D5). Each push is judged when it leaves
// the session.

// checkForm demands that a push has the form that the connection's protocol gives
// it. own is the map that it holds, nil for none.
func (w *World) checkForm(f *frame, own *resp3.Value) *Violation {
	cn := f.sub.cn
	want := cn.form()
	kind, inner := byte(resp3.KindPush), byte(resp3.KindMap)
	if want.array {
		kind = resp3.KindArray
	}
	if want.proto == resp3.RESP2 {
		inner = resp3.KindArray
	}
	if f.v.Kind == kind && (own == nil || own.Kind == inner) {
		return nil
	}
	return violated("D5 pushes", "%s pushes %s, but its client speaks protocol %d, in which pushes are %c and maps %c", cn.id, shorten(f.v.String()), want.proto, kind, inner)
}

// wantParts demands a push of n parts: the kind and the id as simple strings,
// then a number.
func wantParts(f *frame, n int) *Violation {
	e := f.v.Elems
	if len(e) != n || e[0].Kind != resp3.KindSimple || e[1].Kind != resp3.KindSimple || e[2].Kind != resp3.KindInt || e[2].Int < 0 {
		return violated("D5 pushes", "%s pushes %s, expected %d parts: two simple strings and a number first", f.sub.cn.id, shorten(f.v.String()), n)
	}
	return nil
}

// checkAnnouncement judges the push behind the reply to ESUB and EPSUB: it counts
// the live subscriptions of the connection. Requests of which the replies have
// not left may have run, and what the session ended may have been counted before.
func (w *World) checkAnnouncement(f *frame) *Violation {
	sub := f.sub
	cn := sub.cn
	if sub.state != subReplied || cn.announce != sub {
		return violated("D5 pushes", "%s announces the subscription of %s a second time", cn.id, sub.op)
	}
	cn.announce, sub.state = nil, subLive
	if v := wantParts(f, 3); v != nil {
		return v
	}
	if v := w.checkForm(f, nil); v != nil {
		return v
	}
	least, most := cn.live(), cn.live()
	for _, other := range cn.subs {
		if other.state != subAsked && !other.alive() && other.endedAt >= sub.op.Call {
			most++
		}
	}
	for _, op := range cn.owing {
		switch {
		case op.Sub != nil:
			most++
		case op.Acks != nil && op.Work.Name == "EUNSUB" && op.Acks.alive():
			least--
		case op.Work != nil && op.Work.Name == "RESET":
			least = 0
		}
	}
	if n := int(f.v.Elems[2].Int); n < least || n > most {
		return violated("D5 pushes", "%s announces the subscription of %s as one of %d, there are %d to %d", cn.id, sub.op, n, least, most)
	}
	return nil
}

// checkMessage judges an event.
func (w *World) checkMessage(f *frame) *Violation {
	sub := f.sub
	if v := wantParts(f, 4); v != nil {
		return v
	}
	ev, cursor := &f.v.Elems[3], uint64(f.v.Elems[2].Int)
	if v := w.checkForm(f, ev); v != nil {
		return v
	}
	key, err := uuid.Parse(fieldText(ev, "partition_key"))
	s := sub.source(field64(ev, "partition_id"), streamName{key, fieldText(ev, "stream_id")})
	if err != nil || s == nil {
		return violated("D5 events", "%s gets event %s, which it did not ask for", sub.op, shorten(ev.String()))
	}
	pos := field64(ev, "stream_version")
	if s.whole {
		pos = field64(ev, "partition_sequence")
	}
	w.count.Add("events pushed", 1)
	if v := w.checkNext(sub, s, pos); v != nil {
		return v
	}
	w.judged("D5 committed")
	records := s.records(w.model)
	if pos >= uint64(len(records)) || records[pos].Index >= w.model.buckets[w.model.bucketOf(s.partition)].next {
		return violated("D5 committed", "%s gets event %d of %s, which is not visible yet: %s", sub.op, pos, s.name, shorten(ev.String()))
	}
	op := *sub.op
	op.Proto = sub.cn.spoken
	if v := wantEvent(&op, ev, records[pos]); v != nil {
		v.Property = "D5 events"
		return v
	}
	if want := sub.cursorOf(pos); cursor != want {
		return violated("D5 events", "%s gets event %d of %s with cursor %d, expected %d", sub.op, pos, s.name, cursor, want)
	}
	w.judged("D5 window")
	if done := sub.processed(); sub.window > 0 && sub.sent-done >= sub.window {
		return violated("D5 window", "%s gets event %d of %s, the window is %d, and of %d messages before it %d were acknowledged at most", sub.op, pos, s.name, sub.window, sub.sent, done)
	}
	if v := w.checkDelay(sub, records[pos]); v != nil {
		return v
	}
	if sub.sent == 0 {
		sub.began = cursor
	}
	sub.sent++
	s.next = pos + 1
	f.source, f.position = s, pos
	return nil
}

// checkNext demands that a source goes on with a position: the one behind the
// last, or at first the one that was asked for. LATEST begins where the source
// ended at one moment between the request and its reply.
func (w *World) checkNext(sub *subscription, s *source, pos uint64) *Violation {
	w.judged("D5 events")
	if s.decided() {
		if pos != s.next {
			return violated("D5 events", "%s gets event %d of %s, expected %d: %d messages were sent before", sub.op, pos, s.name, s.next, sub.sent)
		}
		return nil
	}
	if !slices.Contains(s.starts, int(pos)) {
		return violated("D5 events", "%s gets event %d of %s first, but LATEST was one of %v", sub.op, pos, s.name, s.starts)
	}
	s.starts = nil
	return nil
}

// checkClosed judges the message with which a session ends a subscription: it
// has a reason, and names for each source the position to go on from.
func (w *World) checkClosed(f *frame) *Violation {
	sub := f.sub
	w.judged("D5 closed")
	w.count.Add("subscriptions closed by the node", 1)
	sub.state, sub.endedAt = subClosed, w.s.Steps()
	if v := wantParts(f, 5); v != nil {
		return v
	}
	if v := w.checkForm(f, nil); v != nil {
		return v
	}
	cursor, reason, list := uint64(f.v.Elems[2].Int), &f.v.Elems[3], &f.v.Elems[4]
	if list.Kind != resp3.KindArray || len(list.Elems) != len(sub.sources) {
		return violated("D5 closed", "%s is closed with %s, expected a position for each of its %d sources", sub.op, shorten(f.v.String()), len(sub.sources))
	}
	for i, at := range sub.matched(list.Elems) {
		s := sub.sources[i]
		if at == nil || !s.mayGoOn(*at) {
			return violated("D5 closed", "%s is closed with %s: for %s expected position %d %v", sub.op, shorten(f.v.String()), s.name, s.next, s.starts)
		}
		if !s.decided() {
			s.next, s.starts = *at, nil
		}
	}
	if want := sub.cursorOf(sub.sources[0].next); cursor != want {
		return violated("D5 closed", "%s is closed with cursor %d, expected %d", sub.op, cursor, want)
	}
	code, _, _ := strings.Cut(reason.Text(), " ")
	if reason.Kind != resp3.KindBulk || !w.mayClose(sub, code) {
		return violated("D5 closed", "%s is closed with %s, and nothing in the world explains it", sub.op, reason)
	}
	w.count.Add("closed "+code, 1)
	return nil
}

// matched returns the position that a list of words gives to each source, nil for
// none. A name that stands several times goes to its sources in order.
func (sub *subscription) matched(words []resp3.Value) []*uint64 {
	out := make([]*uint64, len(sub.sources))
	for i := range words {
		text := words[i].Text()
		at := strings.LastIndexByte(text, '=')
		if words[i].Kind != resp3.KindBulk || at < 0 {
			continue
		}
		n, err := strconv.ParseUint(text[at+1:], 10, 64)
		if err != nil {
			continue
		}
		for j, s := range sub.sources {
			if s.name == text[:at] && out[j] == nil {
				out[j] = &n
				break
			}
		}
	}
	return out
}

// mayGoOn says whether a session that ends now may name a position as the next.
func (s *source) mayGoOn(pos uint64) bool {
	if s.decided() {
		return pos == s.next
	}
	return slices.Contains(s.starts, int(pos))
}

// mayClose says whether the world explains that a session ends a subscription:
// the node stops, its client's side ended, or what it must read is damaged.
func (w *World) mayClose(sub *subscription, code string) bool {
	if w.box.closing && code == "UNAVAILABLE" || (sub.cn.raw || sub.cn.told) && code == "ERR" {
		return true
	}
	if w.second || w.plan.Mode == "calm" {
		return false
	}
	op := *sub.op
	op.ReturnAt = w.s.Now()
	switch code {
	case "UNAVAILABLE", "READERR", "DBOPFAILED":
		return w.excuse(&op, code)
	}
	return false
}

// checkSubscriptions judges that a connection may have another subscription. live
// is how many it had.
func (w *World) checkSubscriptions(sub *subscription, live int) *Violation {
	w.judged("D7 limits")
	if n := w.k.Subscriptions; n > 0 && live >= n {
		return violated("D7 limits", "%s is answered with a subscription, but its connection had %d, expected at most %d", sub.op, live, n)
	}
	return nil
}

// crowded says whether a connection may have had all the subscriptions that it
// may have, while a request for another one waited.
func (w *World) crowded(sub *subscription) bool {
	n := 0
	for _, other := range sub.cn.subs {
		if other != sub && other.number < sub.number && (other.alive() || other.endedAt >= sub.op.Call) {
			n++
		}
	}
	return w.k.Subscriptions > 0 && n >= w.k.Subscriptions
}

// checkEnded demands that a session which hangs up because the node stops has
// told so for every subscription.
func (cn *conn) checkEnded() *Violation {
	if !cn.w.box.closing || cn.closing || cn.told {
		return nil
	}
	for _, sub := range cn.subs {
		cn.w.judged("D5 closed")
		if sub.alive() {
			return violated("D5 closed", "%s hangs up because the node stops, and the subscription of %s was not told", cn.id, sub.op)
		}
	}
	return nil
}

// checkStopped demands that a session which was told that the node stops, for so
// long, has answered a read that waits for events. One whose client does not take
// what came before may not have begun with it.
func (cn *conn) checkStopped(since actor.Instant) *Violation {
	w := cn.w
	if cn.dead || cn.hangup || cn.unsent > 0 || len(cn.owing) == 0 || !cn.owing[0].Blocks || w.box.stalled > since || w.box.full || w.box.filled > since || w.box.paused(since) > 0 {
		return nil
	}
	w.judged("D5 long polls")
	return violated("D5 long polls", "%s was not answered in the %s in which the node stops", cn.owing[0], clock(w.s.Now()-since))
}

// checkPoll judges EREAD and EPREAD: what they show as any read, and how long
// they wait for it.
func (w *World) checkPoll(op *Op) *Violation {
	if v := w.checkScan(op); v != nil || !op.Blocks || op.Ask.Limit == 0 {
		return v
	}
	w.judged("D5 long polls")
	records := w.model.selected(&op.Ask)
	var landed *Record
	if op.Ask.From < uint64(len(records)) {
		landed = records[op.Ask.From]
	}
	empty := len(fieldList(&op.Reply, "events")) == 0
	if landed != nil && landed.At < op.LeftAt {
		if v := w.checkWoken(op, landed); v != nil {
			return v
		}
	}
	waited := op.LeftAt - op.CallAt
	switch {
	case !empty:
		w.count.Add("long polls answered", 1)
	case w.box.closing:
		w.count.Add("long polls ended by a stop", 1)
	case op.Block == 0 || waited < op.Block:
		return violated("D5 long polls", "%s is answered with nothing after %s, expected it to wait longer", op, clock(waited))
	default:
		w.count.Add("long polls that waited in vain", 1)
	}
	return nil
}

// wantSubscription is the Check of ESUB and EPSUB; the reply was judged when it
// left the session.
func wantSubscription(_ *World, op *Op) *Violation {
	op.Sub.known = true
	if op.Reply.Kind != resp3.KindSimple || op.Reply.Text() != op.Sub.id {
		return violated("replies", "%s is answered %s, expected the id of a subscription", op, &op.Reply)
	}
	return nil
}
