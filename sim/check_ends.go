package sim

// A session ends its connection for a reason that its client gave, or because
// the node stops (I15): cuts and deaths of the process come from the world, and
// do not pass here. This is judged from a run's first request to its last.

// checkEnd judges that a session hangs up behind its output or at once (abort).
// It may hang up behind QUIT, behind bytes that are no request, when its client
// has closed its side, and when the node stops. It may abort when it looks at the
// clock, has output, and for OutputTimeout was not told that its client read some:
// what was read a moment ago, or while the process stood still, it need not know.
func (w *World) checkEnd(cn *conn, hangup, abort bool) *Violation {
	if abort {
		w.judged("I15 errors")
		if cn.silent >= w.k.OutputTimeout {
			return nil
		}
		return violated("I15 errors", "%s is cut off with %d bytes unsent, %s after it heard that some were read: expected none to be cut off before %s", cn.id, cn.unsent, clock(cn.silent), clock(w.k.OutputTimeout))
	}
	if !hangup {
		return nil
	}
	w.judged("I15 errors")
	if v := cn.checkEnded(); v != nil {
		return v
	}
	if cn.closing || cn.told || w.box.closing {
		return nil
	}
	return violated("I15 errors", "%s hangs up: its client neither said QUIT nor sent bytes that are no request nor closed its side, and the node does not stop", cn.id)
}
