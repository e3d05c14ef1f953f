// Package machinetest runs one state machine in three ways: as a property of
// go test, as a target of the native fuzzer, and as a proof that the machine
// finds a planted bug and shrinks what shows it.
package machinetest

import (
	"encoding/binary"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/mutate"

	"pgregory.net/rapid"
)

// Start makes a machine at its first state and returns its actions, as
// [rapid.T.Repeat] takes them: the one without a name checks what must hold
// after every step. All that is left to chance is drawn from t.
type Start func(t *rapid.T) map[string]func(*rapid.T)

// stepsEnough is from how many steps on an action that never ran is a mistake
// of the machine: one that is always skipped tests nothing.
const stepsEnough = 2000

// Run checks the machine. -rapid.checks says how many runs there are and
// -rapid.steps how long they are on average.
func Run(t *testing.T, start Start) {
	t.Helper()
	var steps tally
	rapid.Check(t, func(t *rapid.T) { steps.run(t, start) })
	t.Log(&steps)
	if never := steps.never(); len(never) > 0 && steps.done >= stepsEnough {
		t.Errorf("in %d steps these actions never ran: %s", steps.done, strings.Join(never, ", "))
	}
}

// Fuzz makes the machine a target of the native fuzzer, whose input is what the
// machine draws. Any input will do: the run ends where the input does.
func Fuzz(f *testing.F, start Start) {
	f.Helper()
	r := actor.NewRand(1)
	for _, draws := range []int{16, 128, 1024} {
		var seed []byte
		for range draws {
			seed = binary.LittleEndian.AppendUint64(seed, r.Uint64())
		}
		f.Add(seed)
	}
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { new(tally).run(t, start) }))
}

// Finds plants a bug and fails unless the machine fails too, with at most so
// many steps left when the failing run was shrunk. It needs the build tag
// mutants.
func Finds(t *testing.T, bug mutate.Bug, most int, start Start) {
	t.Helper()
	if !mutate.Set(bug) {
		t.Fatalf("bug %q is unknown", bug)
	}
	defer mutate.Set("")
	defer set(t, "rapid.nofailfile", "true")()
	defer set(t, "rapid.seed", "1")()
	defer set(t, "rapid.checks", "20000")()
	defer set(t, "rapid.steps", "12")() // a short run shrinks in less time than a long one
	defer set(t, "rapid.shrinktime", "6s")()
	var steps tally
	v := &verdict{TB: t, name: t.Name() + "/" + string(bug)}
	v.of(func() { rapid.Check(v, func(t *rapid.T) { steps.run(t, start) }) })
	switch {
	case !v.failed:
		t.Errorf("%s: not found in %s", bug, &steps)
	case len(steps.last) > most:
		t.Errorf("%s: %d steps are left, want at most %d: %v\n%s", bug, len(steps.last), most, steps.last, v)
	default:
		t.Logf("%s: found in %d runs, shrinking included; %d steps are left: %v\n%s", bug, steps.runs, len(steps.last), steps.last, v)
	}
}

// set changes a flag and returns what changes it back.
func set(t *testing.T, name, value string) (restore func()) {
	was := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	return func() { flag.Set(name, was) }
}

// tally counts steps.
type tally struct {
	runs, done int
	by         map[string]int // by action
	last       []string       // the actions of the last run
}

func (s *tally) run(t *rapid.T, start Start) {
	if s.by == nil {
		s.by = map[string]int{}
	}
	s.runs++
	s.last = s.last[:0]
	actions := map[string]func(*rapid.T){}
	skipped := 0
	for name, action := range start(t) { //det:ok each entry by itself
		if name == "" {
			actions[name] = action
			continue
		}
		s.by[name] += 0
		actions[name] = func(t *rapid.T) {
			// Rapid gives up after 100 actions in a row that skip and draw nothing;
			// the fuzzer makes such inputs at once.
			if skipped++; skipped%50 == 0 {
				rapid.Bool().Draw(t, "nothing fits")
			}
			s.last = append(s.last, name)
			action(t)
			skipped = 0
			s.done++
			s.by[name]++
		}
	}
	t.Repeat(actions)
}

func (s *tally) names() []string {
	var names []string
	for name := range s.by { //det:ok sorted below
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *tally) never() []string {
	return slices.DeleteFunc(s.names(), func(name string) bool { return s.by[name] > 0 })
}

func (s *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d steps in %d runs:", s.done, s.runs)
	for _, name := range s.names() {
		fmt.Fprintf(&b, " %s %d", name, s.by[name])
	}
	return b.String()
}

// verdict is a test whose failure is an answer.
type verdict struct {
	testing.TB
	name   string
	failed bool
	lines  []string
}

type over struct{}

// of runs f until it ends or gives up.
func (v *verdict) of(f func()) {
	defer func() {
		if p := recover(); p != nil {
			if _, gaveUp := p.(over); !gaveUp {
				panic(p)
			}
		}
	}()
	f()
}

func (v *verdict) say(text string) { v.lines = append(v.lines, strings.TrimRight(text, "\n")) }

func (v *verdict) Name() string                      { return v.name }
func (v *verdict) Failed() bool                      { return v.failed }
func (v *verdict) Fail()                             { v.failed = true }
func (v *verdict) FailNow()                          { v.failed = true; panic(over{}) }
func (v *verdict) Log(args ...any)                   { v.say(fmt.Sprint(args...)) }
func (v *verdict) Logf(format string, args ...any)   { v.say(fmt.Sprintf(format, args...)) }
func (v *verdict) Error(args ...any)                 { v.Log(args...); v.Fail() }
func (v *verdict) Errorf(format string, args ...any) { v.Logf(format, args...); v.Fail() }
func (v *verdict) Fatal(args ...any)                 { v.Log(args...); v.FailNow() }
func (v *verdict) Fatalf(format string, args ...any) { v.Logf(format, args...); v.FailNow() }

// String is the log of the shrunk run.
func (v *verdict) String() string { return strings.Join(v.lines, "\n") }
