package commands

import (
	"strings"

	"sierradb/core/event"
)

// ESub is the ESUB module: it subscribes to the events of streams.
var ESub = Module{
	Spec: Spec{
		Name: "ESUB",
		Usage: "<stream_id> [PARTITION_KEY <partition_key>] [<stream_id> [PARTITION_KEY <partition_key>] ...] " +
			"[FROM LATEST | FROM <version> | FROM MAP <stream_id>=<version> ...] [WINDOW <size>]",
		Summary: "Subscribe to the events of one or more streams.",
		Group:   "stream",
		Since:   "0.1.0",
		Flags:   Read,
		Args: []Arg{
			{Name: "stream", Type: "block", Multiple: true, About: "what to follow", Args: []Arg{argStream, argReadKey}},
			{Name: "from", Token: "FROM", Type: "string", Optional: true, About: "LATEST (which is the default), the version to begin with, or MAP and a list of <stream_id>=<version>"},
			argWindow,
		},
		Notes: []string{
			"From the second word on, FROM, WINDOW and PARTITION_KEY are keywords: a stream of such a name can only come first. A pair of FROM MAP ends at its last =. Pairs of streams that are not listed " +
				"are ignored, listed streams without a pair begin with LATEST. When a stream id stands in the list with several keys, its pairs go to them in the order of the list, and a single pair goes to all.",
			noteSubscription,
		},
		Returns:  returnsSubscription,
		Examples: []string{"ESUB user-123", "ESUB user-123 FROM 50 WINDOW 100", "ESUB user-1 user-2 user-3 FROM MAP user-1=10 user-2=20 user-3=30 WINDOW 50"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg, Busy}, ofIndex),
	},
	New: func() Command { return new(esub) },
}

var argWindow = Arg{Name: "size", Token: "WINDOW", Type: "integer", Optional: true, About: "how many events may be delivered and not acknowledged, from 1; without it any number"}

const (
	noteSubscription = "Events come as pushes: first those that are there, from FROM on, then each new one when it is committed; in order and without gap or repeat for each stream or partition. " +
		"The cursor of a push is the stream version when the command names one stream, the partition sequence when it names one partition id or key, and else counts the pushes from 0. " +
		"With WINDOW, no more than so many events are under way until EACK acknowledges some. A client that reads slowly is waited for. " +
		"A subscription ends with EUNSUB, RESET or its connection; when the node ends it, a push says so: closed, the id, the cursor of the event that would have come next, the reason, and what to put behind FROM MAP to go on from there."
	returnsSubscription = "The id of the subscription, a UUID as a simple string. Directly behind it the push subscribe, with the id and the number of subscriptions of the connection; " +
		"then for each event the push message, with the id, the cursor and the event. A connection that speaks RESP2 gets pushes as arrays; redis-cli gets pushes in any case."
)

type esub struct {
	subscribing
	streams []event.StreamKey // as they are listed, without repetitions
	keyed   []bool
	tokens  int
}

// streamsMax is how many streams a subscription may name: all of a bucket are
// looked up in one turn of its replica.
const streamsMax = 1 << 14

var esubKey = Keywords{"PARTITION_KEY"}

func (c *esub) Parse(a *Args) error {
	c.reset()
	c.streams, c.keyed, c.tokens = nil, c.keyed[:0], 0
	for a.err == nil {
		if c.tokens > 0 && isWord(a.words[a.next], "PARTITION_KEY") {
			a.misused("unexpected PARTITION_KEY, expected a stream id, FROM or WINDOW")
			break
		}
		if c.tokens == streamsMax {
			a.Fail(Errorf(InvalidArg, "a subscription may name %d streams, got more: use several, or EPSUB", streamsMax))
			break
		}
		c.streams = append(c.streams, event.StreamKey{ID: strings.Clone(a.Stream())})
		c.keyed = append(c.keyed, false)
		c.tokens++
		if a.Word(esubKey) != "" {
			c.streams[len(c.streams)-1].Key = a.UUID("partition key")
			c.keyed[len(c.keyed)-1] = true
		}
		if !a.More() || isWord(a.words[a.next], "FROM") || isWord(a.words[a.next], "WINDOW") {
			break
		}
	}
	for a.Option(subscribeOptions) {
		c.option(a, "version")
	}
	c.single = c.tokens == 1
	return a.End()
}

func (c *esub) Run(call *Call) {
	seen := make(map[event.StreamKey]bool, len(c.streams))
	kept := c.streams[:0]
	for i, key := range c.streams {
		if !c.keyed[i] {
			key.Key = event.KeyOf(key.ID)
		}
		if !seen[key] {
			seen[key] = true
			kept = append(kept, key)
		}
	}
	sources := make([]event.Source, len(kept))
	for i := range kept {
		sources[i] = event.Source{Partition: event.PartitionOf(kept[i].Key, call.Partitions()), Stream: &kept[i]}
	}
	c.run(call, sources, c.starts(kept))
	c.streams = nil // the subscription's now
	c.from.pairs = c.from.pairs[:0]
}

// starts says where each stream begins.
func (c *esub) starts(streams []event.StreamKey) []uint64 {
	next := make([]uint64, len(streams))
	for i := range next {
		next[i] = c.from.start()
	}
	if len(c.from.pairs) == 0 {
		return next
	}
	pairs := make(map[string][]uint64, len(c.from.pairs))
	for _, p := range c.from.pairs {
		pairs[string(p.name)] = append(pairs[string(p.name)], p.at)
	}
	used := make(map[string]int)
	for i := range streams {
		id := streams[i].ID
		list, n := pairs[id], used[id]
		used[id]++
		if len(list) == 1 {
			n = 0
		}
		if n < len(list) {
			next[i] = list[n]
		}
	}
	return next
}

func (c *esub) Done(call *Call) { c.done(call) }
