package commands

// ReadOnlyMode is the READONLY module: it marks a connection whose client is
// content with reads of a replica that may lag.
var ReadOnlyMode = Module{
	Spec: Spec{
		Name:    "READONLY",
		Summary: "Allow reads of this connection to lag behind.",
		Group:   "connection",
		Since:   "0.1.0",
		Flags:   Connection,
		Notes: []string{
			"A mark, shown by CLIENT INFO as flags=r. Reads stay linearizable, which is more than the client asks for.",
		},
		Returns:  "OK.",
		Examples: []string{"READONLY"},
		Errors:   []Code{Syntax},
	},
	New: func() Command { return readonly{} },
}

type readonly struct{}

func (readonly) Parse(a *Args) error { return a.End() }

func (readonly) Run(call *Call) {
	call.Conn().Local = true
	call.OK()
}

func (readonly) Done(*Call) {}
