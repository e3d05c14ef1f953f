package commands

import (
	"github.com/google/uuid"

	"sierradb/core/event"
)

// EAppend is the EAPPEND module: it appends one event to one stream.
//
// An append that names no PARTITION_KEY goes to the partition derived from its
// stream, so that all events of a stream share one order.
var EAppend = Module{
	Spec: Spec{
		Name: "EAPPEND",
		Usage: "<stream_id> <event_name> [EVENT_ID <event_id>] [PARTITION_KEY <partition_key>] " +
			"[EXPECTED_VERSION <version>] [TIMESTAMP <timestamp>] [PAYLOAD <payload>] [METADATA <metadata>]",
		Summary: "Append an event to a stream.",
		Group:   "event",
		Since:   "0.1.0",
		Flags:   Write,
		Args: []Arg{
			argStream, argName,
			argEventID,
			{Name: "partition_key", Token: "PARTITION_KEY", Type: "string", Optional: true, About: "UUID that chooses the partition; without it, the key derived from the stream id"},
			argExpected, argTimestamp, argPayload, argMetadata,
		},
		Notes: []string{
			"The reply comes when the event is on disk on a majority of its bucket's replicas and every later read sees it.",
			noteRetry,
			"Events with a PARTITION_KEY of their own are another stream than those without: name the key again to read them.",
		},
		Returns: "A map of event_id, partition_key, partition_id, partition_sequence, stream_version and timestamp.",
		Examples: []string{
			`EAPPEND my-stream UserCreated PAYLOAD '{"name":"john"}' METADATA '{"source":"api"}'`,
			`EAPPEND orders OrderPlaced EVENT_ID 550e8400-e29b-41d4-a716-446655440000 EXPECTED_VERSION empty`,
		},
		Errors: inTableOrder([]Code{Syntax, InvalidArg}, ofAppends),
	},
	New: func() Command { return new(eappend) },
}

// Arguments that EAPPEND and EMAPPEND share.
var (
	argName      = Arg{Name: "event_name", Type: "string", About: "name of the event, 1 to 255 bytes of UTF-8 without NUL"}
	argEventID   = Arg{Name: "event_id", Token: "EVENT_ID", Type: "string", Optional: true, About: "UUID of the event; without it the node makes one"}
	argExpected  = Arg{Name: "version", Token: "EXPECTED_VERSION", Type: "string", Optional: true, About: "what the stream must be at: the number of its last version, any (the default), exists or empty"}
	argTimestamp = Arg{Name: "timestamp", Token: "TIMESTAMP", Type: "unix-time", Optional: true, About: "milliseconds since 1970, 0 to 281474976710655; without it the node's clock"}
	argPayload   = Arg{Name: "payload", Token: "PAYLOAD", Type: "string", Optional: true, About: "any bytes; none by default"}
	argMetadata  = Arg{Name: "metadata", Token: "METADATA", Type: "string", Optional: true, About: "any bytes; none by default"}
)

const noteRetry = "A client that did not learn the outcome may send the same append again with the same EVENT_ID: " +
	"it lands once, and the second reply is the first one's. The same id with other content is refused with IDCONFLICT."

type eappend struct {
	req    event.Append
	ev     [1]event.New // the transaction's
	hasKey bool
	bare   int // 0 if the event has no EXPECTED_VERSION, -1 otherwise
}

var eappendOptions = Keywords{"EVENT_ID", "PARTITION_KEY", "EXPECTED_VERSION", "TIMESTAMP", "PAYLOAD", "METADATA"}

func (c *eappend) Parse(a *Args) error {
	c.hasKey, c.bare = false, 0
	c.ev[0] = event.New{Stream: a.Stream(), Name: a.Name()}
	var key uuid.UUID
	for a.Option(eappendOptions) {
		if a.Keyword == "PARTITION_KEY" {
			key, c.hasKey = a.UUID("partition key"), true
			continue
		}
		if a.Keyword == "EXPECTED_VERSION" {
			c.bare = -1
		}
		parseEventOption(a, &c.ev[0])
	}
	c.req.Transaction = event.Transaction{Key: key, Events: c.ev[:]}
	return a.End()
}

// parseEventOption reads the value of an option of an event.
func parseEventOption(a *Args, ev *event.New) {
	switch a.Keyword {
	case "EVENT_ID":
		ev.ID, ev.GivenID = a.UUID("event id"), true
		if ev.ID == uuid.Nil {
			a.Fail(Errorf(InvalidArg, "event id must not be the nil UUID"))
		}
	case "EXPECTED_VERSION":
		ev.Expected = a.Expected()
	case "TIMESTAMP":
		ev.Timestamp, ev.GivenTime = a.Millis(), true
	case "PAYLOAD":
		ev.Payload = a.Bytes("payload")
	case "METADATA":
		ev.Metadata = a.Bytes("metadata")
	}
}

func (c *eappend) Run(call *Call) {
	if call.Failed(strictly(call, c.ev[:], c.bare)) {
		return
	}
	t := &c.req.Transaction
	if !c.hasKey {
		t.Key, t.Derived = event.KeyOf(c.ev[0].Stream), true
	}
	call.Append(&c.req)
}

// strictly refuses expectations that Options.Strict does not allow. bare is the
// index of the first event without EXPECTED_VERSION, negative if there is none.
func strictly(call *Call, events []event.New, bare int) error {
	if !call.Options().Strict {
		return nil
	}
	for i := range events {
		if i == bare {
			return Errorf(InvalidArg, "strict versioning needs EXPECTED_VERSION: a number or empty")
		}
		if x := events[i].Expected; x.Kind == event.Any || x.Kind == event.Exists {
			return Errorf(InvalidArg, "strict versioning mode rejects EXPECTED_VERSION %s, expected a number or empty", x)
		}
	}
	return nil
}

func (c *eappend) Done(call *Call) {
	defer c.forget()
	if call.Failed(c.req.Err) {
		return
	}
	t, placed := &c.req.Transaction, &c.req.Placed[0]
	call.Map(6)
	call.Simple("event_id")
	call.UUID(placed.ID)
	call.Simple("partition_key")
	call.UUID(t.Key)
	call.Simple("partition_id")
	call.Int(int64(t.Partition))
	call.Simple("partition_sequence")
	call.Uint(uint64(c.req.First))
	call.Simple("stream_version")
	call.Uint(uint64(placed.Version))
	call.Simple("timestamp")
	call.Int(placed.Timestamp)
}

// forget lets go of the client's input.
func (c *eappend) forget() {
	c.ev[0] = event.New{}
	c.req.Transaction = event.Transaction{}
	c.req.Err = nil
}
