package commands

import "sierradb/core/event"

// EPScan is the EPSCAN module: it returns the events of a partition by
// sequence.
var EPScan = Module{
	Spec: Spec{
		Name:    "EPSCAN",
		Usage:   "<partition> <start_sequence> <end_sequence> [COUNT <count>]",
		Summary: "Scan the events of a partition by sequence.",
		Group:   "partition",
		Since:   "0.1.0",
		Flags:   Read,
		Args: []Arg{
			argPartition,
			{Name: "start_sequence", Type: "string", About: "first sequence, or - for the beginning"},
			{Name: "end_sequence", Type: "string", About: "last sequence, or + for the end"},
			argCount,
		},
		Notes: []string{
			"Both ends belong to the range. A range that starts above its end is empty.",
			notePages,
		},
		Returns:  "A map of has_more and events. " + returnsEvent,
		Examples: []string{"EPSCAN 31 100 200 COUNT 50", "EPSCAN 550e8400-e29b-41d4-a716-446655440000 - + COUNT 100"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg}, ofReads),
	},
	New: func() Command { return new(epscan) },
}

var argPartition = Arg{Name: "partition", Type: "string", About: "partition id, from 0 to the number of partitions less one, or UUID key, which names the partition of that key"}

type epscan struct {
	req    event.Query
	counts bool // COUNT was given
	batch  Batch
}

var epscanOptions = Keywords{"COUNT"}

func (c *epscan) Parse(a *Args) error {
	c.counts, c.batch = false, Batch{}
	c.req = event.Query{Kind: event.ScanPartition, Partition: a.Partition(), Sink: &c.batch}
	c.req.From, c.req.To = a.Bounds("sequence")
	for a.Option(epscanOptions) {
		c.req.Limit, c.counts = a.Count(), true
	}
	return a.End()
}

func (c *epscan) Run(call *Call) {
	if c.req.From > c.req.To {
		replyEmptyBatch(call)
		return
	}
	if !c.counts {
		c.req.Limit = call.Options().Count
	}
	c.batch.Begin(call)
	call.Query(&c.req)
}

func (c *epscan) Done(*Call) { c.batch.End(&c.req) }
