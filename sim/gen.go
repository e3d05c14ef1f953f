package sim

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// Gen makes requests. It draws from its client's own stream, and knows of the
// run what a client could know or guess.
type Gen struct {
	*actor.Rand
	w *World
	c *Client
	k *Knobs

	writes int    // appends to make before anything else: they share a sync
	focus  string // the only stream of a burst, "" for all
}

// op makes the next request of a client's own.
func (g *Gen) op() *Op {
	if n := g.k.Malformed; n > 0 && g.Chance(1, n) {
		return g.malformed()
	}
	if g.writes == 0 && g.Chance(1, 40) {
		g.writes = g.Range(2, 2+g.k.Depth)
	}
	if g.writes > 0 {
		g.writes--
		return choose(g.Rand, eappendWork, eappendWork, emappendWork).Gen(g)
	}
	total := 0
	for _, n := range g.k.Weights {
		total += n
	}
	at := g.Intn(total)
	for i, n := range g.k.Weights {
		if at -= n; at < 0 {
			if op := workloads[i].Gen(g); op != nil {
				return op
			}
			return work("PING").Gen(g)
		}
	}
	panic("sim: weights don't add up")
}

// freshID makes an event id as clients do: random, or with the partition's hash.
func (g *Gen) freshID(key uuid.UUID) uuid.UUID {
	if g.Chance(1, 2) {
		return event.NewID(g.Rand, wallStart+int64(g.Intn(1000)), key)
	}
	return event.NewTransactionID(g.Rand)
}

// knownID returns the id of an event that was asked for, or one that nobody
// knows.
func (g *Gen) knownID() uuid.UUID {
	m := g.w.model
	for range 5 {
		if len(m.intents) == 0 || g.Chance(1, 10) {
			break
		}
		in := m.intents[g.Intn(len(m.intents))].landed()
		i := g.Intn(len(in.Events))
		if in.Landed != nil {
			if g.Chance(1, 10) {
				return in.Landed[i].Transaction // of several events: no event has this id
			}
			return in.Landed[i].ID
		}
		if in.Events[i].GivenID {
			return in.Events[i].ID
		}
	}
	return g.freshID(g.explicitKey())
}

// event makes one event of an append.
func (g *Gen) event(key uuid.UUID, stream string) event.New {
	ev := event.New{Stream: stream, Expected: g.expected(key, stream)}
	if g.Chance(3, 4) {
		ev.ID, ev.GivenID = g.freshID(key), true
	}
	if g.Chance(1, 4) {
		ev.GivenTime = true
		ev.Timestamp = choose(g.Rand, 0, event.TimestampMax, wallStart, int64(g.Intn(1<<40)))
	}
	if g.Chance(2, 3) {
		ev.Payload = g.blob(g.k.PayloadMax)
	}
	if g.Chance(1, 4) {
		ev.Metadata = g.blob(g.k.PayloadMax / 4)
	}
	if g.Chance(1, 50) {
		// About the size of a segment: it rolls, or does not fit at all.
		ev.Payload = g.blob(int(g.k.SegmentSize) + 200)
	}
	return ev
}

// blob makes up to n bytes of anything.
func (g *Gen) blob(n int) []byte {
	p := make([]byte, g.Intn(n+1))
	if g.Chance(1, 4) {
		return p // zeros: what a hole in a file looks like
	}
	_, _ = g.Read(p)
	return p
}

// expected draws an expectation: mostly none, often what holds now, sometimes
// what held or will hold.
func (g *Gen) expected(key uuid.UUID, stream string) event.Expected {
	next := event.Version(0)
	if s := g.w.model.streams[streamName{key, stream}]; s != nil {
		next = event.Version(len(s.records))
	}
	switch g.Intn(12) {
	case 0, 1, 2:
		return expectNext(next)
	case 10: // what this client was last told, which may be old
		if told, ok := g.c.told[streamName{key, stream}]; ok {
			return expectNext(told)
		}
	case 11: // what holds for the same stream id under another key
		if s := g.w.model.streams[streamName{g.explicitKey(), stream}]; s != nil {
			return expectNext(event.Version(len(s.records)))
		}
	case 3:
		return event.At(next + event.Version(g.Intn(3)))
	case 4:
		return event.At(event.Version(g.Uint64n(uint64(next) + 1)))
	case 5:
		return event.Expected{Kind: choose(g.Rand, event.Exists, event.Empty)}
	}
	return event.Expected{}
}

// expectNext expects that the next version of a stream is n.
func expectNext(n event.Version) event.Expected {
	if n == 0 {
		return event.Expected{Kind: event.Empty}
	}
	return event.At(n - 1)
}

// options writes the options of an event in any order and any case.
func (g *Gen) options(ev *event.New) [][]byte {
	var opts [][2]string
	if ev.GivenID {
		opts = append(opts, [2]string{"EVENT_ID", g.uuidText(ev.ID)})
	}
	if ev.Expected.Kind != event.Any || g.Chance(1, 10) {
		opts = append(opts, [2]string{"EXPECTED_VERSION", g.mixCase(ev.Expected.String())})
	}
	if ev.GivenTime {
		opts = append(opts, [2]string{"TIMESTAMP", strconv.FormatInt(ev.Timestamp, 10)})
	}
	if len(ev.Payload) > 0 || g.Chance(1, 20) {
		opts = append(opts, [2]string{"PAYLOAD", string(ev.Payload)})
	}
	if len(ev.Metadata) > 0 {
		opts = append(opts, [2]string{"METADATA", string(ev.Metadata)})
	}
	return g.shuffled(opts)
}

func (g *Gen) shuffled(opts [][2]string) [][]byte {
	for i := len(opts) - 1; i > 0; i-- {
		j := g.Intn(i + 1)
		opts[i], opts[j] = opts[j], opts[i]
	}
	var out [][]byte
	for _, o := range opts {
		out = append(out, []byte(g.mixCase(o[0])), []byte(o[1]))
	}
	return out
}

func (g *Gen) mixCase(s string) string {
	if g.Chance(1, 10) {
		return strings.ToLower(s)
	}
	return s
}

func (g *Gen) uuidText(id uuid.UUID) string {
	switch g.Intn(20) {
	case 0:
		return strings.ToUpper(id.String())
	case 1:
		return "{" + id.String() + "}"
	case 2:
		return strings.ReplaceAll(id.String(), "-", "")
	}
	return id.String()
}

// bounds draws a range of versions or sequences of something with n events:
// from the beginning, to the end, inside, beyond, empty.
func (g *Gen) bounds(n int) (from, to uint64, a, b []byte) {
	point := func() uint64 { return g.Uint64n(uint64(n) + 3) }
	from, to = 0, event.NoVersion
	a, b = []byte("-"), []byte("+")
	if g.Chance(1, 2) {
		from = point()
		a = strconv.AppendUint(nil, from, 10)
	}
	if g.Chance(1, 2) {
		to = point()
		if g.Chance(1, 2) {
			to = from + g.Uint64n(5)
		}
		b = strconv.AppendUint(nil, to, 10)
		if g.Chance(1, 20) {
			to, b = event.NoVersion, []byte("18446744073709551615")
		}
	}
	return from, to, a, b
}

// limit draws a COUNT.
func (g *Gen) limit() (n int, args [][]byte) {
	switch g.Intn(5) {
	case 0:
		n = g.Intn(2)
	case 1, 2:
		n = g.Range(1, 10)
	case 3:
		n = 1_000_000
	default:
		return g.k.Count, nil
	}
	return n, [][]byte{[]byte(g.mixCase("COUNT")), strconv.AppendInt(nil, int64(n), 10)}
}
