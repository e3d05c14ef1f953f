package sim

import (
	"sierradb/core/event"
)

var escanWork = &Workload{
	Name: "ESCAN", Weight: 14,
	Gen: func(g *Gen) *Op {
		name, keyed := g.streamToRead()
		from, to, a, b := g.bounds(g.known(name))
		limit, count := g.limit()
		return g.escan(name, keyed, from, to, limit, a, b, count)
	},
	Bad: func(g *Gen) [][]byte {
		s := g.stream()
		return choose(g.Rand, text("ESCAN"), text("ESCAN", s), text("ESCAN", s, "-"), text("ESCAN", s, "+", "-"), text("ESCAN", s, "-", "-"),
			text("ESCAN", s, "a", "+"), text("ESCAN", s, "0", "-1"), text("ESCAN", s, "-", "+", "COUNT"), text("ESCAN", s, "-", "+", "COUNT", "x"),
			text("ESCAN", s, "-", "+", "COUNT", "1", "COUNT", "1"), text("ESCAN", s, "-", "+", "PARTITION_KEY", "5"), text("ESCAN", "", "-", "+"),
			text("ESCAN", s, "-", "+", "more"))
	},
	Check: (*World).checkScan,
}

// streamToRead draws a stream, often one that has events.
func (g *Gen) streamToRead() (name streamName, keyed bool) {
	name.ID = g.stream()
	name.Key = event.KeyOf(name.ID)
	if g.Chance(1, 2) {
		name.Key, keyed = g.explicitKey(), true
	}
	if m := g.w.model; len(m.intents) > 0 && g.Chance(1, 2) {
		in := m.intents[g.Intn(len(m.intents))]
		name = streamName{in.Key, in.Events[0].Stream}
		keyed = in.Key != event.KeyOf(name.ID)
	}
	return name, keyed
}

// known is how many events a stream has.
func (g *Gen) known(name streamName) int {
	if s := g.w.model.streams[name]; s != nil {
		return len(s.records)
	}
	return 0
}

func (g *Gen) escan(name streamName, keyed bool, from, to uint64, limit int, a, b []byte, count [][]byte) *Op {
	args := append(text(g.mixCase("ESCAN"), name.ID), a, b)
	if keyed {
		args = append(args, []byte("PARTITION_KEY"), []byte(g.uuidText(name.Key)))
	}
	ask := Ask{Kind: event.ScanStream, Partition: event.PartitionOf(name.Key, g.k.Partitions), Stream: name, From: from, To: to, Limit: limit}
	return g.ask("ESCAN", ask, append(args, count...)...)
}
