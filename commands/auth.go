package commands

// Auth is the AUTH module. There are no passwords: like a Redis server without
// any, a node lets the user "default" in with every password.
var Auth = Module{
	Spec: Spec{
		Name:    "AUTH",
		Usage:   "[<username>] <password>",
		Summary: "Authenticate the connection.",
		Group:   "connection",
		Since:   "0.1.0",
		Flags:   Connection,
		Args: []Arg{
			{Name: "username", Type: "string", Optional: true, About: "default, the only user"},
			{Name: "password", Type: "string", About: "anything"},
		},
		Notes:    []string{"There are no passwords. A password without a user is refused as Redis does, so that nobody takes the node for protected."},
		Returns:  "OK.",
		Examples: []string{"AUTH default secret"},
		Errors:   []Code{Syntax, InvalidArg, WrongPass, Err},
	},
	New: func() Command { return new(auth) },
}

type auth struct{ user string }

func (c *auth) Parse(a *Args) error {
	c.user = ""
	if a.Left() > 1 {
		c.user = a.Str("username")
		a.Bytes("password")
		return a.End()
	}
	a.Bytes("password")
	if err := a.End(); err != nil {
		return err
	}
	return Errorf(Err, "AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
}

func (c *auth) Run(call *Call) {
	if err := checkUser(c.user); err != nil {
		call.Fail(err)
	} else {
		call.OK()
	}
	c.user = ""
}

func (c *auth) Done(*Call) {}

// checkUser says whether a user exists.
func checkUser(name string) *Error {
	if name != "default" {
		return Errorf(WrongPass, "invalid username-password pair or user is disabled.")
	}
	return nil
}
