package sim

import "sierradb/core/actor"

// burst lets all clients make some more requests of the whole workload, a
// quarter of those that they made while faults struck: a node that is alive but
// takes no appends, or that lost a wake-up, shows here. No fault excuses an
// error, and all must be answered in time.
func (w *World) burst() bool {
	w.second = true
	w.keepWatch()
	for _, c := range w.clients[:w.k.Clients] {
		c.left = w.k.Ops / 4
		c.wake(0)
	}
	w.judged("D8 liveness")
	w.until(w.s.Now()+patience+actor.Instant(w.k.Ops/4)*actor.Second, w.settled)
	if w.found == nil && !w.settled() {
		w.violate(violated("D8 liveness", "the second burst does not end: %s", w.unsettled()))
	}
	if w.found == nil {
		w.follow(true)
	}
	w.second = false
	if w.found == nil {
		w.part()
	}
	w.count.Add("second bursts", 1)
	return w.found == nil
}
