package commands

import (
	"sierradb/core/actor"
	"sierradb/core/event"
)

// ERead is the EREAD module: it returns the next events of a stream, and can
// wait for them.
var ERead = Module{
	Spec: Spec{
		Name:    "EREAD",
		Usage:   "<stream_id> FROM <version> [PARTITION_KEY <partition_key>] [COUNT <count>] [BLOCK <milliseconds>]",
		Summary: "Read the events of a stream from a version on, and wait for one if there is none.",
		Group:   "stream",
		Since:   "0.1.0",
		Flags:   Read,
		Args: []Arg{
			argStream,
			{Name: "version", Token: "FROM", Type: "integer", About: "of the first event"},
			argReadKey,
			argCount,
			argBlock,
		},
		Notes: []string{
			"It is what ESUB is, for clients that can't take pushes: read from 0 on, then from the version behind the last event that was returned.",
			noteBlock,
			notePages,
		},
		Returns:  "A map of has_more and events. " + returnsEvent,
		Examples: []string{"EREAD my-stream FROM 0 COUNT 50", "EREAD my-stream FROM 51 BLOCK 5000"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg}, ofReads),
	},
	New: func() Command { return new(eread) },
}

var argBlock = Arg{Name: "milliseconds", Token: "BLOCK", Type: "integer", Optional: true, About: "how long to wait while there is no event, 0 for ever"}

const noteBlock = "With BLOCK, a read that finds nothing waits until there is an event, or so many milliseconds, and then returns an empty list. " +
	"Commands behind it on the connection are answered behind it; acknowledgements and pushes go on. A node that closes answers at once. Client libraries wait for a reply only so long (Jedis 2 s, go-redis 3 s by default): set that above BLOCK, " +
	"and use a connection for it alone."

type eread struct {
	reading
	hasKey bool
}

var ereadOptions = Keywords{"FROM", "PARTITION_KEY", "COUNT", "BLOCK"}

func (c *eread) Parse(a *Args) error {
	c.hasKey = false
	c.begin(event.Query{Kind: event.ScanStream, Stream: event.StreamKey{ID: a.Stream()}})
	for a.Option(ereadOptions) {
		if a.Keyword == "PARTITION_KEY" {
			c.req.Stream.Key, c.hasKey = a.UUID("partition key"), true
			continue
		}
		c.option(a, "version")
	}
	c.need(a, "version")
	return a.End()
}

func (c *eread) Run(call *Call) {
	if !c.hasKey {
		c.req.Stream.Key = event.KeyOf(c.req.Stream.ID)
	}
	c.req.Partition = event.PartitionOf(c.req.Stream.Key, call.Partitions())
	c.run(call)
}

func (c *eread) Done(call *Call) {
	c.batch.End(&c.req)
	c.req.Stream.ID = ""
}

// reading is what EREAD and EPREAD have in common.
type reading struct {
	req    event.Query
	from   bool // FROM was given
	counts bool // COUNT was given
	batch  Batch
}

func (c *reading) begin(q event.Query) {
	*c = reading{req: q}
	c.req.To, c.req.Sink = event.NoVersion, &c.batch
}

// option takes the value of FROM, COUNT or BLOCK. unit is "version" or
// "sequence".
func (c *reading) option(a *Args, unit string) {
	switch a.Keyword {
	case "FROM":
		c.req.From, c.from = a.Uint(unit), true
	case "COUNT":
		c.req.Limit, c.counts = a.Count(), true
	case "BLOCK":
		c.req.Within = actor.Instant(a.Int("milliseconds", blockMax)) * actor.Millisecond
		c.req.Wait = true
	}
}

// blockMax is the longest BLOCK in milliseconds, about 24 days.
const blockMax = 1<<31 - 1

// need reports a FROM that is missing.
func (c *reading) need(a *Args, unit string) {
	if !c.from && a.err == nil {
		a.Keyword = ""
		a.misused("missing FROM <%s>", unit)
	}
}

func (c *reading) run(call *Call) {
	if c.req.From > event.NoVersion {
		replyEmptyBatch(call) // nothing is numbered so high
		return
	}
	if !c.counts {
		c.req.Limit = call.Options().Count
	}
	c.batch.Begin(call)
	call.Query(&c.req)
}
