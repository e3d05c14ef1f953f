package sim

// Queues stay in the limits that the options set (D7, S21, S22). The scheduler
// bounds mailboxes; this file bounds what a session has put out and the client
// has not read.

// checkOutput judges how much output a session has made that has not left.
func (w *World) checkOutput(cn *conn) *Violation {
	w.judged("D7 limits")
	// Over OutputMax no request is taken; the replies to those taken before may
	// still come: small ones for each, and large ones for a few scans.
	largest := w.k.ReplyMax
	if w.k.ReplyMax < int(w.k.SegmentSize) {
		largest = 2*int(w.k.SegmentSize) + 4096 // one event is always returned
	}
	limit := w.k.OutputMax + min(w.k.Inflight, w.k.Depth)*4096 + 17*largest
	if len(cn.in) > limit {
		return violated("D7 limits", "%s has %d bytes of output that were not read, expected at most %d", cn.id, len(cn.in), limit)
	}
	return nil
}
