package sim

import (
	"strconv"

	"sierradb/core/event"
)

var epseqWork = &Workload{
	Name: "EPSEQ", Weight: 6,
	Gen: func(g *Gen) *Op {
		p, selector := g.partition()
		return g.epseq(p, selector)
	},
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("EPSEQ"), text("EPSEQ", "x"), text("EPSEQ", "0", "0"), text("EPSEQ", strconv.Itoa(g.k.Partitions+7)), text("EPSEQ", "99999999999999999999"))
	},
	Check: (*World).checkLast,
}

func (g *Gen) epseq(p event.PartitionID, selector string) *Op {
	return g.ask("EPSEQ", Ask{Kind: event.LastSequence, Partition: p}, text(g.mixCase("EPSEQ"), selector)...)
}
