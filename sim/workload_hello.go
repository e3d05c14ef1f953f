package sim

import (
	"strconv"

	"sierradb/commands/resp3"
)

var helloWork = &Workload{
	Name: "HELLO", Weight: 2,
	Gen: func(g *Gen) *Op {
		if g.Chance(1, 6) {
			return &Op{Work: work("HELLO"), Args: text("HELLO")}
		}
		return g.hello(choose(g.Rand, 2, 3))
	},
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("HELLO", "4"), text("HELLO", "x"), text("HELLO", "3", "AUTH"), text("HELLO", "3", "SETNAME", "a b"), text("HELLO", "3", "more"), text("HELLO", "3", "AUTH", "nobody", "x"))
	},
	Sent: func(cn *conn, op *Op) {
		if op.Bad {
			return
		}
		cn.greeted = true
		if len(op.Args) > 1 {
			n, _ := strconv.Atoi(string(op.Args[1]))
			cn.proto = resp3.Proto(n)
			op.Proto = cn.proto
		}
		proto := int64(op.Proto)
		op.Want = func(r *resp3.Value) bool {
			p, _ := r.Get("proto")
			return p.Int == proto
		}
	},
	Check: func(w *World, op *Op) *Violation {
		if v := wantMap(op, &op.Reply, 9); v != nil {
			return v
		}
		if v := wantField(op, &op.Reply, "server", bulk("sierradb")); v != nil {
			return v
		}
		if v := wantField(op, &op.Reply, "num_partitions", number(uint64(w.k.Partitions))); v != nil {
			return v
		}
		id, _ := op.Reply.Get("peer_id")
		if w.peerID == "" {
			w.peerID = id.Text()
		}
		w.judged("identity")
		if id.Text() != w.peerID {
			return violated("identity", "peer_id was %q and is %q after a restart", w.peerID, id.Text())
		}
		return wantReply(op)
	},
}

func (g *Gen) hello(proto int) *Op {
	return &Op{Work: work("HELLO"), Args: text(g.mixCase("HELLO"), strconv.Itoa(proto))}
}
