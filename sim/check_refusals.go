package sim

import (
	"sierradb/core/event"
)

// A refusal for a wrong version is justified by some state between call and
// return (D4): the event that it names fails there, at the version that it
// tells.

// checkWrongVersion judges WRONGVER.
func (w *World) checkWrongVersion(op *Op) *Violation {
	m, in := w.model, op.Intent
	if in == nil {
		return violated("D4 expected version", "%s is answered %s, but appends nothing", op, op.Reply)
	}
	for i := range in.Events {
		for _, r := range m.byID[in.Events[i].ID] {
			if in.Events[i].GivenID && r.Partition == in.Partition && r.Tick <= op.Call {
				return violated("D4 once", "%s is answered %s, but its event id %s landed before, at entry %d", op, op.Reply, r.ID, r.Index)
			}
		}
	}
	w.judged("D4 expected version")
	records := m.parts[in.Partition].records
	told := op.Reply.Text()
	var seen []string
	for _, n := range states(records, op.interval(m)) {
		for _, text := range m.refusals(op, event.Sequence(n)) {
			if told == text {
				return nil
			}
			seen = append(seen, text)
		}
	}
	return violated("D4 expected version", "%s is answered %s, justified would be %q", op, op.Reply, seen)
}

// refusals is how an append may be refused that meets a partition with so many
// events; none when it is accepted. The first event that fails is the reason.
//
// A later one may be named only behind events that may yet hold. The replica
// checks expectations against the entries that it has proposed, too, and tells
// of a version as soon as the entry that made it is committed: what made an
// earlier event hold may come later, or never. But versions only grow, and only
// by what was asked for before the answer.
func (m *Model) refusals(op *Op, length event.Sequence) (texts []string) {
	in := op.Intent
	own := make(map[string]event.Version) // events of the append itself
	for i := range in.Events {
		ev := &in.Events[i]
		next := m.versionAt(streamName{in.Key, ev.Stream}, length) + own[ev.Stream]
		own[ev.Stream]++
		if ev.Expected.Holds(next) {
			continue
		}
		texts = append(texts, "WRONGVER "+(&event.VersionError{Stream: event.StreamKey{Key: in.Key, ID: ev.Stream}, Next: next, Expected: ev.Expected}).Error())
		if !m.mayYetHold(op, ev, next, length) {
			break
		}
	}
	return texts
}

// mayYetHold says whether an expectation that fails at a version could hold
// with entries that were on their way.
func (m *Model) mayYetHold(op *Op, ev *event.New, next event.Version, length event.Sequence) bool {
	want := event.Version(1)
	switch {
	case ev.Expected.Kind == event.Empty:
		return false
	case ev.Expected.Kind == event.Exact:
		want = ev.Expected.Version + 1
	}
	return next < want && next+m.onTheWay(op, ev.Stream, length) >= want
}

// onTheWay counts the events that others had asked to append to a stream when
// op was answered, and that were not there at a length of the partition.
func (m *Model) onTheWay(op *Op, stream string, length event.Sequence) (n event.Version) {
	for in := range m.asked {
		if in == op.Intent || in.Key != op.Intent.Key || len(in.Attempts) == 0 || in.refused() || in.Attempts[0].Call > op.Return ||
			in.Landed != nil && in.Landed[0].Sequence < length {
			continue
		}
		for i := range in.Events {
			if in.Events[i].Stream == stream {
				n++
			}
		}
	}
	return n
}

// versionAt is the next version of a stream when its partition had so many
// events.
func (m *Model) versionAt(name streamName, length event.Sequence) event.Version {
	s := m.streams[name]
	if s == nil {
		return 0
	}
	n := len(s.records)
	for n > 0 && s.records[n-1].Sequence >= length {
		n--
	}
	return event.Version(n)
}
