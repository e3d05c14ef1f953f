package sim

var execWork = &Workload{
	Name: "EXEC", Weight: 1, Optional: true,
	Gen:   func(g *Gen) *Op { return &Op{Work: work("EXEC"), Args: text(g.mixCase("EXEC"))} },
	Bad:   func(*Gen) [][]byte { return text("EXEC", "now") },
	Check: wantError,
	Fails: func(op *Op) bool { return op.refused("ERR EXEC without MULTI") },
}

// execMulti judges the EXEC behind MULTI.
var execMulti = &Workload{
	Name:  "EXEC behind MULTI",
	Check: wantError,
	Fails: func(op *Op) bool { return op.refused("EXECABORT ") },
}
