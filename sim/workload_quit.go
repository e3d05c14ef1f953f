package sim

var quitWork = &Workload{
	Name: "QUIT", Weight: 1, Optional: true,
	Gen: func(g *Gen) *Op {
		if g.Chance(3, 4) {
			return nil // a new connection each time would be all that is tested
		}
		return &Op{Work: work("QUIT"), Args: text("QUIT")}
	},
	Bad: func(*Gen) [][]byte { return text("QUIT", "now") },
	Sent: func(cn *conn, op *Op) {
		if !op.Bad {
			cn.closing = true
		}
	},
	Check: wantOK,
}
