package sim

import "sierradb/commands"

// What a client can make a session hold is bounded by the session's settings
// (D7, S21, S22). It is judged behind each Step, by what the session itself
// says that it holds.

// lightMax is more than the largest reply that is no event, no scan and no answer
// to an append of many events.
const lightMax = 16 << 10

// heavyReads is how many reads with large answers a session has under way.
const heavyReads = 16

// checkSession judges what a session holds behind a Step in which the runner told
// it that sent bytes of its output left.
//
// A command is taken only while fewer than Inflight are open, with fewer than
// InflightBytes, and while no more than OutputMax of output waits. So the command
// that was taken last is the only one that may lie beyond InflightBytes, and none
// is taken in a Step that begins with too much output. Over OutputMax the replies
// to commands that were taken before may still come: small ones for each, and
// large ones for the few reads that are under way at a time.
func (w *World) checkSession(cn *conn, h *commands.Held, sent int) *Violation {
	w.judged("D7 limits")
	k, light := w.k, max(lightMax, w.model.sizes.light)
	before := max(0, cn.held.Output()-sent)
	taken := h.Taken > cn.held.Taken
	large := min(w.model.sizes.rendered, max(k.ReplyMax, w.model.sizes.event)) + 128
	push := w.pushMax(cn)
	most := k.OutputMax + k.credits()*light + min(heavyReads, k.credits())*large + push
	w.peak("commands of a session, % of its bound", uint64(h.Open), uint64(k.Inflight))
	w.peak("bytes of commands in a session but the last, % of its bound", uint64(h.Bytes-h.Newest), uint64(k.InflightBytes))
	w.peak("output of a session, % of its bound", uint64(h.Output()), uint64(most))
	switch {
	case h.Open > k.Inflight:
		return violated("D7 limits", "%s holds %d commands that are not answered, expected at most %d", cn.id, h.Open, k.Inflight)
	case h.Bytes > 0 && h.Bytes-h.Newest >= k.InflightBytes:
		return violated("D7 limits", "%s took a command of %d bytes when the commands before it had %d, and takes none from %d on", cn.id, h.Newest, h.Bytes-h.Newest, k.InflightBytes)
	case taken && before > k.OutputMax:
		return violated("D7 limits", "%s took a command though %d bytes of its output had not left, expected none above %d", cn.id, before, k.OutputMax)
	case taken && h.Output() > k.OutputMax+light+push:
		return violated("D7 limits", "%s took a command and has %d bytes of output, expected none to be taken above %d", cn.id, h.Output(), k.OutputMax)
	case h.Output() > most:
		return violated("D7 limits", "%s has %d bytes of output that were not read, expected at most %d", cn.id, h.Output(), most)
	}
	return nil
}

// pushMax is how much pushes may add to the output: they have half of OutputMax,
// and the last of them may lie beyond. What announces and ends subscriptions
// comes in any case.
func (w *World) pushMax(cn *conn) int {
	n := w.model.sizes.event + rendering
	for _, sub := range cn.subs {
		n += 300
		for _, s := range sub.sources {
			n += len(s.name) + 40
		}
	}
	return n
}

// checkUnsent demands that the output which a session counts as unsent is the
// one that has left it and was not reported as sent.
func (w *World) checkUnsent(cn *conn) *Violation {
	w.judged("D7 limits")
	if cn.held.Unsent != cn.unsent {
		return violated("D7 limits", "%s counts %d bytes as unsent, and there are %d", cn.id, cn.held.Unsent, cn.unsent)
	}
	return nil
}
