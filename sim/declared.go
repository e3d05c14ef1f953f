package sim

import (
	"slices"
	"strings"

	"sierradb/commands"
)

// Every error that a command declares has to be seen, and no other one: what a
// sweep never counts, no client was ever told in the simulator, and nobody
// judged it.

// answerPrefix begins the counters of errors by command and code:
// "answer EAPPEND WRONGVER".
const answerPrefix = "answer "

// builtin are the commands of a node. The set never changes.
var builtin = commands.Builtin()

// rareErrors are seen in fewer than one seed of a hundred.
var rareErrors = []string{"answer EAPPEND DBOPFAILED", "answer EMAPPEND DBOPFAILED"}

// Requirement is something that a sweep must have counted.
type Requirement struct {
	Counter string
	Rare    bool   // in fewer than one seed of a hundred: a short sweep may miss it
	Never   string // why it can't be counted yet; a sweep that counts it shows that this is wrong
}

// Requirements returns what a sweep must count: each error that a command
// declares, each property that is judged, each state that the code marks, each
// site that takes a rare path.
func Requirements() (list []Requirement) {
	for _, m := range builtin.All() {
		for _, code := range m.Spec.Errors {
			name := answerPrefix + m.Spec.Name + " " + string(code)
			list = append(list, Requirement{Counter: name, Rare: slices.Contains(rareErrors, name)})
		}
	}
	for _, p := range properties {
		list = append(list, Requirement{Counter: "judged " + p.Name})
	}
	for _, m := range marks {
		list = append(list, Requirement{Counter: "mark " + m.Name, Rare: m.Rare, Never: m.Never})
	}
	for _, s := range sites {
		list = append(list, Requirement{Counter: "mark " + sitePrefix + s.Name})
	}
	return list
}

// checkDeclared counts an error under its command and code, and demands that
// the command declares it.
func (w *World) checkDeclared(op *Op, code string) *Violation {
	if len(op.Args) == 0 {
		return nil
	}
	m, known := builtin.Lookup(op.Args[0])
	if !known || op.refused("ERR "+strings.ToUpper(m.Spec.Name)+" was not run: ") {
		return nil // any command may be refused so behind MULTI
	}
	w.count.Add(answerPrefix+m.Spec.Name+" "+code, 1)
	for _, declared := range m.Spec.Errors {
		if string(declared) == code {
			return nil
		}
	}
	return violated("replies", "%s is answered %s, a code that %s does not declare", op, shorten(op.Reply.String()), m.Spec.Name)
}
