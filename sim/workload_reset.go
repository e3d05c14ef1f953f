package sim

import "sierradb/commands/resp3"

var resetWork = &Workload{
	Name: "RESET", Weight: 1, Optional: true,
	Gen: func(*Gen) *Op { return &Op{Work: work("RESET"), Args: text("RESET")} },
	Bad: func(*Gen) [][]byte { return text("RESET", "all") },
	Sent: func(cn *conn, op *Op) {
		if !op.Bad {
			cn.proto, cn.name, cn.greeted = resp3.RESP2, "", false
		}
	},
	Check: func(_ *World, op *Op) *Violation { return wantValue(op, "the reply", &op.Reply, simple("RESET")) },
}
