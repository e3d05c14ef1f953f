package commands

import (
	"errors"
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/machinetest"

	"pgregory.net/rapid"
)

// machine is a client that talks to a session, the network between them, and
// the store behind it. Nobody else writes, so each reply is known from the
// commands before it.
type machine struct {
	*harness
	model *model
	o     Options

	wire  string // what the client has said
	fed   int    // of these, bytes that the session got
	taken int    // bytes of output that the client has read
	said  []*said
	known int // replies that were judged
	bytes int // of output that were judged

	before int // bytes of input that were consumed at the last check

	halfClosed, stopped, gone bool
	progress                  actor.Instant // since when no output has left
}

const machineTimeout = 10 * actor.Second

func startMachine(t *rapid.T) map[string]func(*rapid.T) {
	m := &machine{o: Options{
		Proto:         2,
		Inflight:      rapid.IntRange(1, 12).Draw(t, "inflight"),
		InflightBytes: rapid.IntRange(1, 2000).Draw(t, "inflightBytes"),
		OutputMax:     rapid.IntRange(1, 4000).Draw(t, "outputMax"),
		ReplyMax:      rapid.SampledFrom([]int{1, 900, 8 << 20}).Draw(t, "replyMax"),
		OutputTimeout: machineTimeout,
		Count:         rapid.IntRange(1, 5).Draw(t, "count"),
	}}
	m.connect()
	return map[string]func(*rapid.T){
		"say":        m.say,
		"feed":       func(t *rapid.T) { m.feed(t, false) },
		"feed all":   func(t *rapid.T) { m.feed(t, true) },
		"answer":     m.answerOne,
		"settle":     m.answerAll,
		"take":       func(t *rapid.T) { m.take(t, false) },
		"take all":   func(t *rapid.T) { m.take(t, true) },
		"wait":       m.wait,
		"half-close": m.halfClose,
		"stop":       m.stop,
		"vanish":     m.vanish,
		"connect":    m.connectAgain,
		"":           m.check,
	}
}

// connect begins a new connection to a new store.
func (m *machine) connect() {
	*m = machine{o: m.o, model: new(model), harness: newHarness(quietTB{}, Builtin(), newFakeStore(), m.o)}
	m.stuck = true
}

func (m *machine) connectAgain(t *rapid.T) {
	if !m.closed && !m.gone {
		t.Skip("there is a connection")
	}
	m.connect()
}

// TestSession_Machine lets a client talk in pieces, read slowly and go away.
func TestSession_Machine(t *testing.T) { machinetest.Run(t, startMachine) }

func FuzzSessionMachine(f *testing.F) { machinetest.Fuzz(f, startMachine) }

// ends says whether the connection is to end now: rarely, or no run would get
// far.
func (m *machine) ends(t *rapid.T) bool {
	if m.closed || m.gone {
		t.Skip("it has ended")
	}
	return rapid.IntRange(0, 9).Draw(t, "now") == 9
}

func (m *machine) unread() int { return len(m.out) - m.taken }

// say lets the client write some commands, which the network has then.
func (m *machine) say(t *rapid.T) {
	if len(m.wire)-m.fed > 1000 || m.halfClosed || m.gone {
		t.Skip("enough is said")
	}
	most, kinds := 6, anything
	if rapid.IntRange(0, 7).Draw(t, "chat") == 7 {
		most, kinds = 20, chatter
	}
	for range rapid.IntRange(1, most).Draw(t, "commands") {
		c := m.model.draw(t, kinds)
		m.wire += c.wire
		c.end = len(m.wire)
		m.said = append(m.said, c)
	}
}

// feed gives the session the next bytes, cut anywhere. A client that does not
// read is not listened to.
func (m *machine) feed(t *rapid.T, all bool) {
	n := len(m.wire) - m.fed
	if m.halfClosed || m.gone || n == 0 {
		t.Skip("there is nothing to feed")
	}
	if !all {
		n = rapid.IntRange(1, n).Draw(t, "bytes")
	}
	deaf := m.unread() > m.o.OutputMax
	begun := m.known + m.s.outstanding()
	p := m.wire[m.fed:][:n]
	m.fed += n
	m.input(p)
	if now := m.known + m.s.outstanding(); deaf && now != begun {
		t.Fatalf("%d commands begun while %d bytes of replies wait, with a limit of %d", now-begun, m.unread(), m.o.OutputMax)
	}
}

// answerOne lets the store answer one request, or fail it.
func (m *machine) answerOne(t *rapid.T) {
	if len(m.store.pending) == 0 {
		t.Skip("nothing is asked")
	}
	i := drawAnswer(t, m.store.pending)
	if rapid.IntRange(0, 5).Draw(t, "fails") == 5 {
		m.store.fail, m.store.failAfter = event.ErrUnavailable, rapid.IntRange(0, 3).Draw(t, "after")
		switch b := m.store.pending[i].Body.(type) {
		case *event.Append:
			m.said[b.Token].failed = true
		case *event.Query:
			m.said[b.Token].failed = true
		}
	}
	m.answer(i)
}

// drawAnswer picks one of the pending answers that may come next: those of a
// bucket's appends come in order.
func drawAnswer(t *rapid.T, pending []actor.Event) int {
	i := rapid.IntRange(0, len(pending)-1).Draw(t, "next")
	a, ok := pending[i].Body.(*event.Append)
	if !ok {
		return i
	}
	for j := range i {
		if b, ok := pending[j].Body.(*event.Append); ok && b.Transaction.Partition == a.Transaction.Partition {
			return j
		}
	}
	return i
}

func (m *machine) answerAll(t *rapid.T) {
	if len(m.store.pending) == 0 {
		t.Skip("nothing is asked")
	}
	for len(m.store.pending) > 0 {
		m.answer(drawAnswer(t, m.store.pending))
	}
}

// take lets the client read some of the replies.
func (m *machine) take(t *rapid.T, all bool) {
	n := m.unread()
	if m.gone || n == 0 {
		t.Skip("there is nothing to read")
	}
	if !all {
		n = rapid.IntRange(1, n).Draw(t, "bytes")
	}
	m.taken += n
	m.progress = m.env.Now
	m.step(actor.Event{Kind: actor.Sent, Token: uint64(n)})
}

// wait lets time pass and timers fire: a client is cut off when it has not read
// for the timeout, and never before.
func (m *machine) wait(t *rapid.T) {
	if len(m.timers) == 0 {
		t.Skip("there is nothing to wait for")
	}
	m.env.Now += actor.Instant(rapid.IntRange(1, 6).Draw(t, "seconds")) * actor.Second
	late := m.unread() > 0 && m.env.Now-m.progress >= machineTimeout && !m.gone
	for fired := true; fired; {
		fired = false
		for i, timer := range m.timers {
			if timer.After <= m.env.Now {
				m.timers = append(m.timers[:i:i], m.timers[i+1:]...)
				m.step(actor.Event{Kind: actor.Tick, Token: timer.Token})
				fired = true
				break
			}
		}
	}
	if m.aborted != late && !m.gone {
		t.Fatalf("cut off: %v; %d bytes are unread since %v of %v", m.aborted, m.unread(), m.progress, m.env.Now)
	}
	m.gone = m.gone || m.aborted
}

func (m *machine) halfClose(t *rapid.T) {
	if !m.halfClosed && m.ends(t) {
		m.halfClosed = true
		m.step(actor.Event{Kind: actor.Closed})
	}
}

// stop drains the node: what has begun is answered, nothing else begins.
func (m *machine) stop(t *rapid.T) {
	if !m.stopped && m.ends(t) {
		m.stopped = true
		m.step(actor.Event{Kind: actor.Stop})
	}
}

// vanish ends the connection: nothing comes out any more, whatever happens.
func (m *machine) vanish(t *rapid.T) {
	if m.ends(t) {
		m.gone = true
		m.step(actor.Event{Kind: actor.Closed, Err: errors.New("reset by peer")})
	}
}

// complete is how many commands the session has all bytes of, up to one that
// ends the connection; last says that there is such a one.
func (m *machine) complete() (n int, last bool) {
	for n < len(m.said) && m.said[n].end <= m.fed {
		if n++; m.said[n-1].kind == saysQuit || m.said[n-1].kind == saysGarbage {
			return n, true
		}
	}
	return n, false
}

func (m *machine) check(t *rapid.T) {
	m.judge(t)
	if m.gone {
		return
	}
	if m.unread() == 0 {
		m.progress = m.env.Now
	}
	complete, last := m.complete()
	open := m.s.outstanding()
	if m.known+open > complete {
		t.Fatalf("%d commands are begun, %d were sent", m.known+open, complete)
	}
	size := 0
	for i := m.known; i < m.known+open-1; i++ {
		size += len(m.said[i].wire)
	}
	if open > m.o.Inflight || len(m.store.pending) > open || open > 0 && size >= m.o.InflightBytes {
		t.Fatalf("%d commands are open, %d requests; all but the last have %d bytes; limits %+v", open, len(m.store.pending), size, m.o)
	}
	most := m.fed
	if begun := m.known + open; begun == 0 && complete > 0 {
		most = 0
	} else if begun < complete {
		most = m.said[begun-1].end // nothing is read on while commands wait for their turn
	}
	if m.consumed > max(most, m.before) { // the first part of a command may have been taken before
		t.Fatalf("%d bytes are consumed of %d, %d were to be", m.consumed, m.fed, most)
	}
	m.before = m.consumed
	idle := len(m.store.pending) == 0 && m.unread() == 0
	switch {
	case !idle || m.stopped:
	case m.known != complete || !last && m.consumed != m.fed:
		t.Fatalf("nothing is under way, %d commands of %d are answered and %d bytes of %d consumed", m.known, complete, m.consumed, m.fed)
	}
	over := last && m.known == complete || m.stopped && open == 0 || m.halfClosed && m.known == complete
	if idle && over != m.closed || m.closed && !over {
		t.Fatalf("hung up: %v; %d commands of %d are answered, half-closed %v, stopped %v", m.closed, m.known, complete, m.halfClosed, m.stopped)
	}
}

// judge looks at the replies that came since the last step.
func (m *machine) judge(t *rapid.T) {
	for p := m.out[m.bytes:]; len(p) > 0; p = m.out[m.bytes:] {
		v, n, err := resp3.Parse(p)
		if err != nil || n == 0 {
			t.Fatalf("output %q is not a whole reply: %v", p, err)
		}
		m.bytes += n
		if m.known == len(m.said) || m.said[m.known].end > m.fed {
			t.Fatalf("reply %q to a command that was not sent", p[:n])
		}
		c := m.said[m.known]
		m.known++
		if why := m.model.judge(c, v, n, m.o); why != "" {
			t.Fatalf("%s\ncommand %q, failed by the store: %v\nreply %q", why, c.wire, c.failed, p[:n])
		}
	}
}

// quietTB is for harnesses inside rapid, which stops a case by panicking.
type quietTB struct{ testing.TB }

func (quietTB) Helper() {}
