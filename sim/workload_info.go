package sim

import "strings"

var infoWork = &Workload{
	Name: "INFO", Weight: 1, Optional: true,
	Gen: func(g *Gen) *Op {
		return &Op{Work: work("INFO"), Args: choose(g.Rand, text("INFO"), text("INFO", "server"), text("info", "everything"), text("INFO", "no-such-section"))}
	},
	Bad: func(*Gen) [][]byte { return null("INFO", "server") },
	Check: func(_ *World, op *Op) *Violation {
		s := op.Reply.Text()
		if op.Reply.Kind != '$' || len(op.Args) == 1 && !strings.Contains(s, "role:master\r\n") {
			return violated("replies", "%s is answered %s", op, shorten(op.Reply.String()))
		}
		return nil
	},
}
