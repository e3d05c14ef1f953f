package sim

import (
	"testing"

	"sierradb/core/actor"
)

// TestBurst_Stuck: clients that get no answer after healing are noticed.
func TestBurst_Stuck(t *testing.T) {
	m := newMade(t) // and there is no node
	if m.w.burst() {
		t.Fatal("a world without a node answers a burst of requests")
	}
	verdict(t, m.w.found, "D8 liveness")
}

// TestBurst_IsMade: every run that comes to its end makes it, and its requests
// are answered.
func TestBurst_IsMade(t *testing.T) {
	r := Run(NewPlan(11), options(t))
	if r.Violation != nil {
		t.Fatal(r.Violation)
	}
	k := &r.world.plan.Knobs
	second := 0
	for _, op := range r.world.history {
		if op.Second && op.Outcome != Pending {
			second++
		}
	}
	if r.Counters["second bursts"] != 1 || second < k.Clients*(k.Ops/4) {
		t.Errorf("%d requests were made in %d second bursts, expected %d and more", second, r.Counters["second bursts"], k.Clients*(k.Ops/4))
	}
}

// TestCheck_SecondBurst: when everything has healed no fault is an excuse, only
// settings are; and calm seeds have no faults.
func TestCheck_SecondBurst(t *testing.T) {
	f := func(world func(w *World, op *Op), reply, property string) {
		t.Helper()
		m := newMade(t)
		op := m.attempt(1, 2, m.want("a"))
		op.Second = true
		m.w.box.halt[0], m.w.box.full = true, true
		*m.w.box.of(0) = upset{changes: true, reads: true, readAt: op.CallAt}
		world(m.w, op)
		verdict(t, m.answer(op, failure(reply)), property)
	}
	same := func(*World, *Op) {}
	calm := func(w *World, op *Op) { op.Second = false; w.plan.Mode = "calm" }
	faulty := func(w *World, op *Op) { op.Second = false; w.plan.Mode = "all" }
	for _, reply := range []string{"READONLY x", "DISKFULL x", "DBOPFAILED x", "TIMEOUT x", "BUSY x"} {
		f(same, reply, "I15")
		f(calm, reply, "I15")
	}
	f(faulty, "READONLY x", "")
	f(func(w *World, _ *Op) { w.k.QueueBytes = 1 << 10 }, "BUSY x", "I15") // nothing else is in the queue
	f(func(w *World, op *Op) {
		w.k.QueueBytes = 1 << 10
		other := *op
		other.Outcome = Pending
		w.history = []*Op{&other, op}
	}, "BUSY x", "")
	f(func(w *World, op *Op) { w.k.Timeout, op.ReturnAt = actor.Second, 2*actor.Second }, "TIMEOUT x", "")
	f(func(w *World, op *Op) { w.k.Timeout, op.ReturnAt = actor.Second, actor.Second/2 }, "TIMEOUT x", "I15")

	m := newMade(t)
	op := m.attempt(1, 2, m.want("a"))
	verdict(t, m.w.checkLost(op), "")
	op.Second = true
	verdict(t, m.w.checkLost(op), "I15")
	op.Conn.raw = true
	verdict(t, m.w.checkLost(op), "")
}

// TestCheck_Latency: a request waits too long when nothing is on the wire.
func TestCheck_Latency(t *testing.T) {
	f := func(idle actor.Instant, second bool, property string) {
		t.Helper()
		m := newMade(t)
		m.w.plan.Mode = "all"
		op := m.op(1, 2, "PING")
		op.Second = second
		m.cn.wire.idled = idle
		verdict(t, m.w.checkLatency(op), property)
	}
	limit := newMade(t).w.k.latency(0, 0)
	f(limit, true, "")
	f(limit+1, true, "D8 liveness")
	f(limit+1, false, "")

	var wr wire
	wr.busy(10, 1)
	wr.busy(20, 1)
	wr.busy(30, -1)
	wr.busy(40, -1)
	if got := wr.idle(45); got != 15 {
		t.Errorf("a wire that was busy from 10 to 40 was idle for %d of 45", got)
	}
	if got := wr.idle(40); got != 10 {
		t.Errorf("idle for %d up to 40, expected 10", got)
	}
}
