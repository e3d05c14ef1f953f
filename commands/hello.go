package commands

import (
	"strings"

	"sierradb/commands/resp3"
)

// Hello is the HELLO module: it chooses the protocol and tells who answers.
var Hello = Module{
	Spec: Spec{
		Name:    "HELLO",
		Usage:   "[<version> [AUTH <username> <password>] [SETNAME <name>]]",
		Summary: "Choose the protocol and describe the node.",
		Group:   "connection",
		Since:   "0.1.0",
		Flags:   Connection,
		Args: []Arg{
			{Name: "version", Type: "integer", Optional: true, About: "2 or 3; without it the protocol stays"},
			{Name: "auth", Token: "AUTH", Type: "block", Optional: true, About: "as AUTH does", Args: []Arg{
				{Name: "username", Type: "string", About: "default, the only user"},
				{Name: "password", Type: "string", About: "anything"},
			}},
			{Name: "name", Token: "SETNAME", Type: "string", Optional: true, About: "as CLIENT SETNAME does"},
		},
		Notes: []string{
			"A connection begins with RESP2, unless network.default_protocol says otherwise. One that says CLIENT SETINFO LIB-NAME redis-rs before any HELLO " +
				"changes to RESP3, since that library's SierraDB client expects RESP3 without asking for it.",
		},
		Returns:  "A map of server, version, proto, id, mode, role, modules, peer_id and num_partitions. peer_id stays the same when the node starts again.",
		Examples: []string{"HELLO 3"},
		Errors:   []Code{Syntax, InvalidArg, NoProto, WrongPass},
	},
	New: func() Command { return new(hello) },
}

type hello struct {
	proto   uint64 // 0: not given
	named   bool
	name    string
	badUser *Error
}

var helloOptions = Keywords{"AUTH", "SETNAME"}

func (c *hello) Parse(a *Args) error {
	*c = hello{}
	if !a.More() {
		return nil
	}
	c.proto = a.protocol()
	for a.Option(helloOptions) {
		switch a.Keyword {
		case "AUTH":
			c.badUser = checkUser(a.Str("username"))
			a.Bytes("password")
		case "SETNAME":
			c.name, c.named = a.clientWord("name"), true
		}
	}
	if err := a.End(); err != nil {
		return err
	}
	if c.badUser != nil {
		return c.badUser
	}
	return nil
}

// protocol takes the version of the protocol. One that doesn't exist has a code
// of its own, by which client libraries try another one.
func (a *Args) protocol() uint64 {
	const name = "protocol version"
	w, ok := a.take(name)
	if !ok {
		return 0
	}
	n, ok := parseUint(w)
	switch {
	case !ok:
		a.invalid(name, "2 or 3", w)
	case n != 2 && n != 3:
		a.Fail(Errorf(NoProto, "unsupported protocol version %d, expected 2 or 3", n))
	}
	return n
}

func (c *hello) Run(call *Call) {
	conn := call.Conn()
	conn.Greeted = true
	if c.proto != 0 {
		conn.Proto = resp3.Proto(c.proto)
		call.proto = conn.Proto // this reply already speaks it
	}
	if c.named {
		conn.Name = strings.Clone(c.name)
	}
	c.name = ""
	info := call.Info()
	call.Map(9)
	call.BulkString("server")
	call.BulkString("sierradb")
	call.BulkString("version")
	call.BulkString(info.Version)
	call.BulkString("proto")
	call.Int(int64(call.proto))
	call.BulkString("id")
	call.Int(int64(conn.ID))
	call.BulkString("mode")
	call.BulkString(info.Mode)
	call.BulkString("role")
	call.BulkString("master")
	call.BulkString("modules")
	call.Array(0)
	call.BulkString("peer_id")
	call.BulkString(info.PeerID)
	call.BulkString("num_partitions")
	call.Int(int64(info.Partitions))
}

func (c *hello) Done(*Call) {}
