package commands

// ReadWriteMode is the READWRITE module: it takes READONLY back.
var ReadWriteMode = Module{
	Spec: Spec{
		Name:     "READWRITE",
		Summary:  "Make reads of this connection see everything acknowledged before them.",
		Group:    "connection",
		Since:    "0.1.0",
		Flags:    Connection,
		Returns:  "OK.",
		Examples: []string{"READWRITE"},
		Errors:   []Code{Syntax},
	},
	New: func() Command { return readwrite{} },
}

type readwrite struct{}

func (readwrite) Parse(a *Args) error { return a.End() }

func (readwrite) Run(call *Call) {
	call.Conn().Local = false
	call.OK()
}

func (readwrite) Done(*Call) {}
