package commands

import (
	"bytes"

	"sierradb/core/event"
	"sierradb/core/mutate"
)

// EPSub is the EPSUB module: it subscribes to the events of partitions.
var EPSub = Module{
	Spec: Spec{
		Name: "EPSUB",
		Usage: "*|<partition>[,<partition> ...] [FROM LATEST | FROM <sequence> | FROM MAP <partition>=<sequence> ... [DEFAULT <sequence>]] " +
			"[WINDOW <size>]",
		Summary: "Subscribe to the events of one or more partitions.",
		Group:   "partition",
		Since:   "0.1.0",
		Flags:   Read,
		Args: []Arg{
			{Name: "partition", Type: "string", About: "* for all partitions, or a list of partition ids, ranges of them (0-7) and UUID keys, separated by commas"},
			{Name: "from", Token: "FROM", Type: "string", Optional: true, About: "LATEST (which is the default), the sequence to begin with, or MAP and a list of <partition>=<sequence>; DEFAULT behind the list is for partitions that it leaves out, which else begin with LATEST"},
			argWindow,
		},
		Notes: []string{
			"A partition that is listed twice counts once. Pairs of FROM MAP for partitions that are not listed are ignored.",
			noteSubscription,
		},
		Returns:  returnsSubscription,
		Examples: []string{"EPSUB *", "EPSUB * FROM 1000 WINDOW 100", "EPSUB 5 FROM 100 WINDOW 50", "EPSUB 1,2,3 FROM MAP 1=100 2=200 DEFAULT 0 WINDOW 500"},
		Errors:   inTableOrder([]Code{Syntax, InvalidArg, Busy}, ofIndex),
	},
	New: func() Command { return new(epsub) },
}

type epsub struct {
	subscribing
	all        bool
	partitions []event.PartitionID // as they are listed, without repetitions
}

func (c *epsub) Parse(a *Args) error {
	c.reset()
	c.all, c.partitions = false, c.partitions[:0]
	if w, ok := a.take("partition"); ok {
		c.all, c.partitions, c.single = a.selector(w, c.partitions)
	}
	for a.Option(subscribeOptions) {
		c.option(a, "sequence")
	}
	for _, p := range c.from.pairs {
		a.one("partition of a pair of FROM MAP", p.name)
	}
	return a.End()
}

// selector reads which partitions w means: all, or those that it lists. single
// says that w is one id or one key.
func (a *Args) selector(w []byte, dst []event.PartitionID) (all bool, list []event.PartitionID, single bool) {
	w = bytes.TrimSpace(w)
	if string(w) == "*" {
		return true, dst, false
	}
	seen := make([]bool, a.partitions)
	single = true
	for more := true; more && a.err == nil; {
		var item []byte
		item, w, more = bytes.Cut(w, []byte(","))
		item = bytes.TrimSpace(item)
		single = single && !more && len(dst) == 0
		from, to := event.PartitionID(0), event.PartitionID(0)
		if _, isKey := parseUUID(item); isKey || bytes.IndexByte(item, '-') < 1 {
			from = a.one("partition", item)
			to = from
		} else {
			cut := bytes.IndexByte(item, '-')
			from, to = a.one("partition", item[:cut]), a.one("partition", item[cut+1:])
			single = mutate.On(mutate.RangeIsSingle) && single && from == to
			if a.err == nil && from > to {
				a.invalid("range of partitions", "<first>-<last>", item)
			}
		}
		for p := int(from); p <= int(to) && a.err == nil; p++ {
			if !seen[p] {
				seen[p] = true
				dst = append(dst, event.PartitionID(p))
			}
		}
	}
	return false, dst, single
}

func (c *epsub) Run(call *Call) {
	n := len(c.partitions)
	if c.all {
		n = call.Partitions()
	}
	sources, next := make([]event.Source, n), make([]uint64, n)
	at := make([]int, call.Partitions()) // of sources, by partition, plus one
	for i := range sources {
		p := event.PartitionID(i)
		if !c.all {
			p = c.partitions[i]
		}
		sources[i], next[i], at[p] = event.Source{Partition: p}, c.from.start(), i+1
	}
	for _, pair := range c.from.pairs {
		a := Args{partitions: call.Partitions()}
		if i := at[a.one("partition", pair.name)]; i > 0 {
			next[i-1] = pair.at
		}
	}
	c.run(call, sources, next)
	c.from.pairs = c.from.pairs[:0]
}

func (c *epsub) Done(call *Call) { c.done(call) }
