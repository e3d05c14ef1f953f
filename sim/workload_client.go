package sim

import "sierradb/commands/resp3"

var clientWork = &Workload{
	Name: "CLIENT", Weight: 1, Optional: true,
	Gen: func(g *Gen) *Op {
		return &Op{Work: work("CLIENT"), Args: choose(g.Rand, text("CLIENT", "ID"), text("CLIENT", "GETNAME"), text("CLIENT", "SETNAME", "tester"),
			text("CLIENT", "SETINFO", "LIB-NAME", "redis-rs"), text("CLIENT", "SETINFO", "LIB-VER", "1.0"), text("CLIENT", "INFO"), text("CLIENT", "LIST"),
			text("CLIENT", "NO-EVICT", "ON"), text("CLIENT", "REPLY", "ON"))}
	},
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("CLIENT"), text("CLIENT", "NOSUCH"), text("CLIENT", "SETNAME"), text("CLIENT", "SETNAME", "a\nb"), text("CLIENT", "SETINFO", "COLOR", "red"), text("CLIENT", "REPLY", "OFF"))
	},
	Sent: func(cn *conn, op *Op) {
		if op.Bad {
			return
		}
		op.Want = func(r *resp3.Value) bool { return r.Kind == resp3.KindSimple && r.Text() == "OK" }
		switch string(op.Args[1]) {
		case "ID":
			id := int64(cn.id.N)
			op.Want = func(r *resp3.Value) bool { return r.Kind == resp3.KindInt && r.Int == id }
		case "INFO", "LIST":
			op.Want = func(r *resp3.Value) bool { return r.Kind == resp3.KindBulk && len(r.Str) > 0 }
		case "GETNAME":
			name := cn.name
			op.Want = func(r *resp3.Value) bool { return r.Text() == name && r.IsNull() == (name == "") }
		case "SETNAME":
			cn.name = string(op.Args[2])
		case "SETINFO":
			if string(op.Args[3]) == "redis-rs" && !cn.greeted {
				cn.proto = resp3.RESP3
			}
		}
	},
	Check: func(_ *World, op *Op) *Violation { return wantReply(op) },
}
