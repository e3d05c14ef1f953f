package sim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"sierradb/core/event"
)

// A second opinion on D4: porcupine decides for each partition whether some
// order of all that clients asked explains all that they were answered. Of the
// node's log it knows only which variant of an append landed.
//
// Appends return their position and the last phase reads everything back, so
// what clients saw tells the order of a partition (the idea of Elle: recover the
// order from what is read instead of searching for it; Kingsbury and Alvaro,
// VLDB 2020). Then the state of a partition is one number, its length: an append
// takes it from its place to behind its last event, and every other answer holds
// at certain lengths, which are computed before porcupine is asked.

// linearBudget bounds the search in one partition, in real time. A verdict
// that is not reached says nothing, and nothing of it goes into the trace.
const linearBudget = time.Second

// lin is one operation on a partition: an append that landed, or an answer that
// holds at some lengths.
type lin struct {
	client        int
	call, ret     uint64 // ticks; an append whose answer was lost returns never
	first, events int    // of an append: where it landed, and how many
	holds         []lengths
}

// never is the tick of a return that did not come.
const never = math.MaxUint64 / 8

// linModel is a partition as porcupine sees it.
var linModel = porcupine.Model{
	Init:  func() any { return 0 },
	Step:  func(state, input, _ any) (bool, any) { return linStep(state.(int), input.(*lin)) },
	Equal: func(a, b any) bool { return a.(int) == b.(int) },
	Hash:  func(a any) uint64 { return uint64(a.(int)) },
}

func (op *lin) String() string {
	if op.events > 0 {
		return fmt.Sprintf("an append of client %d at sequence %d", op.client, op.first)
	}
	return fmt.Sprintf("an answer to client %d that holds at lengths %v", op.client, op.holds)
}

func linStep(length int, op *lin) (bool, any) {
	if op.events > 0 {
		return length == op.first, length + op.events
	}
	for _, l := range op.holds {
		if l.lo <= length && length <= l.hi {
			return true, length
		}
	}
	return false, length
}

// linear is the history of one partition.
type linear struct {
	*sightings
	ops     []*lin
	intents []*Intent // of the partition
	reads   []*Op     // that say something of the partition
}

// operations are the history as porcupine takes it. What happens in one tick
// counts as concurrent; the other answers of a tick stand before its appends,
// so that they are tried first.
func (l *linear) operations() (ops []porcupine.Operation) {
	for _, op := range l.ops {
		call := 4 * op.call
		if op.events > 0 {
			call++
		}
		ops = append(ops, porcupine.Operation{ClientId: op.client, Input: op, Call: int64(call), Return: int64(4*op.ret + 3)})
	}
	return ops
}

// CheckLinear asks porcupine about every partition of a clean run. It is apart
// from Run because it starts goroutines and looks at the clock; a search that it
// gives up may run on for a moment. undecided counts the partitions for which
// the budget was too small.
func (r *Result) CheckLinear() (v *Violation, undecided int) {
	w := r.world
	if w.off["D4 linearizable"] {
		return nil, 0
	}
	parts, v := w.linear()
	for p, l := range parts {
		switch {
		case v != nil:
			return v, undecided
		case l.lost || !w.wholly:
			// Events are gone that were seen, or nobody read everything back: what was
			// not seen may have been there.
			w.count.Add("partitions that porcupine can't judge", 1)
			continue
		}
		if v = l.history(); v == nil {
			v = l.tighten()
		}
		if v != nil {
			return v, undecided
		}
		w.judged("D4 linearizable")
		switch porcupine.CheckOperationsTimeout(linModel, l.operations(), linearBudget) {
		case porcupine.Illegal:
			return unlinear("no order of the %d operations on partition %d explains their answers", len(l.ops), p), undecided
		case porcupine.Unknown:
			undecided++
		}
	}
	return nil, undecided
}

// linear gathers what clients saw, by partition.
func (w *World) linear() ([]*linear, *Violation) {
	var parts []*linear
	for p := range w.k.Partitions {
		l := &linear{sightings: newSightings(event.PartitionID(p), w.model.intents)}
		l.lost = w.model.parts[p].lost
		parts = append(parts, l)
	}
	for in := range w.model.asked {
		if len(in.Attempts) == 0 {
			continue
		}
		l := parts[in.Partition]
		l.intents = append(l.intents, in)
		for _, a := range in.Attempts {
			if a.Outcome != Done {
				continue
			}
			if v := l.seeAck(a); v != nil {
				return parts, v
			}
		}
	}
	for _, op := range w.history {
		if op.Bad || op.Outcome != Done || op.Ask.Kind == 0 {
			continue
		}
		if v := gatherRead(parts, op); v != nil {
			return parts, v
		}
	}
	return parts, nil
}

// gatherRead hands a read to the partitions that it tells something of.
func gatherRead(parts []*linear, op *Op) *Violation {
	switch {
	case op.Ask.Kind != event.GetEvent:
		l := parts[op.Ask.Partition]
		l.reads = append(l.reads, op)
		for _, e := range fieldList(&op.Reply, "events") {
			if v := l.seeEvent(op, &e); v != nil {
				return v
			}
		}
	case op.Reply.IsNull():
		for _, l := range parts {
			l.reads = append(l.reads, op)
		}
	default:
		p := field64(&op.Reply, "partition_id")
		if p >= uint64(len(parts)) {
			return unlinear("%s shows an event of partition %d of %d", op, p, len(parts))
		}
		parts[p].reads = append(parts[p].reads, op)
		return parts[p].seeEvent(op, &op.Reply)
	}
	return nil
}

// history makes the operations that porcupine is asked about.
func (l *linear) history() *Violation {
	if v := l.order(); v != nil {
		return v
	}
	for _, in := range l.intents {
		l.addLanding(in)
		for _, a := range in.Attempts {
			switch a.code() {
			case "WRONGVER":
				l.answer(a, l.refusing(in, a)...)
			case "IDCONFLICT":
				l.answer(a, l.conflicting(in, a)...)
			}
		}
	}
	for _, op := range l.reads {
		if holds, v := l.reading(op); v != nil {
			return v
		} else if holds != l.always() {
			l.answer(op, holds)
		}
	}
	return nil
}

// addLanding records an append that was seen, however its attempts were
// answered: one of them did it, before the first that was acknowledged
// returned. One that nobody saw landed never.
func (l *linear) addLanding(in *Intent) {
	first, landed := l.first(in)
	if !landed {
		return
	}
	op := &lin{call: never, ret: never, first: first, events: len(in.Events)}
	for _, a := range in.Attempts {
		if a.Outcome == NotDone {
			continue
		}
		if a.Call < op.call {
			op.call, op.client = a.Call, a.Client
		}
		if a.Outcome == Done {
			op.ret = min(op.ret, a.Return)
		}
	}
	l.ops = append(l.ops, op)
}

// answer records an answer that changes nothing.
func (l *linear) answer(op *Op, holds ...lengths) {
	l.ops = append(l.ops, &lin{client: op.Client, call: op.Call, ret: op.Return, holds: holds})
}

// refusing returns the lengths at which WRONGVER is the right answer: the event
// that it names fails there at the version it tells, no earlier event is sure to
// fail, and the append has not landed.
func (l *linear) refusing(in *Intent, a *Op) (holds []lengths) {
	told, ok := toldVersion(a.Reply.Text())
	if !ok {
		return nil
	}
	open := l.always()
	if first, landed := l.first(in); landed {
		open.hi = min(open.hi, first)
	}
	before := make(map[string]uint64) // events of the transaction in a stream
	for i := range in.Events {
		ev := &in.Events[i]
		n := before[ev.Stream]
		sequences := l.streams[streamName{in.Key, ev.Stream}]
		next := event.Version(told)
		if text := refusalText(in.Key, ev, next); a.Reply.Text() == text && !ev.Expected.Holds(next) && told >= n {
			holds = append(holds, open.and(l.counting(sequences, told-n)))
		}
		open = open.and(l.mayHold(in, ev, n, a))
		before[ev.Stream]++
	}
	return holds
}

// mayHold returns the lengths at which an expectation holds or may hold soon:
// the node checks it against entries that are on their way, too, and answers a
// later event's failure before they are there. They only add events, and they
// were asked for before the answer. n events of the transaction itself come
// before it in the stream.
func (l *linear) mayHold(in *Intent, ev *event.New, n uint64, a *Op) lengths {
	var count uint64 // of events that the stream must have
	switch x := ev.Expected; {
	case x.Kind == event.Any || x.Kind == event.Exists && n > 0:
		return l.always()
	case x.Kind == event.Empty && n > 0 || x.Kind == event.Exact && uint64(x.Version)+1 < n:
		return nowhere
	case x.Kind == event.Exists:
		if l.onTheWay(in, ev.Stream, a.Return) == 0 {
			return nowhere
		}
		return l.always()
	case x.Kind == event.Exact:
		count = uint64(x.Version) + 1 - n
	}
	if l.onTheWay(in, ev.Stream, a.Return) < count {
		return nowhere
	}
	return l.atMost(l.streams[streamName{in.Key, ev.Stream}], count)
}

// onTheWay counts the events that others asked to append to a stream of in's
// key before a moment.
func (l *linear) onTheWay(in *Intent, stream string, until uint64) (n uint64) {
	for _, other := range l.intents {
		if other == in || other.Key != in.Key || len(other.Attempts) == 0 || other.refused() || other.Attempts[0].Call > until {
			continue
		}
		for i := range other.Events {
			if other.Events[i].Stream == stream {
				n++
			}
		}
	}
	return n
}

// toldVersion reads from a WRONGVER how many events the stream has.
func toldVersion(text string) (events uint64, ok bool) {
	text, ok = strings.CutPrefix(text, "WRONGVER current stream version is ")
	version, _, found := strings.Cut(text, " ")
	if version == "empty" {
		return 0, ok
	}
	n, err := strconv.ParseUint(version, 10, 63)
	return n + 1, ok && found && err == nil
}

// refusalText is what a refusal says for which one event is the reason.
func refusalText(key uuid.UUID, ev *event.New, next event.Version) string {
	current := "empty"
	if next > 0 {
		current = strconv.FormatUint(uint64(next-1), 10)
	}
	return "WRONGVER current stream version is " + current + " but expected " + ev.Expected.String() +
		" for partition key " + key.String() + " and stream id " + strconv.Quote(ev.Stream)
}

// conflicting returns the lengths at which IDCONFLICT is the right answer: the
// id that it names is taken by another append.
func (l *linear) conflicting(in *Intent, a *Op) (holds []lengths) {
	for i := range in.Events {
		id := in.Events[i].ID.String()
		if e := l.byID[id]; in.Events[i].GivenID && e != nil && e.intent != in && a.Reply.Text() == conflictText(id) {
			holds = append(holds, lengths{int(e.sequence) + 1, l.length})
		}
	}
	return holds
}

// reading returns the lengths at which a read may see what it saw.
func (l *linear) reading(op *Op) (lengths, *Violation) {
	a, r := &op.Ask, &op.Reply
	sequences := l.whole
	if a.Kind == event.ScanStream || a.Kind == event.LastVersion {
		sequences = l.streams[a.Stream]
	}
	switch {
	case a.Kind == event.GetEvent && !r.IsNull():
		return l.atLeast(l.whole, uint64(l.byID[fieldText(r, "event_id")].sequence)+1), nil
	case a.Kind == event.GetEvent:
		if e := l.byID[uuid.UUID(a.ID).String()]; e != nil {
			return l.atMost(l.whole, e.sequence), nil
		}
		return l.always(), nil
	case a.Kind == event.LastVersion || a.Kind == event.LastSequence:
		if r.IsNull() {
			return l.counting(sequences, 0), nil
		}
		return l.counting(sequences, uint64(r.Int)+1), nil
	}
	events := fieldList(r, "events")
	for i := range events {
		if v := l.inPlace(op, fieldText(&events[i], "event_name"), a.From+uint64(i)); v != nil {
			return nowhere, v
		}
	}
	return l.paging(op, sequences, uint64(len(events))), nil
}

// inPlace demands that the event of a page is the one with that number.
func (l *linear) inPlace(op *Op, name string, number uint64) *Violation {
	e := l.byName[name]
	if op.Ask.Kind == event.ScanPartition && e.sequence == number {
		return nil
	}
	if op.Ask.Kind == event.ScanStream && e.version == number && op.Ask.Stream == (streamName{e.intent.Key, e.intent.Events[e.item].Stream}) {
		return nil
	}
	return unlinear("%s shows %s as event %d, it is at sequence %d, version %d", op, name, number, e.sequence, e.version)
}

// paging returns the lengths at which a page of n events is the right one.
func (l *linear) paging(op *Op, sequences []int, n uint64) lengths {
	a := &op.Ask
	value, _ := op.Reply.Get("has_more")
	more, _ := value.Bool()
	end := a.From + n // number of the event behind the page
	switch {
	case more && end > a.To || n > uint64(a.Limit):
		return nowhere
	case more:
		return l.atLeast(sequences, end+1)
	case n == 0 && a.From > a.To:
		return l.always()
	case n == 0:
		return l.atMost(sequences, a.From)
	case end > a.To:
		return l.atLeast(sequences, end)
	}
	return l.counting(sequences, end)
}
