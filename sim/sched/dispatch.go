package sched

import (
	"fmt"

	"sierradb/core/actor"
)

// run gives an actor its turn: a batch of its mail, then Flush.
func (s *Sched) run(sl *slot) {
	if still := sl.m.still; still > s.now {
		s.push(item{at: still, slot: sl, run: true})
		return
	}
	sl.waiting = false
	n := min(len(sl.mail), 1+s.rand.Intn(s.o.Knobs.BatchMax))
	sl.env.Now = s.now - sl.m.booted
	sl.env.Wall = sl.m.Wall()
	batch := sl.mail[:n:n]
	if n == len(sl.mail) {
		sl.mail = nil
	} else {
		sl.mail = sl.mail[n:]
	}
	for i := range batch {
		sl.senders[batch[i].ev.From]--
	}
	for i := range batch {
		if !s.step(sl, &batch[i]) {
			return
		}
	}
	if !s.guard(sl.m, sl.id, func() { sl.a.Flush(&sl.env) }) {
		return
	}
	if !s.effects(sl) {
		return
	}
	if len(sl.mail) > 0 {
		sl.turn()
	} else if cap(sl.mail) == 0 {
		clear(batch)
		sl.mail = batch[:0] // nothing came meanwhile: the next mail takes its place
	}
}

func (s *Sched) step(sl *slot, l *letter) bool {
	ev := &l.ev
	s.note(sl, ev)
	if s.o.Watch != nil {
		s.o.Watch.Handled(sl.m, sl.id, ev, l.sent)
	}
	if ev.Kind == actor.BarrierDone {
		s.o.Outside.BarrierDone(sl.m, sl.id, ev.Err)
	}
	if !s.guard(sl.m, sl.id, func() { sl.a.Step(&sl.env, ev) }) {
		return false
	}
	if s.o.Stepped != nil {
		s.o.Stepped(sl.m, sl.id, ev)
	}
	return s.o.Knobs.Hold || s.effects(sl)
}

// note puts a dispatched event into the trace.
func (s *Sched) note(sl *slot, ev *actor.Event) {
	var failed, digest uint64
	if ev.Err != nil {
		failed = 1
	}
	if s.o.Digest != nil && ev.Body != nil {
		digest = s.o.Digest(ev.Body)
	}
	text := func() string {
		body := ""
		if s.o.Describe != nil {
			body = s.o.Describe(ev)
		}
		return fmt.Sprintf("n%d.%d %-11s kind %d from %s token %d %s", sl.m.ID, sl.m.Life, sl.id, ev.Kind, ev.From, ev.Token, body)
	}
	s.Note(text, 3, uint64(sl.m.ID), uint64(sl.m.Life), uint64(sl.id.Role)<<32|uint64(sl.id.N),
		uint64(ev.Kind), uint64(ev.From.Role)<<32|uint64(ev.From.N), ev.Token, failed, digest)
}

// Guard runs f as code of the machine: a *Crash kills the machine, any other
// panic is reported. It answers whether f came to its end.
func (m *Machine) Guard(f func()) bool { return m.s.guard(m, actor.ID{}, f) }

func (s *Sched) guard(m *Machine, id actor.ID, f func()) (ok bool) {
	defer func() {
		if ok {
			return
		}
		p := recover()
		m.Down()
		if c, is := p.(*Crash); is {
			s.o.Outside.Crashed(m, c)
			return
		}
		var stack []byte
		if s.o.Stack != nil {
			stack = s.o.Stack()
		}
		s.o.Outside.Panicked(m, id, fmt.Sprint(p), stack)
	}()
	if s.o.Entropy != nil {
		s.o.Entropy(m.rand)
	}
	f()
	return true
}

// effects makes visible what a Step wanted, in the order of the fields. It
// answers whether the actor still lives.
func (s *Sched) effects(sl *slot) bool {
	out, m := &sl.env.Out, sl.m
	for i := range out.Barriers {
		s.barrier(sl, &out.Barriers[i])
	}
	for i := range out.Tells {
		t := &out.Tells[i]
		t.Ev.From = sl.id
		m.Post(t.To, t.Ev)
	}
	for i := range out.Sends {
		s.o.Outside.Send(m, sl.id, out.Sends[i])
	}
	for _, t := range out.Timers {
		s.push(item{at: s.now + max(t.After, 1), slot: sl, ev: actor.Event{Kind: actor.Tick, Token: t.Token}, sent: s.now})
	}
	if len(out.Output) > 0 || out.Consumed > 0 || out.Hangup || out.Abort {
		s.Note(func() string {
			return fmt.Sprintf("n%d.%d %-11s output %q consumed %d hangup %v", m.ID, m.Life, sl.id, out.Output, out.Consumed, out.Hangup)
		}, 4, uint64(sl.id.N), DigestBytes(0, out.Output), uint64(out.Consumed))
		s.o.Outside.Output(m, sl.id, out)
	}
	halt := out.Halt
	out.Reset()
	if halt != "" {
		s.o.Outside.Halt(m, sl.id, halt)
	}
	return !sl.gone
}

// barrier starts a sync. Its completion is queued behind no other event: the
// disk is a party of its own.
func (s *Sched) barrier(sl *slot, b *actor.Barrier) {
	sync := s.o.Outside.Barrier(sl.m, sl.id, b)
	token, asked := b.Token, s.now
	s.After(sync.After, func() {
		if sl.gone {
			return
		}
		err := sync.Done()
		sl.arrive(actor.Event{Kind: actor.BarrierDone, Token: token, Err: err}, asked)
	})
}
