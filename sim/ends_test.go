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

	abort := func(silent actor.Instant, property string) {
		t.Helper()
		m := newMade(t)
		m.w.k.OutputTimeout = actor.Second
		m.cn.silent, m.cn.closing = silent, true
		verdict(t, m.w.checkEnd(m.cn, true, true), property)
	}
	abort(actor.Second, "")
	abort(actor.Second-1, "I15")
	abort(0, "I15") // it did not look at the clock

	m := newMade(t)
	verdict(t, m.w.checkEnd(m.cn, false, false), "")
}
