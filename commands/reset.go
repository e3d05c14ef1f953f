package commands

// Reset is the RESET module: it makes the connection as good as new.
var Reset = Module{
	Spec: Spec{
		Name:     "RESET",
		Summary:  "Reset the connection: its protocol, names, subscriptions and read mode, and what MULTI began.",
		Group:    "connection",
		Since:    "0.1.0",
		Flags:    Connection | InMulti,
		Returns:  "RESET.",
		Examples: []string{"RESET"},
		Errors:   []Code{Syntax},
	},
	New: func() Command { return reset{} },
}

type reset struct{}

func (reset) Parse(a *Args) error { return a.End() }

func (reset) Run(call *Call) {
	call.s.unsubscribeAll()
	call.Conn().reset(call.Options())
	call.Simple("RESET")
}

func (reset) Done(*Call) {}
