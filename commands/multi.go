package commands

// Multi is the MULTI module: it refuses MULTI, and with it all that stands
// between it and its EXEC.
//
// Client libraries wrap pipelines in MULTI and EXEC unless told otherwise, and
// send them in one piece. If only MULTI failed, the commands behind it would
// run while the client learns that its transaction failed.
var Multi = Module{
	Spec: Spec{
		Name:    "MULTI",
		Summary: "Refused: transactions of several commands are not supported.",
		Group:   "transaction",
		Since:   "0.1.0",
		Flags:   Connection | InMulti | Refused,
		Notes: []string{
			"A transaction of SierraDB is one command, EMAPPEND. A pipeline needs no MULTI: its commands are sent together and answered in order, " +
				"and its appends share the wait for the disk. In redis-py that is pipeline(transaction=False), in go-redis Pipeline, in node-redis execAsPipeline, in ioredis pipeline().",
			"Behind MULTI no command of the connection is run, and each is answered with an error that says so, until EXEC, DISCARD, RESET or QUIT.",
		},
		Returns:  "Always an error.",
		Examples: []string{"MULTI"},
		Errors:   []Code{Syntax, Err},
	},
	New: func() Command { return multi{} },
}

type multi struct{}

func (multi) Parse(a *Args) error { return a.End() }

func (multi) Run(call *Call) {
	call.Conn().Multi = true
	call.Fail(unsupported("MULTI"))
}

func (multi) Done(*Call) {}

// unsupported is the answer to Redis's commands for transactions.
func unsupported(name string) *Error {
	return Errorf(Err, "%s is not supported; EMAPPEND appends several events as one transaction. "+
		"Use a pipeline without MULTI (redis-py: pipeline(transaction=False))", name)
}

// notRun is the answer to a command behind MULTI.
func notRun(name string) *Error {
	return Errorf(Err, "%s was not run: it came behind MULTI, which is not supported; EXEC or DISCARD ends this", name)
}
