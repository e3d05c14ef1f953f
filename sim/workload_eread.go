package sim

import (
	"strconv"

	"sierradb/core/actor"
	"sierradb/core/event"
)

var ereadWork = &Workload{
	Name: "EREAD", Weight: 5,
	Gen: func(g *Gen) *Op {
		name, keyed := g.streamToRead()
		op := g.ask("EREAD", Ask{Kind: event.ScanStream, Partition: event.PartitionOf(name.Key, g.k.Partitions), Stream: name})
		opts := g.pollOptions(op, g.known(name))
		if keyed {
			opts = append(opts, [2]string{"PARTITION_KEY", g.uuidText(name.Key)})
		}
		op.Args = append(text(g.mixCase("EREAD"), name.ID), g.shuffled(opts)...)
		return op
	},
	Bad: func(g *Gen) [][]byte {
		s := g.stream()
		return append(text("EREAD"), choose(g.Rand, nil, text(s), text("", "FROM", "0"), text(s, "FROM"), text(s, "FROM", "-"), text(s, "FROM", "-1"), text(s, "COUNT", "1"),
			text(s, "FROM", "0", "FROM", "0"), text(s, "FROM", "0", "COUNT"), text(s, "FROM", "0", "COUNT", "x"), text(s, "FROM", "0", "BLOCK"), text(s, "FROM", "0", "BLOCK", "-1"),
			text(s, "FROM", "0", "BLOCK", "2147483648"), text(s, "FROM", "0", "BLOCK", "1", "BLOCK", "1"), text(s, "FROM", "0", "PARTITION_KEY", "7"), text(s, "0"))...)
	},
	Check: (*World).checkPoll,
}

// pollOptions draws where a read begins among n events, how many it wants, and
// whether it waits for the first.
func (g *Gen) pollOptions(op *Op, n int) (opts [][2]string) {
	a := &op.Ask
	a.To, a.Limit = event.NoVersion, g.k.Count
	if a.From = g.Uint64n(uint64(n) + 2); g.Chance(1, 2) {
		a.From = uint64(n) // behind what is there
	}
	opts = append(opts, [2]string{"FROM", strconv.FormatUint(a.From, 10)})
	if g.Chance(1, 2) {
		a.Limit = choose(g.Rand, 0, 1, 2, 10, 1000)
		opts = append(opts, [2]string{"COUNT", strconv.Itoa(a.Limit)})
	}
	if !g.Chance(2, 3) {
		return opts
	}
	op.Blocks = true
	wait := g.Intn(choose(g.Rand, 5, 100, 100, 1000, 5000))
	if wait == 0 && (g.w.second || a.From >= uint64(n)) {
		wait = 1 // nothing might ever come
		if !g.w.healed && g.w.plan.Script == nil {
			wait = 0
			g.leaveIn(500 * actor.Millisecond) // it has enough of that some time
		}
	}
	op.Block = actor.Instant(wait) * actor.Millisecond
	return append(opts, [2]string{"BLOCK", strconv.Itoa(wait)})
}
