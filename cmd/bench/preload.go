package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"time"

	"sierradb/commands/resp3"
)

const (
	// preloadStreams is how many streams each shape has.
	preloadStreams = 64
	// preloadEvents is how many events each of them has: more than a scan asks
	// for, so that no scan ends at the end of its stream.
	preloadEvents = 128
	// scanEvents is what a scan asks for.
	scanEvents = 100
	// preloadDepth is how many appends are in flight while data is stored.
	preloadDepth = preloadEvents
)

// A dataset is what a server holds before it is read from. The events of an
// adjacent stream stand side by side in the log; the mixed streams take turns,
// so that between two events of one stand those of all others.
type dataset struct {
	adjacent  []string
	mixed     []string
	events    []stored
	partition string // one with at least preloadEvents events; SierraDB only
}

// stored is an event: its stream and the id by which it can be had.
type stored struct{ stream, id string }

// preload stores the data through one pipelined connection.
func (s *server) preload() error {
	c, err := dialClient(s.addr)
	if err != nil {
		return fmt.Errorf("store what will be read: %w", err)
	}
	defer c.close()
	var order []string
	d := new(dataset)
	for i := range preloadStreams {
		d.adjacent = append(d.adjacent, fmt.Sprintf("adjacent-%d", i))
		d.mixed = append(d.mixed, fmt.Sprintf("mixed-%d", i))
		order = append(order, slices.Repeat(d.adjacent[i:i+1], preloadEvents)...)
	}
	order = append(order, slices.Repeat(d.mixed, preloadEvents)...)
	payload := string(newPayload(0))
	for streams := range slices.Chunk(order, preloadDepth) {
		var out []byte
		for _, stream := range streams {
			if s.kind == redis {
				out = resp3.AppendCommand(out, "XADD", stream, "*", "payload", payload)
			} else {
				out = resp3.AppendCommand(out, "EAPPEND", stream, "Bench", "PAYLOAD", payload)
			}
		}
		replies, err := c.do(out, len(streams))
		if err != nil {
			return fmt.Errorf("store what will be read: %w", err)
		}
		for i, reply := range replies {
			if err := d.add(s.kind, streams[i], reply); err != nil {
				return fmt.Errorf("store what will be read: %w", err)
			}
		}
	}
	s.data = d
	return nil
}

// add takes the id of an event from the reply to its append.
func (d *dataset) add(k kind, stream string, reply resp3.Value) error {
	if k == redis {
		d.events = append(d.events, stored{stream, string(reply.Str)})
		return nil
	}
	id, partition := field(reply, "event_id"), field(reply, "partition_id")
	if len(id.Str) == 0 || partition.Kind != resp3.KindInt {
		return fmt.Errorf("the reply to EAPPEND lacks event_id or partition_id")
	}
	d.events = append(d.events, stored{stream, string(id.Str)})
	if d.partition == "" {
		d.partition = strconv.FormatInt(partition.Int, 10)
	}
	return nil
}

// field returns the value of a key in a map, or in an array of keys and values.
func field(m resp3.Value, key string) resp3.Value {
	for i := 0; i+1 < len(m.Elems); i += 2 {
		if string(m.Elems[i].Str) == key {
			return m.Elems[i+1]
		}
	}
	return resp3.Value{}
}

// A client is a connection for what is not measured.
type client struct {
	conn    net.Conn
	replies resp3.Decoder
	buf     []byte
}

func dialClient(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &client{conn: conn, buf: make([]byte, 64<<10)}, nil
}

func (c *client) close() { c.conn.Close() }

// do writes commands and returns the n replies to them. An error among those
// is an error.
func (c *client) do(commands []byte, n int) ([]resp3.Value, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("set a deadline: %w", err)
	}
	if _, err := c.conn.Write(commands); err != nil {
		return nil, fmt.Errorf("write commands: %w", err)
	}
	replies := make([]resp3.Value, 0, n)
	for len(replies) < n {
		v, ok, err := c.replies.Next()
		if err != nil {
			return nil, fmt.Errorf("read a reply: %w", err)
		}
		if ok {
			if v.Kind == resp3.KindError || v.Kind == resp3.KindBulkError {
				return nil, errors.New(string(v.Str))
			}
			replies = append(replies, v)
			continue
		}
		got, err := c.conn.Read(c.buf)
		c.replies.Feed(c.buf[:got])
		if got == 0 && err == io.EOF {
			return nil, errors.New("read a reply: the server closed the connection")
		}
		if got == 0 && err != nil {
			return nil, fmt.Errorf("read a reply: %w", err)
		}
	}
	return replies, nil
}
