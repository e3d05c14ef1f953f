package sim

var watchWork = &Workload{
	Name: "WATCH", Weight: 1, Optional: true,
	Gen:   func(g *Gen) *Op { return &Op{Work: work("WATCH"), Args: text(g.mixCase("WATCH"), g.stream())} },
	Bad:   func(g *Gen) [][]byte { return choose(g.Rand, text("WATCH"), null("WATCH", "a")) },
	Check: wantError,
	Fails: func(op *Op) bool { return op.refused("ERR WATCH is not supported; ") },
}
