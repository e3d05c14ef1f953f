package commands

// Select is the SELECT module. There is one database, number 0; client
// libraries select it when they connect.
var Select = Module{
	Spec: Spec{
		Name:     "SELECT",
		Usage:    "<index>",
		Summary:  "Select the database, of which there is one: 0.",
		Group:    "connection",
		Since:    "0.1.0",
		Flags:    Connection,
		Args:     []Arg{{Name: "index", Type: "integer", About: "0"}},
		Returns:  "OK.",
		Examples: []string{"SELECT 0"},
		Errors:   []Code{Syntax, InvalidArg, Err},
	},
	New: func() Command { return new(selectDB) },
}

type selectDB struct{ index uint64 }

func (c *selectDB) Parse(a *Args) error {
	c.index = a.Uint("index")
	return a.End()
}

func (c *selectDB) Run(call *Call) {
	if c.index != 0 {
		call.Fail(Errorf(Err, "DB index is out of range"))
		return
	}
	call.OK()
}

func (c *selectDB) Done(*Call) {}
