package commands

import "sierradb/core/event"

// XLast is the XLAST module: it returns the last event of a stream.
var XLast = Module{
	Spec: Spec{
		Name:    "XLAST",
		Usage:   "<stream_id> [PARTITION_KEY <partition_key>]",
		Summary: "Get the last event of a stream.",
		Group:   "stream",
		Since:   "0.1.0",
		Flags:   Read,
		Args: []Arg{
			{Name: "stream_id", Type: "string", About: "the stream"},
			{Name: "partition_key", Token: "PARTITION_KEY", Type: "string", Optional: true, About: "its key, if it has one of its own"},
		},
		Returns:  "The event, or null if the stream is empty.",
		Examples: []string{"XLAST my-stream"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg}, ofReads),
	},
	New: func() Command { return new(xlast) },
}

type xlast struct {
	req   event.Query
	call  *Call
	found bool
}

var xlastOptions = Keywords{"PARTITION_KEY"}

// Parse reads the arguments and sets every field: the object is used again.
func (c *xlast) Parse(a *Args) error {
	key := event.StreamKey{ID: a.Stream()}
	key.Key = event.KeyOf(key.ID)
	for a.Option(xlastOptions) {
		key.Key = a.UUID("partition key")
	}
	*c = xlast{req: event.Query{
		Kind: event.ScanStream, Stream: key, To: event.NoVersion,
		Reverse: true, Limit: 1, Sink: c,
	}}
	return a.End()
}

// Run asks the store; the session decides when the question may go.
func (c *xlast) Run(call *Call) {
	c.call = call
	c.req.Partition = event.PartitionOf(c.req.Stream.Key, call.Partitions())
	call.Query(&c.req)
}

// Event takes what the store finds. The event is valid during the call only,
// so it is written into the reply here.
func (c *xlast) Event(ev *event.Event) bool {
	c.found = true
	c.call.Event(ev)
	return true
}

// Done replies with what is still to say. An error replaces all of the reply.
func (c *xlast) Done(call *Call) {
	if call.Failed(c.req.Err) {
		return
	}
	if !c.found {
		call.Null()
	}
}
