package e2e

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// noticeableDelay is how long another client's command may take meanwhile.
const noticeableDelay = 3 * time.Second

// memoryMax bounds what hostile input may make the server occupy beyond what it
// needs at rest: the buffers of a few connections at their limits (64 MiB for
// one command, twice while it is put together), and what the collector has not
// yet taken back. The race detector keeps several bytes for each.
func memoryMax() int64 {
	const limit = 256 << 20
	if raceDetector {
		return 8 * limit
	}
	return limit
}

// A hostile is something that no client should send.
type hostile struct {
	name string
	send func(c net.Conn) error // errors of a connection that the server closed are expected
	// reply is how the answer begins; "" stands for any answer or none.
	reply string
}

func bytesOf(text string) func(net.Conn) error {
	return func(c net.Conn) error {
		_, err := io.WriteString(c, text)
		return err
	}
}

// endless repeats a text until so many bytes were sent or the server has had
// enough.
func endless(begin, text string, total int) func(net.Conn) error {
	return func(c net.Conn) error {
		if _, err := io.WriteString(c, begin); err != nil {
			return err
		}
		chunk := []byte(strings.Repeat(text, 1+64<<10/len(text)))
		for sent := 0; sent < total; sent += len(chunk) {
			if _, err := c.Write(chunk); err != nil {
				return err
			}
		}
		return nil
	}
}

// drip sends a text byte by byte.
func drip(text string) func(net.Conn) error {
	return func(c net.Conn) error {
		for i := range len(text) {
			if _, err := io.WriteString(c, text[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
}

const protocolError = "-ERR Protocol error"

// hostiles are the attacks that killed, stalled or bloated other servers, and
// what strays to an open port.
var hostiles = []hostile{
	{"a bulk of 2^63-1 bytes", bytesOf("*1\r\n$9223372036854775807\r\nab\r\n"), protocolError},
	{"2^63-1 arguments", bytesOf("*9223372036854775807\r\n"), protocolError},
	{"2 billion arguments", bytesOf("*2000000000\r\n$3\r\nfoo\r\n"), protocolError},
	{"a length that wraps at 2^64", bytesOf("*1\r\n$18446744073709551620\r\nPING\r\n"), protocolError},
	{"a negative bulk", bytesOf("*1\r\n$-99\r\n"), protocolError},
	{"10 GiB announced, nothing sent", bytesOf("*1\r\n$10737418240\r\n"), protocolError},
	{"10 GiB announced, much sent", endless("*1\r\n$10737418240\r\n", "x", 256<<20), ""},
	{"a line without end", endless("", "x", 256<<20), ""},
	{"a header without end", endless("*", "1", 64<<20), ""},
	{"many arguments within each limit", endless("*1048576\r\n", "$16\r\n0123456789abcdef\r\n", 256<<20), ""},
	{"arrays in arrays", bytesOf(strings.Repeat("*1\r\n", 100_000)), ""},
	{"maps in arrays", bytesOf("*1\r\n%1\r\n+a\r\n+b\r\n"), protocolError},
	{"letters for a length", bytesOf("*1\r\n$abc\r\n"), protocolError},
	{"no line end behind a bulk", bytesOf("*1\r\n$4\r\nPINGxx"), protocolError},
	{"a bulk that is missing", bytesOf("*2\r\n$4\r\nPING\r\nPING\r\n"), protocolError},
	{"a quote without end", bytesOf("EAPPEND \"s\r\n"), protocolError},
	{"half a command", bytesOf("*3\r\n$7\r\nEAPPEND\r\n$5\r\nstr"), ""},
	{"one byte a packet", drip("*2\r\n$4\r\nPING\r\n$20000\r\n" + strings.Repeat("y", 20_000) + "\r\n"), "$20000\r\nyyy"},
	{"a browser", bytesOf("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "-ERR"},
	{"a TLS client", bytesOf("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x5a", 500)), ""},
	{"null as command", bytesOf("*1\r\n$-1\r\n"), "-"},
	{"a name that is no text", bytesOf("*1\r\n$4\r\n\xff\xfe\x00\r\n\r\n"), "-"},
	{"line ends in an unknown command", bytesOf("*1\r\n$9\r\nA\r\n+OK\r\nB\r\n"), "-ERR unknown command"},
	{"line ends in a stream id", bytesOf("*4\r\n$5\r\nESCAN\r\n$8\r\ns\r\n+OK\r\n\r\n$1\r\n-\r\n$1\r\n+\r\n"), "*4\r\n"},
	{"a version of 2^64", bytesOf("ESCAN s 0 18446744073709551616\r\n"), "-INVALIDARG"},
	{"a count of 2^64-1", bytesOf("ESCAN s - + COUNT 18446744073709551615\r\n"), "*4\r\n"},
}

// strike makes one connection, sends what is hostile and returns how the server
// answered before it or we closed.
func strike(addr string, h hostile) (string, error) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if err := h.send(c); err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return "", fmt.Errorf("the server neither reads nor closes: %w", err)
		}
		return "", nil // it hung up, as it should
	}
	if h.reply == "" {
		return "", nil
	}
	reply := make([]byte, len(h.reply))
	if _, err := io.ReadFull(c, reply); err != nil {
		return string(reply), fmt.Errorf("read the answer: %w", err)
	}
	return string(reply), nil
}

func TestBadInput(t *testing.T) {
	s := start(t, "")
	bystander := watch(t, s)
	rest, err := s.memory("VmRSS")
	if err != nil {
		t.Logf("memory is not checked: %v", err)
	}
	for _, h := range hostiles {
		got, err := strike(s.addr, h)
		if err != nil || got != h.reply {
			t.Errorf("%s: answered %q, %v; want %q", h.name, got, err, h.reply)
		}
	}
	for i := range 300 { // noise, half of it behind something that looks right
		noise := make([]byte, 1+rand.IntN(2000))
		for j := range noise {
			noise[j] = byte(rand.Uint32())
		}
		text := string(noise)
		if i%2 == 0 {
			text = "*3\r\n$5\r\nESCAN\r\n$" + text
		}
		if _, err := strike(s.addr, hostile{send: bytesOf(text)}); err != nil {
			t.Errorf("noise %q: %v", text, err)
		}
	}
	peak, err := s.memory("VmHWM")
	if err == nil && rest > 0 && peak-rest > memoryMax() {
		t.Errorf("memory rose from %d to %d MiB, want at most %d more", rest>>20, peak>>20, memoryMax()>>20)
	}
	t.Logf("memory: %d MiB at rest, %d MiB at most; the bystander's slowest command took %v", rest>>20, peak>>20, bystander.end(t))
	s.stop(t)
}

// TestStalledReaders lets clients ask for much and read nothing.
func TestStalledReaders(t *testing.T) {
	s := start(t, "")
	c := dial(t, s.addr)
	payload := strings.Repeat("p", 32<<10)
	for range 100 {
		c.must(t, "EAPPEND", "big", "Filled", "PAYLOAD", payload)
	}
	bystander := watch(t, s)
	rest, err := s.memory("VmRSS")
	if err != nil {
		t.Logf("memory is not checked: %v", err)
	}
	for range 16 {
		stalled := dial(t, s.addr)
		for range 200 { // 640 MiB of replies each, if they were all made
			stalled.add("ESCAN", "big", "-", "+")
		}
		if err := stalled.flush(); err != nil {
			t.Fatal(err)
		}
	}
	bystander.runFor(t, 2*time.Second)
	peak, err := s.memory("VmHWM")
	if err == nil && rest > 0 && peak-rest > memoryMax() {
		t.Errorf("memory rose from %d to %d MiB, want at most %d more", rest>>20, peak>>20, memoryMax()>>20)
	}
	t.Logf("memory: %d MiB at rest, %d MiB at most; the bystander's slowest command took %v", rest>>20, peak>>20, bystander.end(t))
}

// A bystander is a client that does its work while others misbehave.
type bystander struct {
	rounds  atomic.Int64
	stopped chan struct{}
	done    chan struct{}
	slowest time.Duration
	err     error
}

// watch starts a bystander.
func watch(t *testing.T, s *server) *bystander {
	t.Helper()
	c := dial(t, s.addr)
	b := &bystander{stopped: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(b.done)
		for b.err == nil {
			select {
			case <-b.stopped:
				return
			default:
				b.err = b.round(c)
			}
		}
	}()
	return b
}

// round appends an event and reads it back.
func (b *bystander) round(c *conn) error {
	n := b.rounds.Add(1) - 1
	begin := time.Now()
	v, err := c.do("EAPPEND", "bystander", "Seen", "PAYLOAD", fmt.Sprint(n))
	if err != nil {
		return err
	}
	if version, ok := v.Get("stream_version"); !ok || version.Int != n {
		return fmt.Errorf("append number %d: %v", n, v)
	}
	if v, err = c.do("ESCAN", "bystander", fmt.Sprint(n), "+"); err != nil {
		return err
	}
	events, more, err := page(v)
	if err != nil || more || len(events) != 1 || events[0].payload != fmt.Sprint(n) {
		return fmt.Errorf("scan of number %d: %v, %w", n, v, err)
	}
	b.slowest = max(b.slowest, time.Since(begin))
	return nil
}

// runFor waits while the bystander works.
func (b *bystander) runFor(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-b.done:
		t.Fatalf("the bystander was disturbed: %v", b.err)
	}
}

// end stops the bystander and wants it to have noticed nothing.
func (b *bystander) end(t *testing.T) time.Duration {
	t.Helper()
	close(b.stopped)
	<-b.done
	if b.err != nil {
		t.Errorf("the bystander was disturbed: %v", b.err)
	}
	if b.rounds.Load() < 3 { // enough to know that slowest means something
		t.Errorf("the bystander got through %d rounds only", b.rounds.Load())
	}
	if b.slowest > noticeableDelay {
		t.Errorf("the bystander waited %v, want at most %v", b.slowest, noticeableDelay)
	}
	return b.slowest
}
