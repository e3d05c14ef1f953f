package sim

import (
	"strconv"

	"sierradb/core/event"
)

var epreadWork = &Workload{
	Name: "EPREAD", Weight: 4,
	Gen: func(g *Gen) *Op {
		p, selector := g.partition()
		op := g.ask("EPREAD", Ask{Kind: event.ScanPartition, Partition: p})
		opts := g.pollOptions(op, len(g.w.model.parts[p].records))
		op.Args = append(text(g.mixCase("EPREAD"), selector), g.shuffled(opts)...)
		return op
	},
	Bad: func(g *Gen) [][]byte {
		return append(text("EPREAD"), choose(g.Rand, nil, text("0"), text("0", "FROM"), text("x", "FROM", "0"), text(strconv.Itoa(g.k.Partitions), "FROM", "0"), text("0", "FROM", "all"),
			text("0", "FROM", "0", "COUNT", "-1"), text("0", "FROM", "0", "BLOCK", "soon"), text("0", "FROM", "0", "PARTITION_KEY", g.explicitKey().String()))...)
	},
	Check: (*World).checkPoll,
}
