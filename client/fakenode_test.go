package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"sierradb/client"
	"sierradb/commands/resp3"
)

// patience is how long a test waits for something that should take
// milliseconds.
const patience = 20 * time.Second

// A fakeNode is a server that follows a script: one function for each connection
// in the order in which they come. It has no more than its script says.
type fakeNode struct {
	t    *testing.T
	addr string
}

// A fakeConn is a connection of a fakeNode. It fails the test by what it reads;
// errors of writing are the script's own doing.
type fakeConn struct {
	t   testing.TB
	nc  net.Conn
	dec resp3.Decoder
}

// play starts a node. HELLO is answered before each function is called. When
// they are used up, connections are closed at once.
func play(t *testing.T, script ...func(c *fakeConn)) *fakeNode {
	t.Helper()
	n := playFor(t, script...)
	n.t = t
	return n
}

// playFor is play for benchmarks, too.
func playFor(t testing.TB, script ...func(c *fakeConn)) *fakeNode {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			nc.SetDeadline(time.Now().Add(patience))
			if i < len(script) {
				c := &fakeConn{t: t, nc: nc}
				if c.hello() {
					script[i](c)
				}
			}
			nc.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return &fakeNode{addr: ln.Addr().String()}
}

// client returns a client of the node with short pauses and one connection.
func (n *fakeNode) client(change ...func(*client.Options)) *client.Client {
	return open(n.t, n.addr, change...)
}

// open returns a client with short pauses and one connection; it is closed at
// the end of the test, and must leave no goroutine behind.
func open(t *testing.T, addr string, change ...func(*client.Options)) *client.Client {
	t.Helper()
	o := client.Options{Addr: addr, Connections: 1, Retry: client.Retry{For: patience, Min: time.Millisecond, Max: 20 * time.Millisecond}}
	for _, f := range change {
		f(&o)
	}
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		noGoroutines(t)
	})
	return c
}

// noGoroutines wants that none runs code of the client.
func noGoroutines(t *testing.T) {
	t.Helper()
	eventually(t, func() bool { return !strings.Contains(stacks(), "sierradb/client.(") })
}

// stacks is what all goroutines do.
func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// eventually waits until f is true.
func eventually(t *testing.T, f func() bool) {
	t.Helper()
	for begin := time.Now(); !f(); runtime.Gosched() {
		if time.Since(begin) > patience {
			t.Fatalf("waited in vain; goroutines:\n%s", stacks())
		}
	}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

const fakePartitions = 4

func (c *fakeConn) hello() bool {
	cmd, ok := c.next()
	if !ok {
		return false
	}
	if cmd[0] != "HELLO" || cmd[1] != "3" {
		c.t.Errorf("the first command is %q, want HELLO 3", cmd)
	}
	c.write("%9\r\n$6\r\nserver\r\n$8\r\nsierradb\r\n$7\r\nversion\r\n$1\r\n0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:7\r\n" +
		"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n$7\r\npeer_id\r\n$1\r\nx\r\n" +
		fmt.Sprintf("$14\r\nnum_partitions\r\n:%d\r\n", fakePartitions))
	return true
}

// next reads a command; ok is false when the client has closed.
func (c *fakeConn) next() (cmd []string, ok bool) {
	buf := make([]byte, 4096)
	for {
		v, ok, err := c.dec.Next()
		if err != nil {
			c.t.Errorf("the client sent no command: %v", err)
			return nil, false
		}
		if ok {
			for _, e := range v.Elems {
				cmd = append(cmd, e.Text())
			}
			return cmd, true
		}
		n, err := c.nc.Read(buf)
		if n == 0 && err != nil {
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() {
				c.t.Error("the client sent nothing in time")
			}
			return nil, false
		}
		c.dec.Feed(buf[:n])
	}
}

// want reads a command and wants these words; an empty one stands for any.
func (c *fakeConn) want(words ...string) []string {
	c.t.Helper()
	cmd, ok := c.next()
	if !ok {
		c.t.Errorf("the client closed, want %q", words)
		return make([]string, max(len(words), 16))
	}
	same := len(cmd) == len(words)
	for i := range cmd {
		same = same && (words[i] == "" || words[i] == cmd[i])
	}
	if !same {
		c.t.Errorf("the client sent %q, want %q", cmd, words)
	}
	return cmd
}

// awaitClose reads until the client closes.
func (c *fakeConn) awaitClose() {
	for {
		if _, ok := c.next(); !ok {
			return
		}
	}
}

func (c *fakeConn) write(text string) { c.nc.Write([]byte(text)) }

// placed answers EAPPEND.
func (c *fakeConn) placed(cmd []string, version int) {
	c.write(fmt.Sprintf("%%6\r\n+event_id\r\n+%s\r\n+partition_key\r\n+%s\r\n+partition_id\r\n:1\r\n+partition_sequence\r\n:%d\r\n+stream_version\r\n:%d\r\n+timestamp\r\n:5\r\n",
		option(cmd, "EVENT_ID"), uuid.Nil, version, version))
}

// option is what follows a keyword in a command.
func option(cmd []string, keyword string) string {
	for i := range cmd[:max(len(cmd)-1, 0)] {
		if cmd[i] == keyword {
			return cmd[i+1]
		}
	}
	return ""
}

// subscribed answers ESUB and EPSUB.
func (c *fakeConn) subscribed() {
	c.write("+" + subscription + "\r\n>3\r\n+subscribe\r\n+" + subscription + "\r\n:1\r\n")
}

const subscription = "5e0e8400-e29b-41d4-a716-446655440000"

// message pushes an event.
func (c *fakeConn) message(cursor int, event string) {
	c.write(fmt.Sprintf(">4\r\n+message\r\n+%s\r\n:%d\r\n%s", subscription, cursor, event))
}

// closed pushes the end of the subscription.
func (c *fakeConn) closed(reason string) {
	c.write(fmt.Sprintf(">5\r\n+closed\r\n+%s\r\n:0\r\n$%d\r\n%s\r\n*0\r\n", subscription, len(reason), reason))
}

// eventFrame is an event as a node sends it.
func eventFrame(stream string, key uuid.UUID, partition, sequence, version int, payload string) string {
	return fmt.Sprintf("%%11\r\n+event_id\r\n+%s\r\n+partition_key\r\n+%s\r\n+partition_id\r\n:%d\r\n+transaction_id\r\n+%s\r\n+partition_sequence\r\n:%d\r\n+stream_version\r\n:%d\r\n"+
		"+timestamp\r\n:1000\r\n+stream_id\r\n$%d\r\n%s\r\n+event_name\r\n$1\r\nN\r\n+metadata\r\n$1\r\nm\r\n+payload\r\n$%d\r\n%s\r\n",
		uuid.UUID{byte(version)}, key, partition, uuid.Nil, sequence, version, len(stream), stream, len(payload), payload)
}
