// Package actor defines the shape of everything that decides: single-threaded
// state machines that touch nothing of the world.
//
// An [Actor] gets events one by one through Step and puts what it wants to
// happen into [Env.Out]. It starts no goroutine, takes no lock, reads no clock
// and ranges over no map into an effect. The runner in package node gives each
// actor a goroutine and real files; the scheduler in sim/sched runs all actors
// of all nodes from one seeded queue. Both obey the same rules:
//
//  1. Effects become visible only after Step (or Flush) has returned, in the
//     order of the fields of [Effects]. A crash inside Step erases them; file
//     writes made inside Step have happened.
//  2. Flush is called when a batch of events is drained: 1 to many Steps, then
//     one Flush. This is where a replica commits its group.
//  3. Durability is the one asynchronous file operation: a [Barrier] asks for a
//     sync, its completion is an event of kind [BarrierDone].
//  4. Events from one actor to another arrive in the order they were told; any
//     order across pairs. Nothing is dropped while both live; an event for an
//     actor that is gone disappears.
package actor

import (
	"fmt"

	"sierradb/vfs"
)

// Role is what an actor is.
type Role uint8

// The roles.
const (
	Replica Role = iota + 1 // one per bucket; N is the bucket
	Session                 // one per client connection; N counts connections
	Member                  // what discovery says
	Scrub                   // verifies data at rest
	Feed                    // a remote subscription
	Caller                  // an embedding caller outside the actors
)

var roleNames = [...]string{"none", "replica", "session", "member", "scrub", "feed", "caller"}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// ID names an actor of one node. The zero ID is the world outside.
type ID struct {
	Role Role
	N    uint32
}

func (id ID) String() string { return fmt.Sprintf("%s-%d", id.Role, id.N) }

// Kind tells events apart. Kinds below 16 belong to this package, those of
// core/event start at 16, of node/replica at 32, of node at 64, of commands at
// 96, of other modules at 128.
type Kind uint16

// Kinds that runner and scheduler send themselves.
const (
	Start       Kind = iota + 1 // first event of every actor
	Tick                        // a timer fired; Token is the timer's
	BarrierDone                 // a barrier completed; Token is the barrier's, Err its failure
	Input                       // bytes from the connection; Body is []byte, owned by the session for ever, never written again
	Sent                        // Token bytes of the session's output have left
	Closed                      // the connection is gone; Err says why, nil is an orderly close by the peer
	Stop                        // the node drains: finish what is in flight, accept nothing new
)

// Event is one input of an actor.
type Event struct {
	From  ID
	Kind  Kind
	Token uint64
	Err   error
	Body  any // owned by the receiver
}

// Actor is a deterministic state machine. Step and Flush are never called at
// the same time, and not again after the actor was stopped.
type Actor interface {
	Step(env *Env, ev *Event)
	Flush(env *Env)
}

// Instant is a monotonic time in nanoseconds; it means nothing outside one
// life of one node.
type Instant int64

// Units of Instant.
const (
	Microsecond Instant = 1000
	Millisecond         = 1000 * Microsecond
	Second              = 1000 * Millisecond
)

// Env is all that an actor may ask of the world. It belongs to one actor and
// is valid during Step and Flush only.
type Env struct {
	Self  ID
	Now   Instant // fixed for a batch, never goes back
	Wall  int64   // milliseconds since 1970; may jump either way
	Rand  *Rand   // this actor's own stream
	FS    vfs.FS  // the node's data directory
	Out   Effects
	Hooks Hooks // never nil

	Buffers Buffers // lends memory for large output; nil: the heap
}

// Buffers lends memory. Whoever runs the actor takes it back when it was put
// into Effects.Output and has left.
type Buffers interface {
	// Get returns an empty slice with room for n bytes, whose bytes are unknown.
	Get(n int) []byte
}

// Buffer returns an empty slice with room for n bytes.
func (env *Env) Buffer(n int) []byte {
	if env.Buffers == nil {
		return make([]byte, 0, n)
	}
	return env.Buffers.Get(n)
}

// Hooks are how the simulator looks into and provokes the code. In production
// they do nothing.
type Hooks interface {
	// Buggify says whether to take a legal but rare path at the named site.
	Buggify(site string) bool
	// Sometimes marks that a state worth reaching was reached.
	Sometimes(mark string)
	// Observe hands a fact to the checkers. What it holds must stay unchanged.
	Observe(fact any)
}

// Quiet is the Hooks of production.
type Quiet struct{}

// Buggify always answers no.
func (Quiet) Buggify(string) bool { return false }

// Sometimes does nothing.
func (Quiet) Sometimes(string) {}

// Observe does nothing.
func (Quiet) Observe(any) {}

// Effects is what a Step wants to happen. The slices are reused by whoever
// runs the actor: append to them, keep none of them.
type Effects struct {
	Barriers []Barrier
	Tells    []Tell
	Sends    []Send
	Output   []byte // sessions only: bytes for the connection, in order
	Consumed int    // sessions only: input bytes taken; the runner reads on when enough were
	Hangup   bool   // sessions only: close the connection once Output has left
	Abort    bool   // sessions only: close the connection now; Output that has not left is dropped
	Timers   []Timer
	Halt     string // fail-stop of the whole node, with the reason
}

// Reset empties the effects and keeps their memory.
func (e *Effects) Reset() {
	clear(e.Barriers)
	clear(e.Tells)
	clear(e.Sends)
	*e = Effects{Barriers: e.Barriers[:0], Tells: e.Tells[:0], Sends: e.Sends[:0], Output: e.Output[:0], Timers: e.Timers[:0]}
}

// Tell is an event for another actor of the same node (or for itself).
type Tell struct {
	To ID
	Ev Event // From is filled in by who runs the actor
}

// Send is a frame for another node: it may be lost, repeated or reordered.
type Send struct {
	Node  uint16
	To    ID
	Frame []byte
}

// Timer asks for a Tick with Token after a delay.
type Timer struct {
	After Instant
	Token uint64
}

// Barrier asks that everything written so far to Files, and every name so far
// in Dirs, becomes durable, in the order given. It completes as one.
type Barrier struct {
	Files []vfs.File
	Dirs  []string
	Token uint64
}

// Tell appends a message to another actor.
func (env *Env) Tell(to ID, ev Event) {
	env.Out.Tells = append(env.Out.Tells, Tell{To: to, Ev: ev})
}

// After appends a timer.
func (env *Env) After(d Instant, token uint64) {
	env.Out.Timers = append(env.Out.Timers, Timer{After: d, Token: token})
}
