package commands

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
)

// subscribed opens a subscription and returns its id and what came behind the
// confirmation.
func (h *harness) subscribed(words ...string) (id, rest string) {
	h.t.Helper()
	out := h.do(words...)
	id, _, _ = strings.Cut(strings.TrimPrefix(out, "+"), "\r\n")
	at := strings.Index(out, "+subscribe\r\n+"+id+"\r\n:")
	if len(id) != 36 || at < 0 {
		h.t.Fatalf("%q is answered with %q", words, out)
	}
	_, rest, _ = strings.Cut(out[at+len("+subscribe\r\n+"+id+"\r\n:"):], "\r\n")
	return id, rest
}

// cursors lists the cursors of the messages among frames, with their
// subscriptions' first letters if there are several.
func cursors(frames []string) string {
	var list []string
	for _, f := range frames {
		v, _, _ := resp3.Parse([]byte(f))
		if isPush(v) && v.Elems[0].Text() == "message" {
			list = append(list, strconv.FormatInt(v.Elems[2].Int, 10))
		}
	}
	return strings.Join(list, " ")
}

func newSubscriber(t testing.TB, o Options) *harness {
	h := newHarness(t, Builtin(), newFakeStore(), o)
	h.do("HELLO", "3")
	return h
}

// TestPush_BehindReply: nothing of a subscription comes before its reply, which
// waits for those of earlier commands.
func TestPush_BehindReply(t *testing.T) {
	h := newSubscriber(t, Options{})
	h.do("EAPPEND", "a", "Made")
	h.input(onWire("EGET", "550e8400-e29b-41d4-a716-446655440000") + onWire("ESUB", "a", "FROM", "0"))
	if len(h.store.pending) != 2 {
		t.Fatalf("%d requests are pending, want both", len(h.store.pending))
	}
	h.answer(1)
	if out := h.take(); out != "" {
		t.Fatalf("before the earlier reply comes %q", out)
	}
	h.answer(0)
	frames := h.frames()
	if len(frames) != 4 || frames[0] != "_\r\n" || frames[1][0] != '+' || !strings.Contains(frames[2], "subscribe") || !strings.Contains(frames[3], "message") {
		t.Errorf("got %q", frames)
	}
}

// TestPush_Protocol: pushes speak what the connection speaks at their place in
// the output.
func TestPush_Protocol(t *testing.T) {
	store := newFakeStore()
	h := newHarness(t, Builtin(), store, Options{})
	h.do("PING")
	h.subscribed("ESUB", "a")
	push := func() string {
		t.Helper()
		for _, f := range append([]string(nil), h.framesOf(h.do("EAPPEND", "a", "Made"))...) {
			if strings.Contains(f, "+message") {
				return f[:2]
			}
		}
		t.Fatal("no push")
		return ""
	}
	if got := push(); got != "*4" {
		t.Errorf("in RESP2 a push begins with %q", got)
	}
	h.do("HELLO", "3")
	if got := push(); got != ">4" {
		t.Errorf("in RESP3 a push begins with %q", got)
	}
	// HELLO 2 is run at once, and answered behind the append: the push before
	// that answer is still in RESP3.
	h.input(onWire("EAPPEND", "a", "Made") + onWire("HELLO", "2"))
	h.settle()
	if frames := h.frames(); len(frames) != 3 || !strings.HasPrefix(frames[0], ">4") || !strings.HasPrefix(frames[2], "*18") {
		t.Errorf("around HELLO 2 come %.40q", frames)
	}
	shell := newHarness(t, Builtin(), newFakeStore(), Options{})
	shell.do("COMMAND", "DOCS")
	if _, rest := shell.subscribed("ESUB", "a"); rest != "" {
		t.Errorf("behind the confirmation comes %q", rest)
	}
	for _, f := range shell.framesOf(shell.do("EAPPEND", "a", "Made")) {
		if strings.Contains(f, "+message") && !strings.HasPrefix(f, ">4") {
			t.Errorf("redis-cli gets %.20q", f)
		}
	}
}

func (h *harness) framesOf(out string) []string {
	h.t.Helper()
	h.out = []byte(out)
	return h.frames()
}

// TestPush_Closed: a node that stops tells each subscription how far it came.
func TestPush_Closed(t *testing.T) {
	h := newSubscriber(t, Options{})
	for range 3 {
		h.do("EAPPEND", "a", "Made")
	}
	one, _ := h.subscribed("ESUB", "a", "FROM", "1")
	two, _ := h.subscribed("ESUB", "a", "b", "FROM", "MAP", "a=0", "b=7")
	h.input(onWire("EREAD", "c", "FROM", "0", "BLOCK", "0"))
	h.settle()
	if out := h.take(); out != "" {
		t.Fatalf("a read that waits is answered with %q", out)
	}
	h.step(actor.Event{Kind: actor.Stop})
	h.settle()
	want := []string{
		">5\r\n+closed\r\n+" + one + "\r\n:3\r\n$34\r\nUNAVAILABLE the node is closing\r\n*1\r\n$3\r\na=3\r\n",
		">5\r\n+closed\r\n+" + two + "\r\n:3\r\n$34\r\nUNAVAILABLE the node is closing\r\n*2\r\n$3\r\na=3\r\n$3\r\nb=7\r\n",
		"%2\r\n+has_more\r\n#f\r\n+events\r\n*0\r\n",
	}
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "$34", "$"+strconv.Itoa(len("UNAVAILABLE the node is closing")))
	}
	got := h.frames()
	if fmt.Sprint(got) != fmt.Sprint(want) || !h.closed {
		t.Errorf("got %q, closed %v\nwant %q", got, h.closed, want)
	}
	if len(h.store.follows) != 0 {
		t.Error("the store still follows")
	}
}

// TestPush_Ends: RESET and QUIT end subscriptions without a word, those that are
// being opened too; a client that closes its side is told.
func TestPush_Ends(t *testing.T) {
	h := newSubscriber(t, Options{})
	h.subscribed("ESUB", "a")
	h.input(onWire("ESUB", "a") + onWire("RESET"))
	h.settle()
	if frames := h.frames(); len(frames) != 3 || frames[2] != "+RESET\r\n" {
		t.Errorf("ESUB and RESET are answered with %q", frames)
	}
	if out := h.do("EAPPEND", "a", "Made"); strings.Contains(out, "message") || len(h.store.follows) != 0 {
		t.Errorf("behind RESET comes %q", out)
	}
	h.subscribed("ESUB", "a")
	if out := h.do("QUIT"); out != "+OK\r\n" || !h.closed || len(h.store.follows) != 0 {
		t.Errorf("QUIT is answered with %q, closed %v", out, h.closed)
	}

	h = newSubscriber(t, Options{})
	h.subscribed("ESUB", "a")
	h.step(actor.Event{Kind: actor.Closed})
	if out := h.take(); !strings.Contains(out, "+closed") || !strings.Contains(out, "closed its side") || !h.closed {
		t.Errorf("a client that closes its side gets %q, closed %v", out, h.closed)
	}
	h = newSubscriber(t, Options{})
	h.subscribed("ESUB", "a")
	h.input("*1\r\n$x\r\n")
	frames := h.frames()
	if len(frames) != 2 || frames[0][0] != '-' || !strings.Contains(frames[1], "+closed") || !h.closed {
		t.Errorf("bytes that are not RESP get %q, closed %v", frames, h.closed)
	}
}

// TestPush_Crowded: a client that reads nothing is pushed half of the output, so
// that its commands find room, and the rest once it reads; two subscriptions
// share the room.
func TestPush_Crowded(t *testing.T) {
	h := newSubscriber(t, Options{OutputMax: 2000})
	for range 10 {
		h.do("EAPPEND", "a", "Made", "PAYLOAD", "0123456789")
	}
	h.stuck = true
	_, all := h.subscribed("ESUB", "a", "FROM", "0")
	if unsent := h.s.Held().Unsent; unsent < 1000 || unsent > 1600 {
		t.Fatalf("%d bytes are pushed to a client that reads nothing, want the half of 2000 and one push", unsent)
	}
	_, rest := h.subscribed("EPSUB", "*", "FROM", "0")
	if rest != "" {
		t.Errorf("a second subscription is pushed %.60q into the other half", rest)
	}
	if out := h.do("PING"); out != "+PONG\r\n" {
		t.Errorf("PING of a client that reads nothing is answered with %q", out)
	}
	for h.s.Held().Unsent > 0 {
		if unsent := h.s.Held().Unsent; unsent > 2000 {
			t.Errorf("%d bytes are unsent", unsent)
		}
		h.step(actor.Event{Kind: actor.Sent, Token: uint64(h.s.Held().Unsent)})
	}
	if got := strings.Count(all+h.take(), "+message"); got != 20 {
		t.Errorf("%d pushes came when the client read on, want 20", got)
	}
}

// TestPush_Window: no more than the window is under way, whatever is
// acknowledged.
func TestPush_Window(t *testing.T) {
	h := newSubscriber(t, Options{})
	for range 10 {
		h.do("EAPPEND", "a", "Made")
	}
	id, rest := h.subscribed("ESUB", "a", "FROM", "2", "WINDOW", "3")
	f := func(got, want string) {
		t.Helper()
		if got := cursors(h.framesOf(got)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(rest, "2 3 4")
	f(h.do("EACK", id, "1"), "") // before the first
	f(h.do("EACK", id, "2"), "5")
	f(h.do("EACK", id, "2"), "")
	f(h.do("EACK", id, "99"), "6 7 8") // beyond: 5 was the last delivered
	f(h.do("EACK", id, "3"), "")
	f(h.do("EACK", id, "18446744073709551615"), "9")
	list, rest := h.subscribed("ESUB", "a", "b", "FROM", "2", "WINDOW", "2")
	f(rest, "0 1")
	f(h.do("EACK", list, "0"), "2")
	f(h.do("EUNSUB", list), "")
	f(h.do("EAPPEND", "b", "Made"), "")
}

// TestSubscribe_Limit: a connection may have so many, and gets the room of those
// that it ended.
func TestSubscribe_Limit(t *testing.T) {
	h := newSubscriber(t, Options{Subscriptions: 2})
	first, _ := h.subscribed("ESUB", "a")
	h.subscribed("ESUB", "b")
	if out := h.do("ESUB", "c"); !strings.HasPrefix(out, "-BUSY a connection may have 2 subscriptions") {
		t.Errorf("the third is answered with %q", out)
	}
	h.do("EUNSUB", first)
	h.store.fail = failures["unavailable"]
	if out := h.do("ESUB", "c"); !strings.HasPrefix(out, "-UNAVAILABLE") {
		t.Errorf("got %q", out)
	}
	h.subscribed("ESUB", "c")
}
