package sched

import (
	"fmt"
	"slices"

	"sierradb/core/actor"
	"sierradb/vfs"
)

// Machine is one simulated process: actors that live and die together, with a
// clock, a disk and chance of their own. It has the methods of node.Host.
type Machine struct {
	s    *Sched
	ID   int
	Life int // counts boots from 1; 0 before the first

	up     bool
	booted actor.Instant
	still  actor.Instant // no actor gets a turn before
	wall   int64         // milliseconds of the wall clock at virtual time since
	gain   int64         // milliseconds that the wall clock gains a second
	since  actor.Instant
	fs     vfs.FS
	rand   *actor.Rand // of this life: entropy, Buggify
	actors map[actor.ID]*slot
	order  []*slot // in the order of Add, for dropping them
}

// mailMax bounds a mailbox when nobody outside does: what the few clients of a
// run can cause is far below.
const mailMax = 1 << 17

// slot is one actor and its mailbox.
type slot struct {
	m       *Machine
	id      actor.ID
	a       actor.Actor
	env     actor.Env
	mail    []letter
	waiting bool // a turn is queued
	gone    bool
	last    map[actor.ID]actor.Instant // when the last tell of each sender arrives
	senders map[actor.ID]int           // events in mail, by sender
}

// letter is an event in a mailbox.
type letter struct {
	ev   actor.Event
	sent actor.Instant
}

// Machine adds a machine that is down.
func (s *Sched) Machine(wall int64) *Machine {
	m := &Machine{s: s, ID: len(s.machines) + 1, wall: wall}
	s.machines = append(s.machines, m)
	return m
}

// Boot starts a new life with nothing in it; the world then adds actors.
func (m *Machine) Boot(fs vfs.FS) {
	if m.up {
		panic("sched: boot of a machine that is up")
	}
	m.Life++
	m.up, m.booted, m.still, m.fs = true, m.s.now, 0, fs
	m.rand = actor.NewRand(actor.Mix(m.s.seed^uint64(m.ID)<<32^uint64(m.Life)) + 1)
	m.actors = make(map[actor.ID]*slot)
	m.order = nil
	m.s.Note(func() string { return fmt.Sprintf("n%d boots, life %d", m.ID, m.Life) }, 1, uint64(m.ID), uint64(m.Life))
	if w := m.s.o.Watch; w != nil {
		w.Booted(m)
	}
}

// Down drops all actors and what was on the way to them.
func (m *Machine) Down() {
	if !m.up {
		return
	}
	m.up = false
	for _, sl := range m.order {
		sl.drop()
	}
	m.actors, m.order = nil, nil
	m.s.Note(func() string { return fmt.Sprintf("n%d is down", m.ID) }, 2, uint64(m.ID), uint64(m.Life))
	if w := m.s.o.Watch; w != nil {
		w.Fell(m)
	}
}

// Up says whether the machine lives.
func (m *Machine) Up() bool { return m.up }

// Rand is the machine's stream of this life.
func (m *Machine) Rand() *actor.Rand { return m.rand }

// Wall is the machine's wall clock in milliseconds.
func (m *Machine) Wall() int64 {
	passed := int64((m.s.now - m.since) / actor.Millisecond)
	return m.wall + passed + passed/1000*m.gain
}

// JumpWall moves the wall clock.
func (m *Machine) JumpWall(millis int64) { m.wall += millis }

// DriftWall lets the wall clock gain so many milliseconds a second from now on;
// below -1000 it runs backwards.
func (m *Machine) DriftWall(gain int64) {
	m.wall, m.since, m.gain = m.Wall(), m.s.now, gain
}

// Pause gives no actor a turn before t: what arrives waits in mailboxes, and
// the clock that actors see has jumped when they go on.
func (m *Machine) Pause(t actor.Instant) { m.still = t }

// Add puts an actor to work.
func (m *Machine) Add(id actor.ID, a actor.Actor) {
	if m.actors[id] != nil {
		panic("sched: " + id.String() + " is there already")
	}
	sl := &slot{m: m, id: id, a: a, last: make(map[actor.ID]actor.Instant), senders: make(map[actor.ID]int)}
	seed := m.s.seed ^ uint64(m.ID)<<56 ^ uint64(m.Life)<<40 ^ uint64(id.Role)<<32 ^ uint64(id.N)
	sl.env = actor.Env{Self: id, Rand: actor.NewRand(actor.Mix(seed + 0xac7)), FS: m.fs, Hooks: hooks{m}}
	m.actors[id] = sl
	m.order = append(m.order, sl)
	m.Post(id, actor.Event{Kind: actor.Start})
}

// Remove takes an actor away.
func (m *Machine) Remove(id actor.ID) {
	sl := m.actors[id]
	if sl == nil {
		return
	}
	sl.drop()
	delete(m.actors, id)
	m.order = slices.DeleteFunc(m.order, func(o *slot) bool { return o == sl })
}

// Post hands an event to an actor; it takes as long as a tell from ev.From.
func (m *Machine) Post(to actor.ID, ev actor.Event) {
	if sl := m.actors[to]; sl != nil {
		sl.tell(ev)
	}
}

// Actor returns an actor of the present life, nil if there is none.
func (m *Machine) Actor(id actor.ID) actor.Actor {
	if sl := m.actors[id]; sl != nil {
		return sl.a
	}
	return nil
}

// Mail is how many events wait for an actor.
func (m *Machine) Mail(id actor.ID) int {
	if sl := m.actors[id]; sl != nil {
		return len(sl.mail)
	}
	return 0
}

func (sl *slot) drop() {
	sl.gone = true
	sl.a, sl.mail, sl.last, sl.senders = nil, nil, nil, nil
}

// tell queues an event after a drawn delay, never before or together with an
// earlier one of the same sender.
func (sl *slot) tell(ev actor.Event) {
	s := sl.m.s
	at := s.now + s.delay(s.o.Knobs.TellMax)
	if last, ok := sl.last[ev.From]; ok && at <= last {
		at = last + 1
	}
	sl.last[ev.From] = at
	s.push(item{at: at, slot: sl, ev: ev, sent: s.now})
}

// arrive puts an event into the mailbox and queues the actor's turn.
func (sl *slot) arrive(ev actor.Event, sent actor.Instant) {
	sl.mail = append(sl.mail, letter{ev, sent})
	sl.senders[ev.From]++
	if told := sl.m.s.o.Mail; told != nil {
		told(sl.m, sl.id, ev.From, sl.senders[ev.From])
	}
	if len(sl.mail) > mailMax {
		sl.m.s.o.Outside.Panicked(sl.m, sl.id, fmt.Sprintf("the mailbox of %s holds more than %d events: credits don't bound it (S21)", sl.id, mailMax), nil)
	}
	sl.turn()
}

func (sl *slot) turn() {
	if sl.waiting {
		return
	}
	sl.waiting = true
	s := sl.m.s
	s.push(item{at: s.now + s.delay(s.o.Knobs.RunMax), slot: sl, run: true})
}

// hooks is what the code under test can say to the world.
type hooks struct{ m *Machine }

// Buggify takes a site's rare path in a quarter of the calls, at sites that a
// quarter of the seeds turns on.
func (h hooks) Buggify(site string) bool {
	on := digestString(h.m.s.seed, site)&3 == 0
	fires := h.m.rand.Chance(1, 4)
	if on && fires {
		h.m.s.o.Outside.Mark("buggify " + site)
	}
	return on && fires
}

func (h hooks) Sometimes(mark string) { h.m.s.o.Outside.Mark(mark) }

func (h hooks) Observe(fact any) { h.m.s.o.Outside.Observe(h.m, fact) }

// Hooks are for the code that runs outside an actor: recovery.
func (m *Machine) Hooks() actor.Hooks { return hooks{m} }
