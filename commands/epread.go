package commands

import "sierradb/core/event"

// EPRead is the EPREAD module: it returns the next events of a partition, and
// can wait for them.
var EPRead = Module{
	Spec: Spec{
		Name:    "EPREAD",
		Usage:   "<partition> FROM <sequence> [COUNT <count>] [BLOCK <milliseconds>]",
		Summary: "Read the events of a partition from a sequence on, and wait for one if there is none.",
		Group:   "partition",
		Since:   "0.1.0",
		Flags:   Read,
		Args: []Arg{
			argPartition,
			{Name: "sequence", Token: "FROM", Type: "integer", About: "of the first event"},
			argCount,
			argBlock,
		},
		Notes: []string{
			"It is what EPSUB is, for clients that can't take pushes: read from 0 on, then from the sequence behind the last event that was returned.",
			noteBlock,
			notePages,
		},
		Returns:  "A map of has_more and events. " + returnsEvent,
		Examples: []string{"EPREAD 31 FROM 100 COUNT 50", "EPREAD 550e8400-e29b-41d4-a716-446655440000 FROM 0 BLOCK 5000"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg}, ofReads),
	},
	New: func() Command { return new(epread) },
}

type epread struct{ reading }

var epreadOptions = Keywords{"FROM", "COUNT", "BLOCK"}

func (c *epread) Parse(a *Args) error {
	c.begin(event.Query{Kind: event.ScanPartition, Partition: a.Partition()})
	for a.Option(epreadOptions) {
		c.option(a, "sequence")
	}
	c.need(a, "sequence")
	return a.End()
}

func (c *epread) Run(call *Call) { c.run(call) }

func (c *epread) Done(*Call) { c.batch.End(&c.req) }
