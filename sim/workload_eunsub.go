package sim

var eunsubWork = &Workload{
	Name: "EUNSUB", Weight: 2,
	Gen: func(g *Gen) *Op {
		sub := g.someSubscription()
		if sub == nil {
			return &Op{Work: work("EUNSUB"), Args: text("EUNSUB", g.uuidText(g.freshID(g.explicitKey())))}
		}
		op := &Op{Work: work("EUNSUB"), Args: text(g.mixCase("EUNSUB"), g.uuidOf(sub.id))}
		if sub.cn == g.c.conn {
			op.Acks = sub
		}
		return op
	},
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("EUNSUB"), text("EUNSUB", "all"), text("EUNSUB", ""), text("EUNSUB", g.freshID(g.explicitKey()).String(), "more"))
	},
	Check: wantOK,
	Fails: (*Op).meansNone,
}
