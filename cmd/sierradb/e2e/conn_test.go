package e2e

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"sierradb/commands/resp3"
)

// A conn is a client connection that hides nothing: bytes out, replies in. It
// is not safe for concurrent use.
type conn struct {
	net.Conn
	dec resp3.Decoder
	out []byte
	in  [64 << 10]byte
}

func dialTo(addr string) (*conn, error) {
	nc, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: nc}, nil
}

// dial connects to a server; the connection is closed at the end of the test.
func dial(t *testing.T, addr string) *conn {
	t.Helper()
	c, err := dialTo(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// add puts a command behind those that flush will send.
func (c *conn) add(args ...string) {
	c.out = resp3.AppendArray(c.out, len(args))
	for _, a := range args {
		c.out = resp3.AppendBulkString(c.out, a)
	}
}

// flush sends what was added.
func (c *conn) flush() error {
	c.SetWriteDeadline(time.Now().Add(patience))
	_, err := c.Write(c.out)
	c.out = c.out[:0]
	return err
}

// read returns the next reply.
func (c *conn) read() (resp3.Value, error) {
	for {
		v, ok, err := c.dec.Next()
		if ok || err != nil {
			return v, err
		}
		c.SetReadDeadline(time.Now().Add(patience))
		n, err := c.Read(c.in[:])
		c.dec.Feed(c.in[:n])
		if n == 0 && err != nil {
			return resp3.Value{}, err
		}
	}
}

// do sends a command and returns its reply; an error reply is no error here.
func (c *conn) do(args ...string) (resp3.Value, error) {
	c.add(args...)
	if err := c.flush(); err != nil {
		return resp3.Value{}, err
	}
	return c.read()
}

// must sends a command that has to succeed.
func (c *conn) must(t *testing.T, args ...string) resp3.Value {
	t.Helper()
	v, err := c.do(args...)
	if err != nil {
		t.Fatalf("%.200q: %v", args, err)
	}
	if v.IsError() {
		t.Fatalf("%.200q: got %v", args, v)
	}
	return v
}

// A stored is an event as the server shows it.
type stored struct {
	id, key, txn, stream, name, metadata, payload string
	partition, sequence, version, timestamp       int64
}

func (e stored) String() string {
	return fmt.Sprintf("partition %d sequence %d: %s version %d of stream %q under %s, transaction %s, %s at %d, %q, %q",
		e.partition, e.sequence, e.id, e.version, e.stream, e.key, e.txn, e.name, e.timestamp, e.metadata, e.payload)
}

// storedFrom reads an event map.
func storedFrom(v resp3.Value) (stored, error) {
	var e stored
	for _, f := range []struct {
		key string
		str *string
		num *int64
	}{
		{key: "event_id", str: &e.id}, {key: "partition_key", str: &e.key}, {key: "partition_id", num: &e.partition},
		{key: "transaction_id", str: &e.txn}, {key: "partition_sequence", num: &e.sequence},
		{key: "stream_version", num: &e.version}, {key: "timestamp", num: &e.timestamp}, {key: "stream_id", str: &e.stream},
		{key: "event_name", str: &e.name}, {key: "metadata", str: &e.metadata}, {key: "payload", str: &e.payload},
	} {
		field, ok := v.Get(f.key)
		if !ok {
			return e, fmt.Errorf("no %s in %v", f.key, v)
		}
		if f.str != nil {
			*f.str = field.Text()
		} else if *f.num = field.Int; field.Kind != resp3.KindInt {
			return e, fmt.Errorf("%s is %v, not a number", f.key, field)
		}
	}
	return e, nil
}

// page reads the reply of ESCAN and EPSCAN.
func page(v resp3.Value) (events []stored, more bool, err error) {
	list, ok := v.Get("events")
	if !ok {
		return nil, false, fmt.Errorf("no events in %v", v)
	}
	flag, ok := v.Get("has_more")
	if more, valid := flag.Bool(); ok && valid {
		for _, elem := range list.Elems {
			e, err := storedFrom(elem)
			if err != nil {
				return nil, false, err
			}
			events = append(events, e)
		}
		return events, more, nil
	}
	return nil, false, fmt.Errorf("no has_more in %v", v)
}

// scan reads all pages of an ESCAN or an EPSCAN. position is what the next page
// starts behind.
func (c *conn) scan(command, what string, position func(stored) int64, options ...string) ([]stored, error) {
	var all []stored
	for from := "-"; ; {
		v, err := c.do(append([]string{command, what, from, "+", "COUNT", "1000"}, options...)...)
		if err == nil && v.IsError() {
			err = fmt.Errorf("reply %v", v)
		}
		var events []stored
		var more bool
		if err == nil {
			events, more, err = page(v)
		}
		if err == nil && more && len(events) == 0 {
			err = fmt.Errorf("an empty page that has more: %v", v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s from %s: %w", command, what, from, err)
		}
		all = append(all, events...)
		if !more {
			return all, nil
		}
		from = strconv.FormatInt(position(events[len(events)-1])+1, 10)
	}
}

// scanStream reads a stream from its begin, under its default partition key for
// "".
func (c *conn) scanStream(stream, key string) ([]stored, error) {
	var options []string
	if key != "" {
		options = []string{"PARTITION_KEY", key}
	}
	return c.scan("ESCAN", stream, func(e stored) int64 { return e.version }, options...)
}

// scanPartition reads a partition from its begin.
func (c *conn) scanPartition(partition int) ([]stored, error) {
	return c.scan("EPSCAN", strconv.Itoa(partition), func(e stored) int64 { return e.sequence })
}
