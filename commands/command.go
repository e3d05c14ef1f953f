package commands

// CommandList is the COMMAND module: it describes the commands themselves, from
// their Specs. redis-cli shows hints from it while one types.
var CommandList = Module{
	Spec: Spec{
		Name:    "COMMAND",
		Usage:   "[COUNT | LIST | INFO [<command> ...] | DOCS [<command> ...]]",
		Summary: "Describe the commands.",
		Group:   "server",
		Since:   "0.1.0",
		Flags:   Connection,
		Args: []Arg{
			{Name: "subcommand", Type: "string", Optional: true, About: "one of the usage's"},
			{Name: "command", Type: "string", Optional: true, Multiple: true, About: "only these commands, by name in any case"},
		},
		Returns:  "As Redis: an array for each command; COUNT: a number; LIST: names; DOCS: a map from names to maps.",
		Examples: []string{"COMMAND COUNT", "COMMAND DOCS EAPPEND"},
		Errors:   []Code{Syntax, InvalidArg, Err},
	},
	New: func() Command { return new(commandList) },
}

type commandList struct {
	sub   string
	names [][]byte
}

var commandSubs = Keywords{"COUNT", "LIST", "INFO", "DOCS"}

// commandNamesMax bounds the reply to a request that names commands, which is
// much longer than the request.
const commandNamesMax = 256

func (c *commandList) Parse(a *Args) error {
	c.sub, c.names = "", c.names[:0]
	if a.More() {
		c.sub = a.subcommand(commandSubs)
	}
	for (c.sub == "INFO" || c.sub == "DOCS") && a.More() {
		if len(c.names) == commandNamesMax {
			return Errorf(InvalidArg, "command names must be at most %d, got %d", commandNamesMax, len(c.names)+a.Left())
		}
		c.names = append(c.names, a.Bytes("command"))
	}
	return a.End()
}

func (c *commandList) Run(call *Call) {
	modules := call.Set().All()
	switch c.sub {
	case "COUNT":
		call.Int(int64(len(modules)))
	case "LIST":
		call.Array(len(modules))
		for i := range modules {
			call.BulkString(lower(modules[i].Spec.Name))
		}
	case "DOCS":
		c.docs(call)
	default:
		c.info(call)
	}
	c.names = nil
}

// info describes all commands, or the named ones: null for one that is not
// there.
func (c *commandList) info(call *Call) {
	modules := call.Set().All()
	if len(c.names) == 0 {
		call.Array(len(modules))
		for i := range modules {
			replyInfo(call, &modules[i].Spec)
		}
		return
	}
	call.Array(len(c.names))
	for _, name := range c.names {
		if m, ok := call.Set().Lookup(name); ok {
			replyInfo(call, &m.Spec)
		} else {
			call.Null()
		}
	}
}

// docs describes all commands, or those of the named ones that are there.
func (c *commandList) docs(call *Call) {
	var specs []*Spec
	modules := call.Set().All()
	if len(c.names) == 0 {
		for i := range modules {
			specs = append(specs, &modules[i].Spec)
		}
	}
	for _, name := range c.names {
		if m, ok := call.Set().Lookup(name); ok {
			specs = append(specs, &m.Spec)
		}
	}
	call.Map(len(specs))
	for _, spec := range specs {
		call.BulkString(lower(spec.Name))
		replyDocs(call, spec)
	}
}

func (c *commandList) Done(*Call) {}

// replyInfo adds the ten fields of COMMAND INFO: name, arity, flags, first,
// last and step of the keys, categories, tips, key specifications,
// subcommands. Streams are no keys: cluster clients must not route by them.
func replyInfo(call *Call, spec *Spec) {
	call.Array(10)
	call.BulkString(lower(spec.Name))
	call.Int(int64(arity(spec)))
	flags := flagNames(spec.Flags)
	call.Array(len(flags))
	for _, f := range flags {
		call.Simple(f)
	}
	call.Int(0)
	call.Int(0)
	call.Int(0)
	for range 4 {
		call.Array(0)
	}
}

// arity counts the words of a command, its name included. It is negative when
// there may be more.
func arity(spec *Spec) int {
	n, more := 1, false
	for i := range spec.Args {
		a := &spec.Args[i]
		if a.Optional || a.Multiple {
			more = true
		}
		if !a.Optional {
			n += required(a)
		}
	}
	if more {
		return -n
	}
	return n
}

func required(a *Arg) int {
	if len(a.Args) == 0 {
		return 1
	}
	n := 0
	for i := range a.Args {
		if !a.Args[i].Optional {
			n += required(&a.Args[i])
		}
	}
	return n
}

func flagNames(f Flags) []string {
	var names []string
	if f&Write != 0 {
		names = append(names, "write")
	}
	if f&Read != 0 {
		names = append(names, "readonly")
	}
	if f&Connection != 0 {
		names = append(names, "fast", "loading", "stale")
	}
	return names
}

// replyDocs adds the map of COMMAND DOCS.
func replyDocs(call *Call, spec *Spec) {
	call.Map(4)
	call.BulkString("summary")
	call.BulkString(spec.Summary)
	call.BulkString("since")
	call.BulkString(spec.Since)
	call.BulkString("group")
	call.BulkString(spec.Group)
	call.BulkString("arguments")
	replyArgs(call, spec.Args)
}

func replyArgs(call *Call, args []Arg) {
	call.Array(len(args))
	for i := range args {
		replyArg(call, &args[i])
	}
}

func replyArg(call *Call, a *Arg) {
	pairs := 2
	if a.Token != "" {
		pairs++
	}
	if a.About != "" {
		pairs++
	}
	flags := argFlags(a)
	if len(flags) > 0 {
		pairs++
	}
	if len(a.Args) > 0 {
		pairs++
	}
	call.Map(pairs)
	call.BulkString("name")
	call.BulkString(a.Name)
	call.BulkString("type")
	call.BulkString(a.Type)
	if a.Token != "" {
		call.BulkString("token")
		call.BulkString(a.Token)
	}
	if a.About != "" {
		call.BulkString("summary")
		call.BulkString(a.About)
	}
	if len(flags) > 0 {
		call.BulkString("flags")
		call.Array(len(flags))
		for _, f := range flags {
			call.Simple(f)
		}
	}
	if len(a.Args) > 0 {
		call.BulkString("arguments")
		replyArgs(call, a.Args)
	}
}

func argFlags(a *Arg) []string {
	var flags []string
	if a.Optional {
		flags = append(flags, "optional")
	}
	if a.Multiple {
		flags = append(flags, "multiple")
	}
	return flags
}
