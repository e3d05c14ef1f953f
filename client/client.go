// Package client is the Go client of SierraDB.
//
//	db, err := client.New(client.Options{Addr: "127.0.0.1:9090"})
//	...
//	defer db.Close()
//	placed, err := db.Append(ctx, client.NewEvent{Stream: "user-123", Name: "UserCreated", Payload: payload})
//	...
//	for ev, err := range db.SubscribeStream("user-123", client.SubscribeOptions{From: client.Start}).Events(ctx) {
//		...
//	}
//
// A [Client] is safe for concurrent use and shares a few connections among any
// number of goroutines: their commands are written together and answered in
// order. It connects when it is first used, and again whenever a connection is
// lost.
//
// # What happened
//
// An error of the node is an [*Error], which errors.Is compares by code:
// errors.Is(err, client.ErrWrongVersion). An append is sent with event ids that
// the client chose, so that one whose outcome is unknown is sent again without
// landing twice. Only when that does not help either is the error an
// [*UnknownError], which holds the ids; every other error of an append means
// that nothing was appended.
//
// # Subscriptions
//
// A [Subscription] is a loop over events: those that are there, then each new
// one. What the loop body has finished is acknowledged by itself; after a lost
// connection the loop goes on behind the last event, without gap or repeat. The
// client counts versions and sequences itself and reports a hole that a node
// should ever leave.
package client

import (
	"context"
	"sync"
)

// A Client talks to one node.
type Client struct {
	o    Options
	pool pool

	life   context.Context // ends with Close
	end    context.CancelFunc
	mu     sync.Mutex // guards the fields below
	conns  map[*conn]struct{}
	idle   []*conn // for reads that wait
	closed bool
}

// New returns a client of the node at o.Addr. It does not connect: errors of
// the network come with the first command. What is wrong with o is an error.
func New(o Options) (*Client, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{o: o, conns: make(map[*conn]struct{})}
	c.life, c.end = context.WithCancel(context.Background())
	c.pool = newPool(c, o.Connections)
	return c, nil
}

// Close closes all connections, those of subscriptions too, and waits until
// their goroutines have ended. Commands that are under way fail with
// [ErrClosed]; of an append among them the outcome is unknown.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end()
	for {
		c.mu.Lock()
		var one *conn
		for one = range c.conns {
			break
		}
		c.mu.Unlock()
		if one == nil {
			return nil
		}
		one.close(ErrClosed)
	}
}

// adopt makes a connection known to Close.
func (c *Client) adopt(one *conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.conns[one] = struct{}{}
	return nil
}

// forget is called when both goroutines of a connection end.
func (c *Client) forget(one *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, one)
}
