package commands

// Unwatch is the UNWATCH module: it refuses UNWATCH, as nothing can be watched.
var Unwatch = Module{
	Spec: Spec{
		Name:     "UNWATCH",
		Summary:  "Refused: transactions of several commands are not supported.",
		Group:    "transaction",
		Since:    "0.1.0",
		Flags:    Connection | Refused,
		Returns:  "Always an error.",
		Examples: []string{"UNWATCH"},
		Errors:   []Code{Syntax, Err},
	},
	New: func() Command { return unwatch{} },
}

type unwatch struct{}

func (unwatch) Parse(a *Args) error { return a.End() }

func (unwatch) Run(call *Call) { call.Fail(unsupported("UNWATCH")) }

func (unwatch) Done(*Call) {}
