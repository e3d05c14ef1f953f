package sim

import (
	"strconv"
)

var eackWork = &Workload{
	Name: "EACK", Weight: 1,
	Gen: func(g *Gen) *Op {
		sub := g.someSubscription()
		if sub == nil {
			return &Op{Work: work("EACK"), Args: text("EACK", g.uuidText(g.freshID(g.explicitKey())), "0")}
		}
		return g.eack(sub, g.wildCursor(sub))
	},
	Bad: func(g *Gen) [][]byte {
		id := g.freshID(g.explicitKey()).String()
		return choose(g.Rand, text("EACK"), text("EACK", id), text("EACK", "seven", "1"), text("EACK", id, "-1"), text("EACK", id, "x"),
			text("EACK", id, "18446744073709551616"), text("EACK", id, "1", "more"), text("EACK", "", "1"))
	},
	Check: wantOK,
	Fails: (*Op).meansNone,
}

// eack makes an acknowledgement.
func (g *Gen) eack(sub *subscription, cursor uint64) *Op {
	op := &Op{Work: work("EACK"), Cursor: cursor, Args: text(g.mixCase("EACK"), g.uuidOf(sub.id), strconv.FormatUint(cursor, 10))}
	if sub.cn == g.c.conn {
		op.Acks = sub
	}
	return op
}

// uuidOf writes an id that is known as text.
func (g *Gen) uuidOf(id string) string { return g.uuidText(keyIn(id)) }

// someSubscription draws a subscription that the client has, or has had; nil for
// one that it can't know.
func (g *Gen) someSubscription() *subscription {
	known := g.c.subs
	if live := g.c.conn.subs; len(live) > 0 && g.Chance(9, 10) {
		known = live
	}
	if len(known) == 0 || g.Chance(1, 10) {
		return nil
	}
	if sub := known[g.Intn(len(known))]; sub.known {
		return sub
	}
	return nil
}

// meansNone says whether EACK or EUNSUB must be refused, since the connection has
// no such subscription; or is refused and may be, since the node ended it.
func (op *Op) meansNone() bool {
	switch {
	case op.Acks == nil || op.was == subEnded:
		return op.code() == "" || op.code() == "NOTFOUND"
	case op.was == subClosed:
		return op.code() == "NOTFOUND"
	}
	return false
}
