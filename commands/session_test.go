package commands

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
)

// Streams of four different buckets, by wire.md's test vectors: user-1 is in
// bucket 0, user-123 in 1, user-2 in 2, orders in 3.
var streamOfBucket = [...]string{"user-1", "user-123", "user-2", "orders"}

func TestSession_RepliesInRequestOrder(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.input(lines(`
		ESVER user-1
		ESVER user-123
		PING
		ESVER orders`))
	if got := len(h.store.pending); got != 3 {
		t.Fatalf("%d requests are under way, want 3", got)
	}
	h.answer(2)
	h.answer(1)
	if got := h.take(); got != "" {
		t.Fatalf("replies %q came before the first command's", got)
	}
	h.answer(0)
	if got, want := h.take(), "$-1\r\n$-1\r\n+PONG\r\n$-1\r\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestSession_AppendsOfAPipelineRunSideBySide(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.input(strings.Repeat(lines("EAPPEND orders Made"), 100))
	if got := len(h.store.pending); got != 100 {
		t.Fatalf("%d appends are under way, want 100", got)
	}
	h.settle()
	for i, frame := range h.frames() {
		if want := fmt.Sprintf("+stream_version\r\n:%d\r\n", i); !strings.Contains(frame, want) {
			t.Fatalf("reply %d: got %q, want %q in it", i, frame, want)
		}
	}
}

func TestSession_ReadWaitsForEarlierAppendsOfItsBucket(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.input(lines(`
		EAPPEND orders Made
		ESVER orders
		ESVER user-1
		EGET 550e8400-e29b-41d4-a716-446655440000
		ESVER orders`))
	want := []string{"append orders", "query user-1"}
	if !slices.Equal(h.store.started, want) {
		t.Fatalf("started %q, want %q", h.store.started, want)
	}
	h.answer(0)
	want = append(want, "query orders", "query ", "query orders")
	if !slices.Equal(h.store.started, want) {
		t.Fatalf("started %q, want %q", h.store.started, want)
	}
	h.settle()
	if got := h.frames()[1:]; !slices.Equal(got, []string{":0\r\n", "$-1\r\n", "$-1\r\n", ":0\r\n"}) {
		t.Fatalf("got %q", got)
	}
}

func TestSession_AppendWaitsForEarlierReadsOfItsBucket(t *testing.T) {
	f := func(pipeline string, started ...string) {
		t.Helper()
		h := newHarness(t, Builtin(), newFakeStore(), Options{})
		h.input(lines(strings.ReplaceAll(pipeline, ";", "\n")))
		if !slices.Equal(h.store.started, started) {
			t.Fatalf("%s\nstarted %q, want %q", pipeline, h.store.started, started)
		}
		h.settle()
		if got, want := len(h.frames()), strings.Count(pipeline, ";")+1; got != want {
			t.Fatalf("%s\n%d replies, want %d", pipeline, got, want)
		}
	}
	f("ESVER orders; EAPPEND orders A", "query orders")
	f("ESVER user-1; EAPPEND orders A", "query user-1", "append orders")
	f("ESVER orders; ESVER orders; EAPPEND orders A; EAPPEND user-1 A", "query orders", "query orders", "append user-1")
	f("EGET 550e8400-e29b-41d4-a716-446655440000; EAPPEND orders A; EAPPEND user-1 A", "query ")
	f("ESVER orders; EAPPEND orders A; ESVER orders; EAPPEND orders A", "query orders")
}

func TestSession_CreditOfCommands(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{Inflight: 3})
	one := onWire("EAPPEND", "orders", "Made")
	h.input(strings.Repeat(one, 10))
	for done := 0; done < 10; done++ {
		if got, want := len(h.store.pending), min(3, 10-done); got != want {
			t.Fatalf("after %d replies %d appends are under way, want %d", done, got, want)
		}
		if got, want := h.consumed, min(3+done, 10)*len(one); got != want {
			t.Fatalf("after %d replies %d bytes are consumed, want %d", done, got, want)
		}
		h.answer(0)
	}
	if got := len(h.frames()); got != 10 {
		t.Fatalf("%d replies, want 10", got)
	}
}

func TestSession_CreditOfBytes(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{InflightBytes: 100})
	small, large := onWire("EAPPEND", "orders", "Made"), onWire("EAPPEND", "orders", "Made", "PAYLOAD", strings.Repeat("x", 1000))
	h.input(large + small + small + small + small + small)
	if got := len(h.store.pending); got != 1 {
		t.Fatalf("%d appends beside one that exceeds the credit, want 1", got)
	}
	h.answer(0)
	if got, want := len(h.store.pending), 3; got != want {
		t.Fatalf("%d appends of %d bytes run in a credit of 100, want %d", got, len(small), want)
	}
	h.settle()
	if got := len(h.frames()); got != 6 {
		t.Fatalf("%d replies, want 6", got)
	}
}

func TestSession_PartialCommandIsConsumed(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	wire := onWire("ECHO", strings.Repeat("x", 5000))
	for i := 0; i < len(wire); i += 100 {
		h.input(wire[i:min(i+100, len(wire))])
		if want := min(i+100, len(wire)); h.consumed != want {
			t.Fatalf("%d bytes consumed of %d: the runner would never read the rest", h.consumed, want)
		}
	}
	if got := len(h.take()); got != 5000+len("$5000\r\n\r\n") {
		t.Fatalf("reply of %d bytes", got)
	}
}

func TestSession_OutputMax(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{OutputMax: 1000})
	h.stuck = true
	one := onWire("ECHO", strings.Repeat("x", 93)) // the reply is 100 bytes long
	h.input(strings.Repeat(one, 100))
	if got := len(h.out); got != 1100 {
		t.Fatalf("%d bytes of replies for a client that doesn't read, want 1100", got)
	}
	if got, want := h.consumed, 11*len(one); got != want {
		t.Fatalf("%d bytes consumed, want %d", got, want)
	}
	h.step(actor.Event{Kind: actor.Sent, Token: 500})
	if got := len(h.out); got != 1600 {
		t.Fatalf("%d bytes of replies after 500 left, want 1600", got)
	}
}

func TestSession_RepliesHeldBackCount(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{OutputMax: 1000})
	h.input(onWire("EAPPEND", "orders", "Made") + strings.Repeat(onWire("ECHO", strings.Repeat("x", 93)), 100))
	if got := h.s.outstanding(); got != 12 {
		t.Fatalf("%d commands are open, want the append and 11 replies behind it", got)
	}
	h.settle()
	if got := len(h.frames()); got != 101 {
		t.Fatalf("%d replies, want 101", got)
	}
}

func TestSession_ScansWaitForOutput(t *testing.T) {
	f := func(outputMax, payload, first, next int) {
		t.Helper()
		store := newFakeStore()
		h := newHarness(t, Builtin(), store, Options{OutputMax: outputMax})
		h.do("EAPPEND", "user-1", "Made", "PAYLOAD", strings.Repeat("x", payload))
		h.input(lines("ESVER orders") + strings.Repeat(lines("ESCAN user-1 - +"), 40))
		if got := len(store.pending) - 1; got != first {
			t.Fatalf("%d scans are under way before the size of an answer is known, want %d", got, first)
		}
		h.answer(1)
		if got := len(store.pending) - 1; got != next {
			t.Fatalf("%d scans are under way after the first answer, want %d: %d bytes of replies wait", got, next, h.s.held)
		}
		h.settle()
		if got := len(h.frames()); got != 41 {
			t.Fatalf("%d replies, want 41", got)
		}
	}
	f(1000, 2000, 1, 0)         // one answer is more than may wait
	f(1<<20, 2000, 1, heavyMax) // many fit
	f(10_000, 2000, 1, 3)       // four fit, one of them waits already
}

// A scan does not take the room of an earlier one that has to wait: it would be
// answered behind it anyway.
func TestSession_ScansBeginInOrder(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.input(lines(`
		EAPPEND orders Made
		EAPPEND orders Paid
		ESCAN orders - +
		ESCAN user-1 - +
		ESVER user-1
		EGET 550e8400-e29b-41d4-a716-446655440000`))
	want := []string{"append orders", "append orders", "query user-1"}
	step := func(answered int, more ...string) {
		t.Helper()
		if answered >= 0 {
			h.answer(answered)
		}
		if want = append(want, more...); !slices.Equal(h.store.started, want) {
			t.Fatalf("started %q, want %q", h.store.started, want)
		}
	}
	step(-1)
	step(2)
	step(1)
	step(0, "query orders")
	step(0, "query user-1", "query ")
	h.settle()
	if got := len(h.frames()); got != 6 {
		t.Fatalf("%d replies, want 6", got)
	}
}

func TestSession_OutputTimeout(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{OutputTimeout: 10 * actor.Second})
	fire := func(at actor.Instant) {
		t.Helper()
		if len(h.timers) != 1 || h.timers[0].After != at {
			t.Fatalf("timers %v, want one at %d", h.timers, at)
		}
		timer := h.timers[0]
		h.timers = nil
		h.env.Now = timer.After
		h.step(actor.Event{Kind: actor.Tick, Token: timer.Token})
	}
	h.stuck = true
	h.input(lines("PING"))
	h.env.Now = 7 * actor.Second
	h.step(actor.Event{Kind: actor.Sent, Token: 3})
	fire(10 * actor.Second)
	if h.aborted {
		t.Fatal("cut off 3 s after some bytes left")
	}
	fire(17 * actor.Second)
	if !h.aborted || !h.closed {
		t.Fatal("a client that read nothing for 10 s is still there")
	}
}

func TestSession_OutputTimeout_ReadInTime(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{OutputTimeout: 10 * actor.Second})
	h.do("PING")
	h.env.Now = 10 * actor.Second
	h.step(actor.Event{Kind: actor.Tick, Token: h.timers[0].Token})
	if h.aborted || len(h.timers) != 1 {
		t.Fatalf("aborted %v, timers %v; want neither for an idle client", h.aborted, h.timers)
	}
}

func TestSession_TicksOfTheStore(t *testing.T) {
	store := newFakeStore()
	h := newHarness(t, Builtin(), store, Options{})
	h.input(lines("ESVER orders"))
	// An answer may come with any event that is not the session's own.
	ev := store.pending[0]
	store.pending = nil
	ev.Kind, ev.Token = actor.Tick, 5
	h.step(ev)
	if got := h.take(); got != "$-1\r\n" {
		t.Fatalf("got %q, want the answer that came with the store's tick", got)
	}
}

func TestSession_ProtocolError(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.input(lines("ESVER orders\nPING") + "*1\r\n$-7\r\n" + lines("PING"))
	if h.closed || h.take() != "" {
		t.Fatal("closed before the commands in front of the error were answered")
	}
	h.settle()
	frames := h.frames()
	if len(frames) != 3 || !strings.HasPrefix(frames[2], "-ERR Protocol error: ") {
		t.Fatalf("got %q, want two replies and the protocol error", frames)
	}
	if !h.closed || h.aborted {
		t.Fatal("not closed behind a protocol error")
	}
	h.input(lines("PING"))
	if got := h.take(); got != "" {
		t.Fatalf("got %q after the close", got)
	}
}

func TestSession_Quit(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.input(lines("EAPPEND orders Made\nQUIT\nEAPPEND orders Made"))
	if h.closed {
		t.Fatal("closed before the append was answered")
	}
	h.settle()
	frames := h.frames()
	if len(frames) != 2 || frames[1] != "+OK\r\n" || !h.closed {
		t.Fatalf("got %q, closed %v", frames, h.closed)
	}
	if got := len(h.store.started); got != 1 {
		t.Fatalf("%d appends started, want 1: QUIT came before the second", got)
	}
}

func TestSession_Stop(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{Inflight: 2})
	h.input(lines("EAPPEND orders A\nESVER orders\nEAPPEND orders B"))
	h.step(actor.Event{Kind: actor.Stop})
	h.input(lines("PING"))
	if h.closed {
		t.Fatal("closed with commands in flight")
	}
	h.settle()
	frames := h.frames()
	if len(frames) != 2 || frames[1] != ":0\r\n" || !h.closed {
		t.Fatalf("got %q, closed %v; want the two commands in flight answered, no other", frames, h.closed)
	}

	idle := newHarness(t, Builtin(), newFakeStore(), Options{})
	idle.step(actor.Event{Kind: actor.Stop})
	if !idle.closed {
		t.Fatal("an idle session doesn't stop at once")
	}
}

func TestSession_Closed(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.do("EAPPEND", "orders", "A")
	h.input(lines("EAPPEND orders A\nEAPPEND user-1 A\nESCAN user-123 - +\nEGET 550e8400-e29b-41d4-a716-446655440000"))
	h.step(actor.Event{Kind: actor.Closed, Err: errors.New("reset by peer")})
	h.settle()
	h.step(actor.Event{Kind: actor.Sent, Token: 10})
	h.step(actor.Event{Kind: actor.Stop})
	h.input(lines("PING"))
	if got := h.take(); got != "" || h.closed {
		t.Fatalf("got %q, closed %v from a session whose client is gone", got, h.closed)
	}
}

func TestSession_ReplyInTheProtocolOfTheRequest(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.input(lines("ESVER orders\nHELLO 3\nESVER orders\nHELLO 2\nESVER orders"))
	h.settle()
	f := h.frames()
	if len(f) != 5 || f[0] != "$-1\r\n" || f[1][0] != '%' || f[2] != "_\r\n" || f[3][0] != '*' || f[4] != "$-1\r\n" {
		t.Fatalf("got %q", f)
	}
}

func TestSession_DefaultProtocol(t *testing.T) {
	f := func(proto int, first []string, want resp3.Proto) {
		t.Helper()
		h := newHarness(t, Builtin(), newFakeStore(), Options{Proto: proto})
		h.do(first...)
		if got := h.s.conn.Proto; got != want {
			t.Errorf("protocol %d after %q with the default %d, want %d", got, first, proto, want)
		}
	}
	redisRS := []string{"client", "setinfo", "lib-name", "redis-rs"}
	f(0, []string{"PING"}, resp3.RESP2)
	f(2, []string{"PING"}, resp3.RESP2)
	f(3, []string{"PING"}, resp3.RESP3)
	f(3, []string{"RESET"}, resp3.RESP3)
	f(0, redisRS, resp3.RESP3)
	f(2, redisRS, resp3.RESP2)
	f(0, []string{"CLIENT", "SETINFO", "LIB-NAME", "redis-py"}, resp3.RESP2)
	f(0, []string{"CLIENT", "SETINFO", "LIB-VER", "redis-rs"}, resp3.RESP2)
}

func TestSession_RedisRSAfterHello(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	h.do("HELLO", "2")
	h.do("CLIENT", "SETINFO", "LIB-NAME", "redis-rs")
	if got := h.s.conn.Proto; got != resp3.RESP2 {
		t.Fatalf("protocol %d for a client that asked for 2", got)
	}
}

// mute is a module that forgets to reply.
type mute struct{}

func (mute) Parse(a *Args) error { return a.End() }
func (mute) Run(*Call)           {}
func (mute) Done(*Call)          {}

func TestSession_CommandWithoutReply(t *testing.T) {
	set := Builtin()
	set.Add(Module{Spec: Spec{Name: "MUTE"}, New: func() Command { return mute{} }})
	h := newHarness(t, set, newFakeStore(), Options{})
	if got, want := h.do("mute"), "-ERR the command gave no reply\r\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}
