package sim

import (
	"testing"

	"sierradb/core/actor"
)

// TestCheck_End: a session ends its connection only for a reason.
func TestCheck_End(t *testing.T) {
	hangup := func(property string, world func(m *made)) {
		t.Helper()
		m := newMade(t)
		world(m)
		verdict(t, m.w.checkEnd(m.cn, true, false), property)
	}
	hangup("I15", func(*made) {})
	hangup("I15", func(m *made) { m.cn.ended = true }) // the session was not told
	hangup("", func(m *made) { m.cn.told = true })
	hangup("", func(m *made) { m.cn.closing = true })
	hangup("", func(m *made) { m.w.box.closing = true })

	abort := func(after actor.Instant, unsent int, property string, world func(m *made)) {
		t.Helper()
		m := newMade(t)
		m.w.k.OutputTimeout = actor.Second
		m.w.k.TellMax, m.w.k.RunMax = 0, 0
		m.w.until(100+after, func() bool { return false })
		m.cn.moved, m.cn.unsent, m.cn.closing = 100, unsent, true
		world(m)
		verdict(t, m.w.checkEnd(m.cn, true, true), property)
	}
	same := func(*made) {}
	limit := actor.Second - 20*actor.Millisecond
	abort(limit, 1, "", same)
	abort(limit-1, 1, "I15", same)
	abort(limit, 0, "I15", same)
	abort(limit-1, 1, "", func(m *made) { m.w.box.pauses = []standstill{{200, 201}} })

	m := newMade(t)
	verdict(t, m.w.checkEnd(m.cn, false, false), "")
}
