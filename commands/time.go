package commands

import "strconv"

// Time is the TIME module.
var Time = Module{
	Spec: Spec{
		Name:     "TIME",
		Summary:  "Get the node's wall clock.",
		Group:    "server",
		Since:    "0.1.0",
		Flags:    Connection,
		Returns:  "Two strings: seconds since 1970, and microseconds, which are whole milliseconds here.",
		Examples: []string{"TIME"},
		Errors:   []Code{Syntax},
	},
	New: func() Command { return clock{} },
}

type clock struct{}

func (clock) Parse(a *Args) error { return a.End() }

func (clock) Run(call *Call) {
	// The clock may be wrong by anything; it is not asked to be sensible.
	millis := max(call.Env().Wall, 0)
	call.Array(2)
	call.BulkString(strconv.FormatInt(millis/1000, 10))
	call.BulkString(strconv.FormatInt(millis%1000*1000, 10))
}

func (clock) Done(*Call) {}
