package sim

import (
	"sierradb/commands/resp3"
	"sierradb/core/event"
)

var emappendWork = &Workload{
	Name: "EMAPPEND", Weight: 12,
	Gen: func(g *Gen) *Op {
		if op := g.variant(); op != nil {
			return op
		}
		in := &Intent{Key: g.explicitKey(), Multi: true}
		if g.Chance(1, 4) {
			in.Key = event.KeyOf(g.stream()) // streams of a derived key get events of a transaction, too
		}
		seen := make(map[string]int)
		most := choose(g.Rand, 1, 3, 3, 8)
		if g.Chance(1, 60) {
			most = wideMax
		}
		for range 1 + g.Intn(most) {
			stream := g.stream()
			ev := g.event(in.Key, stream)
			if most == wideMax {
				ev.Payload, ev.Metadata, ev.Expected = nil, nil, event.Expected{}
			}
			if n := seen[stream]; n > 0 && ev.Expected.Kind == event.Exact && g.Chance(3, 4) {
				ev.Expected.Version += event.Version(n) // it sees the events before it
			}
			seen[stream]++
			in.Events = append(in.Events, ev)
		}
		g.w.model.intend(in)
		for i := range in.Events {
			in.Events[i].Name = eventName(in.N, i)
		}
		return g.attempt(in)
	},
	Bad: func(g *Gen) [][]byte {
		if g.k.Chunk == 0 && g.k.ArgsMax == 0 && g.Chance(1, 20) {
			return g.tooManyEvents()
		}
		s, key, id := g.stream(), g.explicitKey().String(), g.freshID(g.explicitKey()).String()
		return choose(g.Rand,
			text("EMAPPEND"), text("EMAPPEND", "no-uuid", s, "n"), text("EMAPPEND", key), text("EMAPPEND", key, s),
			text("EMAPPEND", key, s, "n", s), text("EMAPPEND", key, s, "n", s, ""), text("EMAPPEND", key, "", "n"),
			text("EMAPPEND", key, s, "n", "EXPECTED_VERSION", "bogus"), text("EMAPPEND", key, s, "n", "EXPECTED_VERSION", "bogus", s, "n"),
			text("EMAPPEND", key, s, "n", "EVENT_ID", id, s, "n", "EVENT_ID", id), text("EMAPPEND", key, s, "n", "PARTITION_KEY", key),
			text("EMAPPEND", key, s, "n", "PAYLOAD", "a", "payload", "b"), text("EMAPPEND", key, s, "n", "TIMESTAMP", "-1"))
	},
	Check: func(w *World, op *Op) *Violation {
		r := &op.Reply
		if v := w.checkLanded(op); v != nil {
			return v
		}
		recs := op.Intent.Landed
		first, last := recs[0], recs[len(recs)-1]
		want := []struct {
			key string
			val resp3.Value
		}{
			{"partition_key", simple(first.Key.String())}, {"partition_id", number(uint64(first.Partition))},
			{"first_partition_sequence", number(uint64(first.Sequence))}, {"last_partition_sequence", number(uint64(last.Sequence))},
		}
		if v := wantMap(op, r, len(want)+1); v != nil {
			return v
		}
		for _, f := range want {
			if v := wantField(op, r, f.key, f.val); v != nil {
				return v
			}
		}
		events, _ := r.Get("events")
		if events.Kind != resp3.KindArray || len(events.Elems) != len(recs) {
			return violated("replies", "%s is answered with %d events, expected %d", op, len(events.Elems), len(recs))
		}
		for i, rec := range recs {
			el := &events.Elems[i]
			for _, f := range []struct {
				key string
				val resp3.Value
			}{
				{"event_id", simple(rec.ID.String())}, {"stream_id", bulk(rec.Stream)},
				{"stream_version", number(uint64(rec.Version))}, {"timestamp", number(uint64(rec.Timestamp))},
			} {
				if v := wantField(op, el, f.key, f.val); v != nil {
					return v
				}
			}
		}
		return nil
	},
}

func (g *Gen) emappendArgs(in *Intent) [][]byte {
	args := text(g.mixCase("EMAPPEND"), g.uuidText(in.Key))
	for i := range in.Events {
		ev := &in.Events[i]
		args = append(args, []byte(ev.Stream), []byte(ev.Name))
		args = append(args, g.options(ev)...)
	}
	return args
}

// wideMax is the size of the widest transactions that should succeed.
const wideMax = 150

// tooManyEvents makes a transaction of one event more than any may have. Its
// words share their memory.
func (g *Gen) tooManyEvents() [][]byte {
	args := text("EMAPPEND", g.explicitKey().String())
	word := []byte("w")
	for range 2 * (event.EventsMax + 1) {
		args = append(args, word)
	}
	return args
}
