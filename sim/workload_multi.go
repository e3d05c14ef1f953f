package sim

import "strings"

// multiWork sends what client libraries send for a pipeline: MULTI, commands and
// an end, in one piece. None of the commands may have an effect: the names of
// their events lead to no intent, so that one that is ever visible is a phantom,
// and what they would change of the connection shows in the replies that follow.
var multiWork = &Workload{
	Name: "MULTI", Weight: 2, Optional: true,
	Gen: func(g *Gen) *Op {
		cn := g.c.conn
		cn.send(&Op{Work: work("MULTI"), Args: text(g.mixCase("MULTI"))})
		for range g.Intn(5) {
			cn.send(&Op{Work: behindMulti, Args: g.unwanted()})
		}
		switch g.Intn(8) {
		case 0:
			return work("RESET").Gen(g)
		case 1, 2:
			return &Op{Work: discardMulti, Args: text(g.mixCase("DISCARD"))}
		}
		return &Op{Work: execMulti, Args: text(g.mixCase("EXEC"))}
	},
	Bad:   func(*Gen) [][]byte { return text("MULTI", "now") },
	Check: wantError,
	Fails: func(op *Op) bool { return op.refused("ERR MULTI is not supported; ") },
}

// behindMulti judges commands behind MULTI.
var behindMulti = &Workload{
	Name:  "behind MULTI",
	Check: wantError,
	Fails: func(op *Op) bool {
		return op.refused("ERR "+strings.ToUpper(string(op.Args[0]))+" was not run: ") || op.refused("ERR MULTI is not supported; ")
	},
}

// unwanted makes a command that must not be run.
func (g *Gen) unwanted() [][]byte {
	s, key := g.stream(), g.explicitKey().String()
	return choose(g.Rand,
		text("EAPPEND", s, "unwanted"), text("eappend", s, "unwanted", "PARTITION_KEY", key), text("EAPPEND", s),
		text("EMAPPEND", key, s, "unwanted", s, "unwanted"), text("ESVER", s), text("ESCAN", s, "-", "+"), text("EPSEQ", "0"),
		text("HELLO", "3"), text("HELLO", "2"), text("CLIENT", "SETNAME", "unwanted"), text("WATCH", s), text("MULTI"))
}

// refused says whether the reply is an error that begins with words.
func (op *Op) refused(words string) bool {
	return op.Reply.IsError() && strings.HasPrefix(string(op.Reply.Str), words)
}

// wantError is the Check of commands that are always refused: it gets the
// replies that are no error.
func wantError(_ *World, op *Op) *Violation {
	return violated("replies", "%s is answered %s, expected an error", op, shorten(op.Reply.String()))
}
