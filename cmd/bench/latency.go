package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"sierradb/commands/resp3"
)

// latencies measures how long after its acknowledgement an event arrives, and
// returns the table.
func (b *bench) latencies(ctx context.Context) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "\nFrom the acknowledgement of an append to the event in the hands of a subscriber, one stream, each subscriber on a connection of its own; "+
		"the next event is appended when all have the one before. An event that arrives before the acknowledgement counts as 0:\n\n")
	text.WriteString("| subscribers | events | p50 ms | p99 ms | most ms |\n| --- | --- | --- | --- | --- |\n")
	for _, n := range b.subscribers {
		h, events, err := b.latency(ctx, n)
		if err != nil {
			return "", fmt.Errorf("push latency of %d subscribers: %w", n, err)
		}
		ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
		fmt.Fprintf(&text, "| %s | %s | %.3f | %.3f | %.3f |\n", thousands(float64(n)), thousands(float64(events)), ms(h.quantile(0.5)), ms(h.quantile(0.99)), ms(h.max))
		fmt.Fprintf(b.stderr, "subscribe, %d subscribers: p50 %s, p99 %s\n", n, h.quantile(0.5), h.quantile(0.99))
	}
	return text.String(), nil
}

// latency lets n subscribers follow a stream that is appended to.
func (b *bench) latency(ctx context.Context, n int) (h *histogram, events int, err error) {
	dir, err := os.MkdirTemp(b.dir, "latency-")
	if err != nil {
		return nil, 0, fmt.Errorf("make a directory for the server: %w", err)
	}
	s, err := startSierra(ctx, b.binary, dir, b.settings)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, s.stop(), os.RemoveAll(dir)) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // closes the connections of the subscribers, behind which their readers end
	c, err := dialClient(s.addr)
	if err != nil {
		return nil, 0, err
	}
	defer c.close()

	var arrived sync.WaitGroup
	times, problems := make([]time.Time, n), make([]error, n)
	for i := range n {
		sub, err := s.follow(ctx, resp3.AppendCommand(nil, "ESUB", "tail", "FROM", "LATEST"))
		if err != nil {
			return nil, 0, err
		}
		go func() {
			for {
				err := sub.push()
				if ctx.Err() != nil {
					return
				}
				times[i], problems[i] = time.Now(), err
				arrived.Done()
				if err != nil {
					return
				}
			}
		}()
	}
	h = new(histogram)
	command := resp3.AppendCommand(nil, "EAPPEND", "tail", "Bench", "PAYLOAD", string(newPayload(1)))
	from := time.Now().Add(b.warm())
	for to := from.Add(b.window()); time.Now().Before(to); {
		arrived.Add(n)
		if _, err := c.do(command, 1); err != nil {
			return nil, 0, err
		}
		acknowledged := time.Now()
		arrived.Wait()
		for i := range n {
			if problems[i] != nil {
				return nil, 0, problems[i]
			}
			if acknowledged.After(from) {
				h.record(times[i].Sub(acknowledged))
			}
		}
		events++
	}
	return h, events, nil
}
