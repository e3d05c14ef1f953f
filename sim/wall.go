package sim

import (
	"sierradb/core/actor"
	"sierradb/core/event"
)

// wallClock is what the wall clock of the machine showed over a run, so that a
// time that the node tells can be judged however the clock jumps and drifts.
type wallClock struct {
	pieces []wallPiece // in the order in which they began
}

// wallPiece is a time in which the clock only ran: as if it had shown millis at
// since, one more each millisecond, and gain more each whole second.
type wallPiece struct {
	since        actor.Instant
	millis, gain int64
	from         actor.Instant // the clock ran like this from here on: it jumped, but counts its seconds from since
}

// set starts the clock anew.
func (c *wallClock) set(now actor.Instant, millis, gain int64) {
	c.pieces = append(c.pieces, wallPiece{now, millis, gain, now})
}

// jump moves the clock.
func (c *wallClock) jump(now actor.Instant, millis int64) {
	p := c.pieces[len(c.pieces)-1]
	p.millis += millis
	p.from = now
	c.pieces = append(c.pieces, p)
}

// told says whether a node that looked at the clock between two instants, both
// included, may have taken the time for millis. Times that an event can't have
// become the nearest that it can.
func (c *wallClock) told(millis int64, from, to actor.Instant) bool {
	for i, p := range c.pieces {
		a, b := max(from, p.from), to
		if i+1 < len(c.pieces) {
			b = min(b, c.pieces[i+1].from)
		}
		if a > b {
			continue
		}
		least, most := p.bounds(a, b)
		if clampWall(least) <= millis && millis <= clampWall(most) {
			return true
		}
	}
	return false
}

func clampWall(millis int64) int64 { return min(max(millis, 0), event.TimestampMax) }

// bounds returns the least and the most that the clock showed between two
// instants of the piece. It jumps at whole seconds, so that the extremes stand
// at the ends and at both sides of the first and the last jump.
func (p wallPiece) bounds(from, to actor.Instant) (least, most int64) {
	a, b := int64((from-p.since)/actor.Millisecond), int64((to-p.since)/actor.Millisecond)
	first, last := (a/1000+1)*1000, b/1000*1000
	least, most = p.at(a), p.at(a)
	for _, t := range []int64{b, first - 1, first, last - 1, last} {
		if a <= t && t <= b {
			least, most = min(least, p.at(t)), max(most, p.at(t))
		}
	}
	return least, most
}

// at is what the clock showed so many milliseconds after the piece began.
func (p wallPiece) at(passed int64) int64 { return p.millis + passed + passed/1000*p.gain }
