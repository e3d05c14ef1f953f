// Package tcp serves the clients of a database over TCP: it accepts
// connections, moves their bytes to sessions and back, and knows nothing of
// what they mean.
//
// Each connection has one goroutine that reads; its session's goroutine writes.
// Input that a session has not taken is bounded: when it is over the window,
// the socket is not read, and the client's own TCP slows it down.
package tcp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sierradb/core/actor"
	"sierradb/node"
)

// Options are the settings of a server. Zero fields mean their defaults.
type Options struct {
	MaxConnections int           // limits.connections: 10,000; more are refused with an error
	WriteTimeout   time.Duration // session.output_timeout_ms: 60 s without progress end a connection
	OutputMax      int64         // limits.output_bytes: 1 GiB of replies that clients have not taken, all together
	Logger         *slog.Logger  // nil drops the log
}

const refusal = "-ERR max number of clients reached\r\n"

// Server is a listener with its connections.
type Server struct {
	db *node.DB
	ln net.Listener
	o  Options

	unsent atomic.Int64 // bytes in Write, of all connections

	mu       sync.Mutex // guards the fields below
	conns    map[*conn]struct{}
	draining bool
	done     sync.WaitGroup // the accept loop and the readers
}

// Serve accepts connections on ln until Shutdown. The database stays the
// caller's to close.
func Serve(db *node.DB, ln net.Listener, o Options) *Server {
	if o.MaxConnections == 0 {
		o.MaxConnections = 10_000
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = time.Minute
	}
	if o.OutputMax == 0 {
		o.OutputMax = 1 << 30
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{db: db, ln: ln, o: o, conns: make(map[*conn]struct{})}
	s.done.Add(1)
	go s.accept()
	return s
}

// accept takes connections. A failed accept (too many open files) is tried
// again after a pause that grows, so that it costs no core.
func (s *Server) accept() {
	defer s.done.Done()
	pause := time.Duration(0)
	for {
		nc, err := s.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.o.Logger.Warn("accept a connection", "error", err, "retry_in", pause)
			time.Sleep(pause)
			continue
		}
		pause = 0
		s.begin(nc)
	}
}

// begin starts a connection, or refuses it.
func (s *Server) begin(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		nc.Close()
		return
	}
	if len(s.conns) >= s.o.MaxConnections {
		s.o.Logger.Warn("connection refused: limits.connections is reached", "limit", s.o.MaxConnections, "remote", nc.RemoteAddr().String())
		nc.SetWriteDeadline(time.Now().Add(time.Second))
		nc.Write([]byte(refusal))
		nc.Close()
		return
	}
	c := &conn{s: s, nc: nc}
	c.room.L = &c.mu
	id, err := s.db.Connect(c)
	if err != nil {
		nc.Close()
		return
	}
	c.id = id
	s.conns[c] = struct{}{}
	s.done.Add(1)
	go c.read()
}

// end forgets a connection.
func (s *Server) end(c *conn) {
	s.db.Disconnect(c.id)
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.done.Done()
}

// Shutdown stops accepting, lets every session finish what is in flight, and
// returns when all connections are closed. When ctx ends first, what is left is
// closed at once.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	s.ln.Close()
	ids := make([]actor.ID, 0, len(s.conns))
	for c := range s.conns {
		ids = append(ids, c.id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		s.db.Drain(id)
	}
	finished := make(chan struct{})
	go func() {
		s.done.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.conns {
		c.Abort()
	}
	s.mu.Unlock()
	<-finished
	return ctx.Err()
}
