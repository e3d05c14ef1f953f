package sim

import (
	"slices"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// A read shows the log as it was at one moment between call and return (D3,
// D4), whole transactions only (D2), nothing that is not in the log (D6); and on
// one connection all that was acknowledged before it and nothing that was sent
// after it (S15).

// interval is the moments at which a request may have looked at the log: after
// all ticks up to from and all entries up to entry, before tick to.
type interval struct{ from, to, entry uint64 }

// interval returns the moments of a read or of an append's decision. A read
// looks at what is visible when the earlier appends of its connection were
// answered. An append is decided right behind the earlier ones in the log,
// long before they are visible together with what came after them.
func (op *Op) interval(m *Model) interval {
	iv := interval{from: op.Call, to: op.Return + 1}
	if op.Intent != nil {
		iv.entry = op.Conn.order[m.bucketOf(op.Intent.Partition)]
		return iv
	}
	for b, tick := range op.Conn.floor {
		if op.concerns(m, b) {
			iv.from = max(iv.from, tick)
		}
	}
	for _, later := range op.Conn.waiting {
		in := later.Intent
		if in == nil || later.Bad || in.Landed == nil || len(in.Attempts) > 1 || !op.concerns(m, m.bucketOf(in.Partition)) {
			continue
		}
		iv.to = min(iv.to, in.Tick)
	}
	return iv
}

// states returns the lengths that a list of records had in an interval: at
// least one, ascending, each at the end of a transaction.
func states(records []*Record, iv interval) []int {
	before := func(tick uint64) int {
		n, _ := slices.BinarySearchFunc(records, tick, func(r *Record, t uint64) int {
			if r.Tick < t {
				return -1
			}
			return 1
		})
		return n
	}
	lo, hi := before(iv.from+1), before(iv.to)
	for lo < len(records) && records[lo].Index <= iv.entry {
		lo++
	}
	out := []int{lo}
	for n := lo + 1; n <= hi; n++ {
		if n == len(records) || records[n].Index != records[n-1].Index {
			out = append(out, n)
		}
	}
	return out
}

// selected returns the records that a scan or a last-question chooses from.
func (m *Model) selected(a *Ask) []*Record {
	switch a.Kind {
	case event.ScanPartition, event.LastSequence:
		return m.parts[a.Partition].records
	}
	if s := m.streams[a.Stream]; s != nil {
		return s.records
	}
	return nil
}

// checkLast judges ESVER and EPSEQ.
func (w *World) checkLast(op *Op) *Violation {
	iv := op.interval(w.model)
	lengths := states(w.model.selected(&op.Ask), iv)
	w.judged("D3 reads")
	last, some := isInt(&op.Reply)
	for _, n := range lengths {
		if some && n > 0 && last == uint64(n-1) || n == 0 && wantNull(op, &op.Reply) {
			return nil
		}
	}
	return violated("D3 reads", "%s is answered %s, but between call and return there were %v events", op, &op.Reply, lengths)
}

// checkScan judges ESCAN and EPSCAN.
func (w *World) checkScan(op *Op) *Violation {
	if v := wantMap(op, &op.Reply, 2); v != nil {
		return v
	}
	more, ok := op.Reply.Get("has_more")
	yes, isBool := more.Bool()
	if !ok || !isBool || (op.Proto == resp3.RESP3) != (more.Kind == resp3.KindBool) {
		return violated("replies", "%s has has_more %s", op, more)
	}
	events, ok := op.Reply.Get("events")
	if !ok || events.Kind != resp3.KindArray || events.IsNull() {
		return violated("replies", "%s has events %s", op, shorten(events.String()))
	}
	w.count.Add("events read", uint64(len(events.Elems)))
	w.judged("D3 reads")
	records := w.model.selected(&op.Ask)
	var last *Violation
	for _, n := range states(records, op.interval(w.model)) {
		if last = op.matches(inRange(records[:n], op.Ask.From, op.Ask.To), events.Elems, yes); last == nil {
			return nil
		}
	}
	return last
}

// inRange returns the records numbered from to to.
func inRange(records []*Record, from, to uint64) []*Record {
	n := uint64(len(records))
	if from >= n || from > to {
		return nil
	}
	return records[from:min(to+1, n)]
}

// matches compares a page with the records that stood in its range. A page may
// be cut short of its count by bytes, but then it says that there is more.
func (op *Op) matches(want []*Record, got []resp3.Value, more bool) *Violation {
	switch {
	case len(got) > op.Ask.Limit || len(got) > len(want):
		return violated("D3 reads", "%s returns %d events, COUNT is %d and there were %d: the last is %s", op, len(got), op.Ask.Limit, len(want), shorten(got[len(got)-1].String()))
	case more != (len(got) < len(want)):
		return violated("D3 reads", "%s returns %d events and has_more %v, there were %d", op, len(got), more, len(want))
	case len(got) < min(op.Ask.Limit, len(want)) && len(got) == 0:
		return violated("D3 reads", "%s returns no event, there were %d", op, len(want))
	}
	for i := range got {
		if v := wantEvent(op, &got[i], want[i]); v != nil {
			v.Property = "D3 reads"
			return v
		}
	}
	return nil
}

// checkGet judges EGET.
func (w *World) checkGet(op *Op) *Violation {
	m := w.model
	iv := op.interval(m)
	records := m.byID[uuid.UUID(op.Ask.ID)]
	if wantNull(op, &op.Reply) {
		w.judged("D1 reads")
		for _, r := range records {
			if r.Tick <= op.Call || r.Tick <= op.Conn.floor[m.bucketOf(r.Partition)] {
				return violated("D1 reads", "%s finds nothing, but the event is in partition %d at sequence %d: %s", op, r.Partition, r.Sequence, r.Intent)
			}
		}
		return nil
	}
	w.judged("D6 reads")
	last := violated("D6 reads", "%s is answered %s, but nothing with that id was ever visible", op, shorten(op.Reply.String()))
	for _, r := range records {
		if r.Tick >= iv.to {
			continue
		}
		if last = wantEvent(op, &op.Reply, r); last == nil {
			return w.checkFirst(op, records, r)
		}
		last.Property = "D3 reads"
	}
	return last
}

// checkFirst judges which of several events with one id EGET shows (S14): that
// of the partition that the id names, else that of the lowest partition. One
// that was surely there is passed over only when its bucket may not have been
// able to answer.
func (w *World) checkFirst(op *Op, records []*Record, shown *Record) *Violation {
	if len(records) == 1 || !op.Sure && !op.Second && (w.excuse(op, "UNAVAILABLE") || w.excuse(op, "READERR")) {
		return nil
	}
	m := w.model
	named := event.PartitionOf(uuid.UUID(op.Ask.ID), m.partitions)
	w.judged("S14 first")
	for _, r := range records {
		there := r.Tick <= op.Call || r.Tick <= op.Conn.floor[m.bucketOf(r.Partition)]
		if there && shown.Partition != named && (r.Partition == named || r.Partition < shown.Partition) {
			return violated("S14 first", "%s shows the event of partition %d, but one with that id was in partition %d before (the id names partition %d): %s",
				op, shown.Partition, r.Partition, named, r.Intent)
		}
	}
	return nil
}
