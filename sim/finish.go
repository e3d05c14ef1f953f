package sim

import (
	"strconv"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/vfs"
)

// The last phase. Everything heals, the node restarts, every bucket must take
// an append in time (D8), all clients make some more requests, and all that is in the model must be read back: by
// partition, by stream and by id, page by page. Then the power goes once more,
// and everything is read again: a second recovery must change nothing.

// patience is how much virtual time the node gets to serve again.
const patience = 20 * actor.Second

// heal ends all faults.
func (w *World) heal() {
	w.healed = true
	b := w.box
	b.mem.SetCapacity(0)
	b.m.Pause(0)
	if b.full { // what was refused for it may still be on the way
		b.full, b.filled = false, w.s.Now()
	}
	b.next = nil
	for _, c := range w.clients {
		c.left, c.coming, c.retry, c.script, c.talk, c.deaf, c.due = 0, nil, nil, nil, nil, 0, nil
	}
	w.tell("everything heals")
}

// verify restarts the node and reads everything back, twice.
func (w *World) verify() {
	for round := range 2 {
		if !w.restart(round) {
			return
		}
		c := newClient(w, w.k.Clients+round)
		c.quiet, c.left = true, 0
		w.clients = append(w.clients, c)
		if round == 0 {
			c.script = c.gen.proofOfLife()
			if !w.play(c, "D8 liveness", "a bucket does not take an append") || !w.burst() {
				return
			}
		}
		c.script = c.gen.readBack()
		if !w.play(c, "D8 liveness", "reading everything back does not end") {
			return
		}
		w.count.Add("read back", 1)
		w.wholly = true
		w.checkIndexes()
	}
	if w.plan.Mode != "calm" && !w.k.NoDrill {
		w.drill()
	}
}

// drill damages one bit of the newest segment at rest: the node must report it,
// or show everything that the disk can prove. Then the bit is turned back and
// everything must be there.
func (w *World) drill() {
	b := w.box
	if b.die("for a drill"); b.rand.Chance(1, 2) {
		// With the commit index that was only written: what frames name counts.
		b.mem.PowerCut(b.rand, vfs.CutLosesAll)
	}
	b.latent(&Fault{Kind: Flip, Arg: int64(w.rand.Uint64() >> 1)})
	b.rebootIn(b.pause())
	w.count.Add("drills", 1)
	w.until(w.s.Now()+patience, b.up)
	// Every bucket that is served shows its whole log when it writes the first
	// entry of its term.
	w.until(w.s.Now()+200*actor.Millisecond, func() bool { return false })
	if w.found != nil || !w.restart(2) {
		return
	}
	w.until(w.s.Now()+200*actor.Millisecond, func() bool { return false })
}

// restart ends the present life in some way and starts the next.
func (w *World) restart(round int) bool {
	b := w.box
	if b.m.Up() {
		how := b.rand.Intn(3)
		switch {
		case how == 0 && round == 0:
			b.die("for the last phase")
			b.rebootIn(b.pause())
		default:
			b.power(&Fault{Kind: Power, Cut: b.lastCut()}, "for the last phase")
		}
	}
	b.mend("last phase")
	deadline := w.s.Now() + patience
	w.until(deadline, b.up)
	w.judged("D8 liveness")
	if w.found == nil && !b.up() {
		w.violate(violated("D8 liveness", "the node does not start within %s", clock(patience)))
	}
	for i, hurt := range b.hurt {
		if hurt && w.found == nil {
			// What was flipped was written over since: nobody can repair that.
			w.count.Add("beyond repair", 1)
			w.tell("bucket %d is beyond repair", i)
			return false
		}
	}
	return w.found == nil
}

// lastCut draws what the last phase's own power cuts leave.
func (b *box) lastCut() string {
	cut := drawCut(b.rand)
	switch b.w.k.Gentle {
	case "nothing":
		return "keeps-all"
	case "whole":
		if cut != "keeps-all" {
			return "loses-all"
		}
	}
	return cut
}

// play lets a client make its requests.
func (w *World) play(c *Client, property, what string) bool {
	c.wake(0)
	w.judged(property)
	w.until(w.s.Now()+patience+actor.Instant(len(c.script))*actor.Second, c.finished)
	if w.found == nil && !c.finished() {
		w.violate(violated(property, "%s: %d requests are left", what, len(c.script)))
	}
	return w.found == nil
}

// proofOfLife makes one append for each bucket.
func (g *Gen) proofOfLife() []*Op {
	var ops []*Op
	done := make([]bool, g.k.Buckets)
	for n := 0; n < 10_000; n++ {
		stream := "alive-" + strconv.Itoa(n)
		key := event.KeyOf(stream)
		b := g.w.model.bucketOf(event.PartitionOf(key, g.k.Partitions))
		if done[b] {
			continue
		}
		done[b] = true
		in := g.w.model.intend(&Intent{Key: key, Events: []event.New{{Stream: stream, Expected: event.Expected{Kind: event.Empty}}}})
		in.Events[0].Name = eventName(in.N, 0)
		op := g.attempt(in)
		op.Sure = true
		ops = append(ops, op)
		if len(ops) == g.k.Buckets {
			break
		}
	}
	return ops
}

// readBack makes the reads that show everything: each partition and each stream
// in pages, and every event by its id.
func (g *Gen) readBack() []*Op {
	var ops []*Op
	m := g.w.model
	limit := g.Range(1, 40)
	count := text("COUNT", strconv.Itoa(limit))
	page := func(n int, make func(from uint64, a []byte) *Op) {
		for from := 0; from == 0 || from < n; from += limit {
			ops = append(ops, make(uint64(from), strconv.AppendInt(nil, int64(from), 10)))
		}
	}
	for i, p := range m.parts {
		id := event.PartitionID(i)
		page(len(p.records), func(from uint64, a []byte) *Op {
			return g.epscan(id, strconv.Itoa(i), from, event.NoVersion, limit, a, []byte("+"), count)
		})
		ops = append(ops, g.epseq(id, strconv.Itoa(i)))
		seen := make(map[streamName]bool)
		for _, r := range p.records {
			name := streamName{r.Key, r.Stream}
			ops = append(ops, g.eget(r.ID))
			if len(m.byID[r.ID]) > 1 { // it may show another one, and bytes may have cut the page before this
				at := uint64(r.Sequence)
				a := strconv.AppendUint(nil, at, 10)
				ops = append(ops, g.epscan(id, strconv.Itoa(i), at, at, limit, a, a, count))
			}
			if seen[name] {
				continue
			}
			seen[name] = true
			ops = append(ops, g.esver(name, true))
			page(len(m.streams[name].records), func(from uint64, a []byte) *Op {
				return g.escan(name, true, from, event.NoVersion, limit, a, []byte("+"), count)
			})
		}
	}
	for _, op := range ops {
		op.Sure = true
	}
	return ops
}
