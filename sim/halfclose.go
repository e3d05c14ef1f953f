package sim

import "sierradb/core/actor"

// A client may close its side and read on, as nc and shell scripts do: what it
// sent is carried out and answered, and then the session hangs up. A request of
// which only the beginning was sent is none. In a plan's script it stands as raw
// bytes of which there are none.

// halfClose lets the client say nothing more on this connection.
func (cn *conn) halfClose() {
	w := cn.w
	cn.closing, cn.ended = true, true
	w.count.Add("connections closed on one side", 1)
	if cn.c.rand.Chance(1, 3) {
		late := cn.c.gen.unheard()
		cn.out = append(cn.out, late[:1+cn.c.rand.Intn(len(late)-1)]...)
		cn.push()
	}
	cn.tellEnd()
}

// tellEnd tells the session that the client's side is closed, once all that the
// client said is there.
func (cn *conn) tellEnd() {
	if !cn.ended || cn.told || cn.pushed || len(cn.out) > 0 || cn.dead {
		return
	}
	cn.told = true
	cn.w.box.m.Post(cn.id, actor.Event{Kind: actor.Closed})
	cn.expectHangup()
}

// hangupWithin is how long a session may take to hang up when all is answered.
const hangupWithin = 10 * actor.Second

// expectHangup demands that the session hangs up behind its last reply.
func (cn *conn) expectHangup() {
	w := cn.w
	w.s.After(hangupWithin, func() {
		switch {
		case cn.dead || cn.hangup || w.healed || w.found != nil:
		case len(cn.waiting) > 0 || w.box.stalled > w.s.Now()-hangupWithin:
			cn.expectHangup()
		default:
			w.violate(violated("D8 liveness", "%s does not hang up: its client closed its side, and all was answered %s ago or more", cn.id, clock(hangupWithin)))
		}
	})
}

// checkHangup demands that a session which hangs up by itself has answered
// everything, unless the node stops.
func (cn *conn) checkHangup() *Violation {
	if len(cn.waiting) == 0 || cn.w.box.closing {
		return nil
	}
	return violated("replies", "%s hangs up, and %d requests have no reply, first of them %s", cn.id, len(cn.waiting), cn.waiting[0])
}
