package sim

import (
	"strconv"

	"sierradb/core/event"
)

var esubWork = &Workload{
	Name: "ESUB", Weight: 4,
	Gen: func(g *Gen) *Op {
		if !g.mayFollow() {
			return nil
		}
		return g.subscribe(g.esubArgs())
	},
	Bad: func(g *Gen) [][]byte {
		s, key := g.stream(), g.explicitKey().String()
		return choose(g.Rand, text("ESUB"), text("ESUB", ""), text("ESUB", s, ""), text("ESUB", s, "FROM"), text("ESUB", s, "FROM", "first"),
			text("ESUB", s, "FROM", "-1"), text("ESUB", s, "FROM", "9223372036854775808"), text("ESUB", s, "FROM", "MAP"), text("ESUB", s, "FROM", "MAP", "WINDOW", "5"),
			text("ESUB", s, "FROM", "MAP", s), text("ESUB", s, "FROM", "MAP", s+"="), text("ESUB", s, "FROM", "MAP", s+"=x"), text("ESUB", s, "FROM", "MAP", "=1"),
			text("ESUB", s, "FROM", "1", "FROM", "1"), text("ESUB", s, "FROM", "1", s), text("ESUB", s, "FROM", "MAP", s+"=1", "DEFAULT", "1"),
			text("ESUB", s, "WINDOW"), text("ESUB", s, "WINDOW", "0"), text("ESUB", s, "WINDOW", "-1"), text("ESUB", s, "WINDOW", "all"),
			text("ESUB", s, "WINDOW", "1", "WINDOW", "2"), text("ESUB", s, "PARTITION_KEY"), text("ESUB", s, "PARTITION_KEY", "42"),
			text("ESUB", s, "PARTITION_KEY", key, "PARTITION_KEY", key), text("ESUB", "\xff"), null("ESUB", s, "FROM"))
	},
	Check: wantSubscription,
}

// mayFollow says whether the client wants another subscription on its
// connection; now and then one that is too many for the node.
func (g *Gen) mayFollow() bool {
	n := 0
	for _, sub := range g.c.conn.subs {
		if sub.state == subAsked || sub.alive() {
			n++
		}
	}
	return n < g.k.keeps() || g.k.Subscriptions > 0 && n <= g.k.Subscriptions && g.Chance(1, 4)
}

// keeps is how many subscriptions a client keeps on its connection.
func (k *Knobs) keeps() int { return max(1, k.Follows) }

// subscribe makes a request for a subscription.
func (g *Gen) subscribe(args [][]byte) *Op {
	name := "EPSUB"
	if isOption(args[0], "ESUB") {
		name = "ESUB"
	}
	sub := subscriptionOf(args, g.k.Partitions)
	if sub == nil {
		panic("sim: a subscription is malformed: " + (&Op{Args: args}).String())
	}
	return &Op{Work: work(name), Args: args, Sub: sub}
}

// esubArgs draws what to subscribe to: mostly one stream, or several, also one of
// them twice, or under several keys.
func (g *Gen) esubArgs() [][]byte {
	args := text(g.mixCase("ESUB"))
	n := 1
	if g.Chance(1, 3) {
		n = g.Range(2, 6)
	}
	var names []streamName
	for range n {
		name, keyed := g.streamToRead()
		if len(names) > 0 && g.Chance(1, 5) {
			name.ID = names[0].ID // under another key, or once more
			keyed = true
		}
		names = append(names, name)
		args = append(args, []byte(name.ID))
		if keyed {
			args = append(args, []byte(g.mixCase("PARTITION_KEY")), []byte(g.uuidText(name.Key)))
		}
	}
	most := 0
	for _, name := range names {
		most = max(most, g.known(name))
	}
	return append(args, g.subscribeOptions(most, func() [][]byte { return g.streamPairs(names) })...)
}

// subscribeOptions draws FROM and WINDOW, in any order. n is how many events
// there are.
func (g *Gen) subscribeOptions(n int, pairs func() [][]byte) [][]byte {
	var from, window [][]byte
	switch g.Intn(7) {
	case 0:
	case 1, 2:
		from = text(g.mixCase("FROM"), g.mixCase("LATEST"))
	case 3, 4:
		from = text(g.mixCase("FROM"), g.startingPoint(n))
	default:
		from = append(text(g.mixCase("FROM"), g.mixCase("MAP")), pairs()...)
	}
	if g.Chance(2, 3) {
		window = text(g.mixCase("WINDOW"), choose(g.Rand, "1", "1", "2", "3", "10", "100", "10000"))
	}
	if g.Chance(1, 2) {
		return append(window, from...)
	}
	return append(from, window...)
}

// startingPoint draws where a subscription starts: at the beginning, somewhere
// among n events, at their end, or in the future.
func (g *Gen) startingPoint(n int) string {
	at := g.Uint64n(uint64(n) + 1)
	switch g.Intn(6) {
	case 0, 1:
		at = 0
	case 2:
		at = uint64(n) + g.Uint64n(4)
	case 3:
		if g.Chance(1, 8) {
			at = choose[uint64](g.Rand, 1<<40, event.NoVersion)
		}
	}
	return strconv.FormatUint(at, 10)
}

// streamPairs draws the pairs of FROM MAP: of some streams, and of some that
// nobody listed. A stream id that stands in the list several times has one pair
// for all, or as many as there are.
func (g *Gen) streamPairs(names []streamName) (words [][]byte) {
	var ids []string
	keys := make(map[string][]streamName)
	for _, name := range names {
		list := keys[name.ID]
		if len(list) == 0 {
			ids = append(ids, name.ID)
		}
		known := false
		for _, o := range list {
			known = known || o == name
		}
		if !known {
			keys[name.ID] = append(list, name)
		}
	}
	for _, id := range ids {
		if len(ids) > 1 && g.Chance(1, 3) {
			continue
		}
		list := keys[id]
		if g.Chance(1, 2) {
			list = list[:1]
		}
		for _, name := range list {
			words = append(words, []byte(id+"="+g.startingPoint(g.known(name))))
		}
	}
	if len(words) == 0 || g.Chance(1, 4) {
		words = append(words, []byte(choose(g.Rand, "nosuch=5", "a=b=3", "FROM=0")))
	}
	return words
}
