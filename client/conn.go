package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"sierradb/commands/resp3"
)

// Value is a reply as it was sent.
type Value = resp3.Value

// A conn is one connection: commands are written in the order of send, and
// replies matched to them in that order. One goroutine writes, one reads.
type conn struct {
	c    *Client
	nc   net.Conn
	feed *feed // takes pushes; nil drops them
	node Node  // what HELLO said

	room chan struct{} // one element for each command under way
	load atomic.Int64  // commands under way

	mu      sync.Mutex // guards the fields below
	out     []byte     // commands that the writer has not taken
	queued  uint64     // bytes of all commands so far
	waiting []*call    // for replies, the longest first
	timed   bool       // the read has a deadline
	err     error      // why the connection is of no use any more

	wake    chan struct{} // tells the writer of something in out
	dead    chan struct{} // closed with err
	ended   chan struct{} // closed when both goroutines have ended
	written uint64        // bytes that the system took; the writer's, then the reader's
}

// A call waits for the reply to one command.
type call struct {
	end   uint64      // bytes of the connection up to the command's end
	reply chan result // nil: nobody wants to know
}

// result is a reply, or why there is none.
type result struct {
	v    Value
	sent bool // the command may have reached the node
	err  error
}

// errSilent is why a connection is given up whose node owes a reply.
var errSilent = errors.New("the node is silent")

// newConn starts the goroutines of a connection.
func newConn(c *Client, nc net.Conn, f *feed) (*conn, error) {
	n := &conn{
		c: c, nc: nc, feed: f,
		room:  make(chan struct{}, c.o.Inflight),
		wake:  make(chan struct{}, 1),
		dead:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	if err := c.adopt(n); err != nil {
		nc.Close()
		return nil, err
	}
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		n.write()
	}()
	go n.read(wrote)
	return n, nil
}

// do sends a command and waits for its reply. sent says, beside an error, that
// the command may have reached the node.
func (n *conn) do(ctx context.Context, cmd *command) (v Value, sent bool, err error) {
	reply, err := n.begin(ctx, cmd)
	if err != nil {
		return Value{}, false, err
	}
	return n.await(ctx, reply)
}

// begin sends a command once there is room for it. An error says that it was not
// sent.
func (n *conn) begin(ctx context.Context, cmd *command) (chan result, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case n.room <- struct{}{}:
	case <-n.dead:
		return nil, n.fault()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	reply := make(chan result, 1)
	n.load.Add(1)
	if err := n.send(cmd, reply); err != nil {
		n.load.Add(-1)
		<-n.room
		return nil, err
	}
	return reply, nil
}

// await waits for the reply to a command that was sent.
func (n *conn) await(ctx context.Context, reply chan result) (v Value, sent bool, err error) {
	select {
	case r := <-reply:
		return r.v, r.sent, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-reply: // both at once: the reply counts
		return r.v, r.sent, r.err
	default:
		return Value{}, true, context.Cause(ctx)
	}
}

// post sends a command whose reply nobody wants.
func (n *conn) post(cmd *command) error { return n.send(cmd, nil) }

func (n *conn) send(cmd *command, reply chan result) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return n.err
	}
	before := len(n.out)
	n.out = cmd.appendTo(n.out)
	n.queued += uint64(len(n.out) - before)
	n.waiting = append(n.waiting, &call{end: n.queued, reply: reply})
	if !n.timed {
		n.timed = true
		n.nc.SetReadDeadline(time.Now().Add(n.c.o.ReplyTimeout))
	}
	select {
	case n.wake <- struct{}{}:
	default:
	}
	return nil
}

// write sends what is queued, all of it at once, until the connection fails.
func (n *conn) write() {
	var spare []byte
	for {
		select {
		case <-n.wake:
		case <-n.dead:
			return
		}
		n.mu.Lock()
		out := n.out
		n.out = spare[:0]
		n.mu.Unlock()
		wrote, err := n.nc.Write(out)
		n.written += uint64(wrote)
		if err != nil {
			n.fail(err)
			return
		}
		if spare = out; cap(spare) > keptMax {
			spare = nil
		}
	}
}

// keptMax is how large a buffer is kept for later, in bytes.
const keptMax = 1 << 20

// read takes replies and pushes until the connection fails. Then it tells all
// who wait.
func (n *conn) read(wrote <-chan struct{}) {
	n.fail(n.replies())
	<-wrote
	n.mu.Lock()
	waiting, err := n.waiting, n.err
	n.waiting, n.out = nil, nil
	n.mu.Unlock()
	for _, c := range waiting {
		// Half a command is none: the node runs what came whole.
		n.answer(c, result{sent: c.end <= n.written, err: err})
	}
	n.c.forget(n)
	close(n.ended)
}

// replies reads until something goes wrong, and returns that.
func (n *conn) replies() error {
	var dec resp3.Decoder
	buf := make([]byte, 64<<10)
	for {
		got, err := n.nc.Read(buf)
		dec.Feed(buf[:got])
		for {
			if n.feed != nil {
				taken, err := n.feed.glance(n.dead, dec.Bytes())
				if err != nil {
					return err
				}
				if taken > 0 {
					dec.Skip(taken)
					continue
				}
			}
			v, ok, bad := dec.Next()
			if bad != nil {
				return bad
			}
			if !ok {
				break
			}
			if err := n.take(v); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errSilent
		case errors.Is(err, io.EOF):
			return errors.New("closed by the node")
		case err != nil:
			return err
		}
		n.renew()
	}
}

// take hands on one reply or push.
func (n *conn) take(v Value) error {
	if v.Kind == resp3.KindPush {
		if n.feed == nil {
			return nil
		}
		return n.feed.push(n.dead, v)
	}
	n.mu.Lock()
	if len(n.waiting) == 0 {
		n.mu.Unlock()
		return fmt.Errorf("%w that nobody asked for: %.100s", ErrReply, v)
	}
	c := n.waiting[0]
	n.waiting[0] = nil
	n.waiting = n.waiting[1:]
	n.mu.Unlock()
	n.answer(c, result{v: v, sent: true})
	return nil
}

func (n *conn) answer(c *call, r result) {
	if c.reply != nil {
		c.reply <- r
		n.load.Add(-1)
		<-n.room
	}
}

// renew moves the deadline of the read: there is one while a reply is owed.
func (n *conn) renew() {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case len(n.waiting) > 0:
		n.timed = true
		n.nc.SetReadDeadline(time.Now().Add(n.c.o.ReplyTimeout))
	case n.timed:
		n.timed = false
		n.nc.SetReadDeadline(time.Time{})
	}
}

// fail ends the connection. The first reason counts.
func (n *conn) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return
	}
	if !errors.Is(err, ErrClosed) {
		err = &connError{n.c.o.Addr, err}
	}
	n.err = err
	close(n.dead)
	n.nc.Close()
}

// fault is why the connection is of no use any more, or nil.
func (n *conn) fault() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// close ends the connection and waits for its goroutines.
func (n *conn) close(why error) {
	n.fail(why)
	<-n.ended
}
