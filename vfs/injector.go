package vfs

import (
	"fmt"
	"path"
	"strings"
)

// Selector names operations: those of some kinds on files that match a
// pattern. It is where the injectors of this package begin:
//
//	On(OpWrite, OpSync).In("*.seg").Nth(3, Verdict{Err: ErrIO})
type Selector struct {
	kinds   []OpKind
	pattern string
}

// On selects operations of the given kinds, or of all kinds when none is given.
func On(kinds ...OpKind) Selector { return Selector{kinds: kinds} }

// In narrows the selection to names whose whole or last part matches the
// pattern of package path. It panics when the pattern is malformed.
func (s Selector) In(pattern string) Selector {
	if _, err := path.Match(pattern, ""); err != nil {
		panic(fmt.Sprintf("vfs: pattern %q: %v", pattern, err))
	}
	s.pattern = pattern
	return s
}

// Match says whether an operation is selected.
func (s Selector) Match(op Op) bool {
	kind := len(s.kinds) == 0
	for _, k := range s.kinds {
		kind = kind || k == op.Kind
	}
	return kind && (s.pattern == "" || s.matches(op.Name) || op.Kind == OpRename && s.matches(op.To))
}

func (s Selector) matches(name string) bool {
	whole, _ := path.Match(s.pattern, name) // In has checked the pattern
	last, _ := path.Match(s.pattern, path.Base(name))
	return whole || last
}

func (s Selector) String() string {
	text := "any operation"
	if len(s.kinds) > 0 {
		names := make([]string, len(s.kinds))
		for i, k := range s.kinds {
			names[i] = k.String()
		}
		text = strings.Join(names, "|")
	}
	if s.pattern != "" {
		text += " of " + s.pattern
	}
	return text
}

// Nth gives v to the n-th selected operation, counted from 1, and to no other.
func (s Selector) Nth(n int, v Verdict) Injector { return &rule{sel: s, first: n, last: n, verdict: v} }

// From gives v to the n-th selected operation, counted from 1, and to all that
// follow: a disk that stays broken.
func (s Selector) From(n int, v Verdict) Injector { return &rule{sel: s, first: n, verdict: v} }

// FailNth fails the n-th operation of a kind, counted from 1, on files whose
// names match pattern, or on all for the empty pattern.
func FailNth(kind OpKind, pattern string, n int, err error) Injector {
	return On(kind).In(pattern).Nth(n, Verdict{Err: err})
}

// rule is an Injector that gives one verdict.
type rule struct {
	sel         Selector
	first, last int // last is 0 for no end
	seen        int
	verdict     Verdict
}

func (r *rule) Before(op Op) Verdict {
	if !r.sel.Match(op) {
		return Verdict{}
	}
	r.seen++
	if r.seen < r.first || r.last > 0 && r.seen > r.last {
		return Verdict{}
	}
	return r.verdict
}

func (r *rule) After(Op) {}

func (r *rule) String() string {
	if r.last == 0 {
		return fmt.Sprintf("from %v number %d on: %v", r.sel, r.first, r.verdict)
	}
	return fmt.Sprintf("%v number %d: %v", r.sel, r.first, r.verdict)
}

func (v Verdict) String() string {
	var parts []string
	add := func(yes bool, format string, args ...any) {
		if yes {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(v.Err != nil, "%v", v.Err)
	add(v.Short != 0, "after %d bytes", v.Short)
	add(v.Drop, "dropping the pages")
	add(len(v.Flip) > 0, "flip %v", v.Flip)
	add(v.Shift != 0, "read %d bytes further", v.Shift)
	add(v.Crash, "crash")
	if len(parts) == 0 {
		return "pass"
	}
	return strings.Join(parts, " ")
}

// Moment says where in an operation a crash happens.
type Moment uint8

// The moments.
const (
	BeforeOp Moment = iota // nothing is done
	MidOp                  // a first half of a read or write is done, of others nothing
	AfterOp                // it is done, but who asked never learns
)

var moments = [...]string{"before", "in the middle of", "after"}

func (m Moment) String() string {
	if int(m) < len(moments) {
		return moments[m]
	}
	return fmt.Sprintf("moment(%d)", uint8(m))
}

// Crash panics with value at the n-th selected operation, counted from 1.
func (s Selector) Crash(n int, when Moment, value any) Injector {
	return &crash{sel: s, n: n, when: when, value: value}
}

type crash struct {
	sel   Selector
	n     int
	when  Moment
	value any
	seen  int
	after bool // the next After of the operation panics
	op    Op
}

func (c *crash) Before(op Op) Verdict {
	if !c.sel.Match(op) {
		return Verdict{}
	}
	c.seen++
	switch {
	case c.seen != c.n:
	case c.when == BeforeOp:
		panic(c.value)
	case c.when == MidOp:
		return Verdict{Crash: true, Short: op.Size / 2, Panic: c.value}
	case c.when == AfterOp:
		c.after, c.op = true, op
	}
	return Verdict{}
}

func (c *crash) After(op Op) {
	if c.after && op == c.op {
		c.after = false
		panic(c.value)
	}
}

func (c *crash) String() string { return fmt.Sprintf("crash %v %v number %d", c.when, c.sel, c.n) }

// Counter counts operations and lets them pass.
type Counter struct {
	Ops   int               // all
	Kinds [len(opKinds)]int // by kind
	Last  Op                // the last one
}

// Before counts op.
func (c *Counter) Before(op Op) Verdict {
	c.Ops++
	c.Kinds[op.Kind]++
	c.Last = op
	return Verdict{}
}

// After does nothing.
func (c *Counter) After(Op) {}

func (c *Counter) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d operations", c.Ops)
	for k, n := range c.Kinds {
		if n > 0 {
			fmt.Fprintf(&b, ", %d %v", n, OpKind(k))
		}
	}
	return b.String()
}

// All asks every injector about every operation; the first verdict that is not
// a pass counts.
func All(injectors ...Injector) Injector { return all(injectors) }

type all []Injector

func (a all) Before(op Op) Verdict {
	var out Verdict
	decided := false
	for _, in := range a {
		v := in.Before(op)
		if !decided && !v.passes() {
			out, decided = v, true
		}
	}
	return out
}

func (v Verdict) passes() bool { return v.Err == nil && !v.Crash && v.Shift == 0 && len(v.Flip) == 0 }

func (a all) After(op Op) {
	for _, in := range a {
		in.After(op)
	}
}

func (a all) String() string {
	parts := make([]string, len(a))
	for i, in := range a {
		parts[i] = fmt.Sprint(in)
	}
	return strings.Join(parts, "; ")
}
