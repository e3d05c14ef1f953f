// Package crashenum visits, one by one, the states of the disk that a crash can
// leave in short lives of a bucket or a store, and recovers from each of them
// with the code of production.
//
// A [Script] is such a life: it opens, appends, rolls, saves its term. At each
// point (before, in and after every operation on a file) the process may die.
// Then the next one finds everything that was written, or power is lost and of
// what was pending any subset is there: of the operations, of the sectors that
// a write was torn into, of the names with what they rest upon. The recovery
// from each of these states is crashed in the same way.
//
// What a recovery finds is held against the [promise]s that the script had been
// given when it crashed. A recovery that went well is a promise itself: a second
// one, or one after a power cut, finds the same log and changes nothing, and the
// bucket takes an entry that the next crash leaves alone.
//
// Nothing here depends on time or chance but the samples of states that are too
// many, which come from a fixed seed.
package crashenum

import (
	"fmt"
	"strings"

	"sierradb/vfs"
)

// Depth says how many of the states to visit.
type Depth struct {
	// Parts is the number of pending parts, or of pending operations, up to which
	// all subsets are tried; see vfs.Part.
	Parts int
	// Samples is the number of subsets that are drawn where there are more.
	Samples int
	// Recoveries is how many recoveries in a row are crashed.
	Recoveries int
}

// Full is the depth of simrun --crash-states.
var Full = Depth{Parts: 12, Samples: 200, Recoveries: 2}

// Quick is a depth for tests that run often.
var Quick = Depth{Parts: 4, Samples: 4, Recoveries: 1}

// Result counts what an enumeration visited.
type Result struct {
	Script     string
	Points     int // at which the process died, with distinct disks or promises
	States     int // of the disk, distinct, from which the next process started
	Recoveries int // that were run, second ones and those after probes included
	Recovered  int // distinct disks that a recovery left
	PartsMost  int // the most pending parts at one point

	// How the points were covered: all subsets of the parts that were pending; all
	// subsets of the operations, and writes torn one at a time; or prefixes,
	// single losses, single keeps and samples.
	Whole, ByOperation, Sampled int

	Violation *Violation // nil: every state recovered as it should
}

// Exhaustive says that at every point all subsets of the pending operations
// were tried.
func (r *Result) Exhaustive() bool { return r.Sampled == 0 }

// Violation is a state from which recovery went wrong.
type Violation struct {
	Script   string
	Property string   // "D1 synced entries"
	Text     string   // what was found
	Path     []string // how the state came to be, in order
}

func (v *Violation) Error() string {
	return fmt.Sprintf("script %s: %s: %s\n  %s", v.Script, v.Property, v.Text, strings.Join(v.Path, "\n  "))
}

// Script is a short life of a bucket or a store.
type Script struct {
	Name  string
	About string // what it is about, in a few words
	// Deeper is how many more recoveries in a row are crashed than Depth says.
	Deeper int
	// RecoveriesMost bounds that, for a script with too many pending names; 0 does not.
	RecoveriesMost int

	store bool
	run   func(*life)
}

// Run visits the crash states of a script. It stops at the first violation.
func Run(s Script, d Depth) Result {
	d.Recoveries += s.Deeper
	if s.RecoveriesMost > 0 {
		d.Recoveries = min(d.Recoveries, s.RecoveriesMost)
	}
	x := &explorer{depth: d, result: Result{Script: s.Name}, system: oneBucket}
	if s.store {
		x.system = wholeStore
	}
	x.watch(func() {
		l := newLife(x)
		s.run(l)
		l.point(func() string { return "at the end of the script" })
	})
	return x.result
}

// violated ends an enumeration.
type violated struct{}

// watch runs f and catches the first violation.
func (x *explorer) watch(f func()) {
	defer func() {
		switch p := recover().(type) {
		case nil, violated:
		default:
			panic(p)
		}
	}()
	f()
}

// violate ends the enumeration with a violation.
func (x *explorer) violate(property, format string, args ...any) {
	v := &Violation{Script: x.result.Script, Property: property, Text: fmt.Sprintf(format, args...)}
	for _, step := range x.path {
		v.Path = append(v.Path, step())
	}
	x.result.Violation = v
	panic(violated{})
}

// changes says whether an operation can change what is on the disk or pending.
func changes(k vfs.OpKind) bool {
	switch k {
	case vfs.OpList, vfs.OpFree, vfs.OpRead, vfs.OpSize, vfs.OpClose, vfs.OpUnlock:
		return false
	}
	return true
}
