package client

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sierradb/commands/resp3"
)

// Node is what a node says of itself.
type Node struct {
	Server     string // "sierradb"
	Version    string
	PeerID     string // stays the same when the node starts again
	Partitions int    // how many there are
	Connection uint64 // number of the connection
	Mode, Role string
}

// Hello asks the node who it is.
func (c *Client) Hello(ctx context.Context) (Node, error) {
	v, _, err := c.run(ctx, reading, newCommand("HELLO"))
	if err != nil {
		return Node{}, err
	}
	return nodeFrom(v)
}

func nodeFrom(v Value) (Node, error) {
	r := reader{v: v}
	n := Node{
		Server:     r.text("server"),
		Version:    r.text("version"),
		PeerID:     r.text("peer_id"),
		Partitions: int(r.count("num_partitions")),
		Connection: r.count("id"),
		Mode:       r.text("mode"),
		Role:       r.text("role"),
	}
	if proto, ok := v.Get("proto"); r.err == nil && (!ok || proto.Int != 3) {
		r.fail("proto 3")
	}
	return n, r.err
}

// Ping checks that the node answers.
func (c *Client) Ping(ctx context.Context) error {
	v, _, err := c.run(ctx, reading, newCommand("PING"))
	if err == nil && v.Text() != "PONG" {
		err = unexpected("PONG", v)
	}
	return err
}

// Info returns the node's description of itself in text, all of it or some
// sections.
func (c *Client) Info(ctx context.Context, sections ...string) (string, error) {
	v, _, err := c.run(ctx, reading, newCommand(append([]string{"INFO"}, sections...)...))
	if err != nil {
		return "", err
	}
	if v.Kind != resp3.KindBulk && v.Kind != resp3.KindVerbatim {
		return "", unexpected("a text", v)
	}
	return v.Text(), nil
}

// Time returns the node's wall clock.
func (c *Client) Time(ctx context.Context) (time.Time, error) {
	v, _, err := c.run(ctx, reading, newCommand("TIME"))
	if err != nil {
		return time.Time{}, err
	}
	if len(v.Elems) == 2 {
		seconds, bad := strconv.ParseInt(v.Elems[0].Text(), 10, 64)
		micros, also := strconv.ParseInt(v.Elems[1].Text(), 10, 64)
		if bad == nil && also == nil {
			return time.Unix(seconds, micros*1000).UTC(), nil
		}
	}
	return time.Time{}, unexpected("two numbers", v)
}

// notShared are commands that would change a connection for all who share it.
var notShared = []string{"HELLO", "RESET", "QUIT", "MULTI", "EXEC", "DISCARD", "SELECT", "AUTH", "ESUB", "EPSUB", "EACK", "EUNSUB"}

// Do sends any other command: words as they are, []byte for bytes, and numbers.
// The reply is returned as it was sent; an error reply is an error. It is tried
// again only if it did not reach the node. A command that waits makes others
// wait that share its connection.
func (c *Client) Do(ctx context.Context, words ...any) (Value, error) {
	if len(words) == 0 {
		return Value{}, &Error{Code: "SYNTAX", Text: "no command"}
	}
	cmd, name := new(command), ""
	for i, w := range words {
		text, ok := w.([]byte)
		if !ok {
			text = fmt.Append(nil, w)
		}
		cmd.bytes(text)
		if i == 0 {
			name = strings.ToUpper(string(text))
		}
	}
	if slices.Contains(notShared, name) {
		return Value{}, &Error{Code: "INVALIDARG", Text: name + " is not for connections that are shared"}
	}
	v, _, err := c.run(ctx, once, cmd)
	return v, err
}
