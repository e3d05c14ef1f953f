package sim

import (
	"strconv"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// walk reads a stream or a partition page by page to its end, as clients do
// that follow has_more, and goes on where it was when it lost its connection.
// The pages join without gap or repeat (S16), and hold whole transactions.
type walk struct {
	ask      Ask
	keyed    bool
	selector string
	at       uint64            // the next number to read
	seen     map[string]uint64 // by event id: its number
	own      event.Version     // that the client's own appends gave the stream at least
	intents  []int             // that the events come from, by their names, in order
	trials   int               // left for requests that fail
	leaves   bool              // it drops the connection now and then
	over     bool
}

func (g *Gen) walk() *walk {
	t := &walk{seen: make(map[string]uint64), trials: 5, leaves: g.Chance(1, 3)}
	t.ask = Ask{Kind: event.ScanStream, To: event.NoVersion, Limit: g.Range(1, 12)}
	if g.Chance(1, 2) {
		t.ask.Kind = event.ScanPartition
		t.ask.Partition, t.selector = g.partition()
		return t
	}
	t.ask.Stream, t.keyed = g.streamToRead()
	t.ask.Partition = event.PartitionOf(t.ask.Stream.Key, g.k.Partitions)
	t.own = g.c.told[t.ask.Stream]
	return t
}

func (t *walk) next(g *Gen) *Op {
	if t.over || t.trials < 0 || len(t.seen) > 400 {
		return nil
	}
	if t.leaves && t.at > 0 && g.Chance(1, 6) {
		g.leave()
	}
	from, to := strconv.AppendUint(nil, t.at, 10), []byte("+")
	count := text("COUNT", strconv.Itoa(t.ask.Limit))
	if t.ask.Kind == event.ScanPartition {
		return g.epscan(t.ask.Partition, t.selector, t.at, t.ask.To, t.ask.Limit, from, to, count)
	}
	return g.escan(t.ask.Stream, t.keyed, t.at, t.ask.To, t.ask.Limit, from, to, count)
}

func (t *walk) heard(w *World, op *Op) *Violation {
	if w.model.parts[t.ask.Partition].lost {
		t.over = true // what was read may be lost, and its numbers used again
		return nil
	}
	if !op.answered() {
		t.trials--
		return nil
	}
	if w.found != nil {
		return nil // the page itself was wrong
	}
	events, _ := op.Reply.Get("events")
	more, _ := op.Reply.Get("has_more")
	w.count.Add("pages walked", 1)
	w.judged("S16 pages")
	for i := range events.Elems {
		if v := t.event(op, &events.Elems[i]); v != nil {
			return v
		}
	}
	if yes, _ := more.Bool(); yes {
		if len(events.Elems) == 0 {
			return violated("S16 pages", "%s is answered with no event and has_more: the client would ask for ever", op)
		}
		return nil
	}
	t.over = true
	w.count.Add("walks to the end", 1)
	return t.end(w, op)
}

// event takes the next event of the walk.
func (t *walk) event(op *Op, ev *resp3.Value) *Violation {
	field := "stream_version"
	if t.ask.Kind == event.ScanPartition {
		field = "partition_sequence"
	}
	got, _ := ev.Get(field)
	if n, ok := isInt(&got); !ok || n != t.at {
		return violated("S16 pages", "%s goes on with %s %s, expected %d", op, field, &got, t.at)
	}
	id, _ := ev.Get("event_id")
	if n, twice := t.seen[id.Text()]; twice {
		return violated("S16 pages", "%s shows event %s at %d, but an earlier page at %d", op, id.Text(), t.at, n)
	}
	t.seen[id.Text()] = t.at
	t.at++
	name, _ := ev.Get("event_name")
	n, _, _ := intentOf(name.Text())
	t.intents = append(t.intents, n)
	return nil
}

// end judges the pages together: all of what the client itself appended before
// is there, and every transaction of the partition with all its events, side by
// side.
func (t *walk) end(w *World, op *Op) *Violation {
	if t.at < uint64(t.own) {
		return violated("D1 reads", "%s ends the walk at %d, but the client's own append got version %d before it began", op, t.at, t.own-1)
	}
	if t.ask.Kind != event.ScanPartition {
		return nil
	}
	for i := 0; i < len(t.intents); {
		n := t.intents[i]
		want := len(w.model.intents[n].landed().Events)
		for range want {
			if i == len(t.intents) || t.intents[i] != n {
				return violated("D2 whole", "%s ends the walk, and of append #%d the partition shows fewer than its %d events up to sequence %d", op, n, want, i)
			}
			i++
		}
	}
	return nil
}
