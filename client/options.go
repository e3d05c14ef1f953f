package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// Options are the settings of a client. The zero value of each field but Addr
// means its default.
type Options struct {
	Addr string      // host:port of the node
	Name string      // what CLIENT LIST of the node shows: "sierradb-go"
	TLS  *tls.Config // nil: no encryption

	// Connections is how many connections commands share, 4. One is opened when
	// all others have commands under way. Subscriptions and reads that wait have
	// connections of their own.
	Connections int
	// Inflight is how many commands may be under way on a connection, 1,024,
	// which is what a node reads ahead. More wait for their turn.
	Inflight int

	// DialTimeout bounds the time to connect, with HELLO: 5 s.
	DialTimeout time.Duration
	// ReplyTimeout is how long a node may be silent while it owes a reply, 30 s.
	// Then the connection counts as lost. A node answers appends within its
	// append.timeout_ms, 10 s by default.
	ReplyTimeout time.Duration
	// Retry says how long a command is tried, and how often.
	Retry Retry

	// Dial opens a connection in place of net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (o Options) withDefaults() (Options, error) {
	if o.Addr == "" {
		return o, errors.New("client: Options.Addr is empty")
	}
	if _, _, err := net.SplitHostPort(o.Addr); err != nil {
		return o, fmt.Errorf("client: Options.Addr: %w", err)
	}
	if o.Connections < 0 || o.Inflight < 0 || o.DialTimeout < 0 || o.ReplyTimeout < 0 {
		return o, errors.New("client: a number of Options is negative")
	}
	if o.Name == "" {
		o.Name = "sierradb-go"
	}
	o.Connections = orDefault(o.Connections, 4)
	o.Inflight = orDefault(o.Inflight, 1024)
	o.DialTimeout = orDefault(o.DialTimeout, 5*time.Second)
	o.ReplyTimeout = orDefault(o.ReplyTimeout, 30*time.Second)
	o.Retry = o.Retry.withDefaults()
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return o, nil
}

func orDefault[T int | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}
