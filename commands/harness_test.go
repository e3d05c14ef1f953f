package commands

import (
	"fmt"
	"strings"
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
)

// harness runs one session over a fakeStore, as a runner would.
type harness struct {
	t     testing.TB
	s     *Session
	store *fakeStore
	env   actor.Env

	out      []byte // what the client got
	consumed int
	stuck    bool // the client reads nothing: output stays in the runner
	closed   bool // the session hung up
	aborted  bool
	timers   []actor.Timer // with After counted from 0
}

func newHarness(t testing.TB, set *Set, store *fakeStore, o Options) *harness {
	h := &harness{t: t, store: store, s: NewSession(set, store, o)}
	h.env = actor.Env{
		Self:  actor.ID{Role: actor.Session, N: 7},
		Wall:  1760745600000,
		Rand:  actor.NewRand(1),
		Hooks: actor.Quiet{},
	}
	h.step(actor.Event{Kind: actor.Start})
	return h
}

// step gives the session an event and takes its effects.
func (h *harness) step(ev actor.Event) {
	h.t.Helper()
	h.s.Step(&h.env, &ev)
	h.s.Flush(&h.env)
	out := h.env.Out
	sent := len(out.Output)
	if h.closed && sent > 0 {
		h.t.Errorf("output after the hang-up: %q", out.Output)
	}
	h.out = append(h.out, out.Output...)
	h.consumed += out.Consumed
	h.closed = h.closed || out.Hangup
	h.aborted = h.aborted || out.Abort
	for _, timer := range out.Timers {
		timer.After += h.env.Now
		h.timers = append(h.timers, timer)
	}
	h.env.Out.Reset()
	if sent > 0 && !h.stuck {
		h.step(actor.Event{Kind: actor.Sent, Token: uint64(sent)})
	}
}

// input sends bytes.
func (h *harness) input(p string) {
	h.t.Helper()
	h.step(actor.Event{Kind: actor.Input, Body: []byte(p)})
}

// answer delivers the i-th pending answer of the store.
func (h *harness) answer(i int) {
	h.t.Helper()
	ev := h.store.pending[i]
	h.store.pending = append(h.store.pending[:i:i], h.store.pending[i+1:]...)
	h.step(ev)
}

// settle delivers all pending answers, oldest first.
func (h *harness) settle() {
	h.t.Helper()
	for len(h.store.pending) > 0 {
		h.answer(0)
	}
}

// take returns what the client got since the last call.
func (h *harness) take() string {
	out := string(h.out)
	h.out = nil
	return out
}

// do sends one command and returns its reply.
func (h *harness) do(words ...string) string {
	h.t.Helper()
	h.input(onWire(words...))
	h.settle()
	return h.take()
}

// frames cuts what the client got since the last call into replies.
func (h *harness) frames() []string {
	h.t.Helper()
	var list []string
	for p := h.take(); p != ""; {
		_, n, err := resp3.Parse([]byte(p))
		if err != nil {
			h.t.Fatalf("reply is no frame: %v: %q", err, p)
		}
		list = append(list, p[:n])
		p = p[n:]
	}
	return list
}

// oneReply says what is wrong with output that should be one reply, and pushes
// before and behind it.
func oneReply(out string) error {
	replies := 0
	for p := []byte(out); len(p) > 0; {
		v, n, err := resp3.Parse(p)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is not made of frames: %w", out, err)
		}
		if !isPush(v) {
			replies++
		}
		p = p[n:]
	}
	if replies != 1 {
		return fmt.Errorf("%q holds %d replies", out, replies)
	}
	return nil
}

// isPush says whether a frame is a push, in the form of either protocol.
func isPush(v resp3.Value) bool {
	if v.Kind == resp3.KindPush {
		return true
	}
	if v.Kind != resp3.KindArray || len(v.Elems) < 3 || v.Elems[0].Kind != resp3.KindSimple {
		return false
	}
	kind := v.Elems[0].Text()
	return kind == "message" || kind == "subscribe" || kind == "closed"
}

// onWire is a command on the wire.
func onWire(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

// lines is a pipeline of commands, one a line, words between blanks.
func lines(text string) string {
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		b.WriteString(onWire(strings.Fields(line)...))
	}
	return b.String()
}
