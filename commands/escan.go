package commands

import (
	"sierradb/core/event"
	"sierradb/core/mutate"
)

// EScan is the ESCAN module: it returns the events of a stream by version.
var EScan = Module{
	Spec: Spec{
		Name:    "ESCAN",
		Usage:   "<stream_id> <start_version> <end_version> [PARTITION_KEY <partition_key>] [COUNT <count>]",
		Summary: "Scan the events of a stream by version.",
		Group:   "stream",
		Since:   "0.1.0",
		Flags:   Read,
		Args: []Arg{
			argStream,
			{Name: "start_version", Type: "string", About: "first version, or - for the beginning"},
			{Name: "end_version", Type: "string", About: "last version, or + for the end"},
			argReadKey,
			argCount,
		},
		Notes: []string{
			"Both ends belong to the range. A stream that doesn't exist, and a range that starts above its end, are empty.",
			notePages,
		},
		Returns:  "A map of has_more and events. " + returnsEvent,
		Examples: []string{"ESCAN my-stream 0 100 COUNT 50", "ESCAN my-stream - + PARTITION_KEY 550e8400-e29b-41d4-a716-446655440000"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg}, ofReads),
	},
	New: func() Command { return new(escan) },
}

// Arguments that reads share.
var (
	argStream  = Arg{Name: "stream_id", Type: "string", About: "the stream, 1 to 255 bytes of UTF-8 without NUL"}
	argReadKey = Arg{Name: "partition_key", Token: "PARTITION_KEY", Type: "string", Optional: true, About: "the UUID with which the events were appended, if they were with one"}
	argCount   = Arg{Name: "count", Token: "COUNT", Type: "integer", Optional: true, About: "at most so many events, 0 or more; 100 by default"}
)

const notePages = "has_more is true exactly when another event of the range follows the last one returned. There is no upper limit for COUNT, " +
	"but a reply ends before the event that would make it larger than reply.max_bytes; it always holds one event, unless COUNT is 0."

type escan struct {
	req    event.Query
	hasKey bool
	counts bool // COUNT was given
	batch  Batch
}

var escanOptions = Keywords{"PARTITION_KEY", "COUNT"}

func (c *escan) Parse(a *Args) error {
	c.hasKey, c.counts, c.batch = false, c.counts && mutate.On(mutate.OptionSurvives), Batch{}
	c.req = event.Query{Kind: event.ScanStream, Stream: event.StreamKey{ID: a.Stream()}, Sink: &c.batch}
	c.req.From, c.req.To = a.Bounds("version")
	for a.Option(escanOptions) {
		switch a.Keyword {
		case "PARTITION_KEY":
			c.req.Stream.Key, c.hasKey = a.UUID("partition key"), true
		case "COUNT":
			c.req.Limit, c.counts = a.Count(), true
		}
	}
	return a.End()
}

func (c *escan) Run(call *Call) {
	if c.req.From > c.req.To {
		replyEmptyBatch(call)
		return
	}
	if !c.hasKey {
		c.req.Stream.Key = event.KeyOf(c.req.Stream.ID)
	}
	if !c.counts {
		c.req.Limit = call.Options().Count
	}
	c.req.Partition = event.PartitionOf(c.req.Stream.Key, call.Partitions())
	c.batch.Begin(call)
	call.Query(&c.req)
}

func (c *escan) Done(call *Call) {
	c.batch.End(&c.req)
	c.req.Stream.ID = ""
}
