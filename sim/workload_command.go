package sim

import (
	"sierradb/commands"
	"sierradb/commands/resp3"
)

var commandWork = &Workload{
	Name: "COMMAND", Weight: 1, Optional: true,
	Gen: func(g *Gen) *Op {
		return &Op{Work: work("COMMAND"), Args: choose(g.Rand, text("COMMAND", "COUNT"), text("COMMAND", "LIST"), text("COMMAND", "INFO", "eget", "nothing"),
			text("COMMAND", "DOCS", "EAPPEND"), text("COMMAND"))}
	},
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("COMMAND", "NOSUCH"), text("COMMAND", "COUNT", "more"), text("NOSUCHCOMMAND", "a"),
			null("COMMAND", "INFO"), append(text("COMMAND", "DOCS"), make([][]byte, 257)...))
	},
	Check: func(_ *World, op *Op) *Violation {
		r, known := &op.Reply, len(commands.Builtin().All())
		switch {
		case len(op.Args) == 1 || string(op.Args[1]) == "LIST":
			return wantCount(op, r, known)
		case string(op.Args[1]) == "COUNT":
			return wantValue(op, "the reply", r, number(uint64(known)))
		case string(op.Args[1]) == "INFO":
			return wantCount(op, r, 2)
		}
		if op.Proto == resp3.RESP2 {
			return wantCount(op, r, 2)
		}
		return wantMap(op, r, 1)
	},
}

func wantCount(op *Op, r *resp3.Value, n int) *Violation {
	if r.Kind != resp3.KindArray || len(r.Elems) != n {
		return violated("replies", "%s is answered with %d elements, expected %d", op, len(r.Elems), n)
	}
	return nil
}
