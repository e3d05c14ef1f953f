package commands

import "sierradb/core/mutate"

// pipeline holds the commands of a connection that are not answered to the
// client: numbers head to tail, in a ring that grows to what is needed. Calls
// are reused with their memory.
type pipeline struct {
	ring       []*Call // a power of two long; number n is at n modulo it
	head, tail uint64

	bytes   int // of the commands on the wire
	held    int // bytes of complete replies that wait for an earlier one
	heavy   int // reads with large answers that the store works on
	large   int // how large such an answer is expected to be, 0 before the first
	waiting int // requests that wait for their turn
	late    int // of these, reads with large answers
	recheck bool

	open  tally // requests not answered
	ahead tally // scratch of startWaiting
}

func (p *pipeline) outstanding() int { return int(p.tail - p.head) }

// at returns command number seq, which is one of head to tail.
func (p *pipeline) at(seq uint64) *Call { return p.ring[seq&uint64(len(p.ring)-1)] }

// push adds a command of n bytes on the wire at the tail.
func (p *pipeline) push(s *Session, n int) *Call {
	if p.outstanding() == len(p.ring) {
		p.grow()
	}
	c := p.at(p.tail)
	c.reset(s, p.tail)
	c.bytes = n
	p.bytes += n
	p.tail++
	return c
}

// pop removes c, the command at the head.
func (p *pipeline) pop(c *Call) {
	if !c.req.none() || !mutate.On(mutate.CreditLeak) {
		p.bytes -= c.bytes
	}
	c.cmd, c.req, c.opens = nil, request{}, nil
	if cap(c.buf) > keepReply {
		c.buf = nil
	}
	p.head++
}

func (p *pipeline) grow() {
	old := p.ring
	p.ring = make([]*Call, max(8, 2*len(old)))
	calls := make([]Call, len(p.ring)-len(old))
	mask := uint64(len(p.ring) - 1)
	for seq := p.head; seq != p.tail; seq++ {
		p.ring[seq&mask] = old[seq&uint64(len(old)-1)]
	}
	// The other half of the ring is empty: fill it with new calls.
	for seq := p.tail; seq != p.tail+uint64(len(calls)); seq++ {
		p.ring[seq&mask] = &calls[seq-p.tail]
	}
}
