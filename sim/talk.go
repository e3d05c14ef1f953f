package sim

import "sierradb/core/actor"

// talk is a conversation: requests of one client of which each depends on the
// reply to the one before. Every reply is judged on its own like any other; a
// talk judges what they say together, by what a client knows and not by the
// node's log.
type talk interface {
	// next makes the next request; nil ends the talk.
	next(g *Gen) *Op
	// heard takes how the request went: its reply, or the outcome Unknown when
	// the connection was lost before it came.
	heard(w *World, op *Op) *Violation
}

// begin draws a talk.
func (g *Gen) begin() talk {
	switch g.Intn(4) {
	case 0:
		return g.race()
	case 1:
		if p := g.pieces(); p != nil {
			return p
		}
		return g.race()
	}
	return g.walk()
}

// leave lets the client lose its connection with the next request on its way,
// or its reply. It connects again and goes on.
func (g *Gen) leave() { g.leaveIn(2 * g.k.Transit) }

// leaveIn lets the client lose its connection in so long at most.
func (g *Gen) leaveIn(most actor.Instant) {
	c, cn := g.c, g.c.conn
	g.w.s.After(actor.Instant(g.Uint64n(uint64(most)+1)), func() {
		if c.conn == cn && !g.w.healed && g.w.found == nil {
			c.cut()
		}
	})
}

// answered says whether an op got a reply that is no error.
func (op *Op) answered() bool { return op.Outcome == Done }
