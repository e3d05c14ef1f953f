package sim

import (
	"bytes"
	"slices"

	"sierradb/core/event"
)

// A variant is an append with the event ids and names of another that differs
// from it in one thing. It is no retry: of an append and its variants one may
// land.

// variant sends an append once more, the same but for one thing. Often the
// other one is still under way.
func (g *Gen) variant() *Op {
	m := g.w.model
	if len(m.intents) == 0 || !g.Chance(1, 18) {
		return nil
	}
	near := len(m.intents)
	if g.Chance(1, 2) {
		near = min(near, 4)
	}
	of := m.intents[len(m.intents)-1-g.Intn(near)]
	if !of.Given() {
		return nil
	}
	in := &Intent{Key: of.Key, Multi: of.Multi, Events: slices.Clone(of.Events)}
	if !g.vary(in, of.N) {
		return nil
	}
	g.w.count.Add("appends varied", 1)
	return g.attempt(m.variantOf(of, in))
}

// vary changes one thing of append n, if it can.
func (g *Gen) vary(in *Intent, n int) bool {
	i := g.Intn(len(in.Events))
	ev := &in.Events[i]
	last := len(in.Events) - 1
	switch g.Intn(6) {
	case 0:
		ev.Payload = g.other(ev.Payload)
	case 1, 2:
		ev.Metadata = g.other(ev.Metadata)
	case 3:
		if !ev.GivenTime {
			return false // one without a time repeats whatever time the first one got
		}
		ev.Timestamp ^= 1
	case 4:
		if last == 0 {
			return false
		}
		j := (i + g.Range(1, last)) % (last + 1)
		in.Events[i], in.Events[j] = in.Events[j], in.Events[i]
	default:
		switch {
		case !in.Multi:
			return false
		case last > 0 && g.Chance(1, 2):
			in.Events = in.Events[:last]
		default:
			more := event.New{Stream: ev.Stream, Name: eventName(n, last+1), ID: g.freshID(in.Key), GivenID: true}
			in.Events = append(in.Events, more)
		}
	}
	return true
}

// other returns bytes that differ in one, or in one more.
func (g *Gen) other(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) == 0 || g.Chance(1, 2) {
		return append(b, byte(g.Intn(256)))
	}
	b[g.Intn(len(b))] ^= 1 << g.Intn(8)
	return b
}

// variantOf registers an append that has the names of another, and returns the
// one that was there before when it has the same content: then it is a retry.
func (m *Model) variantOf(of, in *Intent) *Intent {
	for known := range of.each {
		if known.repeats(in) {
			return known
		}
	}
	in.N, in.Partition, in.variant = of.N, of.Partition, len(of.Variants)+1
	of.Variants = append(of.Variants, in)
	return in
}

// repeats says whether two appends ask for the same, whatever they expect.
func (in *Intent) repeats(other *Intent) bool {
	return in.Key == other.Key && in.Multi == other.Multi && slices.EqualFunc(in.Events, other.Events, func(a, b event.New) bool {
		return a.Stream == b.Stream && a.Name == b.Name && a.ID == b.ID && a.GivenID == b.GivenID &&
			a.Timestamp == b.Timestamp && a.GivenTime == b.GivenTime &&
			bytes.Equal(a.Payload, b.Payload) && bytes.Equal(a.Metadata, b.Metadata)
	})
}

// landed is the variant of an append that is in the log, or the append itself.
func (in *Intent) landed() *Intent {
	for known := range in.each {
		if known.Landed != nil {
			return known
		}
	}
	return in
}

// each is an append and its variants.
func (in *Intent) each(yield func(*Intent) bool) {
	if !yield(in) {
		return
	}
	for _, v := range in.Variants {
		if !yield(v) {
			return
		}
	}
}

// asked is all that clients asked to append.
func (m *Model) asked(yield func(*Intent) bool) {
	for _, in := range m.intents {
		for v := range in.each {
			if !yield(v) {
				return
			}
		}
	}
}
