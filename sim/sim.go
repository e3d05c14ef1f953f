// Package sim runs a whole node, unchanged, in a world where everything that
// can go wrong does: the process dies in the middle of a write, the power goes,
// syncs fail or hang, bits flip, clients vanish in mid-frame. It judges the node
// by what clients were told and by what the log shows.
//
// [NewPlan] draws a plan from a seed: knobs, and faults as data. [Run] carries
// it out on one goroutine in virtual time; the same plan gives the same run, bit
// for bit, which [Result].Hash proves. A run has three phases: clients work
// while faults strike; everything heals and the node restarts; then all that was
// ever acknowledged is read back, twice, with another restart between.
//
// The truth is the [Model]: the log of each bucket as the node itself made it
// visible, entry by entry. Every entry must be what a client asked for, must
// stay the same in every later life of the node, and every reply must be what
// some state of that log between call and return justifies. Each property has
// a file of its own (check_*.go), and each command a file that makes requests
// and judges replies (workload_*.go).
package sim

import (
	"fmt"
	"sort"

	"sierradb/core/actor"
)

// Options are what a run needs of its process. A run changes nothing outside
// the values it is given, but for Entropy.
type Options struct {
	// Entropy is called before the node's code runs, with the stream that
	// process-wide sources of chance (crypto/rand.Reader, which Raft's
	// election jitter reads) must be pointed at. nil: they are left alone.
	Entropy func(*actor.Rand)
	// Stack returns the stack of the panic in hand. nil: panics have none.
	Stack func() []byte
	// Record takes the trace's hash after each record, before Text takes the
	// record's line. Two runs that differ differ from there on. nil: unused.
	Record func(hash uint64)
	// Text takes the lines of the trace. nil: no text is built.
	Text func(line string)
	// Level is how much of the trace Text gets.
	Level Level
	// Moments takes what happens as data, in the order of [Moment].At. What
	// lasts is handed out when it begins; its End, Outcome, Text, Details and
	// Tags are complete when Run has returned. nil: none is made.
	Moments func(*Moment)
	// Off names properties whose verdicts are thrown away: a bug planted into
	// the simulator, which a sweep must notice.
	Off []string
}

// Violation says which property a run broke, and how.
type Violation struct {
	Property string // "D3 immutable"
	Text     string
	At       actor.Instant // of virtual time
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s violated at %s: %s", v.Property, clock(v.At), v.Text)
}

// violated makes a violation; the world fills in the time.
func violated(property, format string, args ...any) *Violation {
	return &Violation{Property: property, Text: fmt.Sprintf(format, args...)}
}

func clock(t actor.Instant) string { return fmt.Sprintf("%.6fs", float64(t)/float64(actor.Second)) }

// Result is what a run came to.
type Result struct {
	Seed        uint64
	Hash        uint64
	Checkpoints []uint64 // of the trace, one for each 1024 records
	Records     uint64   // in the trace
	Virtual     actor.Instant
	Counters    Counters
	Violation   *Violation // nil: the run is clean
	Stack       []byte     // of a panic that is the violation

	world *World
}

// Counters count what happened in a run: a run that counts nothing proved
// nothing. The names are part of the output of simrun.
type Counters map[string]uint64

// Add counts n more.
func (c Counters) Add(name string, n uint64) {
	if n > 0 {
		c[name] += n
	}
}

// Names returns the names in ascending order.
func (c Counters) Names() []string {
	names := make([]string, 0, len(c))
	for name := range c { //det:ok sorted below
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Run carries out a plan.
func Run(p *Plan, o Options) *Result {
	w := newWorld(p, o)
	w.run()
	return w.result()
}
