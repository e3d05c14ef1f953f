package sched

import (
	"errors"
	"fmt"
	"testing"

	"sierradb/core/actor"

	"pgregory.net/rapid"
)

// outside records what the scheduler tells the world.
type outside struct {
	s        *Sched
	after    func() actor.Instant
	syncErr  error
	done     int
	crashed  []*Crash
	panicked []string
	stacks   int
	halted   []string
	facts    []any
	marks    map[string]int
	output   []byte
}

func (o *outside) Output(_ *Machine, _ actor.ID, out *actor.Effects) {
	o.output = append(o.output, out.Output...)
}
func (o *outside) Send(*Machine, actor.ID, actor.Send) {}
func (o *outside) Barrier(*Machine, actor.ID, *actor.Barrier) Sync {
	after := actor.Millisecond
	if o.after != nil {
		after = o.after()
	}
	return Sync{After: after, Done: func() error { o.done++; return o.syncErr }}
}
func (o *outside) BarrierDone(*Machine, actor.ID, error) {}
func (o *outside) Halt(m *Machine, _ actor.ID, why string) {
	o.halted = append(o.halted, why)
	m.Down()
}
func (o *outside) Crashed(_ *Machine, c *Crash) { o.crashed = append(o.crashed, c) }
func (o *outside) Panicked(_ *Machine, id actor.ID, what string, stack []byte) {
	o.panicked = append(o.panicked, fmt.Sprint(id, ": ", what))
	o.stacks += len(stack)
}
func (o *outside) Observe(_ *Machine, fact any) { o.facts = append(o.facts, fact) }
func (o *outside) Mark(name string)             { o.marks[name]++ }

func setup(seed uint64, k Knobs) (*Sched, *outside, *Machine) {
	o := &outside{marks: map[string]int{}}
	s := New(seed, Options{Knobs: k, Outside: o, Stack: func() []byte { return []byte("stack") }})
	o.s = s
	m := s.Machine(1000)
	m.Boot(nil)
	return s, o, m
}

// toy is an actor made of functions.
type toy struct {
	step  func(env *actor.Env, ev *actor.Event)
	flush func(env *actor.Env)
}

func (t toy) Step(env *actor.Env, ev *actor.Event) {
	if t.step != nil {
		t.step(env, ev)
	}
}
func (t toy) Flush(env *actor.Env) {
	if t.flush != nil {
		t.flush(env)
	}
}

var a, b = actor.ID{Role: actor.Replica, N: 0}, actor.ID{Role: actor.Session, N: 1}

// pingPong runs two actors that talk, and returns the trace hash.
func pingPong(seed uint64) (hash uint64, count uint64) {
	s, _, m := setup(seed, Knobs{TellMax: actor.Millisecond, RunMax: 300 * actor.Microsecond, BatchMax: 4, LateOne: 10})
	bounce := func(to actor.ID) toy {
		return toy{step: func(env *actor.Env, ev *actor.Event) {
			if ev.Kind == actor.Tick {
				env.Out.Barriers = append(env.Out.Barriers, actor.Barrier{Token: ev.Token})
				return
			}
			env.Tell(to, actor.Event{Kind: 100, Token: env.Rand.Uint64n(1000)})
			env.After(actor.Instant(env.Rand.Uint64n(uint64(actor.Millisecond))), 7)
		}}
	}
	m.Add(a, bounce(b))
	m.Add(b, bounce(a))
	s.Run(100*actor.Millisecond, func() bool { return false })
	return s.Trace().Hash(), s.Trace().Count()
}

func TestSched_SameSeedSameTrace(t *testing.T) {
	for seed := range uint64(5) {
		h1, n := pingPong(seed)
		h2, _ := pingPong(seed)
		if h1 != h2 {
			t.Fatalf("seed %d: %x and %x", seed, h1, h2)
		}
		if n < 100 {
			t.Fatalf("seed %d: only %d records: the actors did not talk", seed, n)
		}
	}
	h1, _ := pingPong(1)
	h2, _ := pingPong(2)
	if h1 == h2 {
		t.Fatal("two seeds gave one trace")
	}
}

func TestSched_OrderOfPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := Knobs{
			TellMax:  actor.Instant(rapid.Int64Range(0, 1000).Draw(t, "tell")),
			RunMax:   actor.Instant(rapid.Int64Range(0, 1000).Draw(t, "run")),
			BatchMax: rapid.IntRange(1, 64).Draw(t, "batch"),
			LateOne:  rapid.IntRange(0, 5).Draw(t, "late"),
		}
		s, _, m := setup(rapid.Uint64().Draw(t, "seed"), k)
		next := map[actor.ID]uint64{}
		steps, flushed := 0, 0
		m.Add(a, toy{
			step: func(_ *actor.Env, ev *actor.Event) {
				if ev.Kind == actor.Start {
					return
				}
				if ev.Token != next[ev.From] {
					t.Fatalf("from %s: got %d, want %d", ev.From, ev.Token, next[ev.From])
				}
				next[ev.From]++
				if steps++; steps-flushed > k.BatchMax {
					t.Fatalf("%d events without Flush, at most %d wanted", steps-flushed, k.BatchMax)
				}
			},
			flush: func(*actor.Env) { flushed = steps },
		})
		for n := range uint64(40) {
			for sender := range uint32(3) {
				from := actor.ID{Role: actor.Session, N: sender}
				s.At(actor.Instant(n*10), func() { m.Post(a, actor.Event{From: from, Kind: 100, Token: n}) })
			}
		}
		s.Run(actor.Second, func() bool { return false })
		if steps != 120 || flushed != 120 {
			t.Fatalf("%d of 120 events arrived, %d flushed", steps, flushed)
		}
	})
}

func TestSched_CrashErasesEffects(t *testing.T) {
	s, o, m := setup(1, Knobs{})
	got := 0
	m.Add(b, toy{step: func(_ *actor.Env, ev *actor.Event) {
		if ev.Kind == 100 {
			got++
		}
	}})
	m.Add(a, toy{step: func(env *actor.Env, ev *actor.Event) {
		env.Tell(b, actor.Event{Kind: 100})
		env.Out.Output = append(env.Out.Output, "lost"...)
		panic(&Crash{Why: "test"})
	}})
	s.Run(actor.Second, func() bool { return false })
	if len(o.crashed) != 1 || m.Up() || got != 0 || len(o.output) != 0 {
		t.Fatalf("crashed %v, up %v, told %d, output %q; want one crash and no effect", o.crashed, m.Up(), got, o.output)
	}
	m.Boot(nil)
	if m.Life != 2 {
		t.Fatalf("life %d after the second boot", m.Life)
	}
}

func TestSched_OtherPanicIsReported(t *testing.T) {
	s, o, m := setup(1, Knobs{})
	m.Add(a, toy{flush: func(*actor.Env) { panic("index out of range") }})
	s.Run(actor.Second, func() bool { return false })
	if len(o.panicked) != 1 || o.stacks == 0 || len(o.crashed) != 0 {
		t.Fatalf("panicked %v, crashed %v", o.panicked, o.crashed)
	}
}

func TestSched_BarrierAndTimers(t *testing.T) {
	s, o, m := setup(3, Knobs{TellMax: 10, RunMax: 10})
	o.syncErr = errors.New("broken")
	var failed error
	var at actor.Instant
	m.Add(a, toy{step: func(env *actor.Env, ev *actor.Event) {
		switch ev.Kind {
		case actor.Start:
			env.After(5*actor.Millisecond, 9)
		case actor.Tick:
			at = env.Now
			env.Out.Barriers = append(env.Out.Barriers, actor.Barrier{Token: 4})
		case actor.BarrierDone:
			failed = ev.Err
		}
	}})
	s.Run(actor.Second, func() bool { return false })
	if at < 5*actor.Millisecond || at > 6*actor.Millisecond {
		t.Errorf("the timer fired at %d", at)
	}
	if o.done != 1 || failed != o.syncErr {
		t.Errorf("barrier done %d times with %v", o.done, failed)
	}
}

func TestSched_DownDropsWhatIsOnTheWay(t *testing.T) {
	s, o, m := setup(3, Knobs{TellMax: 100})
	o.after = func() actor.Instant { return 4 * actor.Millisecond }
	started := 0
	m.Add(a, toy{step: func(env *actor.Env, ev *actor.Event) {
		if ev.Kind != actor.Start {
			t.Errorf("event of kind %d after the machine went down", ev.Kind)
		}
		started++
		env.Out.Barriers = append(env.Out.Barriers, actor.Barrier{Token: 1})
		env.After(2*actor.Millisecond, 1)
	}})
	s.At(actor.Millisecond, func() {
		m.Post(a, actor.Event{Kind: 100})
		m.Down()
		m.Post(a, actor.Event{Kind: 100})
	})
	s.Run(actor.Second, func() bool { return false })
	if started != 1 || o.done != 0 {
		t.Errorf("started %d, barriers done %d; want 1 and 0", started, o.done)
	}
}

func TestSched_HoldLetsEffectsOutAtTheEnd(t *testing.T) {
	for _, hold := range []bool{false, true} {
		s, o, m := setup(5, Knobs{BatchMax: 64, Hold: hold, RunMax: actor.Second})
		m.Add(a, toy{step: func(env *actor.Env, ev *actor.Event) {
			env.Out.Output = append(env.Out.Output, "x"...)
			if ev.Kind == 101 {
				panic(&Crash{Why: "test"})
			}
		}})
		for range 3 {
			m.Post(a, actor.Event{Kind: 100})
		}
		m.Post(a, actor.Event{Kind: 101})
		s.Run(10*actor.Second, func() bool { return false })
		if hold && len(o.output) >= 4 || len(o.output) > 4 || len(o.crashed) != 1 {
			t.Errorf("hold %v: output %q, crashes %d", hold, o.output, len(o.crashed))
		}
	}
}

func TestSched_Buggify(t *testing.T) {
	on := 0
	for seed := range uint64(400) {
		_, _, m := setup(seed, Knobs{})
		fired := false
		for range 40 {
			fired = m.Hooks().Buggify("site") || fired
		}
		if fired {
			on++
		}
	}
	if on < 60 || on > 140 {
		t.Errorf("a site was on in %d of 400 seeds, want about 100", on)
	}
}

func TestTrace_Checkpoints(t *testing.T) {
	var x, y Trace
	for i := range uint64(5000) {
		x.add(i, 1)
		if i == 3000 {
			y.add(i, 2)
			continue
		}
		y.add(i, 1)
	}
	cx, cy := x.Checkpoints(), y.Checkpoints()
	if len(cx) != 4 || cx[1] != cy[1] || cx[2] == cy[2] || cx[3] == cy[3] {
		t.Errorf("checkpoints %x and %x should part at the third", cx, cy)
	}
}
