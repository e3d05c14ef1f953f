package commands

import "sierradb/core/event"

// ESVer is the ESVER module: it returns the last version of a stream.
var ESVer = Module{
	Spec: Spec{
		Name:     "ESVER",
		Usage:    "<stream_id> [PARTITION_KEY <partition_key>]",
		Summary:  "Get the version of a stream.",
		Group:    "stream",
		Since:    "0.1.0",
		Flags:    Read,
		Args:     []Arg{argStream, argReadKey},
		Returns:  "The version of the stream's last event, which is 0 after the first; null if the stream is empty.",
		Examples: []string{"ESVER my-stream", "ESVER my-stream PARTITION_KEY 550e8400-e29b-41d4-a716-446655440000"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg}, ofIndex),
	},
	New: func() Command { return new(esver) },
}

type esver struct {
	req    event.Query
	hasKey bool
}

var esverOptions = Keywords{"PARTITION_KEY"}

func (c *esver) Parse(a *Args) error {
	c.hasKey = false
	c.req = event.Query{Kind: event.LastVersion, Stream: event.StreamKey{ID: a.Stream()}}
	for a.Option(esverOptions) {
		c.req.Stream.Key, c.hasKey = a.UUID("partition key"), true
	}
	return a.End()
}

func (c *esver) Run(call *Call) {
	if !c.hasKey {
		c.req.Stream.Key = event.KeyOf(c.req.Stream.ID)
	}
	c.req.Partition = event.PartitionOf(c.req.Stream.Key, call.Partitions())
	call.Query(&c.req)
}

func (c *esver) Done(call *Call) {
	c.req.Stream.ID = ""
	replyLast(call, &c.req)
}

// replyLast replies with the last version or sequence, or null.
func replyLast(call *Call, q *event.Query) {
	if call.Failed(q.Err) {
		return
	}
	if !q.Found {
		call.Null()
		return
	}
	call.Uint(q.Last)
}
