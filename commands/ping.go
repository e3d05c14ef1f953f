package commands

// Ping is the PING module.
var Ping = Module{
	Spec: Spec{
		Name:     "PING",
		Usage:    "[<message>]",
		Summary:  "Check that the node answers.",
		Group:    "connection",
		Since:    "0.1.0",
		Flags:    Connection,
		Args:     []Arg{{Name: "message", Type: "string", Optional: true, About: "any bytes"}},
		Returns:  "PONG, or the message.",
		Examples: []string{"PING", "PING hello"},
		Errors:   []Code{Syntax, InvalidArg},
	},
	New: func() Command { return new(ping) },
}

type ping struct {
	message []byte
	echo    bool
}

func (c *ping) Parse(a *Args) error {
	c.echo, c.message = a.More(), nil
	if c.echo {
		c.message = a.Bytes("message")
	}
	return a.End()
}

func (c *ping) Run(call *Call) {
	if c.echo {
		call.Bulk(c.message)
	} else {
		call.Simple("PONG")
	}
	c.message = nil
}

func (c *ping) Done(*Call) {}
