package sim

import (
	"sierradb/commands"
)

// Workload is what the simulator knows of one command: how to ask and how to
// judge the answer. Each command module has one; a test compares the lists.
type Workload struct {
	Name     string // the command's
	Weight   int    // how often it is drawn, against the others
	Optional bool   // some seeds leave it out

	// Gen makes a well-formed request; nil when the state of the run allows none.
	Gen func(g *Gen) *Op
	// Bad makes a request that every node must refuse as malformed.
	Bad func(g *Gen) [][]byte
	// Check judges a reply that is not an error, to a well-formed request.
	Check func(w *World, op *Op) *Violation
	// Sent is called when the request goes out; nil for most.
	Sent func(cn *conn, op *Op)
	// Fails says whether the request is well-formed and yet always refused.
	Fails func(op *Op) bool
}

// Workloads lists the workloads of all commands. The order is part of what a
// seed means.
func Workloads() []*Workload { return workloads }

// Filled in at start: the workloads refer to functions that refer to the list.
var workloads []*Workload

func init() {
	workloads = []*Workload{
		eappendWork, emappendWork, egetWork, escanWork, esverWork, epscanWork, epseqWork,
		helloWork, pingWork, infoWork, commandWork, clientWork, selectWork, authWork, echoWork,
		quitWork, resetWork, timeWork, readonlyWork, readwriteWork,
		multiWork, execWork, discardWork, watchWork, unwatchWork,
		esubWork, epsubWork, eackWork, eunsubWork, ereadWork, epreadWork,
	}
}

// work returns the workload of a command.
func work(name string) *Workload {
	for _, wl := range workloads {
		if wl.Name == name {
			return wl
		}
	}
	panic("sim: no workload of " + name)
}

// judge judges a reply and settles what the client knows now.
func (w *World) judge(op *Op) *Violation {
	code := op.code()
	switch {
	case code == "":
		op.Outcome = Done
	case outcomeOf(code) == commands.Unknown:
		op.Outcome = Unknown
	default:
		op.Outcome = NotDone
	}
	if op.Bad {
		return w.checkRefused(op)
	}
	if in := op.Intent; in != nil && in.Landed != nil && in.refused() {
		return violated("D4 refused", "%s is answered %s, but it landed at entry %d, and no other attempt of it may have done it", op, op.Reply, in.Index)
	}
	if code != "" {
		if op.Work.Fails != nil && op.Work.Fails(op) {
			return nil
		}
		return w.checkError(op)
	}
	if op.Work.Fails != nil && op.Work.Fails(op) {
		return violated("D7 malformed", "%s is answered %s, expected an error", op, shorten(op.Reply.String()))
	}
	w.count.Add("ok "+op.Work.Name, 1)
	return op.Work.Check(w, op)
}

// outcomeOf is what the table of codes says about an error.
func outcomeOf(code string) commands.Outcome {
	for _, c := range commands.Codes {
		if string(c.Code) == code {
			return c.Outcome
		}
	}
	return ""
}

// ask makes a read.
func (g *Gen) ask(name string, ask Ask, args ...[]byte) *Op {
	return &Op{Work: work(name), Ask: ask, Args: args}
}

// text makes arguments of strings.
func text(words ...string) [][]byte {
	var out [][]byte
	for _, s := range words {
		out = append(out, []byte(s))
	}
	return out
}
