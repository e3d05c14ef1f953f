package sim

var discardWork = &Workload{
	Name: "DISCARD", Weight: 1, Optional: true,
	Gen:   func(g *Gen) *Op { return &Op{Work: work("DISCARD"), Args: text(g.mixCase("DISCARD"))} },
	Bad:   func(*Gen) [][]byte { return text("DISCARD", "all") },
	Check: wantError,
	Fails: func(op *Op) bool { return op.refused("ERR DISCARD without MULTI") },
}

// discardMulti judges the DISCARD behind MULTI.
var discardMulti = &Workload{Name: "DISCARD behind MULTI", Check: wantOK}
