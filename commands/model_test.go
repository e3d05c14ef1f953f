package commands

import (
	"fmt"
	"slices"
	"strings"

	"sierradb/commands/resp3"
	"sierradb/core/event"

	"pgregory.net/rapid"
)

// model is what a client can know that writes alone: events in order.
type model struct {
	three bool // RESP3, as of the last command judged
	log   []stored
	ids   int // event ids given out
}

type stored struct {
	id, stream string
	root       string // the stream whose key, and so whose partition, it has
}

// said is a command that was sent.
type said struct {
	kind     saying
	wire     string
	end      int // in all that the client says
	stream   string
	ids      []string // of the events that it appends, or of the one it asks for
	expected string
	count    int // of a scan, 0 when it names none
	size     int // of an echo
	failed   bool
}

type saying int

// What a client says.
const (
	saysPing saying = iota
	saysEcho
	saysAppend
	saysMulti
	saysVersion
	saysScan
	saysPartition
	saysSequence
	saysGet
	saysHello2
	saysHello3
	saysNonsense
	saysWrong
	saysQuit
	saysGarbage
)

// anything is mostly appends and reads.
var anything = []saying{
	saysPing, saysEcho, saysAppend, saysAppend, saysAppend, saysMulti, saysVersion, saysScan, saysScan, saysPartition, saysSequence,
	saysGet, saysHello2, saysHello3, saysNonsense, saysWrong,
}

// chatter is answered at once, without the store.
var chatter = []saying{saysPing, saysEcho, saysHello2, saysHello3, saysNonsense, saysWrong}

// draw draws a command of some kind, and rarely one that ends the connection.
func (m *model) draw(t *rapid.T, kinds []saying) *said {
	c := &said{stream: rapid.SampledFrom(streamOfBucket[:]).Draw(t, "stream")}
	c.kind = rapid.SampledFrom(kinds).Draw(t, "kind")
	if rapid.IntRange(0, 60).Draw(t, "last") == 60 {
		c.kind = rapid.SampledFrom([]saying{saysQuit, saysGarbage}).Draw(t, "end")
	}
	switch c.kind {
	case saysPing:
		if c.wire = onWire("PING"); rapid.Bool().Draw(t, "inline") {
			c.wire = "ping\r\n"
		}
	case saysEcho:
		c.size = rapid.SampledFrom([]int{0, 1, 90, 1000, 5000}).Draw(t, "size")
		c.wire = onWire("ECHO", strings.Repeat("x", c.size))
	case saysAppend:
		c.ids = []string{m.newID()}
		c.expected = rapid.SampledFrom([]string{"any", "any", "exists", "empty", "0", "1"}).Draw(t, "expected")
		c.wire = onWire("EAPPEND", c.stream, "Made", "EVENT_ID", c.ids[0], "EXPECTED_VERSION", c.expected)
	case saysMulti:
		c.ids = []string{m.newID(), m.newID()}
		c.wire = onWire("EMAPPEND", key(c.stream), c.stream, "Made", "EVENT_ID", c.ids[0], c.stream+"-x", "Made", "EVENT_ID", c.ids[1])
	case saysVersion:
		c.wire = onWire("ESVER", c.stream)
	case saysSequence:
		c.wire = onWire("EPSEQ", key(c.stream))
	case saysScan, saysPartition:
		words := []string{"ESCAN", c.stream, "-", "+"}
		if c.kind == saysPartition {
			words = []string{"EPSCAN", key(c.stream), "-", "+"}
		}
		if c.count = rapid.IntRange(0, 4).Draw(t, "count"); c.count > 0 {
			words = append(words, "COUNT", fmt.Sprint(c.count))
		}
		c.wire = onWire(words...)
	case saysGet:
		c.ids = []string{eventID(rapid.IntRange(0, m.ids).Draw(t, "id"))}
		c.wire = onWire("EGET", c.ids[0])
	case saysHello2, saysHello3:
		c.wire = onWire("HELLO", fmt.Sprint(2+int(c.kind-saysHello2)))
	case saysNonsense:
		c.wire = onWire("NONSENSE", c.stream)
	case saysWrong:
		c.wire = onWire("EAPPEND", c.stream, "Made", "EVENT_ID", "none")
	case saysQuit:
		c.wire = onWire("QUIT")
	case saysGarbage:
		c.wire = "*1\r\n$-7\r\n"
	}
	return c
}

func (m *model) newID() string {
	m.ids++
	return eventID(m.ids - 1)
}

func eventID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// key is the partition key of a stream that names none.
func key(stream string) string { return event.KeyOf(stream).String() }

// in returns the ids of the events that match.
func (m *model) in(match func(stored) bool) []string {
	var ids []string
	for _, s := range m.log {
		if match(s) {
			ids = append(ids, s.id)
		}
	}
	return ids
}

// judge says what is wrong with a reply of n bytes, and goes on to the state
// behind the command.
func (m *model) judge(c *said, v resp3.Value, n int, o Options) string {
	inStream := func(stream string) []string {
		return m.in(func(s stored) bool { return s.stream == stream })
	}
	inPartition := func() []string { return m.in(func(s stored) bool { return s.root == c.stream }) }
	must := func(ok bool, format string, args ...any) string {
		if ok {
			return ""
		}
		return fmt.Sprintf(format, args...)
	}
	fails := func(code Code) string {
		return must(v.Kind == resp3.KindError && strings.HasPrefix(v.Text(), string(code)+" "), "want an error with the code %s", code)
	}
	if c.failed {
		return fails(Unavailable)
	}
	switch c.kind {
	case saysPing:
		return must(v.Kind == resp3.KindSimple && v.Text() == "PONG", "want PONG")
	case saysEcho:
		return must(v.Kind == resp3.KindBulk && v.Text() == strings.Repeat("x", c.size), "want %d bytes", c.size)
	case saysAppend:
		version, sequence := len(inStream(c.stream)), len(inPartition())
		holds := map[string]bool{"any": true, "exists": version > 0, "empty": version == 0, "0": version == 1, "1": version == 2}
		if !holds[c.expected] {
			return fails(WrongVer)
		}
		m.log = append(m.log, stored{c.ids[0], c.stream, c.stream})
		return must(number(v, "stream_version") == version && number(v, "partition_sequence") == sequence && word(v, "event_id") == c.ids[0],
			"want version %d and sequence %d of event %s", version, sequence, c.ids[0])
	case saysMulti:
		first := len(inPartition())
		m.log = append(m.log, stored{c.ids[0], c.stream, c.stream}, stored{c.ids[1], c.stream + "-x", c.stream})
		return must(number(v, "first_partition_sequence") == first && number(v, "last_partition_sequence") == first+1, "want sequences %d and %d", first, first+1)
	case saysVersion:
		return m.last(v, len(inStream(c.stream)))
	case saysSequence:
		return m.last(v, len(inPartition()))
	case saysScan:
		return m.page(c, v, n, o, inStream(c.stream))
	case saysPartition:
		return m.page(c, v, n, o, inPartition())
	case saysGet:
		if !slices.Contains(m.in(func(stored) bool { return true }), c.ids[0]) {
			return m.null(v)
		}
		return must(word(v, "event_id") == c.ids[0], "want event %s", c.ids[0])
	case saysHello2, saysHello3:
		m.three = c.kind == saysHello3
		return must(number(v, "proto") == 2+int(c.kind-saysHello2) && (v.Kind == resp3.KindMap) == m.three, "want the greeting of RESP3: %v", m.three)
	case saysWrong:
		return fails(InvalidArg)
	case saysQuit:
		return must(v.Kind == resp3.KindSimple && v.Text() == "OK", "want OK")
	}
	return fails(Err) // saysNonsense, saysGarbage
}

// last judges the number of the last of n events.
func (m *model) last(v resp3.Value, n int) string {
	if n == 0 {
		return m.null(v)
	}
	if v.Kind != resp3.KindInt || v.Int != int64(n-1) {
		return fmt.Sprintf("want %d", n-1)
	}
	return ""
}

func (m *model) null(v resp3.Value) string {
	if !v.IsNull() || (v.Kind == resp3.KindNull) != m.three {
		return fmt.Sprintf("want a null of RESP3: %v", m.three)
	}
	return ""
}

// page judges the first page of all: as many events as were asked for, fewer
// only when a reply of the largest size holds no more.
func (m *model) page(c *said, v resp3.Value, n int, o Options, all []string) string {
	count := c.count
	if count == 0 {
		count = o.Count
	}
	events, _ := v.Get("events")
	more, _ := v.Get("has_more")
	var ids []string
	for _, e := range events.Elems {
		ids = append(ids, word(e, "event_id"))
	}
	want := all[:min(count, len(all))]
	if len(ids) < len(want) && len(ids) > 0 && n+n/len(ids) > o.ReplyMax-headRoom {
		want = all[:len(ids)] // the reply would have been too large
	}
	hasMore, ok := more.Bool()
	if !ok || !slices.Equal(ids, want) || hasMore != (len(want) < len(all)) || len(ids) > 1 && n > o.ReplyMax {
		return fmt.Sprintf("want events %v of %v in at most %d bytes, got %v in %d", want, all, o.ReplyMax, ids, n)
	}
	return ""
}

// number is a number in a map, -1 if there is none.
func number(v resp3.Value, name string) int {
	if n, ok := v.Get(name); ok && n.Kind == resp3.KindInt {
		return int(n.Int)
	}
	return -1
}

// word is a string in a map.
func word(v resp3.Value, name string) string {
	s, _ := v.Get(name)
	return s.Text()
}
