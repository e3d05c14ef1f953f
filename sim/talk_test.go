package sim

import (
	"testing"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// hear tells a talk of a reply without asking anybody else about it.
func (m *made) hear(t talk, op *Op, reply resp3.Value) *Violation {
	op.Reply, op.Outcome = reply, Done
	if op.code() != "" {
		op.Outcome = NotDone
	}
	return t.heard(m.w, op)
}

func TestRace(t *testing.T) {
	read := func(m *made) *Op {
		op := m.op(1, 2, "ESVER")
		op.Ask = Ask{Kind: event.LastVersion, Stream: streamName{uuid.Max, "a"}}
		return op
	}
	refusal := func(current, expected string) resp3.Value {
		return failure("WRONGVER current stream version is " + current + " but expected " + expected + " for partition key")
	}
	f := func(second resp3.Value, append bool, third resp3.Value, property string) {
		t.Helper()
		m := newMade(t)
		r := &race{name: streamName{uuid.Max, "a"}, left: 9}
		verdict(t, m.hear(r, read(m), number(4)), "")
		op := read(m)
		if append {
			op = m.attempt(3, 4, m.want("a:4"))
		}
		v := m.hear(r, op, second)
		if v == nil {
			v = m.hear(r, read(m), third)
		}
		verdict(t, v, property)
	}
	won := func(version uint64) resp3.Value { return mapOf("stream_version", number(version)) }
	f(won(5), true, number(5), "")
	f(won(5), true, number(7), "")
	f(won(6), true, number(6), "replies") // it expected version 4
	f(won(5), true, number(4), "D3 reads")
	f(refusal("6", "4"), true, number(6), "")
	f(refusal("6", "4"), true, number(5), "D3 reads") // the refusal told of version 6
	f(refusal("4", "4"), true, number(4), "D4 expected version")
	f(refusal("3", "4"), true, number(4), "D4 expected version")
	f(refusal("empty", "4"), true, number(4), "D4 expected version")
	f(failure("BUSY x"), true, number(4), "")
	f(number(3), false, number(3), "D3 reads")

	m := newMade(t)
	r := &race{name: streamName{uuid.Max, "a"}, left: 9}
	verdict(t, m.hear(r, read(m), number(4)), "")
	m.w.model.parts[0].lost = true // damage cost events: nothing is known any more
	verdict(t, m.hear(r, read(m), number(1)), "")
	if r.next(&m.w.clients[0].gen) != nil {
		t.Error("the race goes on though what the client knows was lost")
	}
}

func TestPieces(t *testing.T) {
	f := func(property string, found ...bool) {
		t.Helper()
		m := newMade(t)
		in := m.land(1, m.want("a", "b", "c"))
		p := &pieces{in: in}
		for i, there := range found {
			reply := resp3.Value{Kind: resp3.KindNull}
			if there {
				reply = eventMap(in.Landed[i])
			}
			if v := m.hear(p, m.op(2, 3, "EGET"), reply); v != nil || i == len(found)-1 {
				verdict(t, v, property)
				return
			}
		}
	}
	f("", true, true, true)
	f("", false, false, true)
	f("", false, false, false)
	f("D2 whole", true, false)
	f("D2 whole", false, true, false)
}

func TestWalk(t *testing.T) {
	m := newMade(t)
	var all []*Record
	for _, in := range []*Intent{m.want("a"), m.want("a", "b", "a"), m.want("a")} {
		all = append(all, m.land(1, in).Landed...)
	}
	wrong := *all[1]
	wrong.Sequence = 1
	wrong.ID = all[0].ID
	f := func(property string, own event.Version, pages ...resp3.Value) {
		t.Helper()
		w := &walk{ask: Ask{Kind: event.ScanPartition, To: event.NoVersion, Limit: 10}, seen: map[string]uint64{}, own: own}
		for i, p := range pages {
			if v := m.hear(w, m.scan(2, 3, ""), p); v != nil || i == len(pages)-1 {
				verdict(t, v, property)
				return
			}
		}
	}
	f("", 0, page(false, all...))
	f("", 5, page(true, all[:2]...), page(true, all[2:3]...), page(false, all[3:]...))
	f("", 0, page(true, all[:2]...), failure("UNAVAILABLE x"), page(false, all[2:]...))
	f("S16 pages", 0, page(true, all[:2]...), page(false, all[1:]...))
	f("S16 pages", 0, page(true, all[:2]...), page(false, all[3:]...))
	f("S16 pages", 0, page(false, all[1:]...))
	f("S16 pages", 0, page(true, all[0]), page(false, &wrong))
	f("S16 pages", 0, page(true, all[:2]...), page(true))
	f("D2 whole", 0, page(true, all[:2]...), page(false, all[2]))
	f("D1 reads", 6, page(false, all...))
}

func TestHalfClose(t *testing.T) {
	m := newMade(t)
	verdict(t, m.cn.checkHangup(), "")
	m.cn.waiting = []*Op{m.op(1, 2, "PING")}
	verdict(t, m.cn.checkHangup(), "replies")
	m.w.box.closing = true // an orderly stop
	verdict(t, m.cn.checkHangup(), "")
}

// TestDeclared: an error of a command that its Spec doesn't name is wrong
// whatever it says.
func TestDeclared(t *testing.T) {
	f := func(command, reply, property string) {
		t.Helper()
		m := newMade(t)
		op := m.op(1, 2, "PING")
		op.Args, op.Reply = text(command), failure(reply)
		verdict(t, m.w.checkDeclared(op, op.code()), property)
	}
	f("EAPPEND", "WRONGVER x", "")
	f("eget", "READERR x", "")
	f("EGET", "TIMEOUT x", "replies")
	f("ESVER", "DBOPFAILED x", "replies")
	f("PING", "WRONGVER x", "replies")
	f("EGET", "ERR EGET was not run: it came behind MULTI", "")
	f("NOSUCH", "ERR unknown command", "")
}
