package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"sierradb/commands/resp3"
)

// The subscribe tables compare SierraDB with itself: Redis has nothing of the
// kind that keeps its place.

// subscribeRows is their name in --rows.
const subscribeRows = "subscribe"

// fillConns and fillDepth are how the log is filled that a subscriber reads.
const fillConns, fillDepth = 16, 64

// A catchUp is one subscriber that reads all of a log.
type catchUp struct {
	elapsed        time.Duration
	bytes          uint64
	server, client time.Duration // processor time
}

// subscribe measures subscriptions and returns the text of their section.
func (b *bench) subscribe(ctx context.Context, where string) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "`%s` on %s.\n\n", b.command, where)
	fmt.Fprintf(&text, "One subscriber reads %s events with payloads of %d bytes by `EPSUB * FROM 0`, in RESP3, from the first push to the last:\n\n",
		thousands(float64(b.events)), payloadBytes)
	text.WriteString("| buckets | events a second | MB/s | server µs | cores: server + subscriber |\n| --- | --- | --- | --- | --- |\n")
	for _, buckets := range []int{1, 4} {
		runs, err := b.catchUps(ctx, buckets)
		if err != nil {
			return "", err
		}
		var rates, sizes, costs, servers, clients []float64
		for _, r := range runs {
			rates = append(rates, float64(b.events)/r.elapsed.Seconds())
			sizes = append(sizes, float64(r.bytes)/r.elapsed.Seconds()/1e6)
			costs = append(costs, perUnit(r.server, float64(b.events)))
			servers, clients = append(servers, busy(r.server, r.elapsed)), append(clients, busy(r.client, r.elapsed))
		}
		fmt.Fprintf(&text, "| %d | %s | %.0f | %.2f | %.2f + %.2f |\n", buckets, thousands(median(rates)), median(sizes), median(costs), median(servers), median(clients))
	}
	more, err := b.latencies(ctx)
	return text.String() + more, err
}

// catchUps fills a server and lets a subscriber read it, a few times.
func (b *bench) catchUps(ctx context.Context, buckets int) (runs []catchUp, err error) {
	dir, err := os.MkdirTemp(b.dir, "subscribe-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the server: %w", err)
	}
	s, err := startSierra(ctx, b.binary, dir, append([]string{bucketCount(buckets)}, b.settings...))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop(), os.RemoveAll(dir)) }()
	if err := s.fill(ctx, b.events); err != nil {
		return nil, err
	}
	for round := range b.rounds {
		finish := func() error { return nil }
		if b.profiles != "" {
			finish = b.profile(ctx, s, fmt.Sprintf("subscribe-buckets-%d.pprof", buckets))
		}
		r, err := s.catchUp(ctx, b.events)
		if err = errors.Join(err, finish()); err != nil {
			return nil, fmt.Errorf("catch up: %w; the server's last words: %s", err, s.lastWords())
		}
		fmt.Fprintf(b.stderr, "subscribe, %s, round %d: %s/s\n", bucketCount(buckets), round+1, thousands(float64(b.events)/r.elapsed.Seconds()))
		runs = append(runs, r)
	}
	return runs, nil
}

// fill appends n events.
func (s *server) fill(ctx context.Context, n int) error {
	workers := make([]*worker, fillConns)
	l := load{addr: s.addr, window: time.Hour, script: func(conn int) script { return newAppends(0, conn) }}
	var running sync.WaitGroup
	for i := range workers {
		w, err := l.dial(i)
		if err != nil {
			return err
		}
		defer w.conn.Close()
		workers[i] = w
		mine := n / fillConns
		if i < n%fillConns {
			mine++
		}
		running.Go(func() { w.err = w.append(ctx, mine) })
	}
	running.Wait()
	for _, w := range workers {
		if w.err != nil || w.sample.errors > 0 {
			return fmt.Errorf("fill the log: %w %s", w.err, w.sample.problem)
		}
	}
	return nil
}

// append appends n events.
func (w *worker) append(ctx context.Context, n int) error {
	for n > 0 && ctx.Err() == nil {
		depth := min(n, fillDepth)
		w.out = w.script.batch(w.out[:0], depth)
		if _, err := w.exchange(depth); err != nil {
			return err
		}
		n -= depth
	}
	return ctx.Err()
}

// catchUp subscribes to everything from the first event on and reads n pushes.
func (s *server) catchUp(ctx context.Context, n int) (r catchUp, err error) {
	sub, err := s.follow(ctx, resp3.AppendCommand(nil, "EPSUB", "*", "FROM", "0"))
	if err != nil {
		return r, err
	}
	defer sub.close()
	r.server, r.client = cpuTime(s.pid()), cpuTime(ownPID)
	began, before := time.Now(), sub.replies.taken
	for range n {
		if err := sub.push(); err != nil {
			return r, err
		}
	}
	r.elapsed, r.bytes = time.Since(began), sub.replies.taken-before
	r.server, r.client = cpuBetween(r.server, cpuTime(s.pid())), cpuBetween(r.client, cpuTime(ownPID))
	return r, nil
}

// A subscriber is a connection with one subscription.
type subscriber struct {
	*worker
	release func() bool
}

// follow connects and subscribes.
func (s *server) follow(ctx context.Context, command []byte) (*subscriber, error) {
	l := load{addr: s.addr, window: time.Hour, hello: resp3.AppendCommand(nil, "HELLO", "3"), script: func(int) script { return nil }}
	w, err := l.dial(0)
	if err != nil {
		return nil, err
	}
	sub := &subscriber{worker: w, release: context.AfterFunc(ctx, func() { w.conn.Close() })}
	if _, err := w.conn.Write(command); err != nil {
		sub.close()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	rep, err := w.replies.frame()
	if err == nil && rep.failed != "" {
		err = errors.New(rep.failed)
	}
	if err == nil {
		err = sub.push() // the confirmation
	}
	if err != nil {
		sub.close()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return sub, nil
}

// push reads one push.
func (sub *subscriber) push() error {
	rep, err := sub.replies.frame()
	switch {
	case err == io.ErrUnexpectedEOF:
		return errors.New("the server closed the connection")
	case err != nil:
		return err
	case rep.kind != '>':
		return fmt.Errorf("a frame of type %q, expected a push", rep.kind)
	}
	return nil
}

func (sub *subscriber) close() {
	sub.release()
	sub.conn.Close()
}
