package sim

import (
	"strconv"

	"sierradb/core/event"
)

var epscanWork = &Workload{
	Name: "EPSCAN", Weight: 10,
	Gen: func(g *Gen) *Op {
		p, selector := g.partition()
		from, to, a, b := g.bounds(len(g.w.model.parts[p].records))
		limit, count := g.limit()
		return g.epscan(p, selector, from, to, limit, a, b, count)
	},
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("EPSCAN"), text("EPSCAN", "0"), text("EPSCAN", "0", "-"), text("EPSCAN", "0", "+", "+"), text("EPSCAN", "0", "-", "-"),
			text("EPSCAN", strconv.Itoa(g.k.Partitions), "-", "+"), text("EPSCAN", "65536", "-", "+"), text("EPSCAN", "x", "-", "+"),
			text("EPSCAN", "0", "-", "+", "COUNT", "-1"), text("EPSCAN", "0", "-", "+", "PARTITION_KEY", g.explicitKey().String()))
	},
	Check: (*World).checkScan,
}

// partition draws a partition and how to name it.
func (g *Gen) partition() (event.PartitionID, string) {
	if g.Chance(1, 3) {
		key := g.explicitKey()
		return event.PartitionOf(key, g.k.Partitions), g.uuidText(key)
	}
	p := event.PartitionID(g.Intn(g.k.Partitions))
	return p, strconv.Itoa(int(p))
}

func (g *Gen) epscan(p event.PartitionID, selector string, from, to uint64, limit int, a, b []byte, count [][]byte) *Op {
	args := append(text(g.mixCase("EPSCAN"), selector), a, b)
	ask := Ask{Kind: event.ScanPartition, Partition: p, From: from, To: to, Limit: limit}
	return g.ask("EPSCAN", ask, append(args, count...)...)
}
