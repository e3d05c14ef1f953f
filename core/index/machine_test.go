package index

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"sierradb/core/event"
	"sierradb/core/machinetest"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// machine drives an index and the plainest model of it: all events in one list.
type machine struct {
	x   *Index
	log []indexed
}

// indexed is an event and where it is.
type indexed struct {
	streamKey
	id uuid.UUID
	at Place
}

const machinePartitions = 3

func startMachine(t *rapid.T) map[string]func(*rapid.T) {
	m := &machine{x: New(machinePartitions, rapid.Uint64().Draw(t, "salt"))}
	m.x.Begin()
	return map[string]func(*rapid.T){
		"begin": m.begin,
		"add":   func(t *rapid.T) { m.add(t, drawStream(t)) },
		"burst": func(t *rapid.T) {
			s := drawStream(t)
			for range rapid.IntRange(1, 70).Draw(t, "events") {
				m.add(t, s)
			}
		},
		"refuse":    m.refuse,
		"partition": m.partition,
		"stream":    m.stream,
		"find":      m.find,
		"":          m.check,
	}
}

// TestIndex_Machine compares an index over several segments with a plain list.
func TestIndex_Machine(t *testing.T) { machinetest.Run(t, startMachine) }

func FuzzIndex(f *testing.F) { machinetest.Fuzz(f, startMachine) }

// drawStream draws one of the few streams there are; the same id under two keys
// and in two partitions is several streams.
func drawStream(t *rapid.T) streamKey {
	return streamKey{
		event.PartitionID(rapid.IntRange(0, machinePartitions-1).Draw(t, "partition")),
		event.StreamKey{
			Key: uuid.UUID{byte(rapid.IntRange(0, 1).Draw(t, "key"))},
			ID:  rapid.SampledFrom([]string{"a", "b", "ab"}).Draw(t, "stream"),
		},
	}
}

// of returns where the model's events of a partition or stream are.
func (m *machine) of(match func(indexed) bool) []Place {
	var at []Place
	for _, e := range m.log {
		if match(e) {
			at = append(at, e.at)
		}
	}
	return at
}

func inPartition(p event.PartitionID) func(indexed) bool {
	return func(e indexed) bool { return e.partition == p }
}

func inStream(s streamKey) func(indexed) bool {
	return func(e indexed) bool { return e.streamKey == s }
}

func (m *machine) begin(t *rapid.T) {
	if n, want := m.x.Begin(), m.x.Tables()-1; n != want {
		t.Fatalf("Begin announces table %d, %d are there", n, want)
	}
}

// next makes the event that continues a stream, with memory of its own for the
// stream id.
func (m *machine) next(s streamKey, id uuid.UUID) (event.Event, []byte) {
	name := []byte(s.key.ID)
	return event.Event{
		ID: id, Key: s.key.Key, Partition: s.partition, Stream: unsafe.String(&name[0], len(name)),
		Sequence: event.Sequence(len(m.of(inPartition(s.partition)))), Version: event.Version(len(m.of(inStream(s)))),
	}, name
}

// add indexes the next event of a stream. An id may be in every partition,
// once.
func (m *machine) add(t *rapid.T, s streamKey) {
	id := uuid.UUID{byte(len(m.log) >> 8), byte(len(m.log))}
	if old := rapid.IntRange(0, 2*len(m.log)).Draw(t, "id"); old < len(m.log) {
		if id = m.log[old].id; slices.ContainsFunc(m.log, func(e indexed) bool { return e.id == id && e.partition == s.partition }) {
			id = uuid.UUID{0xee, byte(len(m.log) >> 8), byte(len(m.log))}
		}
	}
	at := Place{Table: m.x.Tables() - 1, Offset: 8 * int64(len(m.log)/3), Item: uint16(len(m.log) % 3)}
	ev, name := m.next(s, id)
	if err := m.x.Add(&ev, at.Offset, at.Item); err != nil {
		t.Fatal(err)
	}
	for i := range name {
		name[i] = '?' // the index keeps nothing that the event points to
	}
	m.log = append(m.log, indexed{s, id, at})
}

// refuse adds events that continue nothing. What must hold afterwards is the
// check's to say.
func (m *machine) refuse(t *rapid.T) {
	ev, _ := m.next(drawStream(t), uuid.UUID{99})
	off := rapid.SampledFrom([]uint64{1, 2, 1 << 40, ^uint64(0)}).Draw(t, "off")
	switch rapid.IntRange(0, 2).Draw(t, "what") {
	case 0:
		ev.Sequence += event.Sequence(off)
	case 1:
		ev.Version += event.Version(off)
	default:
		ev.Partition += machinePartitions
	}
	if err := m.x.Add(&ev, 8, 0); err == nil {
		t.Fatalf("%+v was added", ev)
	}
	if at, ok := m.x.Find(ev.ID, ev.Partition, true); ok {
		t.Fatalf("an event that was refused is found at %+v", at)
	}
}

func (m *machine) partition(t *rapid.T) {
	p := event.PartitionID(rapid.IntRange(0, machinePartitions).Draw(t, "partition"))
	m.scan(t, m.of(inPartition(p)), func(dst []Place, from, to uint64, limit int, reverse bool) []Place {
		return m.x.Partition(dst, p, from, to, limit, reverse)
	})
}

func (m *machine) stream(t *rapid.T) {
	s := drawStream(t)
	m.scan(t, m.of(inStream(s)), func(dst []Place, from, to uint64, limit int, reverse bool) []Place {
		return m.x.Stream(dst, s.partition, s.key, from, to, limit, reverse)
	})
}

// scan draws a range and compares the answer with that part of all.
func (m *machine) scan(t *rapid.T, all []Place, scan func(dst []Place, from, to uint64, limit int, reverse bool) []Place) {
	from := rapid.Uint64Range(0, uint64(len(all))+1).Draw(t, "from")
	to := rapid.SampledFrom([]uint64{0, from, from + 1, from + 9, uint64(len(all)), event.NoVersion, 1<<64 - 1}).Draw(t, "to")
	limit := rapid.IntRange(-1, len(all)+1).Draw(t, "limit")
	reverse := rapid.Bool().Draw(t, "reverse")
	var want []Place
	for i, at := range all {
		if n := uint64(i); n >= from && n <= to {
			want = append(want, at)
		}
	}
	if reverse {
		slices.Reverse(want)
	}
	want = want[:min(max(limit, 0), len(want))]
	before := Place{Table: -1}
	got := scan([]Place{before}, from, to, limit, reverse)
	if got[0] != before || !slices.Equal(got[1:], want) {
		t.Fatalf("from %d to %d, limit %d, reverse %v: %v behind %v, want %v", from, to, limit, reverse, got[1:], got[0], want)
	}
}

func (m *machine) find(t *rapid.T) {
	id := uuid.UUID{0xff}
	if len(m.log) > 0 && rapid.Bool().Draw(t, "known") {
		id = rapid.SampledFrom(m.log).Draw(t, "event").id
	}
	p := event.PartitionID(rapid.IntRange(0, machinePartitions).Draw(t, "partition"))
	any := rapid.Bool().Draw(t, "any")
	var want indexed
	found := false
	for _, e := range m.log {
		if e.id == id && (any || e.partition == p) && (!found || e.partition < want.partition) {
			want, found = e, true
		}
	}
	if at, ok := m.x.Find(id, p, any); ok != found || at != want.at {
		t.Fatalf("Find(%s, %d, %v) = %+v %v, want %+v %v", id, p, any, at, ok, want.at, found)
	}
}

// check reads all partitions and streams and finds all events.
func (m *machine) check(t *rapid.T) {
	whole := func(what string, next uint64, got, want []Place) {
		if next != uint64(len(want)) || !slices.Equal(got, want) {
			t.Fatalf("%s: %v, %d is next; want %v", what, got, next, want)
		}
	}
	seen := map[streamKey]bool{}
	for p := range event.PartitionID(machinePartitions) {
		whole(fmt.Sprintf("partition %d", p), uint64(m.x.NextSequence(p)), m.x.Partition(nil, p, 0, 1<<64-1, 1<<30, false), m.of(inPartition(p)))
	}
	for _, e := range m.log {
		if !seen[e.streamKey] {
			seen[e.streamKey] = true
			s := e.streamKey
			whole(fmt.Sprintf("stream %v", s), uint64(m.x.NextVersion(s.partition, s.key)), m.x.Stream(nil, s.partition, s.key, 0, 1<<64-1, 1<<30, false), m.of(inStream(s)))
		}
		if at, ok := m.x.Find(e.id, e.partition, false); !ok || at != e.at {
			t.Fatalf("Find(%s, %d) = %+v %v, want %+v", e.id, e.partition, at, ok, e.at)
		}
	}
	if next := m.x.NextSequence(machinePartitions); next != 0 {
		t.Fatalf("a partition that is not there continues with %d", next)
	}
}
