package sim

import (
	"slices"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// varied registers a variant of an append that differs by a payload.
func (m *made) varied(in *Intent) *Intent {
	other := &Intent{Key: in.Key, Multi: in.Multi, Events: slices.Clone(in.Events)}
	other.Events[0].Payload = []byte("varied")
	return m.w.model.variantOf(in, other)
}

// TestVariant shows that one of an append and its variants may land, whichever,
// and that the others can only be told so.
func TestVariant(t *testing.T) {
	for _, variantFirst := range []bool{false, true} {
		m := newMade(t)
		in := m.want("a", "b")
		other := m.varied(in)
		if m.varied(in) != other || len(in.Variants) != 1 {
			t.Fatal("a variant that is asked for again is not known")
		}
		first, second := in, other
		if variantFirst {
			first, second = other, in
		}
		op := m.attempt(1, 9, second)
		m.land(3, first)
		verdict(t, m.answer(m.attempt(1, 9, first), ackAll(first)), "")
		verdict(t, m.answer(op, ackAll(first)), "D1 acknowledged")
		verdict(t, m.answer(op, failure(conflictText(in.Events[1].ID.String()))), "")
		verdict(t, m.answer(m.attempt(4, 9, second), wrongVersion("a", "0", "5")), "D4 once")
		fact := m.fact(second)
		verdict(t, m.w.model.Apply(fact), "D4 once")
	}
}

// TestVariant_Linear shows that the second opinion notices by itself when a
// variant is acknowledged that did not land.
func TestVariant_Linear(t *testing.T) {
	s := newTale(t)
	if v, _ := (&Result{world: s.w}).CheckLinear(); v != nil {
		t.Fatalf("a good history is refused: %v", v)
	}
	op := s.attempt(9, 12, s.varied(s.two))
	s.tell(op, failure(conflictText(s.two.Events[0].ID.String())))
	if v, _ := (&Result{world: s.w}).CheckLinear(); v != nil {
		t.Fatalf("a good history is refused: %v", v)
	}
	s.tell(op, ackAll(s.two))
	v, _ := (&Result{world: s.w}).CheckLinear()
	verdict(t, v, "D4 linearizable")
}

// TestVary shows that all kinds of variants are drawn, that each differs from
// its original in what it is asked for, and that few are of no kind.
func TestVary(t *testing.T) {
	m := newMade(t)
	in := m.want("a", "b")
	in.Events[0].GivenTime, in.Events[1].GivenTime = true, true
	g := &Gen{Rand: actor.NewRand(1), w: m.w, k: m.w.k}
	kinds := make(map[string]int)
	for range 1000 {
		other := &Intent{Key: in.Key, Multi: in.Multi, Events: slices.Clone(in.Events)}
		if !g.vary(other, in.N) {
			kinds["none"]++
			continue
		}
		if in.repeats(other) {
			t.Fatalf("%v is no variant of %v", other.Events, in.Events)
		}
		kinds[difference(in, other)]++
	}
	for _, kind := range []string{"payload", "metadata", "timestamp", "order", "more", "fewer"} {
		if kinds[kind] < 30 {
			t.Errorf("of 1,000 variants %d differ by %s: %v", kinds[kind], kind, kinds)
		}
	}
	if len(kinds) != 6 {
		t.Errorf("variants are of other kinds: %v", kinds)
	}
}

func difference(a, b *Intent) string {
	switch {
	case len(b.Events) > len(a.Events):
		return "more"
	case len(b.Events) < len(a.Events):
		return "fewer"
	case a.Events[0].ID != b.Events[0].ID:
		return "order"
	}
	for i := range a.Events {
		switch x, y := a.Events[i], b.Events[i]; {
		case string(x.Payload) != string(y.Payload):
			return "payload"
		case string(x.Metadata) != string(y.Metadata):
			return "metadata"
		case x.Timestamp != y.Timestamp:
			return "timestamp"
		}
	}
	return "nothing"
}

// TestScript_Variants shows that a plan with requests instead of the means to
// draw them tells a retry from a variant, also when the first of them was left
// out.
func TestScript_Variants(t *testing.T) {
	m := newMade(t)
	request := func(payload string) *Intent {
		op := m.w.scripted(&Request{Args: text("EAPPEND", "a", eventName(3, 0), "EVENT_ID", event.KeyOf("id").String(), "PAYLOAD", payload)})
		return op.Intent
	}
	first, second := request("one"), request("two")
	if first == second || request("one") != first || request("two") != second || request("three") == second {
		t.Error("a retry is taken for a variant, or a variant for a retry")
	}
	if m.w.model.intents[3] != first || len(first.Variants) != 2 {
		t.Errorf("append 3 has %d variants, expected 2", len(first.Variants))
	}
}
