package sim

import "sierradb/commands/resp3"

var timeWork = &Workload{
	Name: "TIME", Weight: 1, Optional: true,
	Gen: func(*Gen) *Op { return &Op{Work: work("TIME"), Args: text("TIME")} },
	Bad: func(*Gen) [][]byte { return text("TIME", "zone") },
	Check: func(_ *World, op *Op) *Violation {
		r := &op.Reply
		if r.Kind != resp3.KindArray || len(r.Elems) != 2 || len(r.Elems[0].Str) == 0 || len(r.Elems[1].Str) == 0 {
			return violated("replies", "%s is answered %s, expected seconds and microseconds", op, r)
		}
		return nil
	},
}
