package sim

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"sierradb/core/event"
)

// A second opinion on D4: porcupine decides for each partition whether some
// order of all that clients asked explains all that they were answered. It knows
// nothing of the node's log and of the other checkers' reasoning.

// linearBudget bounds the search in one partition, in real time. A verdict
// that is not reached says nothing, and nothing of it goes into the trace.
const linearBudget = 20 * time.Millisecond

// lin is one operation on a partition.
type lin struct {
	kind   event.QueryKind // 0: an append
	events []linEvent      // to append, or of the reply, in order
	unsure bool            // an append whose outcome the client did not learn
	refuse bool            // an append that was refused for its expectations
	first  int             // sequence that the append got

	stream   uint16 // of a read of a stream
	from, to uint64
	limit    int
	more     bool
	last     int // ESVER and EPSEQ: number of events that the reply means
	absent   bool
}

type linEvent struct {
	tag      uint32 // which event it is
	stream   uint16
	version  int
	expected event.Expected
}

// The state is the partition's log: for each event 4 bytes tag and 2 of stream.
const linWidth = 6

func linKey(e linEvent) string {
	var b [linWidth]byte
	binary.BigEndian.PutUint32(b[:], e.tag)
	binary.BigEndian.PutUint16(b[4:], e.stream)
	return string(b[:])
}

func linStream(log string, at int) uint16 {
	return uint16(log[at*linWidth+4])<<8 | uint16(log[at*linWidth+5])
}

func linTag(log string, at int) uint32 {
	return binary.BigEndian.Uint32([]byte(log[at*linWidth : at*linWidth+4]))
}

// linCount is how many events a stream has in a log.
func linCount(log string, stream uint16) int {
	n := 0
	for i := 0; i < len(log)/linWidth; i++ {
		if linStream(log, i) == stream {
			n++
		}
	}
	return n
}

// linModel is a partition as porcupine sees it.
var linModel = porcupine.Model{
	Init:  func() any { return "" },
	Step:  func(state, input, output any) (bool, any) { return linStep(state.(string), input.(*lin)) },
	Equal: func(a, b any) bool { return a.(string) == b.(string) },
	Hash: func(a any) uint64 {
		h := uint64(14695981039346656037) // FNV-1a
		s := a.(string)
		for i := max(0, len(s)-48); i < len(s); i++ {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		return h ^ uint64(len(s))
	},
}

func linStep(log string, op *lin) (bool, any) {
	switch op.kind {
	case 0:
		return linAppend(log, op)
	case event.GetEvent:
		at := strings.Index(log, linKey(op.events[0]))
		for at >= 0 && at%linWidth != 0 { // inside another event's bytes
			next := strings.Index(log[at+1:], linKey(op.events[0]))
			if next < 0 {
				at = -1
				break
			}
			at += 1 + next
		}
		return (at < 0) == op.absent, log
	case event.LastVersion:
		return linCount(log, op.stream) == op.last, log
	case event.LastSequence:
		return len(log)/linWidth == op.last, log
	}
	return linScan(log, op), log
}

func linAppend(log string, op *lin) (bool, any) {
	after, holds, placed := log, true, true
	for i, e := range op.events {
		next := linCount(after, e.stream)
		holds = holds && e.expected.Holds(event.Version(next))
		placed = placed && len(after)/linWidth == op.first+i && next == e.version
		after += linKey(e)
	}
	switch {
	case op.refuse:
		return !holds, log
	case op.unsure && !holds:
		return true, log
	case op.unsure:
		return true, after
	}
	return holds && placed, after
}

func linScan(log string, op *lin) bool {
	seen, index := 0, uint64(0)
	for i := 0; i < len(log)/linWidth; i++ {
		if op.kind == event.ScanStream && linStream(log, i) != op.stream {
			continue
		}
		at := index
		index++
		if at < op.from || at > op.to {
			continue
		}
		if seen == len(op.events) {
			return op.more
		}
		if linTag(log, i) != op.events[seen].tag {
			return false
		}
		seen++
	}
	return seen == len(op.events) && !op.more
}

// linear is the history of one partition.
type linear struct {
	ops     []porcupine.Operation
	streams map[streamName]uint16
	tags    map[string]uint32 // by event name, which is unique
}

func (l *linear) stream(name streamName) uint16 {
	n, ok := l.streams[name]
	if !ok {
		n = uint16(len(l.streams))
		l.streams[name] = n
	}
	return n
}

func (l *linear) tag(name string) uint32 {
	n, ok := l.tags[name]
	if !ok {
		n = uint32(len(l.tags)) + 1
		l.tags[name] = n
	}
	return n
}

// add records an operation. What happens in one tick counts as concurrent.
func (l *linear) add(client int, call, ret uint64, op *lin) {
	end := int64(math.MaxInt64)
	if ret > 0 {
		end = int64(2*ret + 1)
	}
	l.ops = append(l.ops, porcupine.Operation{ClientId: client, Input: op, Call: int64(2 * call), Return: end})
}

// CheckLinear asks porcupine about every partition of a clean run. It is apart
// from Run because it starts goroutines and looks at the clock; a search that it
// gives up may run on for a moment. undecided counts the partitions for which
// the budget was too small.
func (r *Result) CheckLinear() (v *Violation, undecided int) {
	w := r.world
	for p := range w.model.parts {
		l := w.linearOf(event.PartitionID(p))
		if w.model.parts[p].lost || len(l.ops) == 0 {
			continue
		}
		switch porcupine.CheckOperationsTimeout(linModel, l.ops, linearBudget) {
		case porcupine.Illegal:
			return violated("D4 linearizable", "no order of the %d operations on partition %d explains their answers", len(l.ops), p), undecided
		case porcupine.Unknown:
			undecided++
		}
	}
	return nil, undecided
}

// linearOf gathers what clients saw of a partition.
func (w *World) linearOf(p event.PartitionID) *linear {
	l := &linear{streams: make(map[streamName]uint16), tags: make(map[string]uint32)}
	for _, in := range w.model.intents {
		if in.Partition == p {
			l.addAppend(in)
		}
	}
	for _, op := range w.history {
		if op.Bad || op.Outcome != Done || op.Ask.Kind == 0 {
			continue
		}
		if op.Ask.Kind == event.GetEvent {
			l.addGet(w.model, p, op)
		} else if op.Ask.Partition == p {
			l.addRead(op)
		}
	}
	return l
}

func (l *linear) addAppend(in *Intent) {
	op := &lin{unsure: true}
	call, ret := uint64(math.MaxUint64), uint64(0)
	for _, a := range in.Attempts {
		call = min(call, a.Call)
		if a.Outcome == Done && (ret == 0 || a.Return < ret) {
			ret, op.unsure = a.Return, false
		}
		if len(in.Attempts) == 1 && a.code() == "WRONGVER" {
			ret, op.unsure, op.refuse = a.Return, false, true
		}
	}
	if len(in.Attempts) == 0 || in.Landed == nil && !op.refuse {
		return // nobody saw it
	}
	for i := range in.Events {
		ev := &in.Events[i]
		e := linEvent{tag: l.tag(ev.Name), stream: l.stream(streamName{in.Key, ev.Stream}), expected: ev.Expected}
		if in.Landed != nil {
			e.version = int(in.Landed[i].Version)
		}
		op.events = append(op.events, e)
	}
	if in.Landed != nil {
		op.first = int(in.Landed[0].Sequence)
	}
	l.add(in.Attempts[0].Client, call, ret, op)
}

func (l *linear) addGet(m *Model, p event.PartitionID, op *Op) {
	for _, r := range m.byID[op.Ask.ID] {
		if r.Partition != p || len(m.byID[op.Ask.ID]) > 1 {
			continue // an id of two partitions has two answers
		}
		e := linEvent{tag: l.tag(r.Name), stream: l.stream(streamName{r.Key, r.Stream})}
		l.add(op.Client, op.Call, op.Return, &lin{kind: event.GetEvent, events: []linEvent{e}, absent: op.Reply.IsNull()})
	}
}

func (l *linear) addRead(op *Op) {
	a := &op.Ask
	out := &lin{kind: a.Kind, from: a.From, to: a.To, limit: a.Limit}
	if a.Kind == event.ScanStream || a.Kind == event.LastVersion {
		out.stream = l.stream(a.Stream)
	}
	if a.Kind == event.LastVersion || a.Kind == event.LastSequence {
		if !op.Reply.IsNull() {
			out.last = int(op.Reply.Int) + 1
		}
		l.add(op.Client, op.Call, op.Return, out)
		return
	}
	events, _ := op.Reply.Get("events")
	more, _ := op.Reply.Get("has_more")
	out.more, _ = more.Bool()
	for i := range events.Elems {
		name, _ := events.Elems[i].Get("event_name")
		out.events = append(out.events, linEvent{tag: l.tag(name.Text())})
	}
	l.add(op.Client, op.Call, op.Return, out)
}
