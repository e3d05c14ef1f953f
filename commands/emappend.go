package commands

import (
	"bytes"
	"slices"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// EMAppend is the EMAPPEND module: it appends events to streams of one
// partition, all or nothing.
var EMAppend = Module{
	Spec: Spec{
		Name: "EMAPPEND",
		Usage: "<partition_key> <stream_id> <event_name> [EVENT_ID <event_id>] [EXPECTED_VERSION <version>] " +
			"[TIMESTAMP <timestamp>] [PAYLOAD <payload>] [METADATA <metadata>] [<stream_id> <event_name> ...]",
		Summary: "Append events to streams of one partition in one transaction.",
		Group:   "event",
		Since:   "0.1.0",
		Flags:   Write,
		Args: []Arg{
			{Name: "partition_key", Type: "string", About: "UUID that chooses the partition of all events"},
			{Name: "event", Type: "block", Multiple: true, About: "one event", Args: []Arg{
				argStream, argName, argEventID, argExpected, argTimestamp, argPayload, argMetadata,
			}},
		},
		Notes: []string{
			"All events are appended or none, with consecutive sequences in the order given. Events of one stream see those before them: " +
				"behind an event with EXPECTED_VERSION empty the stream is at version 0.",
			"A word that is an option is one wherever a second or later event may begin: a stream called PAYLOAD can only be the first. Behind its own option a word may be anything.",
			noteRetry,
		},
		Returns: "A map of partition_key, partition_id, first_partition_sequence, last_partition_sequence and events: " +
			"for each event in order a map of event_id, stream_id, stream_version and timestamp.",
		Examples: []string{
			`EMAPPEND 550e8400-e29b-41d4-a716-446655440000 stream1 EventA PAYLOAD '{"data":"value1"}' stream2 EventB PAYLOAD '{"data":"value2"}'`,
		},
		Errors: inTableOrder([]Code{Syntax, InvalidArg}, ofAppends),
	},
	New: func() Command { return new(emappend) },
}

type emappend struct {
	req    event.Append
	events []event.New
	bare   int         // the first event without EXPECTED_VERSION, -1 if all have it
	ids    []uuid.UUID // scratch of Parse
}

var emappendOptions = Keywords{"EVENT_ID", "EXPECTED_VERSION", "TIMESTAMP", "PAYLOAD", "METADATA", "PARTITION_KEY"}

func (c *emappend) Parse(a *Args) error {
	c.events, c.bare, c.ids = c.events[:0], -1, c.ids[:0]
	c.req.Transaction = event.Transaction{Key: a.UUID("partition key")}
	for first := true; first || a.More(); first = false {
		if len(c.events) == event.EventsMax {
			return Errorf(TooLarge, "a transaction has at most %d events", event.EventsMax)
		}
		a.Again()
		ev := event.New{Stream: a.Stream(), Name: a.Name()}
		said := false
		for a.Accept(emappendOptions) {
			if a.Keyword == "PARTITION_KEY" {
				a.misused("unexpected PARTITION_KEY, the first argument is the partition key of all events")
				break
			}
			said = said || a.Keyword == "EXPECTED_VERSION"
			parseEventOption(a, &ev)
		}
		if !said && c.bare < 0 {
			c.bare = len(c.events)
		}
		c.events = append(c.events, ev)
		if ev.GivenID {
			c.ids = append(c.ids, ev.ID)
		}
	}
	if id, twice := c.repeated(); twice {
		a.Fail(Errorf(InvalidArg, "event id %s is given to two events, expected different ids", id))
	}
	c.req.Transaction.Events = c.events
	return a.End()
}

// repeated finds an event id that was given twice.
func (c *emappend) repeated() (id uuid.UUID, found bool) {
	slices.SortFunc(c.ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	for i := 1; i < len(c.ids); i++ {
		if c.ids[i] == c.ids[i-1] {
			return c.ids[i], true
		}
	}
	return uuid.Nil, false
}

func (c *emappend) Run(call *Call) {
	if call.Failed(strictly(call, c.events, c.bare)) {
		return
	}
	call.Append(&c.req)
}

func (c *emappend) Done(call *Call) {
	defer c.forget()
	if call.Failed(c.req.Err) {
		return
	}
	t := &c.req.Transaction
	call.Map(5)
	call.Simple("partition_key")
	call.UUID(t.Key)
	call.Simple("partition_id")
	call.Int(int64(t.Partition))
	call.Simple("first_partition_sequence")
	call.Uint(uint64(c.req.First))
	call.Simple("last_partition_sequence")
	call.Uint(uint64(c.req.First) + uint64(len(t.Events)) - 1)
	call.Simple("events")
	call.Array(len(t.Events))
	for i := range t.Events {
		placed := &c.req.Placed[i]
		call.Map(4)
		call.Simple("event_id")
		call.UUID(placed.ID)
		call.Simple("stream_id")
		call.BulkString(t.Events[i].Stream)
		call.Simple("stream_version")
		call.Uint(uint64(placed.Version))
		call.Simple("timestamp")
		call.Int(placed.Timestamp)
	}
}

// keepEvents is the size of a transaction up to which its memory is kept for
// the next one.
const keepEvents = 64

// forget lets go of the client's input.
func (c *emappend) forget() {
	clear(c.events)
	if cap(c.events) > keepEvents {
		c.events, c.ids, c.req.Placed = nil, nil, nil
	}
	c.req.Transaction = event.Transaction{}
	c.req.Err = nil
}
