package sim

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// race is optimistic concurrency: a client reads a stream's version and appends
// expecting it, and whoever else did that first makes it lose. The loser must
// learn the version that beat it, and find that version or a later one when it
// reads again.
type race struct {
	name   streamName
	keyed  bool
	at     event.Version // that the stream has, as far as the client knows
	known  bool          // it was read, or follows from the client's own append
	least  event.Version // that the stream has had: it never has less again
	id     uuid.UUID     // of the event, kept through refusals
	left   int           // requests to make
	leaves bool          // it loses its connection behind some appends, and tries again
}

func (g *Gen) race() *race {
	r := &race{left: g.Range(2, 10), leaves: g.Chance(1, 5)}
	r.name, r.keyed = g.streamToRead()
	if g.Chance(1, 2) { // where others are, too
		r.name.ID = streamID(0)
		r.name.Key, r.keyed = event.KeyOf(r.name.ID), false
	}
	return r
}

func (r *race) next(g *Gen) *Op {
	if r.left--; r.left < 0 {
		return nil
	}
	if !r.known {
		return g.esver(r.name, r.keyed)
	}
	ev := event.New{Stream: r.name.ID, Expected: expectNext(r.at), GivenID: true, ID: r.id, Payload: g.blob(g.k.PayloadMax)}
	if r.id == uuid.Nil || g.Chance(1, 2) {
		ev.ID = g.freshID(r.name.Key)
		r.id = ev.ID
	}
	if r.leaves && g.Chance(1, 3) {
		g.leave()
	}
	in := g.w.model.intend(&Intent{Key: r.name.Key, Events: []event.New{ev}})
	in.Events[0].Name = eventName(in.N, 0)
	return g.attempt(in)
}

func (r *race) heard(w *World, op *Op) *Violation {
	p := w.model.parts[event.PartitionOf(r.name.Key, w.k.Partitions)]
	switch {
	case p.lost:
		r.left = 0 // what the client knows may be lost, too
		return nil
	case op.Intent == nil && op.answered():
		r.known, r.at = true, 0
		if last, some := isInt(&op.Reply); some {
			r.at = event.Version(last) + 1
		}
		if r.at < r.least {
			return violated("D3 reads", "%s is answered %s, but the client was told of version %d before", op, &op.Reply, r.least-1)
		}
		r.least = r.at
		return nil
	case op.answered():
		return r.won(w, op)
	case op.code() == "WRONGVER":
		return r.lost(w, op)
	}
	r.left = 0 // no answer, or one that says nothing of the stream
	return nil
}

// won judges an append that landed: at the version that was expected.
func (r *race) won(w *World, op *Op) *Violation {
	w.count.Add("races won", 1)
	got, _ := op.Reply.Get("stream_version")
	if v := wantValue(op, "stream_version", &got, number(uint64(r.at))); v != nil {
		return v
	}
	r.at++
	r.least = r.at
	r.id = uuid.Nil
	return nil
}

// lost judges a refusal: it names a version that is not the expected one, and
// that somebody appended since the client looked.
func (r *race) lost(w *World, op *Op) *Violation {
	w.count.Add("races lost", 1)
	_, rest, _ := strings.Cut(op.Reply.Text(), "current stream version is ")
	word, _, _ := strings.Cut(rest, " ")
	current, err := strconv.ParseUint(word, 10, 63)
	if err != nil || event.Version(current) < r.at {
		return violated("D4 expected version", "%s is answered %s, but the client had seen %d events before it asked", op, &op.Reply, r.at)
	}
	r.least = event.Version(current) + 1
	r.known = false
	return nil
}
