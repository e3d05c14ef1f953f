package commands

// Discard is the DISCARD module: it ends what MULTI began. Nothing of that was
// run, which is what the client asks for.
var Discard = Module{
	Spec: Spec{
		Name:     "DISCARD",
		Summary:  "End what MULTI began, of which nothing was run.",
		Group:    "transaction",
		Since:    "0.1.0",
		Flags:    Connection | InMulti,
		Returns:  "OK behind MULTI, an error otherwise.",
		Examples: []string{"DISCARD"},
		Errors:   []Code{Syntax, Err},
	},
	New: func() Command { return discard{} },
}

type discard struct{}

func (discard) Parse(a *Args) error { return a.End() }

func (discard) Run(call *Call) {
	conn := call.Conn()
	if !conn.Multi {
		call.Fail(Errorf(Err, "DISCARD without MULTI"))
		return
	}
	conn.Multi = false
	call.OK()
}

func (discard) Done(*Call) {}
