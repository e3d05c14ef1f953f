package commands

// Quit is the QUIT module: it closes the connection behind its reply.
var Quit = Module{
	Spec: Spec{
		Name:     "QUIT",
		Summary:  "Close the connection.",
		Group:    "connection",
		Since:    "0.1.0",
		Flags:    Connection | InMulti,
		Notes:    []string{"Commands before it are answered, commands behind it are not run."},
		Returns:  "OK.",
		Examples: []string{"QUIT"},
		Errors:   []Code{Syntax},
	},
	New: func() Command { return quit{} },
}

type quit struct{}

func (quit) Parse(a *Args) error { return a.End() }

func (quit) Run(call *Call) {
	call.OK()
	call.Quit()
}

func (quit) Done(*Call) {}
