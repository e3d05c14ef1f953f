package crashenum

import (
	"fmt"
	"strings"

	"sierradb/core/actor"
	"sierradb/vfs"
)

// coverage is how much of the subsets was tried.
type coverage uint8

const (
	nothing     coverage = iota // nothing is pending
	whole                       // all subsets of the parts
	byOperation                 // all subsets of the operations, and torn writes
	sampled                     // prefixes, single losses and keeps, and samples
)

// tornWhole is the number of parts of one write up to which all its torn forms
// are tried beside whole operations.
const tornWhole = 5

// subsets calls f with what to keep of parts. keep is valid during the call.
func subsets(parts []vfs.Part, d Depth, f func(keep []bool)) coverage {
	if len(parts) == 0 {
		return nothing
	}
	keep := make([]bool, len(parts))
	each := func(yes func(i int) bool) {
		for i := range keep {
			keep[i] = yes(i)
		}
		f(keep)
	}
	// closed is each without the subsets in which something rests upon what is
	// lost: it is lost, too, which makes another subset.
	closed := func(yes func(i int) bool) {
		for i := range parts {
			for _, j := range parts[i].Needs {
				if yes(i) && !yes(j) {
					return
				}
			}
		}
		each(yes)
	}
	ops := parts[len(parts)-1].Op + 1
	switch {
	case len(parts) <= d.Parts:
		for mask := range 1 << len(parts) {
			closed(func(i int) bool { return mask>>i&1 != 0 })
		}
		return whole
	case ops <= d.Parts:
		for mask := range 1 << ops {
			closed(func(i int) bool { return mask>>parts[i].Op&1 != 0 })
		}
		torn(parts, each)
		return byOperation
	}
	n := len(parts)
	for k := range n + 1 {
		each(func(i int) bool { return i < k })
	}
	for k := range n {
		each(func(i int) bool { return i != k })
		each(func(i int) bool { return i == k })
	}
	for k := range ops {
		each(func(i int) bool { return parts[i].Op != k })
		each(func(i int) bool { return parts[i].Op == k })
	}
	r := actor.NewRand(uint64(n))
	for range d.Samples {
		some := r.Range(1, 7)
		each(func(int) bool { return r.Chance(some, 8) })
	}
	return sampled
}

// torn keeps parts of one operation, with all, none or the earlier ones of the
// others.
func torn(parts []vfs.Part, each func(func(i int) bool)) {
	for from := 0; from < len(parts); {
		op, to := parts[from].Op, from
		for to < len(parts) && parts[to].Op == op {
			to++
		}
		pattern := func(yes func(i int) bool) {
			for others := range 3 {
				each(func(i int) bool {
					switch {
					case i >= from && i < to:
						return yes(i - from)
					case others == 0:
						return false
					case others == 1:
						return true
					}
					return i < from
				})
			}
		}
		n := to - from
		if n <= tornWhole {
			for mask := 1; mask < 1<<n-1; mask++ {
				pattern(func(i int) bool { return mask>>i&1 != 0 })
			}
		} else {
			for k := range n {
				pattern(func(i int) bool { return i < k })
				pattern(func(i int) bool { return i != k })
				pattern(func(i int) bool { return i == k })
			}
		}
		from = to
	}
}

// describe says what a power cut kept.
func describe(parts []vfs.Part, keep []bool) string {
	var kept, lost []string
	for i, p := range parts {
		if i < len(keep) && keep[i] {
			kept = append(kept, p.Text)
		} else {
			lost = append(lost, p.Text)
		}
	}
	list := func(s []string) string {
		if len(s) == 0 {
			return "nothing"
		}
		return strings.Join(s, "; ")
	}
	return fmt.Sprintf("power is lost\n    kept: %s\n    lost: %s", list(kept), list(lost))
}
