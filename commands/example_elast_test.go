package commands_test

import (
	"sierradb/commands"
	"sierradb/core/event"
)

// ELast is the ELAST module: it returns the last event of a stream.
var ELast = commands.Module{
	Spec: commands.Spec{
		Name:    "ELAST",
		Usage:   "<stream_id> [PARTITION_KEY <partition_key>]",
		Summary: "Get the last event of a stream.",
		Group:   "stream",
		Since:   "0.1.0",
		Flags:   commands.Read,
		Args: []commands.Arg{
			{Name: "stream_id", Type: "string", About: "the stream"},
			{Name: "partition_key", Type: "string", Token: "PARTITION_KEY", Optional: true, About: "its key, if it has one of its own"},
		},
		Returns:  "The event, or null if the stream is empty.",
		Examples: []string{"ELAST my-stream"},
		Errors:   []commands.Code{commands.Syntax, commands.InvalidArg, commands.NotLeader, commands.Unavailable, commands.Timeout, commands.ReadErr, commands.DBOpFailed},
	},
	New: func() commands.Command { return new(elast) },
}

type elast struct {
	req   event.Query
	call  *commands.Call
	found bool
}

var elastOptions = commands.Keywords{"PARTITION_KEY"}

// Parse reads the arguments and sets every field: the object is used again.
func (c *elast) Parse(a *commands.Args) error {
	key := event.StreamKey{ID: a.Stream()}
	key.Key = event.KeyOf(key.ID)
	for a.Option(elastOptions) {
		key.Key = a.UUID("partition key")
	}
	*c = elast{req: event.Query{
		Kind: event.ScanStream, Stream: key, To: event.NoVersion,
		Reverse: true, Limit: 1, Sink: c,
	}}
	return a.End()
}

// Run asks the store; the session decides when the question may go.
func (c *elast) Run(call *commands.Call) {
	c.call = call
	c.req.Partition = event.PartitionOf(c.req.Stream.Key, call.Partitions())
	call.Query(&c.req)
}

// Event takes what the store finds. The event is valid during the call only,
// so it is written into the reply here.
func (c *elast) Event(ev *event.Event) bool {
	c.found = true
	c.call.Event(ev)
	return true
}

// Done replies with what is still to say. An error replaces all of the reply.
func (c *elast) Done(call *commands.Call) {
	if call.Failed(c.req.Err) {
		return
	}
	if !c.found {
		call.Null()
	}
}
