package commands

import "sierradb/core/event"

// EGet is the EGET module: it returns the event with an id.
//
// The id of an event that the node made leads to its partition; any other is
// looked for in all of them, so EGET may be slower with ids of the client's.
var EGet = Module{
	Spec: Spec{
		Name:    "EGET",
		Usage:   "<event_id>",
		Summary: "Get an event by its id.",
		Group:   "event",
		Since:   "0.1.0",
		Flags:   Read,
		Args:    []Arg{{Name: "event_id", Type: "string", About: "UUID of the event"}},
		Notes: []string{
			"The partition that the id names is asked first, then all others; null means that every one of them answered.",
		},
		Returns:  "The event, or null if there is none. " + returnsEvent,
		Examples: []string{"EGET 550e8400-e29b-41d4-a716-446655440000"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg}, ofReads),
	},
	New: func() Command { return new(eget) },
}

const returnsEvent = "An event is a map of event_id, partition_key, partition_id, transaction_id, partition_sequence, " +
	"stream_version, timestamp, stream_id, event_name, metadata and payload."

type eget struct {
	req  event.Query
	call *Call
}

func (c *eget) Parse(a *Args) error {
	c.req = event.Query{Kind: event.GetEvent, ID: a.UUID("event id"), Limit: 1, Sink: c}
	return a.End()
}

func (c *eget) Run(call *Call) {
	c.call = call
	call.Query(&c.req)
}

// Event implements [event.Sink].
func (c *eget) Event(ev *event.Event) bool {
	c.call.Event(ev)
	return true
}

func (c *eget) Done(call *Call) {
	c.call = nil
	if call.Failed(c.req.Err) {
		return
	}
	if !c.req.Found {
		call.Null()
	}
}
