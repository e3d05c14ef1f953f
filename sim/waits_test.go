package sim

import (
	"testing"

	"sierradb/core/actor"
)

// TestCheck_Wait: the oldest request of a connection waits for its timeout and
// not much longer, unless the process stood still; a read may be asked twice.
func TestCheck_Wait(t *testing.T) {
	k := newMade(t).w.k
	limit := k.Timeout + tick + k.backlog(0, 0)
	f := func(idle actor.Instant, read bool, property string, world func(m *made)) {
		t.Helper()
		m := newMade(t)
		op := m.attempt(1, 2, m.want("a"))
		if read {
			op = m.op(1, 2, "EGET")
		}
		m.cn.wire.idled, m.cn.oldestIdle = idle+7, 7
		world(m)
		verdict(t, m.w.checkWait(op), property)
	}
	same := func(*made) {}
	f(limit, false, "", same)
	f(limit+1, false, "D8 liveness", same)
	f(limit+k.Timeout+tick, true, "", same)
	f(limit+k.Timeout+tick+1, true, "D8 liveness", same)
	f(limit+1, false, "", func(m *made) { m.w.box.closing = true })
	f(limit+1, false, "", func(m *made) { m.cn.oldestIdle++ })

	m := newMade(t)
	m.w.until(10, func() bool { return false })
	m.w.box.pauses = []standstill{{1, 3}, {5, 8}, {9, 20}}
	for since, want := range map[actor.Instant]actor.Instant{0: 6, 2: 5, 5: 4, 10: 0} {
		if got := m.w.box.paused(since); got != want {
			t.Errorf("at 10 the process stood still for %d since %d, expected %d", got, since, want)
		}
	}
}

// TestCheck_CutOff: output is not left unread for longer than OutputTimeout.
func TestCheck_CutOff(t *testing.T) {
	m := newMade(t)
	k := m.w.k
	limit := k.OutputTimeout + k.backlog(0, 0)
	m.w.until(limit, func() bool { return false })
	m.cn.in = []byte("+OK")
	verdict(t, m.w.checkCutOff(m.cn), "")
	m.cn.moved = -1
	verdict(t, m.w.checkCutOff(m.cn), "D8 liveness")
	m.w.box.pauses = []standstill{{1, 2}}
	verdict(t, m.w.checkCutOff(m.cn), "")
	m.w.box.pauses, m.cn.in = nil, nil
	verdict(t, m.w.checkCutOff(m.cn), "")
}
