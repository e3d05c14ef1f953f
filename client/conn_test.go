package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sierradb/client"
)

// Many callers share few connections, and each gets its own answer.
func TestConn_Pipeline(t *testing.T) {
	var dialed atomic.Int64
	c := open(t, serve(t).addr, func(o *client.Options) {
		o.Connections, o.Inflight = 2, 8
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialed.Add(1)
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
	})
	ctx := within(t)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			text := fmt.Sprint("text ", i)
			v, err := c.Do(ctx, "ECHO", text)
			if err != nil || v.Text() != text {
				t.Errorf("echo of %q: %v, %v", text, v, err)
			}
		})
	}
	all.Wait()
	if n := dialed.Load(); n > 2 {
		t.Errorf("%d connections, want at most 2", n)
	}
}

// A connection that is lost in the middle of a pipeline costs nothing: what was
// not answered is sent again with the ids that it had.
func TestConn_LostInPipeline(t *testing.T) {
	const n = 5
	ids := make(map[string]string) // event ids by stream, as they came first
	node := play(t, func(c *fakeConn) {
		for i := range n {
			cmd := c.want("EAPPEND", "", "N", "EVENT_ID", "")
			ids[cmd[1]] = cmd[4]
			if i == 1 {
				c.placed(cmd, 10) // answered out of turn of nobody: the second is read, the first answered
			}
		}
	}, func(c *fakeConn) {
		for range n - 1 {
			cmd := c.want("EAPPEND", "", "N", "EVENT_ID", "")
			if ids[cmd[1]] != cmd[4] {
				t.Errorf("stream %s has event id %s, and had %s", cmd[1], cmd[4], ids[cmd[1]])
			}
			c.placed(cmd, 20)
		}
		c.awaitClose()
	})
	c := node.client()
	ctx := within(t)
	var all sync.WaitGroup
	var before, after atomic.Int64
	for i := range n {
		all.Go(func() {
			switch a, err := c.Append(ctx, client.NewEvent{Stream: fmt.Sprint(i), Name: "N"}); {
			case err != nil:
				t.Error(err)
			case a.Version == 10:
				before.Add(1)
			case a.Version == 20:
				after.Add(1)
			}
		})
	}
	all.Wait()
	if before.Load() != 1 || after.Load() != n-1 {
		t.Errorf("%d answered before, %d after", before.Load(), after.Load())
	}
}

// What is answered BUSY, UNAVAILABLE, NOTLEADER, TIMEOUT or DBOPFAILED is tried
// again with the same id; a refusal is not.
func TestConn_Retries(t *testing.T) {
	refusals := []string{"SYNTAX", "INVALIDARG", "WRONGVER", "IDCONFLICT", "TOOLARGE", "DISKFULL", "READONLY", "READERR", "NOTFOUND", "ERR"}
	node := play(t, func(c *fakeConn) {
		id := ""
		for _, code := range []string{"BUSY", "UNAVAILABLE", "NOTLEADER", "TIMEOUT", "DBOPFAILED", ""} {
			cmd := c.want("EAPPEND", "s", "N", "EVENT_ID", "")
			if id != "" && id != cmd[4] {
				t.Errorf("before %s the id was %s, now it is %s", code, id, cmd[4])
			}
			if id = cmd[4]; code == "" {
				c.placed(cmd, 3)
				break
			}
			c.write("-" + code + " for a while\r\n")
		}
		for _, code := range refusals {
			c.want("EAPPEND", "s", code, "EVENT_ID", "")
			c.write("-" + code + " for good\r\n")
		}
		c.want("EGET", "")
		c.write("-DBOPFAILED for good\r\n") // reads are not tried again for that
		c.awaitClose()
	})
	c := node.client()
	ctx := within(t)
	if a, err := c.Append(ctx, client.NewEvent{Stream: "s", Name: "N"}); err != nil || a.Version != 3 {
		t.Errorf("%+v, %v", a, err)
	}
	for _, code := range refusals {
		_, err := c.Append(ctx, client.NewEvent{Stream: "s", Name: code})
		var e *client.Error
		if !errors.As(err, &e) || e.Code != code || e.Text != "for good" || errors.Is(err, client.ErrUnknown) {
			t.Errorf("%s became %v", code, err)
		}
	}
	if _, _, err := c.Get(ctx, [16]byte{1}); !errors.Is(err, client.ErrDatabase) {
		t.Errorf("got %v", err)
	}
}

// An append whose fate can't be learned says so, and with which ids.
func TestConn_OutcomeUnknown(t *testing.T) {
	lose := func(c *fakeConn) { c.want("EAPPEND", "s", "N", "EVENT_ID", "", "EXPECTED_VERSION", "4") }
	append4 := func(script ...func(*fakeConn)) error {
		c := play(t, script...).client(func(o *client.Options) { o.Retry.For = 200 * time.Millisecond })
		defer c.Close()
		_, err := c.Append(within(t), client.NewEvent{Stream: "s", Name: "N", ID: [16]byte{9}, Expected: client.Exactly(4)})
		return err
	}
	unknown := func(err, cause error) {
		t.Helper()
		var u *client.UnknownError
		if !errors.Is(err, client.ErrUnknown) || !errors.As(err, &u) || !errors.Is(err, cause) || len(u.IDs) != 1 || u.IDs[0] != [16]byte{9} || u.Attempts < 1 {
			t.Errorf("got %v, want an unknown outcome because of %v", err, cause)
		}
	}
	known := func(err, cause error) {
		t.Helper()
		if errors.Is(err, client.ErrUnknown) || !errors.Is(err, cause) {
			t.Errorf("got %v, want a known outcome, %v", err, cause)
		}
	}
	answer := func(text string) func(*fakeConn) {
		return func(c *fakeConn) {
			lose(c)
			c.write("-" + text + "\r\n")
			c.awaitClose()
		}
	}
	// It was carried out, but how is not to be understood.
	unknown(append4(func(c *fakeConn) {
		lose(c)
		c.write("+OK\r\n")
		c.awaitClose()
	}), client.ErrReply)
	wrong := "WRONGVER current stream version is %s but expected 4 for partition key x and stream id y"
	unknown(append4(lose, lose), client.ErrConnection)
	known(append4(), client.ErrConnection) // HELLO was never answered
	// "Not done" is true of the last attempt alone.
	unknown(append4(lose, answer("DISKFULL no room")), client.ErrDiskFull)
	known(append4(answer("DISKFULL no room")), client.ErrDiskFull)
	// The stream went past 4, so no attempt can land any more; at 3 one could.
	known(append4(lose, answer(fmt.Sprintf(wrong, "5"))), client.ErrWrongVersion)
	unknown(append4(lose, answer(fmt.Sprintf(wrong, "3"))), client.ErrWrongVersion)
	unknown(append4(lose, answer(fmt.Sprintf(wrong, "empty"))), client.ErrWrongVersion)
	known(append4(answer(fmt.Sprintf(wrong, "3"))), client.ErrWrongVersion)
	known(append4(lose, answer("IDCONFLICT taken")), client.ErrIDConflict)
}

// A caller who leaves does not disturb the others: the reply that nobody waits
// for is not taken for another's.
func TestConn_ContextEnds(t *testing.T) {
	left := make(chan struct{})
	node := play(t, func(c *fakeConn) {
		cmd := c.want("EAPPEND", "s", "N", "EVENT_ID", "")
		<-left
		c.want("ECHO", "b")
		c.placed(cmd, 1)
		c.write("$1\r\nb\r\n")
		c.awaitClose()
	})
	c := node.client()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := c.Append(ctx, client.NewEvent{Stream: "s", Name: "N"})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, client.ErrUnknown) {
		t.Errorf("got %v", err)
	}
	close(left)
	if v, err := c.Do(within(t), "ECHO", "b"); err != nil || v.Text() != "b" {
		t.Errorf("the next reply: %v, %v", v, err)
	}
	_, err = c.Append(ctx, client.NewEvent{Stream: "s", Name: "N"})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrUnknown) {
		t.Errorf("an append that was never sent: %v", err)
	}
}

// Pushes are no replies, wherever they come.
func TestConn_PushBetweenReplies(t *testing.T) {
	node := play(t, func(c *fakeConn) {
		c.write(">2\r\n+news\r\n+before\r\n")
		c.want("ECHO", "a")
		c.write("$1\r\na\r\n>2\r\n+news\r\n$-1\r\n")
		c.want("ECHO", "b")
		c.write(">3\r\n+message\r\n:1\r\n*1\r\n+x\r\n$1\r\nb\r\n")
		c.awaitClose()
	})
	c := node.client()
	for _, text := range []string{"a", "b"} {
		if v, err := c.Do(within(t), "ECHO", text); err != nil || v.Text() != text {
			t.Errorf("%v, %v", v, err)
		}
	}
}

// A node that owes a reply and says nothing is left.
func TestConn_SilentNode(t *testing.T) {
	node := play(t, func(c *fakeConn) {
		c.want("PING")
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("PING")
		c.write("+PONG\r\n")
		c.awaitClose()
	})
	c := node.client(func(o *client.Options) { o.ReplyTimeout = 300 * time.Millisecond })
	if err := c.Ping(within(t)); err != nil {
		t.Error(err)
	}
}

// Bytes that are no replies end a connection, and not the client.
func TestConn_Nonsense(t *testing.T) {
	node := play(t, func(c *fakeConn) {
		c.want("PING")
		c.write("HTTP/1.1 400 Bad Request\r\n\r\n")
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("PING")
		c.write("$5\r\nPO")
	}, func(c *fakeConn) {
		c.want("PING")
		c.write("+PONG\r\n")
		c.awaitClose()
	})
	if err := node.client().Ping(within(t)); err != nil {
		t.Error(err)
	}
}

// Do is tried again only if it did not reach the node.
func TestConn_DoOnce(t *testing.T) {
	node := play(t, func(c *fakeConn) { c.want("SHOP.ORDER", "1") }, func(c *fakeConn) {
		c.want("SHOP.ORDER", "2")
		c.write("-BUSY later\r\n")
		c.awaitClose()
	})
	c := node.client()
	if _, err := c.Do(within(t), "SHOP.ORDER", 1); !errors.Is(err, client.ErrConnection) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Do(within(t), "SHOP.ORDER", 2); !errors.Is(err, client.ErrBusy) {
		t.Errorf("got %v", err)
	}
}

// A read changes nothing and is sent again.
func TestConn_ReadsAgain(t *testing.T) {
	node := play(t, func(c *fakeConn) { c.want("ESVER", "s") }, func(c *fakeConn) {
		c.want("ESVER", "s")
		c.write(":8\r\n")
		c.awaitClose()
	})
	if v, found, err := node.client().StreamVersion(within(t), "s"); v != 8 || !found || err != nil {
		t.Errorf("%d, %v, %v", v, found, err)
	}
}

func TestClient_Close(t *testing.T) {
	asked := make(chan struct{})
	node := play(t, func(c *fakeConn) {
		c.want("EAPPEND", "s", "N", "EVENT_ID", "")
		close(asked)
		c.awaitClose()
	})
	c := node.client()
	ended := make(chan error)
	go func() {
		_, err := c.Append(context.Background(), client.NewEvent{Stream: "s", Name: "N"})
		ended <- err
	}()
	<-asked
	c.Close()
	noGoroutines(t)
	if err := <-ended; !errors.Is(err, client.ErrClosed) || !errors.Is(err, client.ErrUnknown) {
		t.Errorf("the append that was under way: %v", err)
	}
	if err := c.Ping(context.Background()); !errors.Is(err, client.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

func TestNew_Options(t *testing.T) {
	for _, o := range []client.Options{{}, {Addr: "nowhere"}, {Addr: "a:1", Connections: -1}, {Addr: "a:1", ReplyTimeout: -1}} {
		if c, err := client.New(o); err == nil {
			c.Close()
			t.Errorf("%+v is accepted", o)
		}
	}
}

func TestConn_TLS(t *testing.T) {
	// A test server of net/http has a certificate for example.com.
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: web.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				c := &fakeConn{t: t, nc: nc}
				if cmd, ok := c.next(); !ok || !slices.Contains(cmd, "HELLO") {
					return // a client that does not trust the certificate
				}
				c.write("-NOPROTO not me\r\n")
			}()
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	trusting := open(t, ln.Addr().String(), func(o *client.Options) { o.TLS = &tls.Config{RootCAs: roots, ServerName: "example.com"} })
	if err := trusting.Ping(within(t)); !errors.Is(err, client.ErrNoProto) {
		t.Errorf("got %v, want what the node says", err)
	}
	doubting := open(t, ln.Addr().String(), func(o *client.Options) { o.TLS, o.Retry.For = new(tls.Config), -1 })
	var unknown x509.UnknownAuthorityError
	if err := doubting.Ping(within(t)); !errors.Is(err, client.ErrConnection) || !errors.As(err, &unknown) {
		t.Errorf("got %v, want a certificate of an unknown authority", err)
	}
}
