package tcp

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"sierradb/commands"
	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/node"
)

// serve starts a database and a server on loopback, and ends both with the test.
func serve(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	return serveSessions(t, o, commands.Options{})
}

// serveSessions does so with settings of sessions.
func serveSessions(t *testing.T, o Options, sessions commands.Options) (*Server, string) {
	t.Helper()
	db, err := node.Open(t.TempDir(), node.Options{SegmentSize: 1 << 20, Session: sessions})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(db, ln, o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		s.Shutdown(ctx)
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return s, ln.Addr().String()
}

// client speaks RESP on one connection.
type client struct {
	t   *testing.T
	nc  net.Conn
	buf []byte
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { nc.Close() })
	return &client{t: t, nc: nc}
}

func command(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.nc, text); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// reply reads one reply; io.EOF when the server closed the connection.
func (c *client) reply() (resp3.Value, error) {
	var chunk [4096]byte
	for {
		v, n, err := resp3.Parse(c.buf)
		if err != nil {
			return v, err
		}
		if n > 0 {
			c.buf = c.buf[n:]
			return v, nil
		}
		m, err := c.nc.Read(chunk[:])
		c.buf = append(c.buf, chunk[:m]...)
		if err != nil && m == 0 {
			return v, err
		}
	}
}

func TestServe_ManyConnections(t *testing.T) {
	_, addr := serve(t, Options{})
	const conns, rounds, depth = 8, 10, 16
	var wg sync.WaitGroup
	for i := range conns {
		c := dial(t, addr)
		wg.Go(func() {
			stream := fmt.Sprintf("stream-%d", i)
			next := 0
			for range rounds {
				var batch strings.Builder
				for range depth {
					expected := "empty"
					if next > 0 {
						expected = fmt.Sprint(next - 1)
					}
					batch.WriteString(command("EAPPEND", stream, "Happened", "EXPECTED_VERSION", expected, "PAYLOAD", fmt.Sprint(next)))
					next++
				}
				batch.WriteString(command("ESVER", stream))
				if _, err := io.WriteString(c.nc, batch.String()); err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
				for k := range depth {
					v, err := c.reply()
					if err != nil {
						t.Errorf("connection %d: %v", i, err)
						return
					}
					if got, ok := v.Get("stream_version"); !ok || got.Int != int64(next-depth+k) {
						t.Errorf("connection %d: reply %d of the batch is %v", i, k, v)
						return
					}
				}
				if v, err := c.reply(); err != nil || v.Int != int64(next-1) {
					t.Errorf("connection %d: version after its own appends is %v, %v; want %d", i, v, err, next-1)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestShutdown_FinishesWhatIsInFlight sends a pipeline and drains the server:
// every append that gets a reply must have one, whole, before the end.
func TestShutdown_FinishesWhatIsInFlight(t *testing.T) {
	s, addr := serve(t, Options{})
	c := dial(t, addr)
	c.send(command("PING"))
	if v, err := c.reply(); err != nil || string(v.Str) != "PONG" {
		t.Fatalf("PING: %v, %v", v, err)
	}
	const depth = 100
	c.send(strings.Repeat(command("EAPPEND", "s", "Happened", "PAYLOAD", "x"), depth))
	first, err := c.reply()
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := first.Get("stream_version"); !ok || got.Int != 0 {
		t.Fatalf("first reply: %v", first)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatalf("shutdown: %v", err)
	}
	replies := 1
	for {
		v, err := c.reply()
		if err != nil {
			if err != io.EOF {
				t.Errorf("after %d replies: %v, want an orderly end", replies, err)
			}
			break
		}
		if got, ok := v.Get("stream_version"); !ok || got.Int != int64(replies) {
			t.Fatalf("reply %d: %v", replies, v)
		}
		replies++
	}
}

// TestServe_HalfClose: a client that closes its side has said all, and gets the
// replies to all of it.
func TestServe_HalfClose(t *testing.T) {
	_, addr := serve(t, Options{})
	for i := range 20 {
		c := dial(t, addr)
		const depth = 20
		c.send(strings.Repeat(command("EAPPEND", fmt.Sprint("half-", i), "Happened"), depth))
		if err := c.nc.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		for k := range depth {
			v, err := c.reply()
			if got, ok := v.Get("stream_version"); err != nil || !ok || got.Int != int64(k) {
				t.Fatalf("connection %d, reply %d: %v, %v", i, k, v, err)
			}
		}
		if _, err := c.reply(); err != io.EOF {
			t.Fatalf("after the last reply: %v, want the end", err)
		}
	}
}

func TestServe_RefusesTooManyConnections(t *testing.T) {
	_, addr := serve(t, Options{MaxConnections: 1})
	first := dial(t, addr)
	first.send(command("PING"))
	if _, err := first.reply(); err != nil {
		t.Fatal(err)
	}
	second := dial(t, addr)
	if v, err := second.reply(); err != nil || !strings.Contains(string(v.Str), "max number of clients") {
		t.Fatalf("second connection got %v, %v", v, err)
	}
	first.send(command("PING"))
	if _, err := first.reply(); err != nil {
		t.Fatalf("the first connection noticed: %v", err)
	}
}

// TestServe_ClientThatNeverReads fills a connection with requests and reads no
// reply: its output is bounded, its connection ends, others go on.
func TestServe_ClientThatNeverReads(t *testing.T) {
	_, addr := serve(t, Options{WriteTimeout: 200 * time.Millisecond})
	c := dial(t, addr)
	request := command("ECHO", strings.Repeat("x", 60_000))
	for i := 0; i < 2000; i++ {
		if _, err := io.WriteString(c.nc, request); err != nil {
			break // the server has had enough
		}
		if i == 1999 {
			t.Fatal("120 MB of unread replies, and the server still takes requests")
		}
	}
	other := dial(t, addr)
	other.send(command("PING"))
	if v, err := other.reply(); err != nil || string(v.Str) != "PONG" {
		t.Fatalf("another client: %v, %v", v, err)
	}
}

// TestServe_SlowReaderIsServed: a client that takes a little all the time is not
// one that takes nothing, though a reply takes many times the limit to leave, and
// the system tells of room only when there is much of it.
func TestServe_SlowReaderIsServed(t *testing.T) {
	const timeout = 400 * time.Millisecond
	_, addr := serveSessions(t, Options{WriteTimeout: timeout}, commands.Options{OutputTimeout: actor.Instant(timeout)})
	c := dial(t, addr)
	if err := c.nc.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	c.send(command("ECHO", strings.Repeat("x", 8<<20)))
	pace := time.NewTicker(timeout / 16)
	defer pace.Stop()
	piece := make([]byte, 64<<10)
	for got := 0; got < len("$8388608\r\n\r\n")+8<<20; <-pace.C {
		n, err := c.nc.Read(piece)
		if got += n; err != nil {
			t.Fatalf("cut off after %d bytes: %v", got, err)
		}
	}
	c.send(command("PING"))
	if v, err := c.reply(); err != nil || v.Text() != "PONG" {
		t.Errorf("PING behind the long reply: %v, %v", v, err)
	}
}

// TestServe_OutputIsBounded lets one client leave a long reply unread: with the
// bound reached, the next long reply ends its connection, short ones pass.
func TestServe_OutputIsBounded(t *testing.T) {
	_, addr := serve(t, Options{OutputMax: 100_000})
	c := dial(t, addr)
	c.send(command("ECHO", strings.Repeat("x", 200_000)))
	if v, err := c.reply(); err == nil {
		t.Fatalf("a reply over the bound of all replies came: %d bytes", len(v.Str))
	}
	other := dial(t, addr)
	other.send(command("ECHO", strings.Repeat("x", 50_000)))
	if v, err := other.reply(); err != nil || len(v.Str) != 50_000 {
		t.Fatalf("a short reply: %v", err)
	}
}

func TestServe_LastReplyReachesTheClient(t *testing.T) {
	_, addr := serve(t, Options{})
	c := dial(t, addr)
	c.send("*1\r\n$99999999999999999999\r\n" + strings.Repeat("garbage", 20_000))
	v, err := c.reply()
	if err != nil || !strings.Contains(string(v.Str), "Protocol error") {
		t.Fatalf("after a broken frame: %v, %v", v, err)
	}
	if _, err := c.reply(); err == nil {
		t.Fatal("the connection stays open after a protocol error")
	}
}
