package commands

// Exec is the EXEC module: it ends what MULTI began, of which nothing was run.
var Exec = Module{
	Spec: Spec{
		Name:     "EXEC",
		Summary:  "Refused: it ends what MULTI began, of which nothing was run.",
		Group:    "transaction",
		Since:    "0.1.0",
		Flags:    Connection | InMulti | Refused,
		Returns:  "Always an error. Behind it the connection's commands are run again.",
		Examples: []string{"EXEC"},
		Errors:   []Code{Syntax, ExecAbort, Err},
	},
	New: func() Command { return exec{} },
}

type exec struct{}

func (exec) Parse(a *Args) error { return a.End() }

func (exec) Run(call *Call) {
	conn := call.Conn()
	if !conn.Multi {
		call.Fail(Errorf(Err, "EXEC without MULTI"))
		return
	}
	conn.Multi = false
	call.Fail(Errorf(ExecAbort, "MULTI is not supported: nothing was run"))
}

func (exec) Done(*Call) {}
