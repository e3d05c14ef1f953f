package sim

var echoWork = &Workload{
	Name: "ECHO", Weight: 1, Optional: true,
	Gen: func(g *Gen) *Op { return &Op{Work: work("ECHO"), Args: append(text("ECHO"), g.blob(2000))} },
	Bad: func(g *Gen) [][]byte { return choose(g.Rand, text("ECHO"), text("ECHO", "a", "b"), null("ECHO")) },
	Check: func(_ *World, op *Op) *Violation {
		return wantValue(op, "the reply", &op.Reply, bulk(string(op.Args[1])))
	},
}
