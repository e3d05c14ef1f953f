package commands

// Held is what a session holds for its client.
type Held struct {
	Taken    uint64 // commands taken since the connection began
	Open     int    // of these, how many are not answered to the runner
	Bytes    int    // of the open commands on the wire
	Newest   int    // of these, the bytes of the command that was taken last
	Complete int    // bytes of replies that wait for an earlier one
	Unsent   int    // bytes of replies in the runner's hands
}

// Output is how many bytes of replies count against Options.OutputMax.
func (h *Held) Output() int { return h.Complete + h.Unsent }

// Held adds up what the session holds from the commands themselves, not from the
// counts by which it grants room. It is for whoever judges a session: the
// simulator calls it behind every Step. A session whose connection is gone holds
// no command.
func (s *Session) Held() Held {
	h := Held{Taken: s.tail, Open: s.outstanding(), Unsent: s.unsent}
	for seq := s.head; seq != s.tail; seq++ {
		c := s.at(seq)
		h.Bytes += c.bytes
		h.Newest = c.bytes
		if c.state == callDone {
			h.Complete += len(c.buf) - c.start
		}
	}
	return h
}
