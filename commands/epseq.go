package commands

import "sierradb/core/event"

// EPSeq is the EPSEQ module: it returns the last sequence of a partition.
var EPSeq = Module{
	Spec: Spec{
		Name:     "EPSEQ",
		Usage:    "<partition>",
		Summary:  "Get the sequence of a partition.",
		Group:    "partition",
		Since:    "0.1.0",
		Flags:    Read,
		Args:     []Arg{argPartition},
		Returns:  "The sequence of the partition's last event, which is 0 after the first; null if the partition is empty.",
		Examples: []string{"EPSEQ 31", "EPSEQ 550e8400-e29b-41d4-a716-446655440000"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg}, ofIndex),
	},
	New: func() Command { return new(epseq) },
}

type epseq struct{ req event.Query }

func (c *epseq) Parse(a *Args) error {
	c.req = event.Query{Kind: event.LastSequence, Partition: a.Partition()}
	return a.End()
}

func (c *epseq) Run(call *Call) { call.Query(&c.req) }

func (c *epseq) Done(call *Call) { replyLast(call, &c.req) }
