package sim

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/segment"
)

// Each checker must fail on a history that breaks its property: one that never
// failed proves nothing.

func TestModel_Immutable(t *testing.T) {
	m := newMade(t)
	good := m.fact(m.want("a"))
	verdict(t, m.w.model.Apply(good), "")

	m.w.model.begin()
	verdict(t, m.w.model.Apply(good), "") // the same bytes come back

	m.w.model.begin()
	other := *good
	other.Term = 2
	verdict(t, m.w.model.Apply(&other), "D3 immutable")
	m.w.model.begin()
	other = *good
	other.Data = append([]byte(nil), good.Data...)
	other.Data[len(other.Data)-1] ^= 1
	verdict(t, m.w.model.Apply(&other), "D3 immutable")
}

func TestModel_Gapless(t *testing.T) {
	f := func(spoil func(m *made), property string) {
		t.Helper()
		m := newMade(t)
		m.land(1, m.want("a"))
		spoil(m)
		verdict(t, m.w.model.Apply(m.fact(m.want("a"))), property)
	}
	f(func(*made) {}, "")
	f(func(m *made) { m.index++ }, "D3 gapless")
	f(func(m *made) { m.index-- }, "D3 gapless")
	f(func(m *made) { m.next++ }, "D3 gapless")
	f(func(m *made) { m.next-- }, "D3 gapless")
	f(func(m *made) { m.vers["a"]++ }, "D3 gapless")
	f(func(m *made) { m.vers["a"] = 0 }, "D3 gapless")
}

func TestModel_FailedSync(t *testing.T) {
	m := newMade(t)
	m.land(1, m.want("a"))
	m.w.BarrierDone(m.w.box.m, actor.ID{Role: actor.Replica}, errors.New("sync failed"))
	verdict(t, m.w.model.Apply(m.fact(m.want("a"))), "D9")
	m.w.model.begin() // a new life may
	m.index, m.next, m.vers = 0, 0, map[string]event.Version{}
	m.w.model.intents[0].Landed = nil
	verdict(t, m.w.model.Apply(&event.Applied{Index: 1, Term: 1, Kind: uint8(segment.Transaction), Data: m.w.model.buckets[0].entries[0].data}), "")
}

func TestModel_Phantoms(t *testing.T) {
	f := func(spoil func(m *made, in *Intent), property string) {
		t.Helper()
		m := newMade(t)
		in := m.want("a", "b")
		fact := func() *event.Applied {
			copied := *in
			copied.Events = append([]event.New(nil), in.Events...)
			spoil(m, &copied)
			return m.fact(&copied)
		}()
		verdict(t, m.w.model.Apply(fact), property)
	}
	f(func(*made, *Intent) {}, "")
	f(func(_ *made, in *Intent) { in.Events[0].Name = "unheard" }, "phantom")
	f(func(_ *made, in *Intent) { in.Events[0].Name = eventName(7, 0) }, "phantom")
	f(func(_ *made, in *Intent) { in.Events[1].Payload = []byte("q") }, "phantom")
	f(func(_ *made, in *Intent) { in.Events[1].Metadata = []byte("q") }, "phantom")
	f(func(_ *made, in *Intent) { in.Events[1].Stream = "c" }, "phantom")
	f(func(_ *made, in *Intent) { in.Events[1].ID = uuid.New() }, "phantom")
	f(func(_ *made, in *Intent) { in.Events = in.Events[:1] }, "D2 whole")
	f(func(_ *made, in *Intent) { in.Events = append(in.Events, in.Events[1]) }, "D2 whole")
	f(func(_ *made, in *Intent) { in.Partition = 3 }, "routing")

	m := newMade(t)
	in := m.land(1, m.want("a"))
	verdict(t, m.w.model.Apply(m.fact(in)), "D4 once")

	m = newMade(t)
	first := m.land(1, m.want("a"))
	second := m.want("a")
	second.Events[0].ID = first.Events[0].ID
	verdict(t, m.w.model.Apply(m.fact(second)), "D4 once")

	m = newMade(t)
	in = m.want("a")
	op := m.attempt(1, 2, in)
	op.Outcome, op.Reply = NotDone, failure("BUSY later")
	verdict(t, m.w.model.Apply(m.fact(in)), "D4 refused")
}

func TestModel_ExpectedVersion(t *testing.T) {
	f := func(property string, streams ...string) {
		t.Helper()
		m := newMade(t)
		m.land(1, m.want("a"))
		verdict(t, m.w.model.Apply(m.fact(m.want(streams...))), property)
	}
	f("", "a:0")
	f("", "b:empty")
	f("", "b:empty", "b:0")
	f("D4 expected", "a:1")
	f("D4 expected", "a:empty")
	f("D4 expected", "b:empty", "b:empty")
}

func TestCheck_Acknowledged(t *testing.T) {
	m := newMade(t)
	in := m.want("a")
	op := m.attempt(1, 5, in)
	landed := *m.land(3, in)
	verdict(t, m.answer(op, ack(in)), "")

	in.Landed = nil
	verdict(t, m.answer(op, ack(&landed)), "D1 acknowledged")
	in.Landed = landed.Landed

	wrong := ack(in)
	wrong.Elems[7] = number(9)
	verdict(t, m.answer(op, wrong), "replies")
	wrong = ack(in)
	wrong.Elems = wrong.Elems[2:]
	verdict(t, m.answer(op, wrong), "replies")
	op.Proto = resp3.RESP2
	verdict(t, m.answer(op, ack(in)), "replies") // a map where a flat array belongs
}

func TestCheck_OrderOnAConnection(t *testing.T) {
	m := newMade(t)
	first, second := m.want("a"), m.want("a")
	a, b := m.attempt(1, 9, first), m.attempt(2, 9, second)
	m.land(3, second)
	m.land(4, first)
	verdict(t, m.answer(b, ack(second)), "")
	m.cn.order[0] = second.Index + 2 // as if a had been answered before b
	verdict(t, m.answer(a, ack(first)), "S15 order")
}

func TestCheck_WrongVersion(t *testing.T) {
	const told = "WRONGVER current stream version is 1 but expected 0 for partition key ffffffff-ffff-ffff-ffff-ffffffffffff and stream id \"a\""
	m := newMade(t)
	m.land(1, m.want("a"))
	m.land(3, m.want("a"))
	m.land(8, m.want("a"))
	f := func(call, ret uint64, reply, property string) {
		t.Helper()
		verdict(t, m.answer(m.attempt(call, ret, m.want("a:0")), failure(reply)), property)
	}
	f(3, 5, told, "")
	f(2, 4, told, "") // the second event landed in between
	f(1, 2, told, "D4 expected")
	f(8, 9, told, "D4 expected")
	f(1, 2, "WRONGVER current stream version is empty but expected 0 for partition key x", "D4 expected")
	f(3, 5, strings.Replace(told, `"a"`, `"b"`, 1), "D4 expected") // another stream

	g := func(reply string, property string, streams ...string) {
		t.Helper()
		verdict(t, m.answer(m.attempt(3, 5, m.want(streams...)), failure(reply)), property)
	}
	g(told, "", "c", "a:0")
	g(told, "D4 expected", "a:empty", "a:0") // the first fails for ever
	g(told, "D4 expected", "c:0", "a:0")     // and so does this one: nobody was about to append to c
	m.attempt(4, 0, m.want("c"))
	g(told, "", "c:0", "a:0") // now somebody is
	g(told, "D4 expected", "c:1", "a:0")
	g(strings.Replace(told, "version is 1", "version is 2", 1), "", "a", "a:0") // its own event counts

	landed := m.land(10, m.want("b"))
	m.attempt(9, 10, landed)
	verdict(t, m.answer(m.attempt(12, 13, landed), failure(told)), "D4 once")
}

func TestCheck_Conflict(t *testing.T) {
	m := newMade(t)
	first := m.land(1, m.want("a"))
	second := m.want("a")
	op := m.attempt(2, 3, second)
	taken := failure(conflictText(first.Events[0].ID.String()))
	verdict(t, m.answer(op, taken), "D4 once")
	second.Events[0].ID = first.Events[0].ID
	verdict(t, m.answer(op, taken), "")
	verdict(t, m.answer(op, failure(conflictText(uuid.Nil.String()))), "D4 once")
}

func TestCheck_Scans(t *testing.T) {
	m := newMade(t)
	one := m.land(1, m.want("a")).Landed[0]
	two := m.land(4, m.want("a", "b")).Landed
	f := func(call, ret uint64, stream string, reply resp3.Value, property string) {
		t.Helper()
		verdict(t, m.answer(m.scan(call, ret, stream), reply), property)
	}
	f(1, 2, "", page(false, one), "")
	f(4, 5, "", page(false, one, two[0], two[1]), "")
	f(2, 5, "", page(false, one), "")
	f(2, 5, "", page(false, one, two[0], two[1]), "")
	f(2, 5, "b", page(false), "")
	f(2, 5, "b", page(false, two[1]), "")

	f(4, 5, "", page(false, one), "D3")                 // stale
	f(1, 2, "", page(false, one, two[0], two[1]), "D3") // from the future
	f(2, 5, "", page(false, one, two[0]), "D3")         // half a transaction
	f(4, 5, "", page(false, one, two[1], two[0]), "D3") // out of order
	f(4, 5, "", page(false, two[0], two[1]), "D3")      // the first is missing
	f(4, 5, "", page(true, one, two[0], two[1]), "D3")  // promises more
	f(4, 5, "b", page(false), "D3")
	f(4, 5, "", page(true), "D3") // a page of nothing
	f(4, 5, "", simple("OK"), "replies")

	wrong := page(false, one, two[0], two[1])
	wrong.Elems[3].Elems[1].Elems[21] = bulk("other payload")
	f(4, 5, "", wrong, "D3")

	op := m.scan(4, 5, "")
	op.Ask.Limit = 1
	verdict(t, m.answer(op, page(true, one)), "")
	verdict(t, m.answer(op, page(true, one, two[0])), "D3")
	op.Ask.From = 1
	op.Ask.To = 1
	verdict(t, m.answer(op, page(false, two[0])), "")
	verdict(t, m.answer(op, page(true, two[0])), "D3")
}

func TestCheck_ReadsOnAConnection(t *testing.T) {
	m := newMade(t)
	mine := m.want("a")
	a := m.attempt(1, 6, mine)
	m.land(4, mine)
	verdict(t, m.answer(a, ack(mine)), "")
	read := m.scan(2, 7, "") // sent right behind the append
	verdict(t, m.answer(read, page(false)), "D3")
	verdict(t, m.answer(read, page(false, mine.Landed[0])), "")

	m = newMade(t)
	read = m.scan(1, 7, "")
	later := m.want("a")
	m.cn.waiting = []*Op{m.attempt(2, 0, later)}
	m.land(4, later)
	verdict(t, m.answer(read, page(false, later.Landed[0])), "D3")
	verdict(t, m.answer(read, page(false)), "")
}

func TestCheck_LastAndGet(t *testing.T) {
	m := newMade(t)
	in := m.land(2, m.want("a"))
	last := func(call, ret uint64, reply resp3.Value, property string) {
		t.Helper()
		op := m.op(call, ret, "EPSEQ")
		op.Ask = Ask{Kind: event.LastSequence}
		verdict(t, m.answer(op, reply), property)
	}
	null := resp3.Value{Kind: resp3.KindNull}
	last(1, 1, null, "")
	last(1, 3, null, "")
	last(1, 3, number(0), "")
	last(2, 3, number(0), "")
	last(2, 3, null, "D3")
	last(1, 1, number(0), "D3")
	last(2, 3, number(1), "D3")

	get := func(call, ret uint64, id uuid.UUID, reply resp3.Value, property string) {
		t.Helper()
		op := m.op(call, ret, "EGET")
		op.Ask = Ask{Kind: event.GetEvent, ID: id}
		verdict(t, m.answer(op, reply), property)
	}
	known := in.Events[0].ID
	get(1, 1, known, null, "")
	get(2, 3, known, eventMap(in.Landed[0]), "")
	get(2, 3, known, null, "D1")
	get(1, 1, known, eventMap(in.Landed[0]), "D6")
	get(2, 3, uuid.New(), eventMap(in.Landed[0]), "D6")
	wrong := eventMap(in.Landed[0])
	wrong.Elems[11] = number(4)
	get(2, 3, known, wrong, "D3")
}

// Of several events with one id the named partition's comes first, then the
// lowest partition's.
func TestCheck_First(t *testing.T) {
	m := newMade(t)
	m.w.model = newModel(1, 8)
	id := uuid.New()
	named := event.PartitionOf(id, 8)
	low, high := event.PartitionID(0), event.PartitionID(7)
	if named == low {
		low = 1
	}
	if named == high {
		high = 6
	}
	record := func(p event.PartitionID, tick uint64) *Record {
		return &Record{Event: event.Event{ID: id, Partition: p}, Tick: tick, Intent: &Intent{}}
	}
	f := func(shown, other *Record, property string, world func(op *Op)) {
		t.Helper()
		op := m.op(5, 9, "EGET")
		op.Ask = Ask{Kind: event.GetEvent, ID: id}
		world(op)
		m.w.model.byID[id] = []*Record{other, shown}
		verdict(t, m.answer(op, eventMap(shown)), property)
		m.w.box.halt[0] = false
	}
	same := func(*Op) {}
	f(record(low, 2), record(high, 2), "", same)
	f(record(high, 2), record(low, 2), "S14", same)
	f(record(named, 2), record(low, 2), "", same)
	f(record(named, 2), record(high, 2), "", same)
	f(record(low, 2), record(named, 2), "S14", same)
	f(record(high, 2), record(named, 2), "S14", same)
	f(record(high, 2), record(low, 6), "", same) // it came while the node looked
	f(record(high, 2), record(low, 6), "S14", func(op *Op) { op.Conn.floor[0] = 6 })
	m.cn.floor[0] = 0
	halt := func(*Op) { m.w.box.halt[0] = true }
	f(record(high, 2), record(low, 2), "", halt)
	f(record(high, 2), record(low, 2), "S14", func(op *Op) { op.Sure = true; halt(op) })
}

func TestCheck_Errors(t *testing.T) {
	f := func(world func(w *World), reply, property string) {
		t.Helper()
		m := newMade(t)
		world(m.w)
		verdict(t, m.answer(m.attempt(1, 2, m.want("a")), failure(reply)), property)
	}
	calm := func(*World) {}
	for _, reply := range []string{"TIMEOUT x", "BUSY x", "DISKFULL x", "READONLY x", "READERR x", "UNAVAILABLE x", "NOTLEADER x", "DBOPFAILED x",
		"INVALIDARG x", "SYNTAX x", "ERR x", "TOOLARGE x", "WHATEVER x"} {
		f(calm, reply, "I15")
	}
	f(func(w *World) { w.box.halt[0] = true }, "READONLY x", "")
	f(func(w *World) { w.box.halt[0] = true }, "TIMEOUT x", "")
	f(func(w *World) { w.box.stalled, w.k.Timeout = actor.Second, 0 }, "TIMEOUT x", "")
	f(func(w *World) { w.box.stalled, w.k.Timeout = actor.Second, 1 }, "TIMEOUT x", "I15") // before its time
	f(func(w *World) { w.k.QueueBytes = 100 }, "BUSY x", "I15")                            // no other append waits
	f(func(w *World) { w.box.full = true }, "DISKFULL x", "")
	f(func(w *World) { w.box.hurt[0] = true }, "READERR x", "")

	m := newMade(t)
	large := m.want("a")
	large.Events[0].Payload = make([]byte, 5000)
	verdict(t, m.answer(m.attempt(1, 2, large), failure("TOOLARGE x")), "")

	op := m.scan(1, 2, "") // in the last phase nothing excuses an error
	m.w.box.halt[0] = true
	verdict(t, m.answer(op, failure("UNAVAILABLE x")), "")
	op.Sure = true
	verdict(t, m.answer(op, failure("UNAVAILABLE x")), "I15")
}

// TestCheck_Busy refuses an append with BUSY beside another one, which was
// called at tick 10 and answered at 20.
func TestCheck_Busy(t *testing.T) {
	f := func(other func(m *made, op *Op), call, ret uint64, property string) {
		t.Helper()
		m := newMade(t)
		m.w.k.QueueBytes = 100
		first := m.attempt(10, 20, m.want("a"))
		first.Outcome = Done
		other(m, first)
		op := m.attempt(call, ret, m.want("a"))
		op.CallAt = actor.Instant(call) * actor.Second
		m.w.history = []*Op{first, op}
		verdict(t, m.answer(op, failure("BUSY x")), property)
	}
	answered := func(*made, *Op) {}
	f(answered, 15, 30, "")
	f(answered, 20, 30, "")
	f(answered, 21, 30, "I15")
	f(func(m *made, _ *Op) { m.w.box.stalled = 22 * actor.Second }, 21, 30, "")
	f(func(m *made, _ *Op) { m.w.k.QueueBytes = 1 << 20 }, 15, 30, "I15")
	f(func(_ *made, op *Op) { op.Outcome, op.Return = Pending, 0 }, 21, 30, "")
	f(func(_ *made, op *Op) { op.Outcome = NotDone }, 21, 30, "I15")
	f(func(_ *made, op *Op) { op.Intent = nil }, 15, 30, "I15")
	f(func(m *made, op *Op) { op.Conn = m.conn(); op.Conn.life = 7 }, 15, 30, "I15")

	lost := func(_ *made, op *Op) { op.Outcome = Unknown }
	f(lost, 99, 100, "") // it is not known to have left the queue
	landed := func(m *made, op *Op) { op.Outcome = Unknown; m.land(50, op.Intent) }
	f(landed, 50, 100, "")
	f(landed, 51, 100, "I15")
	f(func(m *made, op *Op) { landed(m, op); op.ReturnAt = 50 * actor.Second }, 51, 100, "")
}

func TestCheck_Malformed(t *testing.T) {
	m := newMade(t)
	op := m.op(1, 2, "EGET")
	op.Bad = true
	verdict(t, m.answer(op, failure("SYNTAX x")), "")
	verdict(t, m.answer(op, resp3.Value{Kind: resp3.KindNull}), "D7 malformed")
	verdict(t, m.answer(op, failure("READERR x")), "D7 malformed")
}

func TestCheck_Streams(t *testing.T) {
	f := func(bytes, property string, waiting int) {
		t.Helper()
		m := newMade(t)
		for range waiting {
			op := m.op(0, 0, "PING")
			m.cn.waiting, m.cn.owing = append(m.cn.waiting, op), append(m.cn.owing, op)
		}
		m.cn.emitted([]byte(bytes), 0)
		m.cn.receive([]byte(bytes))
		verdict(t, m.w.found, property)
	}
	f("+PONG\r\n", "", 1)
	f("+PO", "", 1)
	f("+PONG\r\n+PONG\r\n", "replies", 1) // one too many
	f("PONG\r\n", "replies", 1)           // no reply
	f("+OK\r\n", "replies", 1)            // somebody else's

	m := newMade(t)
	m.w.conns[m.cn.id] = m.cn
	m.w.Output(nil, m.cn.id, &actor.Effects{Consumed: 5})
	verdict(t, m.w.found, "S21")
}

func TestCheck_Damage(t *testing.T) {
	m := newMade(t)
	b := m.w.box
	err := errors.New("buckets/00000/0000000001.seg: damaged at offset 100")
	verdict(t, b.judgeDamage(0, err), "D6 no false damage")

	b.wounds = []wound{{name: "buckets/00000/0000000001.seg", bucket: 0, off: 200, is: []byte{1}, was: []byte{2}}}
	b.images[0] = map[string][]byte{}
	at := func(file string, off int64) error {
		return fmt.Errorf("open: %w", &event.DamageError{File: "buckets/00000/" + file, Offset: off, Reason: "x"})
	}
	verdict(t, b.judgeDamage(0, at("0000000001.seg", 0)), "") // the file is missing
	verdict(t, b.judgeDamage(0, at("0000000001.seg", 8)), "D6 damage is named")
	held := map[string][]byte{"buckets/00000/0000000001.seg": make([]byte, 500), "buckets/00000/0000000002.seg": make([]byte, 500), "buckets/00000/raft.state": make([]byte, 500)}
	place := func(file string, off int64) bool {
		var d *event.DamageError
		errors.As(at(file, off), &d)
		return b.explains(&b.wounds[0], d, held)
	}
	for _, bad := range []bool{place("0000000001.seg", 0), place("0000000001.seg", 201), place("0000000001.seg", 501), place("0000000002.seg", 8), place("raft.state", 0)} {
		if bad {
			t.Error("a wound at 200 explains a place that it does not lead to")
		}
	}
	for _, good := range []bool{place("0000000001.seg", 200), place("0000000001.seg", 104), place("0000000002.seg", 0)} {
		if !good {
			t.Error("a wound at 200 does not explain a place that it leads to")
		}
	}
	verdict(t, b.judgeDamage(0, err), "D6 damage is named")
	verdict(t, b.judgeDamage(0, errors.New("something is wrong")), "D6 damage is named")
	verdict(t, sameImage(0, map[string][]byte{"a": {1}}, map[string][]byte{"a": {1}}), "")
	verdict(t, sameImage(0, map[string][]byte{"a": {1}}, map[string][]byte{"a": {2}}), "D6 damage is left alone")
	verdict(t, sameImage(0, map[string][]byte{"a": {1}}, map[string][]byte{"a": {1}, "b": nil}), "D6 damage is left alone")
}

// TestModel_Exemption: damage may cost entries above the highest commit index
// that the disk names, and no other.
func TestModel_Exemption(t *testing.T) {
	f := func(exempt uint64, property string) *made {
		t.Helper()
		m := newMade(t)
		m.land(1, m.want("a"))
		m.land(2, m.want("a"))
		b := m.w.model.buckets[0]
		b.damaged, b.exempt = true, exempt
		m.w.model.begin()
		verdict(t, m.w.model.Apply(&event.Applied{Index: 1, Term: 1, Kind: uint8(segment.Transaction), Data: b.entries[0].data}), "")
		verdict(t, m.w.model.Apply(&event.Applied{Index: 2, Term: 2, Kind: uint8(segment.Empty)}), property)
		return m
	}
	f(2, "D3 immutable")
	m := f(1, "")
	if lost := m.w.model.intents[1]; !lost.Excused || lost.Landed != nil || len(m.w.model.parts[0].records) != 1 {
		t.Errorf("the lost entry is still there: %+v", lost)
	}
}
