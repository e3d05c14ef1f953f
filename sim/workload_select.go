package sim

var selectWork = &Workload{
	Name: "SELECT", Weight: 1, Optional: true,
	Gen:   func(*Gen) *Op { return &Op{Work: work("SELECT"), Args: text("SELECT", "0")} },
	Bad:   func(g *Gen) [][]byte { return choose(g.Rand, text("SELECT", "1"), text("SELECT"), text("SELECT", "x")) },
	Check: wantOK,
}

// wantOK is the Check of commands that answer OK.
func wantOK(_ *World, op *Op) *Violation {
	return wantValue(op, "the reply", &op.Reply, simple("OK"))
}
