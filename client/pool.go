package client

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// A pool is the connections that commands share.
type pool struct {
	c     *Client
	slots []slot
}

// A slot is the place of one connection.
type slot struct {
	current atomic.Pointer[conn]
	dialing chan struct{} // holds an element while somebody dials
	failed  error         // of the last dial; the dialer's
	pauses  backoff
	until   time.Time // when to dial again after failed
}

func newPool(c *Client, n int) pool {
	p := pool{c: c, slots: make([]slot, n)}
	for i := range p.slots {
		p.slots[i].dialing = make(chan struct{}, 1)
		p.slots[i].pauses = c.o.Retry.forever()
	}
	return p
}

// do sends a command on the connection with the fewest commands under way, and
// returns its reply. sent says, beside an error, that the command may have
// reached the node.
func (p *pool) do(ctx context.Context, cmd *command) (v Value, sent bool, err error) {
	n, err := p.slot().get(ctx, p.c)
	if err != nil {
		return Value{}, false, err
	}
	return n.do(ctx, cmd)
}

// slot chooses: the first that is idle, so that few callers use few
// connections, else the one with the least to do.
func (p *pool) slot() *slot {
	best, least := 0, int64(0)
	for i := range p.slots {
		load := int64(0)
		if n := p.slots[i].current.Load(); n != nil {
			load = n.load.Load()
		}
		if load == 0 {
			return &p.slots[i]
		}
		if i == 0 || load < least {
			best, least = i, load
		}
	}
	return &p.slots[best]
}

// get returns the connection of the slot, a new one if the old one is lost.
func (s *slot) get(ctx context.Context, c *Client) (*conn, error) {
	if n := s.alive(); n != nil {
		return n, nil
	}
	select {
	case s.dialing <- struct{}{}:
		defer func() { <-s.dialing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-c.life.Done():
		return nil, ErrClosed
	}
	if n := s.alive(); n != nil {
		return n, nil
	}
	if s.failed != nil && time.Now().Before(s.until) {
		return nil, s.failed
	}
	n, err := c.dial(ctx, nil)
	if err != nil {
		if s.failed = nil; errors.Is(err, ErrConnection) {
			pause, _ := s.pauses.next()
			s.failed, s.until = err, time.Now().Add(pause)
		}
		return nil, err
	}
	s.pauses.reset()
	s.failed = nil
	s.current.Store(n)
	return n, nil
}

// alive returns the connection of the slot unless it is lost.
func (s *slot) alive() *conn {
	n := s.current.Load()
	if n == nil {
		return nil
	}
	select {
	case <-n.dead:
		return nil
	default:
		return n
	}
}

// idleMax is how many connections are kept for reads that wait.
const idleMax = 4

// doAlone sends a command that may wait for long on a connection that no other
// command uses. When ctx ends, so does the connection.
func (c *Client) doAlone(ctx context.Context, cmd *command) (v Value, sent bool, err error) {
	n, err := c.alone(ctx)
	if err != nil {
		return Value{}, false, err
	}
	if v, sent, err = n.do(ctx, cmd); err != nil {
		n.close(err)
		return v, sent, err
	}
	c.mu.Lock()
	keep := len(c.idle) < idleMax && !c.closed
	if keep {
		c.idle = append(c.idle, n)
	}
	c.mu.Unlock()
	if !keep {
		n.close(ErrClosed)
	}
	return v, sent, nil
}

// alone returns a connection that nobody uses.
func (c *Client) alone(ctx context.Context) (*conn, error) {
	for {
		c.mu.Lock()
		var n *conn
		if last := len(c.idle) - 1; last >= 0 {
			n, c.idle = c.idle[last], c.idle[:last]
		}
		c.mu.Unlock()
		if n == nil {
			return c.dial(ctx, nil)
		}
		if n.fault() == nil {
			return n, nil
		}
	}
}
