package sim

import (
	"sierradb/commands/resp3"
	"sierradb/core/event"
)

var eappendWork = &Workload{
	Name: "EAPPEND", Weight: 30,
	Gen: func(g *Gen) *Op {
		if op := g.conflict(); op != nil {
			return op
		}
		if op := g.variant(); op != nil {
			return op
		}
		stream := g.stream()
		key := event.KeyOf(stream)
		if g.Chance(1, 3) {
			key = g.explicitKey()
		}
		in := g.w.model.intend(&Intent{Key: key, Events: []event.New{g.event(key, stream)}})
		in.Events[0].Name = eventName(in.N, 0)
		return g.attempt(in)
	},
	Bad: func(g *Gen) [][]byte {
		s, id := g.stream(), g.freshID(g.explicitKey()).String()
		return choose(g.Rand,
			text("EAPPEND"), text("EAPPEND", s), text("EAPPEND", s, ""), text("EAPPEND", "", "n"), text("EAPPEND", s, "a\x00b"),
			text("EAPPEND", "\xff\xfe", "n"), text("EAPPEND", s, "n", "stray"), text("EAPPEND", s, "n", "EVENT_ID"),
			text("EAPPEND", s, "n", "EVENT_ID", "no-uuid"), text("EAPPEND", s, "n", "EVENT_ID", id, "event_id", id),
			text("EAPPEND", s, "n", "EXPECTED_VERSION", "-1"), text("EAPPEND", s, "n", "EXPECTED_VERSION", "soon"),
			text("EAPPEND", s, "n", "TIMESTAMP", "281474976710656"), text("EAPPEND", s, "n", "TIMESTAMP", "1e3"),
			text("EAPPEND", s, "n", "PARTITION_KEY", "42"), text("EAPPEND", s, "n", "PAYLOAD", "a", "PAYLOAD", "b"),
			text("EAPPEND", s+string(make([]byte, 300)), "n"), null("EAPPEND", s, "n", "PAYLOAD"), text("EAPPEND", s, "n", "COUNT", "1"))
	},
	Check: func(w *World, op *Op) *Violation {
		r := &op.Reply
		in := op.Intent
		if v := w.checkLanded(op); v != nil {
			return v
		}
		rec := in.Landed[0]
		want := []struct {
			key string
			val resp3.Value
		}{
			{"event_id", simple(rec.ID.String())}, {"partition_key", simple(rec.Key.String())},
			{"partition_id", number(uint64(rec.Partition))}, {"partition_sequence", number(uint64(rec.Sequence))},
			{"stream_version", number(uint64(rec.Version))}, {"timestamp", number(uint64(rec.Timestamp))},
		}
		if v := wantMap(op, r, len(want)); v != nil {
			return v
		}
		for _, f := range want {
			if v := wantField(op, r, f.key, f.val); v != nil {
				return v
			}
		}
		return nil
	},
}

// conflict reuses an event id for something else: it must never land beside
// the first. Under a key of another partition it may, and then the id stands in
// both.
func (g *Gen) conflict() *Op {
	m := g.w.model
	if len(m.intents) == 0 || !g.Chance(1, 18) {
		return nil
	}
	other := m.intents[g.Intn(len(m.intents))]
	i := g.Intn(len(other.Events))
	if other.Multi && g.Chance(1, 2) || !other.Events[i].GivenID {
		return nil
	}
	key := other.Key
	switch g.Intn(4) {
	case 0:
		key = g.explicitKey()
	case 1:
		key = event.KeyOf(g.stream())
	}
	in := &Intent{Key: key, Events: []event.New{{Stream: other.Events[i].Stream, ID: other.Events[i].ID, GivenID: true}}}
	for g.Chance(1, 4) { // in a transaction, behind events or before
		in.Multi = true
		in.Events = append(in.Events, g.event(in.Key, g.stream()))
		j := g.Intn(len(in.Events))
		in.Events[0], in.Events[j] = in.Events[j], in.Events[0]
	}
	m.intend(in)
	for i := range in.Events {
		in.Events[i].Name = eventName(in.N, i)
	}
	return g.attempt(in)
}

// attempt makes a request of an intent: the first one, or a retry.
func (g *Gen) attempt(in *Intent) *Op {
	if in.Multi {
		return &Op{Work: work("EMAPPEND"), Intent: in, Args: g.emappendArgs(in)}
	}
	ev := &in.Events[0]
	args := append(text(g.mixCase("EAPPEND"), ev.Stream, ev.Name), g.options(ev)...)
	if in.Key != event.KeyOf(ev.Stream) || g.Chance(1, 20) {
		args = append(args, []byte("PARTITION_KEY"), []byte(g.uuidText(in.Key)))
	}
	return &Op{Work: work("EAPPEND"), Intent: in, Args: args}
}
