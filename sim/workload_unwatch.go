package sim

var unwatchWork = &Workload{
	Name: "UNWATCH", Weight: 1, Optional: true,
	Gen:   func(g *Gen) *Op { return &Op{Work: work("UNWATCH"), Args: text(g.mixCase("UNWATCH"))} },
	Bad:   func(g *Gen) [][]byte { return text("UNWATCH", g.stream()) },
	Check: wantError,
	Fails: func(op *Op) bool { return op.refused("ERR UNWATCH is not supported; ") },
}
