package sim

var pingWork = &Workload{
	Name: "PING", Weight: 2,
	Gen: func(g *Gen) *Op {
		if g.Chance(1, 2) {
			return &Op{Work: work("PING"), Args: text(g.mixCase("PING"))}
		}
		return &Op{Work: work("PING"), Args: append(text("PING"), g.blob(40))}
	},
	Bad: func(g *Gen) [][]byte { return choose(g.Rand, text("PING", "a", "b"), null("PING")) },
	Check: func(_ *World, op *Op) *Violation {
		want := simple("PONG")
		if len(op.Args) > 1 {
			want = bulk(string(op.Args[1]))
		}
		return wantValue(op, "the reply", &op.Reply, want)
	},
}
