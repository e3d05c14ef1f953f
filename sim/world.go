package sim

import (
	"fmt"
	"slices"

	"sierradb/commands"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
	"sierradb/sim/sched"
)

// World is one run: the scheduler, the machine with its disk, the clients, and
// the model that judges them. It stands where network, disk and operator stand
// in production.
type World struct {
	plan *Plan
	k    *Knobs
	o    Options

	s       *sched.Sched
	rand    *actor.Rand // of the world's own draws
	box     *box
	model   *Model
	clients []*Client
	conns   map[actor.ID]*conn // of the present life
	follows map[actor.ID]int   // subscriptions that a session of this life was asked for

	healed  bool // no more faults
	second  bool // the second burst is under way
	parting bool // clients have seen enough: they don't subscribe again
	count   Counters
	found   *Violation
	off     map[string]bool // properties whose verdicts are thrown away
	wholly  bool            // the last phase read everything back
	stack   []byte
	rec     *recorder // nil: nobody wants moments
	peerID  string    // as the first HELLO told it
	history []*Op     // all requests, in the order they were made
	skip    map[Skip]bool
}

var _ sched.Outside = (*World)(nil)

func newWorld(p *Plan, o Options) *World {
	w := &World{plan: p, k: &p.Knobs, o: o, rand: actor.NewRand(actor.Mix(p.Seed) + 0x3d),
		conns: make(map[actor.ID]*conn), follows: make(map[actor.ID]int), count: make(Counters)}
	k := w.k
	w.rec = newRecorder(w, o.Moments)
	options := sched.Options{
		Knobs:   sched.Knobs{TellMax: k.TellMax, RunMax: k.RunMax, BatchMax: k.BatchMax, LateOne: k.LateOne, Hold: k.Hold},
		Outside: w, Digest: digest, Describe: describe, Entropy: o.Entropy, Stack: o.Stack, Record: o.Record, Text: o.Text, Wants: o.Level.wants, Mail: w.mail, Stepped: w.stepped,
	}
	if w.rec != nil {
		options.Watch = w.rec
	}
	w.s = sched.New(p.Seed, options)
	w.switchOff(slices.Concat(o.Off, p.Off))
	w.model = newModel(k.Buckets, k.Partitions)
	w.model.judged, w.model.clock = w.judged, w.s.Now
	w.model.told = func(millis int64, since actor.Instant) bool { return w.box.wall.told(millis, since, w.s.Now()) }
	w.box = newBox(w)
	w.skip = make(map[Skip]bool)
	for _, s := range p.Skip {
		w.skip[s] = true
	}
	for i := range k.Clients {
		w.clients = append(w.clients, newClient(w, i))
	}
	return w
}

// run carries out the plan.
func (w *World) run() {
	for i := range w.plan.Faults {
		w.box.schedule(&w.plan.Faults[i])
	}
	for i := range w.plan.Script {
		r := &w.plan.Script[i]
		w.clients[r.Client].coming = append(w.clients[r.Client].coming, r)
	}
	if w.plan.Mode == "calm" {
		w.keepWatch()
	}
	w.box.boot()
	for _, c := range w.clients {
		c.direct()
	}
	for _, c := range w.clients {
		c.wake(0)
	}
	w.until(span, w.settled)
	if w.found == nil && w.plan.Mode == "calm" {
		w.follow(false)
	}
	w.heal()
	if w.found == nil {
		w.verify()
	}
}

// until runs the world until done answers true, the clock passes t, or a
// property is broken.
func (w *World) until(t actor.Instant, done func() bool) {
	w.s.Run(t, func() bool {
		w.model.tick = w.s.Steps()
		if w.s.Steps() > stepsMax {
			w.violate(violated("liveness", "the run does not end: %d steps", w.s.Steps()))
		}
		return w.found != nil || done()
	})
}

// stepsMax ends a run in which actors keep each other busy for ever.
const stepsMax = 3_000_000

// settled says whether all clients have done their work.
func (w *World) settled() bool {
	for _, c := range w.clients {
		if !c.finished() {
			return false
		}
	}
	return true
}

// violate ends the run with its first violation.
func (w *World) violate(v *Violation) {
	if v == nil || w.found != nil || w.off[v.Property] {
		return
	}
	v.At = w.s.Now()
	w.found = v
	w.rec.violated(v)
	w.s.Note(func() string { return "!! " + v.Error() }, 99)
}

// tell puts a line into the trace, for people.
func (w *World) tell(format string, args ...any) {
	w.s.Note(func() string { return "-- " + fmt.Sprintf(format, args...) }, 5)
	w.rec.told(format, args...)
}

func (w *World) result() *Result {
	w.rec.finish()
	t := w.s.Trace()
	w.count.Add("steps", w.s.Steps())
	w.judgedTimes("D7 no panic", w.s.Steps())
	w.judged("liveness")
	return &Result{Seed: w.plan.Seed, Hash: t.Hash(), Checkpoints: t.Checkpoints(), Records: t.Count(),
		Virtual: w.s.Now(), Counters: w.count, Violation: w.found, Stack: w.stack, world: w}
}

// Output implements [sched.Outside].
func (w *World) Output(_ *sched.Machine, id actor.ID, out *actor.Effects) {
	if c := w.conns[id]; c != nil {
		c.output(out)
	}
}

// stepped judges what a session holds behind each event that it took.
func (w *World) stepped(m *sched.Machine, id actor.ID, ev *actor.Event) {
	s, ok := m.Actor(id).(*commands.Session)
	cn := w.conns[id]
	if !ok || cn == nil {
		return
	}
	sent := 0
	switch {
	case ev.Kind == actor.Sent:
		sent, cn.heard = int(ev.Token), w.s.Now()
	case ev.Kind == actor.Tick:
		cn.silent = 0
		if cn.unsent > 0 {
			cn.silent = w.s.Now() - cn.heard
		}
	}
	if ev.Kind == actor.Sent || ev.Kind == actor.Input {
		cn.wire.taken++
		cn.active = w.s.Now()
	}
	held := s.Held()
	w.violate(w.checkSession(cn, &held, sent))
	cn.held, cn.unsent = held, cn.unsent-sent
}

// Send implements [sched.Outside].
func (w *World) Send(m *sched.Machine, from actor.ID, s actor.Send) {
	w.violate(violated("routing", "%s sends a frame to node %d, but node %d is alone", from, s.Node, m.ID))
}

// Barrier implements [sched.Outside].
func (w *World) Barrier(_ *sched.Machine, id actor.ID, b *actor.Barrier) sched.Sync {
	return w.rec.barrier(id, b, w.box.sync(id, b))
}

// BarrierDone implements [sched.Outside].
func (w *World) BarrierDone(m *sched.Machine, id actor.ID, err error) {
	if r, ok := m.Actor(id).(*replica.Replica); ok {
		w.violate(w.checkHeld(id, r))
	}
	if err != nil && id.Role == actor.Replica {
		w.judged("D9 failed sync")
		w.model.buckets[id.N].failed = true
	}
}

// Halt implements [sched.Outside].
func (w *World) Halt(_ *sched.Machine, id actor.ID, reason string) {
	w.violate(violated("D7 no panic", "%s stops the node: %s", id, reason))
}

// Crashed implements [sched.Outside].
func (w *World) Crashed(_ *sched.Machine, c *sched.Crash) { w.box.crashed(c.Plan.(*Fault)) }

// Panicked implements [sched.Outside].
func (w *World) Panicked(_ *sched.Machine, id actor.ID, what string, stack []byte) {
	w.stack = stack
	who := id.String()
	if id == (actor.ID{}) {
		who = "recovery"
	}
	w.violate(violated("D7 no panic", "%s panics: %s", who, what))
}

// Observe implements [sched.Outside].
func (w *World) Observe(m *sched.Machine, fact any) {
	switch f := fact.(type) {
	case *event.Applied:
		w.s.Note(func() string {
			return fmt.Sprintf("n%d.%d bucket %d applies %d term %d: %s", m.ID, m.Life, f.Bucket, f.Index, f.Term, w.model.describe(f.Index, f.Data))
		}, 6, uint64(f.Bucket), f.Index, f.Term, sched.DigestBytes(uint64(f.Kind), f.Data))
		w.count.Add("entries applied", 1)
		v := w.model.Apply(f)
		w.rec.applied(f, v)
		w.violate(v)
	case *event.Halted:
		w.tell("bucket %d halts: %s", int(f.Bucket), f.Reason)
		w.rec.halted(int(f.Bucket), f.Reason)
		w.count.Add("buckets halted", 1)
		w.box.halted(int(f.Bucket))
	}
}

// Mark implements [sched.Outside].
func (w *World) Mark(name string) { w.count.Add("mark "+name, 1) }

// digest stands for a body in the trace.
func digest(body any) uint64 {
	switch b := body.(type) {
	case []byte:
		return sched.DigestBytes(1, b)
	case *event.Append:
		h := sched.Digest(2, b.Token, uint64(b.First), uint64(b.Transaction.Partition), uint64(len(b.Transaction.Events)))
		h = sched.DigestBytes(h, b.Transaction.Key[:])
		if b.Err != nil {
			h = sched.DigestBytes(h, []byte(b.Err.Error()))
		}
		for i := range b.Transaction.Events {
			ev := &b.Transaction.Events[i]
			h = sched.DigestBytes(sched.DigestBytes(h, ev.ID[:]), []byte(ev.Name))
		}
		return h
	case *event.Query:
		return sched.Digest(3, b.Token, uint64(b.Kind), b.From, b.To, b.Last)
	case *replica.Feed:
		return sched.Digest(6, uint64(b.Limit), uint64(len(b.Items)))
	case *replica.Ask:
		return sched.Digest(4, uint64(b.Kind), uint64(b.Partition), b.From, b.To, b.Last, uint64(len(b.Positions)))
	}
	return sched.DigestBytes(5, fmt.Appendf(nil, "%T", body))
}

// describe shows an event's body in the text trace.
func describe(ev *actor.Event) string {
	s := ""
	if ev.Err != nil {
		s = "failed: " + ev.Err.Error() + " "
	}
	switch b := ev.Body.(type) {
	case nil:
	case []byte:
		s += fmt.Sprintf("%.200q", b)
	case *event.Append:
		s += fmt.Sprintf("append of %d events in partition %d first %d", len(b.Transaction.Events), b.Transaction.Partition, b.First)
		if b.Err != nil {
			s += ": " + b.Err.Error()
		}
	case *replica.Ask:
		s += fmt.Sprintf("ask kind %d partition %d %d..%d last %d positions %d", b.Kind, b.Partition, b.From, b.To, b.Last, len(b.Positions))
	case *replica.Feed:
		s += fmt.Sprintf("feed of %d events, at most %d", len(b.Items), b.Limit)
	default:
		s += fmt.Sprintf("%T", ev.Body)
	}
	return s
}
