package sim

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
)

const subID = "550e8400-e29b-41d4-a716-446655440000"

// follower is a hand-made connection with a subscription.
type follower struct {
	*made
	sub *subscription
}

// newFollower lets events land first: one for each stream.
func newFollower(t *testing.T, request [][]byte, before ...string) *follower {
	t.Helper()
	m := newMade(t)
	for _, stream := range before {
		m.land(0, m.want(stream))
	}
	f := &follower{made: m}
	f.sub = f.asks(request)
	return f
}

// asks makes a request for a subscription.
func (f *follower) asks(request [][]byte) *subscription {
	op := f.w.clients[0].gen.subscribe(request)
	f.sends(op)
	return op.Sub
}

// sends makes a request.
func (f *follower) sends(op *Op) *Op {
	op.Conn, op.Call = f.cn, f.w.s.Steps()
	f.w.clients[0].conn = f.cn
	f.cn.waiting, f.cn.owing = append(f.cn.waiting, op), append(f.cn.owing, op)
	f.cn.subscribes(op)
	f.cn.wrote += 10
	op.ends = f.cn.wrote
	return op
}

// acks makes an acknowledgement and lets the session run it.
func (f *follower) acks(cursor uint64) {
	f.sends(f.w.clients[0].gen.eack(f.sub, cursor))
	f.cn.emitted(nil, f.cn.wrote-f.cn.ate)
	f.out(simple("OK"))
}

// out lets frames leave the session and reach the client.
func (f *follower) out(values ...resp3.Value) {
	var b []byte
	for i := range values {
		b = encode(b, &values[i])
	}
	f.cn.emitted(b, 0)
	for _, fr := range f.cn.frames {
		f.cn.c.noticed(fr)
	}
	f.cn.frames = nil
}

// begins is the reply to the request and its announcement.
func (f *follower) begins() {
	f.out(simple(subID), push(simple("subscribe"), simple(subID), number(1)))
}

func push(elems ...resp3.Value) resp3.Value {
	return resp3.Value{Kind: resp3.KindPush, Elems: elems}
}

// event is the message with the n-th event of the partition.
func (f *follower) event(n int, cursor uint64) resp3.Value {
	r := *f.w.model.parts[0].records[n]
	return push(simple("message"), simple(subID), number(cursor), eventMap(&r))
}

func closed(cursor uint64, reason string, at ...string) resp3.Value {
	l := resp3.Value{Kind: resp3.KindArray, Elems: []resp3.Value{}}
	for _, a := range at {
		l.Elems = append(l.Elems, bulk(a))
	}
	return push(simple("closed"), simple(subID), number(cursor), bulk(reason), l)
}

func encode(b []byte, v *resp3.Value) []byte {
	switch v.Kind {
	case resp3.KindInt:
		return fmt.Appendf(b, ":%d\r\n", v.Int)
	case resp3.KindBulk:
		return fmt.Appendf(b, "$%d\r\n%s\r\n", len(v.Str), v.Str)
	case resp3.KindSimple, resp3.KindError:
		return fmt.Appendf(b, "%c%s\r\n", v.Kind, v.Str)
	}
	n := len(v.Elems)
	if v.Kind == resp3.KindMap {
		n /= 2
	}
	b = fmt.Appendf(b, "%c%d\r\n", v.Kind, n)
	for i := range v.Elems {
		b = encode(b, &v.Elems[i])
	}
	return b
}

// stream asks for streams of the hand-made key.
func stream(words ...string) [][]byte {
	return append(text("ESUB", "a", "PARTITION_KEY", uuid.Max.String()), text(words...)...)
}

func all(words ...string) [][]byte { return append(text("EPSUB", "*"), text(words...)...) }

// TestCheck_Events: a subscription gets what it asked for, from its start on.
func TestCheck_Events(t *testing.T) {
	f := func(property string, request [][]byte, messages ...[2]int) { // event, cursor
		t.Helper()
		f := newFollower(t, request, "a", "b", "a", "a")
		f.begins()
		for _, m := range messages {
			if f.w.found == nil {
				f.out(f.event(m[0], uint64(m[1])))
			}
		}
		verdict(t, f.w.found, property)
	}
	type at = [2]int
	f("", stream("FROM", "0"), at{0, 0}, at{2, 1}, at{3, 2})
	f("", stream("FROM", "1"), at{2, 1}, at{3, 2})
	f("", all("FROM", "0"), at{0, 0}, at{1, 1}, at{2, 2}, at{3, 3})
	f("", all("FROM", "2"), at{2, 0}, at{3, 1})
	f("", text("EPSUB", "0", "FROM", "2"), at{2, 2}, at{3, 3})
	f("D5 events", stream("FROM", "0"), at{2, 1})                                      // not from its start on
	f("D5 events", stream("FROM", "0"), at{0, 0}, at{3, 2})                            // a gap
	f("D5 events", stream("FROM", "0"), at{0, 0}, at{0, 0})                            // a repetition
	f("D5 events", stream("FROM", "0"), at{0, 0}, at{2, 1}, at{0, 0})                  // and backwards
	f("D5 events", stream("FROM", "0"), at{0, 0}, at{1, 1})                            // another stream
	f("D5 events", stream("FROM", "1"), at{2, 0})                                      // a counter for one stream
	f("D5 events", text("EPSUB", "0-0", "FROM", "2"), at{2, 2})                        // a sequence for a range
	f("D5 events", all("FROM", "0"), at{0, 0}, at{1, 2})                               // the counter skips
	f("D5 events", stream("FROM", "5"), at{3, 2})                                      // it waits for what is to come
	f("D5 events", all("FROM", "MAP", "0=3"), at{2, 0})                                // the position of the map
	f("", all("FROM", "MAP", "0=3"), at{3, 0})                                         //
	f("D5 events", text("EPSUB", "0", "FROM", "MAP", "1=0", "DEFAULT", "1"), at{0, 0}) // its default
	f("", text("EPSUB", "0", "FROM", "MAP", "1=0", "DEFAULT", "1"), at{1, 1})
	f("D5 events", all(), at{3, 0}) // LATEST shows what was there before
}

// TestCheck_Latest: LATEST starts behind what was there at one moment between
// the request and its reply, and behind the appends before it on its connection.
func TestCheck_Latest(t *testing.T) {
	f := func(first int, property string) {
		t.Helper()
		f := newFollower(t, all("FROM", "LATEST"), "a")
		f.sub.op.Call = 5
		for tick := range 4 {
			f.land(uint64(4+tick), f.want("a")) // events 1 to 4 at ticks 4 to 7
		}
		f.w.s.After(0, func() {})
		for f.w.s.Steps() < 7 {
			f.w.s.After(0, func() {})
			f.w.s.Next()
		}
		f.begins() // in tick 7: event 4 may be too late
		f.out(f.event(first, 0))
		verdict(t, f.w.found, property)
	}
	f(2, "D5 events")
	f(3, "")
	f(4, "")
	f(1, "D5 events")

	m := newFollower(t, all("FROM", "LATEST"), "a", "a")
	m.begins()
	if n := m.sub.sources[0].starts; len(n) != 1 || n[0] != 2 {
		t.Errorf("LATEST of two events that were there before starts at one of %v", n)
	}
	m.land(9, m.want("a", "a"))
	if got := m.sub.behind(m.w.model); got != 2 {
		t.Errorf("%d of 2 new events are owed", got)
	}
}

// TestCheck_Committed: no event is sent that is not visible in this life.
func TestCheck_Committed(t *testing.T) {
	f := newFollower(t, all("FROM", "0"), "a", "a")
	f.begins()
	sent := f.event(1, 1)
	f.out(f.event(0, 0))
	f.w.model.lose(0, 1)
	f.out(sent)
	verdict(t, f.w.found, "D5 committed")

	f = newFollower(t, all("FROM", "0"), "a", "a")
	f.w.model.begin() // nothing is visible in the new life
	f.begins()
	f.out(f.event(0, 0))
	verdict(t, f.w.found, "D5 committed")

	f = newFollower(t, all("FROM", "0"), "a")
	f.begins()
	wrong := *f.w.model.parts[0].records[0]
	wrong.Payload = []byte("q")
	f.out(push(simple("message"), simple(subID), number(0), eventMap(&wrong)))
	verdict(t, f.w.found, "D5 events")
}

// TestCheck_Window: no more than WINDOW events are not acknowledged.
func TestCheck_Window(t *testing.T) {
	f := func(property string, acks ...int) { // after each message: the cursor, -1 for none
		t.Helper()
		f := newFollower(t, all("FROM", "0", "WINDOW", "2"), "a", "a", "a", "a", "a", "a")
		f.begins()
		for i, cursor := range acks {
			if f.w.found != nil {
				break
			}
			if f.out(f.event(i, uint64(i))); cursor >= 0 {
				f.acks(uint64(cursor))
			}
		}
		verdict(t, f.w.found, property)
	}
	f("", -1, -1)
	f("D5 window", -1, -1, -1)
	f("", 0, -1, -1)
	f("D5 window", 0, -1, -1, -1)
	f("", -1, 1, -1, -1)
	f("D5 window", -1, 0, -1, -1)
	f("", -1, 100, -1, -1)              // what is ahead counts for what was sent
	f("D5 window", -1, 100, -1, -1, -1) // and for no more
	f("D5 window", -1, 1, 0, -1, -1)    // backwards is nothing

	m := newFollower(t, text("EPSUB", "0", "FROM", "4", "WINDOW", "1"), "a", "a", "a", "a", "a", "a")
	m.begins()
	m.out(m.event(4, 4))
	m.acks(3) // before the first
	if m.sub.room() != 0 {
		t.Error("an acknowledgement of an event before the first makes room")
	}
	m.acks(4)
	if m.sub.room() != 1 || m.sub.behind(m.w.model) != 1 {
		t.Errorf("with all acknowledged there is room for %d, and %d events are owed", m.sub.room(), m.sub.behind(m.w.model))
	}
	m.out(m.event(5, 5))
	verdict(t, m.w.found, "")
}

// TestCheck_Pushes: pushes come behind the reply and its announcement, before the
// end, in the form of the protocol.
func TestCheck_Pushes(t *testing.T) {
	announce := push(simple("subscribe"), simple(subID), number(1))
	f := func(property string, proto resp3.Proto, steps func(f *follower)) {
		t.Helper()
		f := newFollower(t, all("FROM", "0"), "a", "a")
		f.cn.spoken, f.cn.proto, f.sub.op.After = proto, proto, proto
		steps(f)
		verdict(t, f.w.found, property)
	}
	ping := func(f *follower) { f.sends(&Op{Work: work("PING"), Args: text("PING")}) }
	f("", 3, func(f *follower) { f.begins(); f.out(f.event(0, 0)) })
	f("D5 pushes", 3, func(f *follower) { f.out(f.event(0, 0)) })                          // before the reply
	f("D5 pushes", 3, func(f *follower) { f.out(simple(subID), f.event(0, 0)) })           // before its announcement
	f("D5 pushes", 3, func(f *follower) { ping(f); f.out(simple(subID), simple("PONG")) }) // a reply there
	f("D5 pushes", 3, func(f *follower) { f.out(simple("soon")) })                         // no id
	f("D5 pushes", 3, func(f *follower) { f.begins(); f.out(announce) })                   // twice
	f("D5 pushes", 3, func(f *follower) { f.out(simple(subID), push(simple("subscribe"), simple(subID), number(2))) })
	f("D5 pushes", 3, func(f *follower) { f.begins(); f.out(push(simple("news"), simple(subID), number(2))) })
	f("D5 pushes", 3, func(f *follower) {
		f.begins()
		f.out(push(simple("message"), simple(uuid.Max.String()), number(0), number(0)))
	})
	f("D5 pushes", 3, func(f *follower) { f.begins(); f.out(push(simple("message"), simple(subID), number(0))) })
	f("replies", 3, func(f *follower) { f.begins(); f.out(simple("PONG")) })
	f("", 3, func(f *follower) { f.begins(); ping(f); f.out(f.event(0, 0), simple("PONG"), f.event(1, 1)) })

	array := func(v resp3.Value) resp3.Value { // as RESP2 has it
		v.Kind = resp3.KindArray
		if n := len(v.Elems); v.Elems[n-1].Kind == resp3.KindMap {
			v.Elems[n-1].Kind = resp3.KindArray
		}
		return v
	}
	flat := func(v resp3.Value) resp3.Value { // as redis-cli gets it
		v = array(v)
		v.Kind = resp3.KindPush
		return v
	}
	f("", 2, func(f *follower) { f.out(simple(subID), array(announce), array(f.event(0, 0))) })
	f("D5 pushes", 2, func(f *follower) { f.out(simple(subID), announce) })
	f("D5 pushes", 2, func(f *follower) { f.out(simple(subID), array(announce), flat(f.event(0, 0))) })
	f("D5 pushes", 3, func(f *follower) { f.begins(); f.out(array(f.event(0, 0))) })
	f("D5 pushes", 3, func(f *follower) { f.begins(); f.out(flat(f.event(0, 0))) })
	f("", 2, func(f *follower) {
		f.cn.browses = true
		f.out(simple(subID), announce, flat(f.event(0, 0)))
	})
	f("D5 pushes", 2, func(f *follower) {
		f.cn.browses = true
		f.out(simple(subID), announce, array(f.event(0, 0)))
	})
	hello := func(f *follower) {
		f.out(simple(subID), array(announce))
		f.sends(f.w.clients[0].gen.hello(3)).After = resp3.RESP3
	}
	f("", 2, func(f *follower) { hello(f); f.out(array(f.event(0, 0)), mapOf(), f.event(1, 1)) })
	f("D5 pushes", 2, func(f *follower) { hello(f); f.out(f.event(0, 0)) })
	f("D5 pushes", 2, func(f *follower) { hello(f); f.out(mapOf(), array(f.event(0, 0))) })

	unsub := func(f *follower) {
		op := &Op{Work: work("EUNSUB"), Acks: f.sub, Args: text("EUNSUB", subID)}
		f.sends(op)
	}
	f("", 3, func(f *follower) { f.begins(); unsub(f); f.out(f.event(0, 0), simple("OK")) })
	f("D5 pushes", 3, func(f *follower) { f.begins(); unsub(f); f.out(simple("OK"), f.event(0, 0)) })
	f("D5 pushes", 3, func(f *follower) { f.begins(); unsub(f); f.out(simple("OK"), closed(0, "UNAVAILABLE x", "0=0")) })
	f("D5 pushes", 3, func(f *follower) {
		f.begins()
		f.sends(&Op{Work: work("RESET"), Args: text("RESET"), After: 2})
		f.out(simple("RESET"), f.event(0, 0))
	})
}

// TestCheck_Closed: a subscription ends for a reason, and its client learns where.
func TestCheck_Closed(t *testing.T) {
	f := func(property string, request [][]byte, end resp3.Value, steps ...func(f *follower)) {
		t.Helper()
		f := newFollower(t, request, "a", "a", "a")
		f.begins()
		f.w.box.closing = true
		for _, step := range steps {
			step(f)
		}
		f.out(end)
		verdict(t, f.w.found, property)
	}
	stop := "UNAVAILABLE the node is closing"
	one := func(f *follower) { f.out(f.event(0, 0)) }
	f("", all("FROM", "0"), closed(0, stop, "0=0"))
	f("", all("FROM", "0"), closed(1, stop, "0=1"), one)
	f("", all(), closed(0, stop, "0=3"))
	f("D5 closed", all(), closed(0, stop, "0=2"))
	f("", text("EPSUB", "0"), closed(3, stop, "0=3"))
	f("D5 closed", text("EPSUB", "0"), closed(0, stop, "0=3"))
	f("D5 closed", all("FROM", "0"), closed(1, stop, "0=0"), one)
	f("D5 closed", all("FROM", "0"), closed(1, stop), one)
	f("D5 closed", all("FROM", "0"), closed(1, stop, "1=1"), one)
	f("D5 closed", all("FROM", "0"), closed(1, stop, "0"), one)
	f("", stream("FROM", "0"), closed(1, stop, "a=1"), one)
	f("D5 closed", stream("FROM", "0"), closed(1, "BUSY I don't want", "a=1"), one)
	f("D5 closed", stream("FROM", "0"), closed(1, stop, "a=1"), one, func(f *follower) { f.w.box.closing = false })
	f("D5 pushes", stream("FROM", "0"), closed(1, stop, "a=1"), one, func(f *follower) { f.out(closed(1, stop, "a=1")) })
	f("D5 pushes", all("FROM", "0"), push(simple("closed"), simple(subID), number(0)))

	m := newFollower(t, all("FROM", "0"), "a")
	m.begins()
	verdict(t, m.cn.checkEnded(), "")
	m.w.box.closing = true
	verdict(t, m.cn.checkEnded(), "D5 closed")
	m.out(closed(0, stop, "0=0"))
	verdict(t, m.cn.checkEnded(), "")
}
