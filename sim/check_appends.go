package sim

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"sierradb/core/event"
	"sierradb/core/segment"
)

// An append that was acknowledged is in the log, at the place that the
// acknowledgement names (D1); appends of one connection to one bucket are in
// the order in which they were sent (S15); a refusal is justified by some state
// between call and return (D4).

// checkLanded judges an acknowledgement as far as EAPPEND and EMAPPEND share it.
func (w *World) checkLanded(op *Op) *Violation {
	in, cn := op.Intent, op.Conn
	w.count.Add("appends acknowledged", 1)
	w.count.Add("events acknowledged", uint64(len(in.Events)))
	if in.Landed == nil {
		return violated("D1 acknowledged", "%s is acknowledged before it is visible", in)
	}
	b := w.model.bucketOf(in.Partition)
	if len(in.Attempts) == 1 {
		if in.Index < cn.order[b] {
			return violated("S15 order", "%s landed at entry %d, but an earlier append of its connection at entry %d", in, in.Index, cn.order[b])
		}
		cn.order[b] = in.Index
	} else {
		w.count.Add("retries acknowledged", 1)
	}
	cn.floor[b] = max(cn.floor[b], in.Tick)
	return nil
}

// checkWrongVersion judges WRONGVER: there must be a state in which the append
// fails just so.
func (w *World) checkWrongVersion(op *Op) *Violation {
	m, in := w.model, op.Intent
	if in == nil {
		return violated("D4 expected version", "%s is answered %s, but appends nothing", op, op.Reply)
	}
	if in.Landed != nil && in.Tick <= op.Call && in.Given() {
		return violated("D4 once", "%s is answered %s, but it landed before, at entry %d", op, op.Reply, in.Index)
	}
	records := m.parts[in.Partition].records
	var seen []string
	for _, n := range states(records, op.interval(m)) {
		for _, text := range m.refusals(in, records[:n]) {
			if strings.HasPrefix(op.Reply.Text(), text) {
				return nil
			}
			seen = append(seen, text)
		}
	}
	return violated("D4 expected version", "%s is answered %s, justified would be %q", op, op.Reply, seen)
}

// refusals is how the answers to an append may begin that meets a partition
// with these records; none when it is accepted. Of several expectations that
// fail any may be named: that of an earlier event may have held for a moment,
// with entries that were never committed before the answer.
func (m *Model) refusals(in *Intent, records []*Record) (texts []string) {
	next := make(map[string]event.Version)
	for i := range in.Events {
		ev := &in.Events[i]
		if _, ok := next[ev.Stream]; !ok {
			next[ev.Stream] = m.versionAt(streamName{in.Key, ev.Stream}, event.Sequence(len(records)))
		}
		if !ev.Expected.Holds(next[ev.Stream]) {
			current := "empty"
			if v := next[ev.Stream]; v > 0 {
				current = fmt.Sprint(uint64(v - 1))
			}
			texts = append(texts, fmt.Sprintf("WRONGVER current stream version is %s but expected %s for partition key %s", current, ev.Expected, in.Key))
		}
		next[ev.Stream]++
	}
	return texts
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

// checkConflict judges IDCONFLICT: one of the ids must be in the partition,
// with something else.
func (w *World) checkConflict(op *Op) *Violation {
	m, in := w.model, op.Intent
	if in == nil {
		return violated("D4 once", "%s is answered %s, but appends nothing", op, op.Reply)
	}
	for i := range in.Events {
		if !in.Events[i].GivenID {
			continue
		}
		for _, r := range m.byID[in.Events[i].ID] {
			if r.Partition == in.Partition && r.Intent != in {
				return nil
			}
		}
	}
	return violated("D4 once", "%s is answered %s, but none of its event ids is in partition %d with other content", op, op.Reply, in.Partition)
}

// tooLarge says whether an append may be refused for its size: its frame, with
// the table of a new segment, does not fit or nearly so.
func (w *World) tooLarge(in *Intent) bool {
	t := event.Transaction{ID: uuid.Max, Key: in.Key, Events: in.Events}
	return segment.FrameSize(segment.BodyMax(&t))+segment.HeaderSize+segment.TableSize(w.k.Partitions) > w.k.SegmentSize
}
