package sim

import (
	"strconv"
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/sim/sched"
)

// What the clock may have told is what the machine's clock showed.
func TestWallClock_Told(t *testing.T) {
	s := sched.New(1, sched.Options{})
	m := s.Machine(1_000_000)
	var c wallClock
	c.set(0, 1_000_000, 0)
	shown := make(map[int64]bool)
	watch := func(until actor.Instant) {
		for at := s.Now(); at <= until; at += 100 * actor.Microsecond {
			s.At(at, func() { shown[m.Wall()] = true })
		}
		s.Run(until, func() bool { return false })
	}
	watch(1500 * actor.Millisecond)
	for _, change := range []struct{ jump, drift int64 }{{-700, 0}, {0, -1500}, {5000, 0}, {0, 250}, {-3000, 0}} {
		s.At(s.Now(), func() {
			if change.jump != 0 {
				m.JumpWall(change.jump)
				c.jump(s.Now(), change.jump)
				return
			}
			m.DriftWall(change.drift)
			c.set(s.Now(), m.Wall(), change.drift)
		})
		watch(s.Now() + 2700*actor.Millisecond)
	}
	least, most := int64(1<<62), int64(0)
	for v := range shown {
		least, most = min(least, v), max(most, v)
		if !c.told(v, 0, s.Now()) {
			t.Errorf("the clock showed %d, but may not have told it", v)
		}
	}
	for _, v := range []int64{least - 1, most + 1, 1_000_000 / 1000} {
		if c.told(v, 0, s.Now()) {
			t.Errorf("the clock may have told %d, it showed %d to %d", v, least, most)
		}
	}
	if now := m.Wall(); !c.told(now, s.Now(), s.Now()) || c.told(now-1, s.Now(), s.Now()) || c.told(now+1, s.Now(), s.Now()) {
		t.Errorf("at one moment the clock tells something else than %d", now)
	}
}

// A clock outside of what a timestamp can be becomes the nearest that it can.
func TestWallClock_Clamped(t *testing.T) {
	var c wallClock
	c.set(0, -5000, 0)
	c.jump(actor.Second, event.TimestampMax+10_000)
	for millis, want := range map[int64]bool{0: true, event.TimestampMax: true, 1: false, -5000: false, event.TimestampMax + 6000: false} {
		if c.told(millis, 0, actor.Second) != want {
			t.Errorf("told %d: %v", millis, !want)
		}
	}
}

// A time that the node chose is one that its clock showed since the request.
func TestCheck_NodeTime(t *testing.T) {
	f := func(millis int64, property string) {
		t.Helper()
		m := newMade(t)
		in := m.want("a")
		m.wall = millis
		verdict(t, m.w.model.Apply(m.fact(in)), property)
		op := m.op(1, 2, "TIME")
		op.Reply = resp3.Value{Kind: resp3.KindArray, Elems: []resp3.Value{bulk(strconv.FormatInt(millis/1000, 10)), bulk(strconv.FormatInt(millis%1000*1000, 10))}}
		if property != "" {
			property = "replies"
		}
		verdict(t, work("TIME").Check(m.w, op), property)
	}
	f(wallStart, "")
	f(wallStart/1000, "phantom")
	f(wallStart/1024, "phantom")
	f(wallStart-1, "phantom")
	f(wallStart+1, "phantom")
}
