package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// A load is one measurement: conns connections, each of which writes depth
// commands at once, reads depth replies and starts again (a closed loop).
type load struct {
	addr   string
	hello  []byte // written first on each connection, answered by one reply
	conns  int
	depth  int
	warm   time.Duration // runs before anything is counted
	window time.Duration // what is counted
	script func(conn int) script
	pid    int // of the server; 0: unknown
}

// A sample is what a load measured. A batch counts when its last reply came
// inside the window.
type sample struct {
	ops       uint64 // replies
	items     uint64 // elements of arrays in them
	bytes     uint64 // of the replies
	elapsed   time.Duration
	latency   histogram     // of whole batches
	serverCPU time.Duration // processor time in the window; -1: unknown
	clientCPU time.Duration // the same of this process
	errors    uint64        // replies that were not as expected, warm-up included
	problem   string        // the first of them
}

// patience is how long a server may be silent after the window.
const patience = 30 * time.Second

// run dials, loads the server and returns what it measured.
func (l *load) run(ctx context.Context) (*sample, error) {
	workers := make([]*worker, l.conns)
	for i := range workers {
		w, err := l.dial(i)
		if err != nil {
			return nil, err
		}
		defer w.conn.Close()
		workers[i] = w
	}
	stop := context.AfterFunc(ctx, func() {
		for _, w := range workers {
			w.conn.Close()
		}
	})
	defer stop()

	from := time.Now().Add(l.warm)
	to := from.Add(l.window)
	var running sync.WaitGroup
	for _, w := range workers {
		running.Go(func() { w.err = w.loop(from, to, l.depth) })
	}
	server, client := l.meter(ctx, from, to)
	running.Wait()

	s := &sample{elapsed: l.window, serverCPU: server, clientCPU: client}
	for _, w := range workers {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if w.err != nil {
			return nil, fmt.Errorf("connection %d: %w", w.id, w.err)
		}
		s.add(&w.sample)
	}
	return s, nil
}

// meter waits for the window to pass and returns the processor time that the
// server and this process took in it.
func (l *load) meter(ctx context.Context, from, to time.Time) (server, client time.Duration) {
	wait(ctx, time.Until(from))
	server, client = cpuTime(l.pid), cpuTime(ownPID)
	wait(ctx, time.Until(to))
	return cpuBetween(server, cpuTime(l.pid)), cpuBetween(client, cpuTime(ownPID))
}

// wait returns when the time has passed or ctx has ended.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// add adds what one connection counted.
func (s *sample) add(w *sample) {
	s.ops += w.ops
	s.items += w.items
	s.bytes += w.bytes
	s.latency.merge(&w.latency)
	s.errors += w.errors
	if s.problem == "" {
		s.problem = w.problem
	}
}

// A worker is one connection.
type worker struct {
	id      int
	conn    net.Conn
	replies *skipper
	script  script
	out     []byte
	sample  sample
	err     error
}

// dial connects one connection and makes its script.
func (l *load) dial(id int) (*worker, error) {
	conn, err := net.Dial("tcp", l.addr)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if err := conn.SetDeadline(time.Now().Add(l.warm + l.window + patience)); err != nil {
		conn.Close()
		return nil, fmt.Errorf("set the deadline of a connection: %w", err)
	}
	w := &worker{id: id, conn: conn, replies: newSkipper(conn, 64<<10), script: l.script(id)}
	if err := w.greet(l.hello); err != nil {
		conn.Close()
		return nil, err
	}
	return w, nil
}

func (w *worker) greet(hello []byte) error {
	if len(hello) == 0 {
		return nil
	}
	if _, err := w.conn.Write(hello); err != nil {
		return fmt.Errorf("greet the server: %w", err)
	}
	rep, err := w.replies.reply()
	if err != nil {
		return fmt.Errorf("greet the server: %w", err)
	}
	if rep.failed != "" {
		return fmt.Errorf("greet the server: it answers %s", rep.failed)
	}
	return nil
}

// loop runs batches until one ends after the window.
func (w *worker) loop(from, to time.Time, depth int) error {
	for {
		w.out = w.script.batch(w.out[:0], depth)
		before := w.replies.taken
		begin := time.Now()
		items, err := w.exchange(depth)
		if err != nil {
			return err
		}
		end := time.Now()
		if end.After(to) {
			return nil
		}
		if end.Before(from) {
			continue
		}
		s := &w.sample
		s.latency.record(end.Sub(begin))
		s.ops += uint64(depth)
		s.items += items
		s.bytes += w.replies.taken - before
	}
}

// exchange writes the batch and reads its replies. It returns the elements
// that they held.
func (w *worker) exchange(depth int) (items uint64, err error) {
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, fmt.Errorf("write %d commands: %w", depth, err)
	}
	for range depth {
		rep, err := w.replies.reply()
		if err == io.ErrUnexpectedEOF {
			return 0, fmt.Errorf("read a reply: the server closed the connection")
		}
		if err != nil {
			return 0, fmt.Errorf("read a reply: %w", err)
		}
		items += uint64(max(rep.items, 0))
		if problem := w.script.check(rep); problem != "" {
			w.sample.errors++
			if w.sample.problem == "" {
				w.sample.problem = problem
			}
		}
	}
	return items, nil
}
