package commands

import (
	"bytes"
	"fmt"

	"github.com/google/uuid"

	"sierradb/core/event"
	"sierradb/core/mutate"
)

// What ESUB and EPSUB have in common: where to begin, the window, and how a
// subscription comes to be.

// beginning is the FROM of a subscription.
type beginning struct {
	kind    beginKind
	at      uint64 // of beginAt
	pairs   []beginPair
	rest    uint64 // of beginMap: for sources without a pair
	hasRest bool
}

type beginKind uint8

const (
	beginLatest beginKind = iota
	beginAt
	beginMap
)

// beginPair is a pair of FROM MAP as it was written.
type beginPair struct {
	name []byte
	at   uint64
}

// subscribing is a command that begins a subscription.
type subscribing struct {
	from   beginning
	window uint64
	single bool
	req    event.Query
	sub    *subscription
}

var (
	subscribeOptions = Keywords{"FROM", "WINDOW"}
	fromForms        = Keywords{"LATEST", "MAP"}
)

// option takes what follows FROM or WINDOW. unit is "version" or "sequence";
// only partitions have a DEFAULT.
func (c *subscribing) option(a *Args, unit string) {
	switch a.Keyword {
	case "FROM":
		c.takeFrom(a, unit)
	case "WINDOW":
		w, ok := a.take("window")
		if !ok {
			return
		}
		n, ok := parseUint(w)
		if !ok || n == 0 || n > event.NoVersion {
			a.invalid("window", fmt.Sprintf("a number from 1 to %d", uint64(event.NoVersion)), w)
		}
		c.window = n
	}
}

func (c *subscribing) takeFrom(a *Args, unit string) {
	switch a.Word(fromForms) {
	case "LATEST":
		return
	case "MAP":
		c.from.kind = beginMap
		c.takeMap(a, unit)
		return
	}
	w, ok := a.take(unit)
	if !ok {
		return
	}
	n, ok := parseUint(w)
	if !ok || n > event.NoVersion {
		a.invalid("FROM", fmt.Sprintf("LATEST, MAP or a %s from 0 to %d", unit, uint64(event.NoVersion)), w)
	}
	c.from.kind, c.from.at = beginAt, n
}

// takeMap takes the pairs of FROM MAP, and the DEFAULT of partitions.
func (c *subscribing) takeMap(a *Args, unit string) {
	partitions := unit == "sequence"
	for first := true; a.More(); first = false {
		w := a.words[a.next]
		if isWord(w, "WINDOW") || isWord(w, "FROM") {
			break
		}
		if partitions && !first && isWord(w, "DEFAULT") {
			a.next++
			a.Keyword = "DEFAULT"
			c.from.rest, c.from.hasRest = a.number("sequence", event.NoVersion), true
			return
		}
		a.next++
		cut := bytes.LastIndexByte(w, '=')
		if mutate.On(mutate.MapFirstEquals) {
			cut = bytes.IndexByte(w, '=')
		}
		if cut < 1 {
			a.invalid("pair of FROM MAP", "<name>=<"+unit+">", w)
			return
		}
		n, ok := parseUint(w[cut+1:])
		if !ok || n > event.NoVersion {
			a.invalid(unit+" of a pair of FROM MAP", fmt.Sprintf("a number from 0 to %d", uint64(event.NoVersion)), w)
			return
		}
		c.from.pairs = append(c.from.pairs, beginPair{w[:cut], n})
	}
	if a.err == nil && len(c.from.pairs) == 0 {
		a.misused("missing <name>=<%s> after MAP", unit)
	}
}

// start is where a source without a pair begins.
func (b *beginning) start() uint64 {
	switch {
	case b.kind == beginAt:
		return b.at
	case b.kind == beginMap && b.hasRest && !mutate.On(mutate.DefaultIgnored):
		return b.rest
	}
	return event.Latest
}

// run asks the store to open the subscription.
func (c *subscribing) run(call *Call, sources []event.Source, next []uint64) {
	s := call.s
	switch {
	case len(s.subs.list)+s.subs.opening >= s.o.Subscriptions:
		call.Fail(Errorf(Busy, "a connection may have %d subscriptions (session.subscriptions): use another one, or end some with EUNSUB", s.o.Subscriptions))
		return
	case s.subs.sources+len(sources) > sourcesMax:
		call.Fail(Errorf(Busy, "the subscriptions of a connection may follow %d streams and partitions in all: use another one, or end some with EUNSUB", sourcesMax))
		return
	}
	s.subs.opening++
	s.subs.sources += len(sources)
	u := &subscription{s: s, single: c.single, window: c.window, era: s.subs.era}
	u.id = newUUID(s)
	u.follow = event.Follow{Sources: sources, Next: next, Sink: u}
	c.sub = u
	c.req = event.Query{Kind: event.OpenFollow, Follow: &u.follow}
	call.Query(&c.req)
}

// sourcesMax is how many streams and partitions the subscriptions of one
// connection may follow: each takes some 100 bytes.
const sourcesMax = 1 << 20

// newUUID makes a random UUID (RFC 9562, version 4).
func newUUID(s *Session) uuid.UUID {
	var id uuid.UUID
	for i := 0; i < len(id); i += 8 {
		n := s.env.Rand.Uint64()
		for j := range 8 {
			id[i+j] = byte(n >> (8 * j))
		}
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// done replies with the id of the subscription; the session begins it behind
// that.
func (c *subscribing) done(call *Call) {
	u := c.sub
	if call.Failed(c.req.Err) {
		call.s.subs.opening--
		call.s.subs.sources -= len(u.follow.Sources)
	} else {
		if u.single {
			u.first = u.follow.Next[0]
		}
		call.UUID(u.id)
		call.opens = u
	}
	c.sub, c.req = nil, event.Query{}
}

// reset makes the command as good as new and lets go of the client's input.
func (c *subscribing) reset() {
	clear(c.from.pairs)
	*c = subscribing{from: beginning{pairs: c.from.pairs[:0]}}
}
