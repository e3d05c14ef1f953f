package commands

// Watch is the WATCH module: it refuses WATCH.
var Watch = Module{
	Spec: Spec{
		Name:    "WATCH",
		Usage:   "<key> [<key> ...]",
		Summary: "Refused: transactions of several commands are not supported.",
		Group:   "transaction",
		Since:   "0.1.0",
		Flags:   Connection | Refused,
		Args: []Arg{
			{Name: "key", Type: "string", Multiple: true, About: "anything"},
		},
		Notes: []string{
			"What WATCH is for, an append with EXPECTED_VERSION does: it fails when its stream has changed since the client read it.",
		},
		Returns:  "Always an error.",
		Examples: []string{"WATCH my-stream"},
		Errors:   []Code{Syntax, InvalidArg, Err},
	},
	New: func() Command { return watch{} },
}

type watch struct{}

func (watch) Parse(a *Args) error {
	a.Bytes("key")
	for a.More() {
		a.Bytes("key")
	}
	return a.End()
}

func (watch) Run(call *Call) { call.Fail(unsupported("WATCH")) }

func (watch) Done(*Call) {}
