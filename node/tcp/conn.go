package tcp

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"sierradb/core/actor"
	"sierradb/node"
)

const (
	// window is how much input may wait for a session before the socket is no
	// longer read.
	window = 256 << 10
	// Input is read into slabs that are never written again, since arguments
	// alias them until their events are on disk. A slab starts small, so that an
	// idle connection is cheap, and grows with what arrives.
	slabMin, slabMax = 4 << 10, 64 << 10
	// readMin is the least room worth a read.
	readMin = 1 << 10
	// lingerMax is how long a connection that we end is still read.
	lingerMax = time.Second
)

var errOutputMax = errors.New("too many replies are not taken")

// conn is one client connection.
type conn struct {
	s  *Server
	nc net.Conn
	id actor.ID

	mu      sync.Mutex
	room    sync.Cond // signalled when waiting shrinks or the connection ends
	waiting int       // bytes of input that the session has not taken
	closed  bool
}

var _ node.Conn = (*conn)(nil)

// read moves input to the session until the connection ends.
func (c *conn) read() {
	defer c.s.end(c)
	defer c.nc.Close()
	var slab []byte
	size := slabMin
	for {
		if len(slab) < readMin {
			slab = make([]byte, size)
		}
		n, err := c.nc.Read(slab)
		if n > 0 && c.admit(n) {
			if n == len(slab) {
				size = min(2*size, slabMax)
			}
			c.s.db.Input(c.id, slab[:n:n])
			slab = slab[n:]
		}
		if err == io.EOF {
			// The client has said all and may still listen: what it sent is carried
			// out and answered before the session hangs up.
			c.s.db.Ended(c.id)
			c.awaitHangup()
			return
		}
		if err != nil {
			c.s.o.Logger.Debug("connection lost", "remote", c.nc.RemoteAddr().String(), "error", err)
			return
		}
	}
}

// admit waits until the session has taken enough of what came before, and
// counts n bytes more. After a hang-up it answers false: what still comes is
// read and dropped, because a close with unread input would reset the
// connection and take the last reply away from the client.
func (c *conn) admit(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.waiting > window && !c.closed {
		c.room.Wait()
	}
	c.waiting += n
	return !c.closed
}

// awaitHangup waits until the session has ended the connection.
func (c *conn) awaitHangup() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed {
		c.room.Wait()
	}
}

// Consumed is called by the session's goroutine.
func (c *conn) Consumed(n int) {
	c.mu.Lock()
	c.waiting -= n
	c.mu.Unlock()
	c.room.Signal()
}

// writeTries is in how many parts the time is divided that output may take
// without progress. A write that waits is woken only when a third of the system's
// buffer is free, which takes a slow reader long; one that is tried anew takes
// any room there is.
const writeTries = 16

// Write is called by the session's goroutine. A client that reads slowly is
// served, one that does not read is not: it is cut off when the system has taken
// nothing for the whole time. When the clients together have left too much
// unread, whoever adds a long reply is let go; short ones always pass.
func (c *conn) Write(p []byte) error {
	all := c.s.unsent.Add(int64(len(p)))
	defer c.s.unsent.Add(-int64(len(p)))
	if all > c.s.o.OutputMax && len(p) > slabMax {
		c.s.o.Logger.Warn("connection closed: clients leave too many replies unread (limits.output_bytes)", "remote", c.nc.RemoteAddr().String(), "unread", all)
		c.Abort()
		return errOutputMax
	}
	for progress := time.Now(); len(p) > 0; {
		now := time.Now()
		if err := c.nc.SetWriteDeadline(now.Add(c.s.o.WriteTimeout / writeTries)); err != nil {
			return err
		}
		n, err := c.nc.Write(p[:min(len(p), slabMax)])
		if p = p[n:]; n > 0 {
			progress = now
		}
		if err != nil && (!errors.Is(err, os.ErrDeadlineExceeded) || now.Sub(progress) >= c.s.o.WriteTimeout) {
			c.s.o.Logger.Debug("connection closed: output was not taken", "remote", c.nc.RemoteAddr().String(), "error", err)
			c.Abort()
			return err
		}
	}
	return nil
}

// Abort is called by the session's goroutine, and by a server that can't wait.
func (c *conn) Abort() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.room.Signal()
	c.nc.Close()
}

// Hangup is called by the session's goroutine after its last Write.
func (c *conn) Hangup() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.room.Signal()
	if t, ok := c.nc.(*net.TCPConn); ok {
		t.CloseWrite()
		c.nc.SetReadDeadline(time.Now().Add(lingerMax))
		return
	}
	c.nc.Close()
}
