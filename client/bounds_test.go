package client_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sierradb/client"
	"sierradb/core/event"
)

// A countingConn counts what is read.
type countingConn struct {
	net.Conn
	read *atomic.Int64
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// A loop that lags behind holds a bounded part of what the node would send.
func TestSubscription_BoundedMemory(t *testing.T) {
	const size, n, held = 1 << 20, 64, 8 << 20
	node := play(t, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "0", "WINDOW", "1024")
		c.subscribed()
		payload := strings.Repeat("x", size)
		for v := range n {
			c.message(v, eventFrame("s", event.KeyOf("s"), 1, v, v, payload))
		}
		c.awaitClose()
	})
	var read atomic.Int64
	c := node.client(func(o *client.Options) {
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &countingConn{nc, &read}, err
		}
	})
	got := 0
	for e, err := range c.SubscribeStream("s", client.SubscribeOptions{From: client.Start}).Events(within(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Payload) != size || e.Version != uint64(got) {
			t.Fatalf("event %d: version %d, %d bytes", got, e.Version, len(e.Payload))
		}
		if got == 0 { // the loop lags as far as it can
			eventually(t, func() bool {
				return read.Load() >= n*size || strings.Contains(stacks(), "[select]:\nsierradb/client.(*feed).deliver(")
			})
			if ahead := read.Load(); ahead > held+4*size {
				t.Errorf("%d bytes were read ahead of the loop", ahead)
			}
		}
		if got++; got == n {
			break
		}
	}
}

// A node that is lost without a trace is noticed by a subscription that has
// nothing to do.
func TestSubscription_SilentNode(t *testing.T) {
	node := play(t, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "4", "WINDOW", "1024")
		c.subscribed()
		c.want("PING")
		c.write("+PONG\r\n")
		c.want("PING")
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "4", "WINDOW", "1024")
		c.subscribed()
		c.message(4, of(4))
		c.awaitClose()
	})
	c := node.client(func(o *client.Options) { o.ReplyTimeout = 300 * time.Millisecond })
	var told []string
	collect(t, c.SubscribeStream("s", client.SubscribeOptions{From: client.At(4), Interrupted: func(err error) { told = append(told, err.Error()) }}), 1)
	if len(told) != 1 || !strings.Contains(told[0], "silent") {
		t.Errorf("interruptions: %q", told)
	}
}
