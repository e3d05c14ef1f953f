package commands

import (
	"fmt"
	"strings"

	"sierradb/commands/resp3"
)

// Client is the CLIENT module: what a connection tells of itself.
var Client = Module{
	Spec: Spec{
		Name:    "CLIENT",
		Usage:   "ID | INFO | LIST | GETNAME | SETNAME <name> | SETINFO LIB-NAME <name> | SETINFO LIB-VER <version> | NO-EVICT ON|OFF | NO-TOUCH ON|OFF | REPLY ON",
		Summary: "Tell or ask about the connection.",
		Group:   "connection",
		Since:   "0.1.0",
		Flags:   Connection,
		Args: []Arg{
			{Name: "subcommand", Type: "string", About: "one of the usage's"},
			{Name: "argument", Type: "string", Optional: true, Multiple: true, About: "of the subcommand"},
		},
		Notes: []string{
			"LIST shows this connection only: a session knows no other. NO-EVICT and NO-TOUCH change nothing. REPLY OFF and SKIP are refused: every command has its reply. Names are printable ASCII without blanks.",
		},
		Returns:  "ID: a number. INFO and LIST: a line of text. GETNAME: the name, or null. All others: OK.",
		Examples: []string{"CLIENT SETNAME projector", "CLIENT GETNAME"},
		Errors:   []Code{Syntax, InvalidArg, Err},
	},
	New: func() Command { return new(client) },
}

type client struct {
	sub   string
	key   string // of SETINFO
	value string
}

var (
	clientSubs = Keywords{"ID", "INFO", "LIST", "GETNAME", "SETNAME", "SETINFO", "NO-EVICT", "NO-TOUCH", "REPLY"}
	clientKeys = Keywords{"LIB-NAME", "LIB-VER"}
	onOff      = Keywords{"ON", "OFF"}
	onOnly     = Keywords{"ON"}
)

func (c *client) Parse(a *Args) error {
	*c = client{sub: a.subcommand(clientSubs)}
	switch c.sub {
	case "SETNAME":
		c.value = a.clientWord("name")
	case "SETINFO":
		c.key = a.Choice("attribute", clientKeys)
		c.value = a.clientWord("value")
	case "NO-EVICT", "NO-TOUCH":
		a.Choice("switch", onOff)
	case "REPLY":
		a.Choice("mode", onOnly)
	}
	return a.End()
}

// subcommand takes one of k. Another one is an ERR, by which client libraries
// know that they may go on without.
func (a *Args) subcommand(k Keywords) string {
	w, ok := a.take("subcommand")
	if !ok {
		return ""
	}
	for _, word := range k {
		if isWord(w, word) {
			return word
		}
	}
	a.Fail(Errorf(Err, "unknown subcommand %s of %s, expected %s", quote(w), a.spec.Name, listed(k)))
	return ""
}

// clientWordMax bounds what a connection can make the node remember of it.
const clientWordMax = 255

// clientWord takes a word that fits into a line of CLIENT INFO.
func (a *Args) clientWord(name string) string {
	w, _ := a.take(name)
	if len(w) > clientWordMax {
		a.invalid(name, "at most 255 bytes", w)
		return ""
	}
	for _, c := range w {
		if c <= ' ' || c > '~' {
			a.invalid(name, "printable ASCII without blanks", w)
			return ""
		}
	}
	return text(w)
}

func (c *client) Run(call *Call) {
	conn := call.Conn()
	switch c.sub {
	case "ID":
		call.Int(int64(conn.ID))
		return
	case "INFO", "LIST":
		call.BulkString(clientLine(call))
		return
	case "GETNAME":
		if conn.Name == "" {
			call.Null()
		} else {
			call.BulkString(conn.Name)
		}
		return
	case "SETNAME":
		conn.Name = strings.Clone(c.value)
	case "SETINFO":
		c.setInfo(call)
	}
	c.value = ""
	call.OK()
}

func (c *client) setInfo(call *Call) {
	conn := call.Conn()
	if c.key == "LIB-VER" {
		conn.LibVersion = strings.Clone(c.value)
		return
	}
	conn.LibName = strings.Clone(c.value)
	// SierraDB's client for Rust goes through redis-rs, which says this and no
	// HELLO, and needs the types of RESP3.
	if conn.LibName == "redis-rs" && !conn.Greeted && call.Options().Proto == 0 {
		conn.Proto = resp3.RESP3
	}
}

func clientLine(call *Call) string {
	conn := call.Conn()
	flags := "N"
	if conn.Local {
		flags = "r"
	}
	return fmt.Sprintf("id=%d name=%s flags=%s db=0 resp=%d lib-name=%s lib-ver=%s\n",
		conn.ID, conn.Name, flags, conn.Proto, conn.LibName, conn.LibVersion)
}

func (c *client) Done(*Call) {}
