package sim

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
	"sierradb/core/event"
	"sierradb/core/segment"
)

// made is a world with a hand-made history: one bucket, one partition, no node.
type made struct {
	t  *testing.T
	w  *World
	cn *conn

	index uint64 // of the last entry
	next  event.Sequence
	vers  map[string]event.Version
	wall  int64 // the timestamp that the node chooses
}

func newMade(t *testing.T) *made {
	t.Helper()
	p := NewPlan(1)
	p.Faults = nil
	p.Knobs.Buckets, p.Knobs.Partitions, p.Knobs.SegmentSize = 1, 1, 4096
	p.Knobs.QueueBytes = 64 << 20
	w := newWorld(p, Options{})
	w.model.begin()
	m := &made{t: t, w: w, vers: map[string]event.Version{}, wall: wallStart}
	m.cn = m.conn()
	return m
}

func (m *made) conn() *conn {
	return &conn{w: m.w, c: m.w.clients[0], proto: resp3.RESP3, spoken: resp3.RESP3, floor: make([]uint64, 1), order: make([]uint64, 1)}
}

// want registers an append of events "stream" or "stream:expected".
func (m *made) want(streams ...string) *Intent {
	in := &Intent{Key: uuid.Max, Multi: len(streams) > 1}
	for _, s := range streams {
		stream, expected, _ := strings.Cut(s, ":")
		ev := event.New{Stream: stream, ID: uuid.New(), GivenID: true, Payload: []byte("p")}
		switch expected {
		case "empty":
			ev.Expected = event.Expected{Kind: event.Empty}
		case "0", "1", "2":
			ev.Expected = event.At(event.Version(expected[0] - '0'))
		}
		in.Events = append(in.Events, ev)
	}
	m.w.model.intend(in)
	for i := range in.Events {
		in.Events[i].Name = eventName(in.N, i)
	}
	return in
}

// fact makes the fact that an intent is the next entry.
func (m *made) fact(in *Intent) *event.Applied {
	m.index++
	t := event.Transaction{Key: in.Key, Partition: in.Partition, Events: in.Events}
	t.ID = in.Events[0].ID
	if len(in.Events) > 1 {
		t.ID = uuid.New()
	}
	var placed []event.Placed
	for i := range in.Events {
		ev := &in.Events[i]
		placed = append(placed, event.Placed{ID: ev.ID, Version: m.vers[ev.Stream], Timestamp: m.wall})
		m.vers[ev.Stream]++
	}
	data := segment.AppendBody(nil, &t, m.next, placed, m.index, m.index-1)
	m.next += event.Sequence(len(in.Events))
	return &event.Applied{Index: m.index, Term: 1, Kind: uint8(segment.Transaction), Data: data}
}

// at sets the moment.
func (m *made) at(tick uint64) { m.w.model.tick = tick }

// land applies an intent at a tick and demands that the model takes it.
func (m *made) land(tick uint64, in *Intent) *Intent {
	m.t.Helper()
	m.at(tick)
	if v := m.w.model.Apply(m.fact(in)); v != nil {
		m.t.Fatalf("a good entry is refused: %v", v)
	}
	return in
}

// op makes a request on the connection that was called and answered at ticks.
func (m *made) op(call, ret uint64, name string) *Op {
	return &Op{Work: work(name), Conn: m.cn, Call: call, Return: ret, Proto: resp3.RESP3, Args: text(name)}
}

// attempt makes a request of an intent.
func (m *made) attempt(call, ret uint64, in *Intent) *Op {
	name := "EAPPEND"
	if in.Multi {
		name = "EMAPPEND"
	}
	op := m.op(call, ret, name)
	op.Intent = in
	in.Attempts = append(in.Attempts, op)
	return op
}

// scan makes a scan of a stream, or of the partition when it is "".
func (m *made) scan(call, ret uint64, stream string) *Op {
	op := m.op(call, ret, "EPSCAN")
	op.Ask = Ask{Kind: event.ScanPartition, To: event.NoVersion, Limit: 100}
	if stream != "" {
		op.Work = work("ESCAN")
		op.Ask.Kind, op.Ask.Stream = event.ScanStream, streamName{uuid.Max, stream}
	}
	return op
}

// replies are values as a node would send them.
func failure(text string) resp3.Value { return resp3.Value{Kind: resp3.KindError, Str: []byte(text)} }

func mapOf(pairs ...any) resp3.Value {
	v := resp3.Value{Kind: resp3.KindMap}
	for i := 0; i < len(pairs); i += 2 {
		v.Elems = append(v.Elems, simple(pairs[i].(string)), pairs[i+1].(resp3.Value))
	}
	return v
}

func eventMap(r *Record) resp3.Value {
	v := resp3.Value{Kind: resp3.KindMap}
	for _, f := range eventFields(r) {
		v.Elems = append(v.Elems, simple(f.key), f.val)
	}
	return v
}

func page(more bool, records ...*Record) resp3.Value {
	b := resp3.Value{Kind: resp3.KindBool}
	if more {
		b.Int = 1
	}
	list := resp3.Value{Kind: resp3.KindArray, Elems: []resp3.Value{}}
	for _, r := range records {
		list.Elems = append(list.Elems, eventMap(r))
	}
	return mapOf("has_more", b, "events", list)
}

// ack is the right answer to an append that landed.
func ack(in *Intent) resp3.Value {
	r := in.Landed[0]
	return mapOf("event_id", simple(r.ID.String()), "partition_key", simple(r.Key.String()), "partition_id", number(0),
		"partition_sequence", number(uint64(r.Sequence)), "stream_version", number(uint64(r.Version)), "timestamp", number(uint64(r.Timestamp)))
}

// verdict demands that v breaks the property; "" demands that it breaks none.
func verdict(t *testing.T, v *Violation, property string) {
	t.Helper()
	switch {
	case property == "" && v != nil:
		t.Errorf("a good history is refused: %v", v)
	case property != "" && v == nil:
		t.Errorf("a history that breaks %q passes", property)
	case v != nil && !strings.HasPrefix(v.Property, property):
		t.Errorf("broken is %q (%s), expected %q", v.Property, v.Text, property)
	}
}

// answer judges a reply.
func (m *made) answer(op *Op, reply resp3.Value) *Violation {
	op.Reply = reply
	return m.w.judge(op)
}

// ackAll is the right answer to a transaction that landed.
func ackAll(in *Intent) resp3.Value {
	first, last := in.Landed[0], in.Landed[len(in.Landed)-1]
	list := resp3.Value{Kind: resp3.KindArray}
	for _, r := range in.Landed {
		list.Elems = append(list.Elems, mapOf("event_id", simple(r.ID.String()), "stream_id", bulk(r.Stream),
			"stream_version", number(uint64(r.Version)), "timestamp", number(uint64(r.Timestamp))))
	}
	return mapOf("partition_key", simple(first.Key.String()), "partition_id", number(0), "first_partition_sequence", number(uint64(first.Sequence)),
		"last_partition_sequence", number(uint64(last.Sequence)), "events", list)
}
