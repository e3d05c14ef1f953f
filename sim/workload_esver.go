package sim

import "sierradb/core/event"

var esverWork = &Workload{
	Name: "ESVER", Weight: 8,
	Gen: func(g *Gen) *Op {
		name, keyed := g.streamToRead()
		return g.esver(name, keyed)
	},
	Bad: func(g *Gen) [][]byte {
		s := g.stream()
		return choose(g.Rand, text("ESVER"), text("ESVER", ""), text("ESVER", s, "x"), text("ESVER", s, "PARTITION_KEY"), text("ESVER", s, "PARTITION_KEY", "x"), text("ESVER", "a\x00"))
	},
	Check: (*World).checkLast,
}

func (g *Gen) esver(name streamName, keyed bool) *Op {
	args := text(g.mixCase("ESVER"), name.ID)
	if keyed {
		args = append(args, []byte("PARTITION_KEY"), []byte(g.uuidText(name.Key)))
	}
	return g.ask("ESVER", Ask{Kind: event.LastVersion, Partition: event.PartitionOf(name.Key, g.k.Partitions), Stream: name}, args...)
}
