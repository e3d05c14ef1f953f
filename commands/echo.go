package commands

// Echo is the ECHO module.
var Echo = Module{
	Spec: Spec{
		Name:     "ECHO",
		Usage:    "<message>",
		Summary:  "Return a message.",
		Group:    "connection",
		Since:    "0.1.0",
		Flags:    Connection,
		Args:     []Arg{{Name: "message", Type: "string", About: "any bytes"}},
		Returns:  "The message.",
		Examples: []string{"ECHO hello"},
		Errors:   []Code{Syntax, InvalidArg},
	},
	New: func() Command { return new(echo) },
}

type echo struct{ message []byte }

func (c *echo) Parse(a *Args) error {
	c.message = a.Bytes("message")
	return a.End()
}

func (c *echo) Run(call *Call) {
	call.Bulk(c.message)
	c.message = nil
}

func (c *echo) Done(*Call) {}
