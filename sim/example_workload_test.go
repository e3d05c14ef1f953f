package sim

import "sierradb/core/event"

var xlastWork = &Workload{
	Name: "XLAST", Weight: 4,
	Gen: func(g *Gen) *Op {
		name, keyed := g.streamToRead()
		args := text(g.mixCase("XLAST"), name.ID)
		if keyed {
			args = append(args, []byte("PARTITION_KEY"), []byte(g.uuidText(name.Key)))
		}
		ask := Ask{Kind: event.ScanStream, Partition: event.PartitionOf(name.Key, g.k.Partitions), Stream: name}
		return g.ask("XLAST", ask, args...)
	},
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("XLAST"), text("XLAST", ""), text("XLAST", g.stream(), "x"))
	},
	// The stream may have grown between call and return: one of its states in
	// this time must be the answer.
	Check: func(w *World, op *Op) *Violation {
		records := w.model.selected(&op.Ask)
		var v *Violation
		for _, n := range states(records, op.interval(w.model)) {
			switch {
			case n > 0:
				v = wantEvent(op, &op.Reply, records[n-1])
			case wantNull(op, &op.Reply):
				v = nil
			default:
				v = violated("D3 reads", "%s is answered %s, but the stream was empty", op, &op.Reply)
			}
			if v == nil {
				op.Ask.Kind = 0 // check_linear.go, the second opinion, can't read this reply
				return nil
			}
		}
		return v
	},
}
