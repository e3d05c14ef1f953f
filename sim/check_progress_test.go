package sim

import (
	"testing"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
)

// TestCheck_Stalls: nothing that is visible waits for long, and nothing of it is
// left in the end.
func TestCheck_Stalls(t *testing.T) {
	m := newFollower(t, all("FROM", "0", "WINDOW", "1"), "a", "a")
	m.w.plan.Mode = "calm"
	m.begins()
	late := m.w.prompt(m.cn, 0)
	m.cn.active = 0
	pass := func(d actor.Instant) {
		m.w.s.After(d, func() {})
		m.w.s.Next()
	}
	verdict(t, m.w.stalled(), "")
	pass(late)
	verdict(t, m.w.stalled(), "")
	pass(1)
	verdict(t, m.w.stalled(), "D5 liveness")
	m.cn.unsent = 1
	verdict(t, m.w.stalled(), "") // its client does not read
	m.cn.unsent = 0
	r := m.w.model.parts[0].records[0]
	verdict(t, m.w.checkDelay(m.sub, r), "D5 liveness")
	m.cn.active = 1
	verdict(t, m.w.checkDelay(m.sub, r), "")
	m.w.plan.Mode = "all"
	verdict(t, m.w.checkDelay(m.sub, r), "")
	m.out(m.event(0, 0))
	m.cn.active = 0
	verdict(t, m.w.stalled(), "") // the window is full
	if !m.w.settled() && m.w.followed() {
		t.Error("requests are not answered, and all is done")
	}
	verdict(t, m.w.found, "")

	op := m.op(1, 2, "EREAD")
	op.CallAt, op.LeftAt = 0, 10+late
	verdict(t, m.w.checkWoken(op, &Record{At: 10}), "")
	m.w.plan.Mode = "calm"
	verdict(t, m.w.checkWoken(op, &Record{At: 10}), "")
	verdict(t, m.w.checkWoken(op, &Record{At: 9}), "D5 liveness")
	op.quiet = 10 // something was to do
	verdict(t, m.w.checkWoken(op, &Record{At: 9}), "")
}

// TestCheck_Follow: subscriptions that are owed events in the end are noticed.
func TestCheck_Follow(t *testing.T) {
	m := newFollower(t, all("FROM", "0"), "a")
	m.begins()
	m.cn.waiting, m.w.clients[0].again = nil, nil
	m.w.follow(true)
	verdict(t, m.w.found, "D5 liveness")

	m = newFollower(t, all("FROM", "0"), "a")
	m.begins()
	m.out(m.event(0, 0))
	m.cn.waiting = nil
	for _, c := range m.w.clients {
		c.again = nil
	}
	m.w.follow(true)
	verdict(t, m.w.found, "")
}

// TestCheck_Polls: a read that waits is answered when there is something, or when
// its time has passed.
func TestCheck_Polls(t *testing.T) {
	f := func(property string, block, waited actor.Instant, reply func(m *made, op *Op) resp3.Value) {
		t.Helper()
		m := newMade(t)
		m.w.plan.Mode = "all"
		op := m.scan(2, 5, "a")
		op.Work = work("EREAD")
		op.Blocks, op.Block, op.CallAt, op.LeftAt = true, block, 100, 100+waited
		op.Reply = reply(m, op)
		verdict(t, m.w.checkPoll(op), property)
	}
	nothing := func(*made, *Op) resp3.Value { return page(false) }
	something := func(m *made, _ *Op) resp3.Value { return page(false, m.land(3, m.want("a")).Landed...) }
	hides := func(m *made, _ *Op) resp3.Value { m.land(1, m.want("a")); return page(false) }
	f("", 50, 50, nothing)
	f("D5 long polls", 50, 49, nothing)
	f("D5 long polls", 0, 1000, nothing)
	f("", 50, 49, something)
	f("D3 reads", 50, 50, hides)
	f("", 50, 0, func(m *made, _ *Op) resp3.Value { m.w.box.closing = true; return page(false) })
	f("", 50, 0, func(_ *made, op *Op) resp3.Value { op.Ask.Limit = 0; return page(false) })
	f("", 50, 0, func(_ *made, op *Op) resp3.Value { op.Blocks = false; return page(false) })
}

// TestCheck_Crowded: a connection has as many subscriptions as it may have.
func TestCheck_Crowded(t *testing.T) {
	f := func(limit int, second resp3.Value, property string) {
		t.Helper()
		m := newFollower(t, all())
		m.w.k.Subscriptions = limit
		m.begins()
		m.asks(all())
		m.out(second)
		if m.w.found == nil && second.IsError() {
			op := m.cn.subs[1].op
			op.Conn, op.Proto, op.Reply = m.cn, resp3.RESP3, second
			m.w.found = m.w.judge(op)
		}
		verdict(t, m.w.found, property)
	}
	id := simple(uuid.Max.String())
	f(0, id, "")
	f(2, id, "")
	f(1, id, "D7 limits")
	f(0, simple(subID), "D5 pushes") // the id of the first
	f(1, failure("BUSY x"), "")
	f(2, failure("BUSY x"), "I15")
	f(0, failure("BUSY x"), "I15")
}

// TestCheck_Stopped: a node that stops answers reads that wait.
func TestCheck_Stopped(t *testing.T) {
	f := func(property string, world func(m *made, op *Op)) {
		t.Helper()
		m := newMade(t)
		op := m.op(1, 2, "EREAD")
		op.Blocks = true
		m.cn.owing = []*Op{op}
		world(m, op)
		verdict(t, m.cn.checkStopped(0), property)
	}
	f("D5 long polls", func(*made, *Op) {})
	f("", func(_ *made, op *Op) { op.Blocks = false })
	f("", func(m *made, _ *Op) { m.cn.owing = nil })
	f("", func(m *made, _ *Op) { m.cn.hangup = true }) // the session had not taken it
	f("", func(m *made, _ *Op) { m.cn.dead = true })
	f("", func(m *made, _ *Op) { m.w.box.stalled = 1 })
	f("", func(m *made, _ *Op) { m.w.box.full = true })
}

// TestCheck_Watches: no watch is left.
func TestCheck_Watches(t *testing.T) {
	verdict(t, checkWatches(0), "")
	verdict(t, checkWatches(1), "D5 watches")
}

// TestScripted_Subscriptions: a run's requests for subscriptions, and what they
// say of their ids, outlive the run as a script.
func TestScripted_Subscriptions(t *testing.T) {
	for seed := uint64(1); ; seed++ {
		if seed > 40 {
			t.Fatal("no calm seed has subscriptions that are acknowledged and ended")
		}
		r := Run(NewPlan(seed), options(t))
		if r.Violation != nil || len(r.world.plan.Faults) > 0 || r.Counters["ok EACK"] < 20 || r.Counters["ok EUNSUB"] < 4 {
			continue
		}
		p, err := ParsePlan(r.Scripted().Text())
		if err != nil {
			t.Fatal(err)
		}
		again := Run(p, options(t))
		if again.Violation != nil {
			t.Fatal(again.Violation)
		}
		for _, name := range []string{"ok EACK", "ok EUNSUB", "events pushed"} {
			if again.Counters[name] == 0 || 4*again.Counters[name] < r.Counters[name] {
				t.Errorf("seed %d counts %d of %s, its script %d", seed, r.Counters[name], name, again.Counters[name])
			}
		}
		return
	}
}

// TestCheck_Liveness: a client that gets no answer is noticed.
func TestCheck_Liveness(t *testing.T) {
	m := newMade(t)
	c := newClient(m.w, 9)
	c.quiet = true
	c.script = []*Op{m.op(0, 0, "PING")} // and there is no node
	if m.w.play(c, "D8 liveness", "nothing happens") {
		t.Fatal("a world without a node answers")
	}
	verdict(t, m.w.found, "D8")
}
