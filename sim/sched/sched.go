// Package sched runs the actors of simulated machines from one seeded queue,
// on one goroutine, in virtual time.
//
// It obeys the rules of package actor in the most hostile way that they allow:
// a tell arrives after a drawn delay (in order for each pair of sender and
// receiver, in any order across pairs), an actor waits a drawn time for its
// turn, a batch is cut after 1 to 64 events before Flush is called, a barrier
// covers what was written when it was asked for and completes after a latency
// that the world outside draws. The same seed gives the same run: every
// dispatched event and every observed fact goes into a [Trace] hash.
//
// A panic inside an actor with a *[Crash] is the death of its machine: the
// effects of that Step are erased, the actors dropped. Any other panic is a
// violation. Start with [New], then [Sched.Machine], [Machine.Boot], and feed
// the queue with [Sched.At]; [Sched.Next] runs one entry.
package sched

import (
	"fmt"

	"sierradb/core/actor"
)

// Knobs are how a run is scheduled.
type Knobs struct {
	TellMax  actor.Instant // a tell takes 0 to so long
	RunMax   actor.Instant // an actor with mail waits 0 to so long for its turn
	BatchMax int           // at most so many events before Flush, 1 to 64
	LateOne  int           // one tell in so many takes 20 times TellMax; 0: none
	Hold     bool          // effects leave after a batch, as on the production runner, not after each Step
}

// Options are what a scheduler needs besides its seed.
type Options struct {
	Knobs   Knobs
	Outside Outside
	// Digest returns a number that stands for an event's body in the trace.
	Digest func(body any) uint64
	// Describe returns a body as text, for the text trace only.
	Describe func(ev *actor.Event) string
	// Entropy is called with the machine's own stream before each Step, Flush
	// and recovery: whoever embeds the scheduler points process-wide sources
	// of chance at it.
	Entropy func(*actor.Rand)
	// Stack returns the stack of a panic.
	Stack func() []byte
	// Record takes the trace's hash after each record, before Text takes the
	// record's line; nil: nobody asks.
	Record func(hash uint64)
	// Mail is told how many events of one sender wait in a mailbox, at each that
	// arrives; an event of the world or of a timer has the zero ActorID. nil: nobody is.
	Mail func(m *Machine, to, from actor.ID, n int)
	// Stepped is told of each event that an actor took, before what the actor
	// wants is carried out. It must change nothing of the actor. nil: nobody is.
	Stepped func(m *Machine, id actor.ID, ev *actor.Event)
	// Text takes the lines of the text trace; nil: no text.
	Text func(line string)
	// Wants says whether Text shall have the lines of records whose first word
	// is kind; nil: all of them.
	Wants func(kind uint64) bool
	// Watch hears of what machines and actors do; nil: nobody.
	Watch Watcher
}

// Watcher sees a run go by, for people. It must change nothing.
type Watcher interface {
	// Booted is called when a life begins, before anything is in it.
	Booted(m *Machine)
	// Fell is called when a life has ended.
	Fell(m *Machine)
	// Handled is called before an actor steps with ev, which was told, set as a
	// timer or asked for as a barrier at the time sent.
	Handled(m *Machine, to actor.ID, ev *actor.Event, sent actor.Instant)
}

// Outside is the world around the actors. It is called after the Step that
// caused the call has returned, except for Observe and Mark.
type Outside interface {
	// Output takes what a session wants of its connection: the fields of out
	// that are for sessions only. out is valid during the call.
	Output(m *Machine, id actor.ID, out *actor.Effects)
	// Send takes a frame for another machine.
	Send(m *Machine, from actor.ID, s actor.Send)
	// Barrier decides about a barrier that was asked for.
	Barrier(m *Machine, id actor.ID, b *actor.Barrier) Sync
	// BarrierDone is called just before the completion reaches its actor.
	BarrierDone(m *Machine, id actor.ID, err error)
	// Halt takes an actor's wish that the whole machine stops.
	Halt(m *Machine, id actor.ID, reason string)
	// Crashed is called when a Step died of a *Crash; the actors are gone.
	Crashed(m *Machine, c *Crash)
	// Panicked is called when a Step died of anything else.
	Panicked(m *Machine, id actor.ID, what string, stack []byte)
	// Observe takes a fact during a Step.
	Observe(m *Machine, fact any)
	// Mark counts a state worth reaching.
	Mark(name string)
}

// Sync is the disk's work for one barrier: Done is called once, After later.
type Sync struct {
	After actor.Instant
	Done  func() error
}

// Crash is the only panic value that means the death of a machine.
type Crash struct {
	Why  string
	Plan any // the fault that caused it; belongs to whoever panics
}

func (c *Crash) String() string { return "crash: " + c.Why }

// Sched is the queue and the clock. It is not safe for concurrent use.
type Sched struct {
	o        Options
	seed     uint64
	rand     *actor.Rand
	now      actor.Instant
	queue    queue
	machines []*Machine
	trace    Trace
	steps    uint64
}

// New returns a scheduler at time zero.
func New(seed uint64, o Options) *Sched {
	if o.Knobs.BatchMax < 1 {
		o.Knobs.BatchMax = 64
	}
	s := &Sched{o: o, seed: seed, rand: actor.NewRand(actor.Mix(seed ^ 0x5c4ed))}
	s.trace.text = o.Text
	return s
}

// Now is the virtual time since the start of the run.
func (s *Sched) Now() actor.Instant { return s.now }

// Steps is how many queue entries were run; it orders what happens at one time.
func (s *Sched) Steps() uint64 { return s.steps }

// Trace is the run's trace.
func (s *Sched) Trace() *Trace { return &s.trace }

// At runs f at time t, or now when t has passed. f outlives crashes.
func (s *Sched) At(t actor.Instant, f func()) {
	s.push(item{at: max(t, s.now), do: f})
}

// After runs f after d.
func (s *Sched) After(d actor.Instant, f func()) { s.At(s.now+d, f) }

func (s *Sched) push(it item) {
	s.queue.push(it, s.rand.Uint64())
}

// Next runs the next entry of the queue. It answers false when there is none.
func (s *Sched) Next() bool {
	if s.queue.len() == 0 {
		return false
	}
	it := s.queue.pop()
	s.now = it.at
	s.steps++
	switch {
	case it.do != nil:
		it.do()
	case it.slot.gone:
	case it.run:
		s.run(it.slot)
	default:
		it.slot.arrive(it.ev, it.sent)
	}
	return true
}

// Run runs entries until the clock passes t, done answers true or nothing is
// left.
func (s *Sched) Run(t actor.Instant, done func() bool) {
	for s.queue.len() > 0 && s.queue.next() <= t && !done() {
		s.Next()
	}
	if s.queue.len() == 0 || s.queue.next() > t {
		s.now = max(s.now, t)
	}
}

// delay draws a time from 0 to limit, sometimes much more.
func (s *Sched) delay(limit actor.Instant) actor.Instant {
	if limit <= 0 {
		return 0
	}
	d := actor.Instant(s.rand.Uint64n(uint64(limit) + 1))
	if n := s.o.Knobs.LateOne; n > 0 && s.rand.Chance(1, n) {
		d += 20 * limit
	}
	return d
}

// Note puts a line of the world outside into the trace: the words into the
// hash, the text (built only when wanted) into the text.
func (s *Sched) Note(text func() string, words ...uint64) {
	s.trace.add(uint64(s.now), words...)
	if s.o.Record != nil {
		s.o.Record(s.trace.hash)
	}
	if s.trace.text != nil && (s.o.Wants == nil || s.o.Wants(words[0])) {
		s.trace.text(fmt.Sprintf("%12.6f  %s", float64(s.now)/float64(actor.Second), text()))
	}
}
