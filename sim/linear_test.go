package sim

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// tale is a small history that is right, for spoiling.
type tale struct {
	*made
	one, two, lost *Intent
	ackOne, ackTwo *Op
	refused        *Op // of a:0, when the stream is at 1
	refusedMulti   *Op // of b:1 and a:0: the second fails, the first would hold
	conflict       *Op
	early          *Op // a scan of the partition before two is acknowledged
	late, stream   *Op // scans of all
	last, version  *Op
	get, none      *Op
}

func newTale(t *testing.T) *tale {
	m := newMade(t)
	m.w.wholly = true
	s := &tale{made: m, one: m.want("a:empty"), two: m.want("a:0", "b", "b:0"), lost: m.want("c")}
	s.ackOne, s.ackTwo = m.attempt(1, 3, s.one), m.attempt(4, 8, s.two)
	m.attempt(4, 20, s.lost)
	m.land(2, s.one)
	m.land(6, s.two)
	m.land(15, s.lost)
	s.tell(s.ackOne, ack(s.one))
	s.tell(s.ackTwo, ackAll(s.two))
	s.lost.Attempts[0].Outcome = Unknown

	s.refused = m.attempt(9, 10, m.want("a:0"))
	s.tell(s.refused, wrongVersion("a", "1", "0"))
	s.refusedMulti = m.attempt(9, 10, m.want("b:1", "a:0"))
	s.tell(s.refusedMulti, wrongVersion("a", "1", "0"))
	s.conflict = m.attempt(9, 10, m.want("z"))
	s.conflict.Intent.Events[0].ID = s.two.Events[0].ID
	s.tell(s.conflict, failure(conflictText(s.two.Events[0].ID.String())))

	first, second, third := s.one.Landed[0], s.two.Landed, s.lost.Landed[0]
	s.early = s.read(m.scan(5, 7, ""), page(false, first))
	s.late = s.read(m.scan(30, 31, ""), page(false, first, second[0], second[1], second[2], third))
	s.stream = s.read(m.scan(9, 10, "a"), page(false, first, second[0]))
	s.last = s.read(m.op(9, 12, "EPSEQ"), number(3))
	s.last.Ask = Ask{Kind: event.LastSequence}
	s.version = s.read(m.op(9, 12, "ESVER"), number(1))
	s.version.Ask = Ask{Kind: event.LastVersion, Stream: streamName{s.two.Key, "b"}}
	s.get = s.read(m.op(9, 12, "EGET"), eventMap(second[1]))
	s.get.Ask = Ask{Kind: event.GetEvent, ID: s.two.Events[1].ID}
	s.none = s.read(m.op(4, 5, "EGET"), resp3.Value{Kind: resp3.KindNull})
	s.none.Ask = s.get.Ask
	return s
}

// tell answers a request.
func (s *tale) tell(op *Op, reply resp3.Value) {
	op.Reply, op.Outcome = reply, Done
	if reply.IsError() {
		op.Outcome = NotDone
	}
}

func (s *tale) read(op *Op, reply resp3.Value) *Op {
	s.tell(op, reply)
	s.w.history = append(s.w.history, op)
	return op
}

func wrongVersion(stream, current, expected string) resp3.Value {
	return failure("WRONGVER current stream version is " + current + " but expected " + expected +
		" for partition key ffffffff-ffff-ffff-ffff-ffffffffffff and stream id \"" + stream + "\"")
}

// TestCheck_Linear: a right history is explained, and none that is wrong in any
// way.
func TestCheck_Linear(t *testing.T) {
	f := func(what string, spoil func(s *tale), property string) {
		t.Helper()
		s := newTale(t)
		spoil(s)
		v, undecided := s.w.result().CheckLinear()
		if undecided > 0 {
			t.Errorf("%s: porcupine gave up on a history of %d requests", what, len(s.w.history))
		}
		if (v == nil) != (property == "") {
			t.Errorf("%s: the verdict is %v", what, v)
		}
		verdict(t, v, property)
	}
	const bad = "D4 linearizable"
	f("a right history", func(*tale) {}, "")
	f("events that damage cost", func(s *tale) {
		s.w.model.parts[0].lost = true
		s.one.Landed[0].Sequence = 7
		s.tell(s.ackOne, ack(s.one))
	}, "")
	f("the unknown append never landed", func(s *tale) {
		first, second := s.one.Landed[0], s.two.Landed
		s.late.Reply = page(false, first, second[0], second[1], second[2])
	}, "")
	f("a refusal just before the change", func(s *tale) {
		s.tell(s.refused, wrongVersion("a", "empty", "0"))
		s.refused.Call, s.refused.Return = 1, 2
	}, "")

	f("stale scan", func(s *tale) { s.early.Call, s.early.Return = 9, 10 }, bad)
	f("stale scan of a stream", func(s *tale) { s.stream.Reply = page(false) }, bad)
	f("stale length", func(s *tale) { s.last.Reply = number(0) }, bad)
	f("length inside a transaction", func(s *tale) { s.last.Call, s.last.Reply = 2, number(1) }, bad)
	f("stale version", func(s *tale) { s.version.Reply = resp3.Value{Kind: resp3.KindNull} }, bad)
	f("version inside a transaction", func(s *tale) { s.version.Call, s.version.Reply = 2, number(0) }, bad)
	f("version from the future", func(s *tale) { s.version.Call, s.version.Return = 1, 2 }, bad)
	f("acknowledged, then not found", func(s *tale) { s.none.Call, s.none.Return = 9, 10 }, bad)
	f("found before it was asked for", func(s *tale) { s.get.Call, s.get.Return = 1, 2 }, bad)
	f("promises more", func(s *tale) { s.late.Reply.Elems[1].Int = 1 }, bad)
	f("a page ends too early", func(s *tale) { s.stream.Reply = page(false, s.one.Landed[0]) }, bad)
	f("half a transaction", func(s *tale) { s.late.Reply = page(false, s.one.Landed[0], s.two.Landed[0]) }, bad)

	f("lost append", func(s *tale) {
		s.late.Reply = page(false, s.one.Landed[0])
		s.last.Reply = number(0)
		s.stream.Reply = page(false, s.one.Landed[0])
		s.get.Reply = resp3.Value{Kind: resp3.KindNull}
		s.version.Reply = resp3.Value{Kind: resp3.KindNull}
	}, bad)
	f("reordered", func(s *tale) {
		s.late.Reply = page(false, s.one.Landed[0], s.two.Landed[1], s.two.Landed[0], s.two.Landed[2], s.lost.Landed[0])
	}, bad)
	f("reordered against real time", func(s *tale) { s.ackOne.Call, s.ackOne.Return = 21, 22 }, bad)
	f("phantom", func(s *tale) {
		ghost := *s.lost.Landed[0]
		ghost.Name = eventName(99, 0)
		s.late.Reply = page(false, s.one.Landed[0], s.two.Landed[0], s.two.Landed[1], s.two.Landed[2], &ghost)
	}, bad)
	f("another place than acknowledged", func(s *tale) { s.one.Landed[0].Sequence = 7; s.tell(s.ackOne, ack(s.one)) }, bad)
	f("another version than acknowledged", func(s *tale) { s.one.Landed[0].Version = 7; s.tell(s.ackOne, ack(s.one)) }, bad)
	f("applied twice", func(s *tale) {
		again := *s.one.Landed[0]
		again.Sequence, again.Version = 4, 2
		s.late.Reply = page(false, s.one.Landed[0], s.two.Landed[0], s.two.Landed[1], s.two.Landed[2], &again)
	}, bad)
	f("one id twice", func(s *tale) {
		s.lost.Landed[0].ID = s.one.Landed[0].ID
		s.late.Reply = page(false, s.one.Landed[0], s.two.Landed[0], s.two.Landed[1], s.two.Landed[2], s.lost.Landed[0])
	}, bad)
	f("refused and done", func(s *tale) { s.lost.Attempts[0].Outcome = NotDone }, bad)
	f("a broken expectation", func(s *tale) { s.two.Events[0].Expected = event.At(1) }, bad)

	f("a refusal that tells an old version", func(s *tale) { s.tell(s.refused, wrongVersion("a", "0", "0")) }, bad)
	f("a refusal of what holds", func(s *tale) { s.refused.Intent.Events[0].Expected = event.At(1) }, bad)
	f("a refusal too early", func(s *tale) { s.refused.Call, s.refused.Return = 1, 3 }, bad)
	f("a refusal for another stream", func(s *tale) { s.tell(s.refusedMulti, wrongVersion("b", "1", "0")) }, bad)
	f("a refusal that names a later event than the first that fails", func(s *tale) {
		s.refusedMulti.Intent.Events[0].Expected = event.At(0)
	}, bad)
	f("a refusal that skips an event which nobody could make hold", func(s *tale) {
		s.refusedMulti.Intent.Events[0].Expected = event.At(7)
	}, bad)
	f("a refusal after landing", func(s *tale) {
		again := s.attempt(9, 10, s.one)
		s.tell(again, wrongVersion("a", "1", "empty"))
	}, bad)
	f("a conflict with nothing", func(s *tale) {
		s.conflict.Intent.Events[0].ID = s.lost.Events[0].ID
		s.conflict.Return = 10
		s.lost.Attempts[0].Call = 11
	}, bad)
	f("a conflict with itself", func(s *tale) { s.tell(s.ackTwo, failure(conflictText(s.two.Events[0].ID.String()))) }, bad)
}

// TestCheck_LinearAlone asks porcupine itself about histories that were not
// narrowed: it must come to the same verdict.
func TestCheck_LinearAlone(t *testing.T) {
	f := func(spoil func(s *tale), want porcupine.CheckResult) {
		t.Helper()
		s := newTale(t)
		spoil(s)
		parts, v := s.w.linear()
		if v == nil {
			v = parts[0].history()
		}
		if v != nil {
			t.Fatalf("the history does not reach porcupine: %v", v)
		}
		raw := porcupine.CheckOperationsTimeout(linModel, parts[0].operations(), 10*time.Second)
		narrowed := parts[0].tighten()
		if raw != want || (narrowed == nil) != (want == porcupine.Ok) {
			t.Errorf("porcupine says %s, the narrowed history %v, expected %s", raw, narrowed, want)
		}
	}
	f(func(*tale) {}, porcupine.Ok)
	f(func(s *tale) { s.early.Call, s.early.Return = 9, 10 }, porcupine.Illegal)
	f(func(s *tale) { s.ackOne.Call, s.ackOne.Return = 21, 22 }, porcupine.Illegal)
	f(func(s *tale) { s.refused.Call, s.refused.Return = 1, 3 }, porcupine.Illegal)
	f(func(s *tale) { s.last.Call, s.last.Reply = 2, number(1) }, porcupine.Illegal)
	f(func(s *tale) { s.none.Call, s.none.Return = 9, 10 }, porcupine.Illegal)
}
