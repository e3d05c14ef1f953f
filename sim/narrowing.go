package sim

import "slices"

// tighten narrows calls and returns to what must be so in every order that
// explains the answers. Appends come in the order of their places; an answer
// that holds from a length on comes behind the append that made it, and before
// the append with which it ends. Porcupine tries operations in the order of
// their calls: on a narrowed history its first try succeeds, on one that is not
// it may search for hours. Nothing that porcupine would accept is lost, and an
// operation left without a moment proves that there is no order.
func (l *linear) tighten() *Violation {
	var landings []*lin
	for _, op := range l.ops {
		if op.events > 0 {
			landings = append(landings, op)
		}
	}
	slices.SortFunc(landings, func(a, b *lin) int { return a.first - b.first })
	by := make([]*lin, 0, l.length) // by sequence
	for _, op := range landings {
		for range op.events {
			by = append(by, op)
		}
	}
	for _, op := range l.ops {
		for i, h := range op.holds {
			op.holds[i] = outside(by, h)
		}
	}
	// around are the appends that an answer must stand between.
	around := func(op *lin) (after, before *lin) {
		if op.events > 0 {
			return nil, nil
		}
		lo, hi := l.length, 0
		for _, h := range op.holds {
			if h.lo <= h.hi {
				lo, hi = min(lo, h.lo), max(hi, h.hi)
			}
		}
		if lo > 0 && lo <= len(by) {
			after = by[lo-1]
		}
		if hi < len(by) {
			before = by[hi]
		}
		return after, before
	}
	for _, op := range l.ops {
		if op.events == 0 && !op.possible() {
			return unlinear("in partition %d no order explains the answers: %s", l.partition, op)
		}
		after, before := around(op)
		if after != nil {
			after.ret = min(after.ret, op.ret)
		}
		if before != nil {
			before.call = max(before.call, op.call)
		}
	}
	for i := 1; i < len(landings); i++ {
		landings[i].call = max(landings[i].call, landings[i-1].call)
	}
	for i := len(landings) - 1; i > 0; i-- {
		landings[i-1].ret = min(landings[i-1].ret, landings[i].ret)
	}
	for _, op := range l.ops {
		after, before := around(op)
		if after != nil {
			op.call = max(op.call, after.call)
		}
		if before != nil {
			op.ret = min(op.ret, before.ret)
		}
		if op.call > op.ret {
			return unlinear("in partition %d no order explains the answers: %s has no moment, it must stand behind tick %d and before tick %d", l.partition, op, op.call, op.ret)
		}
	}
	return nil
}

// outside leaves out the lengths at the ends of a range at which a transaction
// would be there in part. by names the append of each sequence.
func outside(by []*lin, h lengths) lengths {
	if h.lo > 0 && h.lo < len(by) && by[h.lo-1] == by[h.lo] {
		h.lo = by[h.lo].first + by[h.lo].events
	}
	if h.hi > 0 && h.hi < len(by) && by[h.hi-1] == by[h.hi] {
		h.hi = by[h.hi].first
	}
	return h
}

// possible says whether an answer holds at any length.
func (op *lin) possible() bool {
	return slices.ContainsFunc(op.holds, func(h lengths) bool { return h.lo <= h.hi })
}
