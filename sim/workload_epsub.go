package sim

import (
	"strconv"
	"strings"

	"sierradb/core/event"
)

var epsubWork = &Workload{
	Name: "EPSUB", Weight: 4,
	Gen: func(g *Gen) *Op {
		if !g.mayFollow() {
			return nil
		}
		return g.subscribe(g.epsubArgs())
	},
	Bad: func(g *Gen) [][]byte {
		beyond := strconv.Itoa(g.k.Partitions)
		return choose(g.Rand, text("EPSUB"), text("EPSUB", ""), text("EPSUB", ","), text("EPSUB", "0,,0"), text("EPSUB", "0,"), text("EPSUB", "x"), text("EPSUB", "-1"),
			text("EPSUB", beyond), text("EPSUB", "0,"+beyond), text("EPSUB", "0-"+beyond), text("EPSUB", "1-0"), text("EPSUB", "*,0"), text("EPSUB", "0-"),
			text("EPSUB", "0", "0"), text("EPSUB", "0", "FROM"), text("EPSUB", "0", "FROM", "x"), text("EPSUB", "0", "FROM", "MAP"), text("EPSUB", "0", "FROM", "MAP", "0"),
			text("EPSUB", "0", "FROM", "MAP", "x=1"), text("EPSUB", "0", "FROM", "MAP", beyond+"=1"), text("EPSUB", "0", "FROM", "MAP", "DEFAULT", "0"),
			text("EPSUB", "0", "FROM", "MAP", "0=1", "DEFAULT"), text("EPSUB", "*", "DEFAULT", "0"), text("EPSUB", "*", "WINDOW", "0"), text("EPSUB", "*", "PARTITION_KEY", g.explicitKey().String()))
	},
	Check: wantSubscription,
}

// epsubArgs draws what to subscribe to: one partition, by number or by key, a
// range, a list of all of that, or everything.
func (g *Gen) epsubArgs() [][]byte {
	selector := ""
	switch g.Intn(6) {
	case 0, 1:
		selector = "*"
	case 2, 3:
		_, selector = g.partition()
	case 4:
		selector = g.partitionRange()
	default:
		var items []string
		for range g.Range(1, 4) {
			item := g.partitionRange()
			if g.Chance(2, 3) {
				_, item = g.partition()
			}
			items = append(items, strings.Repeat(" ", g.Intn(2))+item+strings.Repeat(" ", g.Intn(2)))
		}
		selector = strings.Join(items, ",")
	}
	most := 0
	for _, p := range g.w.model.parts {
		most = max(most, len(p.records))
	}
	return append(text(g.mixCase("EPSUB"), selector), g.subscribeOptions(most, g.partitionPairs)...)
}

func (g *Gen) partitionRange() string {
	a := g.Intn(g.k.Partitions)
	return strconv.Itoa(a) + "-" + strconv.Itoa(g.Range(a, g.k.Partitions-1))
}

// partitionPairs draws the pairs of FROM MAP, and a DEFAULT for the others.
func (g *Gen) partitionPairs() (words [][]byte) {
	for p := range g.k.Partitions {
		if g.Chance(1, 2) {
			words = append(words, []byte(strconv.Itoa(p)+"="+g.startingPoint(len(g.w.model.parts[p].records))))
		}
	}
	if len(words) == 0 {
		p := g.Intn(g.k.Partitions)
		words = append(words, []byte(strconv.Itoa(p)+"="+g.startingPoint(len(g.w.model.parts[p].records))))
	}
	if g.Chance(1, 2) {
		words = append(words, text(g.mixCase("DEFAULT"), g.startingPoint(g.Intn(10)))...)
	}
	return words
}

// everything is a subscription of a projection: all partitions from the
// beginning.
func (g *Gen) everything() [][]byte {
	args := text("EPSUB", "*", "FROM", choose(g.Rand, "0", "0", "LATEST"))
	if g.Chance(1, 2) {
		args = append(args, text("WINDOW", choose(g.Rand, "1", "5", "100"))...)
	}
	return args
}

// fromTheStart draws the subscriptions that a client wants from its first
// connection on.
func (g *Gen) fromTheStart() (requests [][][]byte) {
	if g.w.plan.Script != nil || g.k.Follows == 0 || g.c.n >= g.k.Clients {
		return nil
	}
	for len(requests) < g.k.Follows && g.Chance(1, 2) {
		requests = append(requests, choose(g.Rand, g.everything, g.everything, g.epsubArgs, g.esubArgs)())
	}
	return requests
}

// partitionCalled reads a partition as a request names it.
func partitionCalled(s string, partitions int) event.PartitionID {
	if n, err := strconv.Atoi(s); err == nil {
		return event.PartitionID(n)
	}
	return event.PartitionOf(keyIn(s), partitions)
}
