package sim

import (
	"slices"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// sighting is one event as replies showed it.
type sighting struct {
	name     string
	sequence uint64
	version  uint64
	id       string
	intent   *Intent
	item     int // of the intent
}

// sightings is all that clients saw of one partition: which event stands where,
// from acknowledgements and reads alone. What a client sees of an event's place
// never changes, so that two replies that disagree are wrong by themselves.
type sightings struct {
	partition event.PartitionID
	lost      bool      // damage that the world made cost events: their places were given away again
	asked     []*Intent // of all partitions, by number
	byName    map[string]*sighting
	at        map[uint64]*sighting // by sequence
	byID      map[string]*sighting

	length  int                  // events from sequence 0 on without a gap
	streams map[streamName][]int // sequences by version
	whole   []int                // the sequences themselves: the partition as if it were a stream
}

func newSightings(p event.PartitionID, asked []*Intent) *sightings {
	return &sightings{partition: p, asked: asked, byName: make(map[string]*sighting),
		at: make(map[uint64]*sighting), byID: make(map[string]*sighting)}
}

func unlinear(format string, args ...any) *Violation {
	return violated("D4 linearizable", format, args...)
}

// see takes one event of a reply.
func (s *sightings) see(op *Op, e sighting) *Violation {
	if s.lost {
		return nil
	}
	n, _, ok := intentOf(e.name)
	if !ok || n >= len(s.asked) {
		return unlinear("%s shows event %q, which nobody asked for", op, e.name)
	}
	e.intent = s.asked[n].landed()
	e.item = slices.IndexFunc(e.intent.Events, func(ev event.New) bool { return ev.Name == e.name })
	if e.item < 0 {
		return unlinear("%s shows event %q, which nobody asked for", op, e.name)
	}
	if e.intent.Partition != s.partition {
		return unlinear("%s shows %s in partition %d, it belongs into %d", op, e.name, s.partition, e.intent.Partition)
	}
	if old := s.byName[e.name]; old != nil {
		if *old != e {
			return unlinear("%s shows %s at sequence %d, version %d with id %s, it was seen at sequence %d, version %d with id %s",
				op, e.name, e.sequence, e.version, e.id, old.sequence, old.version, old.id)
		}
		return nil
	}
	if old := s.at[e.sequence]; old != nil {
		return unlinear("%s shows %s at sequence %d of partition %d, where %s was seen", op, e.name, e.sequence, s.partition, old.name)
	}
	if old := s.byID[e.id]; old != nil {
		return unlinear("%s shows event id %s at sequence %d of partition %d, it was seen at %d", op, e.id, e.sequence, s.partition, old.sequence)
	}
	s.byName[e.name], s.at[e.sequence], s.byID[e.id] = &e, &e, &e
	return nil
}

// seeAck takes the acknowledgement of an append.
func (s *sightings) seeAck(op *Op) *Violation {
	in, r := op.Intent, &op.Reply
	if s.lost {
		return nil
	}
	if other := s.asked[in.N].landed(); other != in {
		return unlinear("%s is acknowledged, but %s is what landed", in, other)
	}
	if !in.Multi {
		return s.see(op, sighting{name: in.Events[0].Name, sequence: field64(r, "partition_sequence"),
			version: field64(r, "stream_version"), id: fieldText(r, "event_id")})
	}
	first, list := field64(r, "first_partition_sequence"), fieldList(r, "events")
	if len(list) != len(in.Events) || field64(r, "last_partition_sequence") != first+uint64(len(list))-1 {
		return unlinear("%s is answered with %d events from sequence %d on, it has %d", op, len(list), first, len(in.Events))
	}
	for i := range list {
		if v := s.see(op, sighting{name: in.Events[i].Name, sequence: first + uint64(i),
			version: field64(&list[i], "stream_version"), id: fieldText(&list[i], "event_id")}); v != nil {
			return v
		}
	}
	return nil
}

// seeEvent takes an event as reads show it.
func (s *sightings) seeEvent(op *Op, r *resp3.Value) *Violation {
	if p := field64(r, "partition_id"); p != uint64(s.partition) {
		return unlinear("%s shows an event of partition %d, expected partition %d", op, p, s.partition)
	}
	return s.see(op, sighting{name: fieldText(r, "event_name"), sequence: field64(r, "partition_sequence"),
		version: field64(r, "stream_version"), id: fieldText(r, "event_id")})
}

// order puts what was seen in order and judges it as far as it stands for
// itself: no gap, versions as counted, transactions whole, expectations kept
// where an append landed, nothing there that was refused.
func (s *sightings) order() *Violation {
	s.streams = make(map[streamName][]int)
	for s.at[uint64(s.length)] != nil {
		e := s.at[uint64(s.length)]
		name := streamName{e.intent.Key, e.intent.Events[e.item].Stream}
		if want := len(s.streams[name]); e.version != uint64(want) {
			return unlinear("%s at sequence %d of partition %d was seen with version %d, it is event %d of its stream", e.name, s.length, s.partition, e.version, want)
		}
		if want := e.intent.Events[e.item].Expected; !want.Holds(event.Version(e.version)) {
			return unlinear("%s landed at version %d, but expected its stream at %s", e.name, e.version, want)
		}
		s.streams[name] = append(s.streams[name], s.length)
		s.whole = append(s.whole, s.length)
		s.length++
	}
	if s.length < len(s.at) {
		return unlinear("of partition %d %d events were seen, but sequence %d never", s.partition, len(s.at), s.length)
	}
	for at := range s.length {
		e := s.at[uint64(at)]
		in := e.intent
		for i := range in.Events {
			other := s.byName[in.Events[i].Name]
			if other == nil || other.sequence-uint64(other.item) != e.sequence-uint64(e.item) {
				return unlinear("%s was seen in parts: %s at sequence %d", in, e.name, e.sequence)
			}
		}
		if in.refused() {
			return unlinear("%s was seen at sequence %d, but every attempt was answered that it was not done", in, e.sequence)
		}
	}
	return nil
}

// first is the sequence of an intent's first event; landed says whether it was
// seen at all.
func (s *sightings) first(in *Intent) (sequence int, landed bool) {
	e := s.byName[in.Events[0].Name]
	if e == nil || e.intent != in {
		return 0, false // or a variant of it was seen
	}
	return int(e.sequence), true
}

// lengths is a range of lengths of a partition, both ends included; empty when lo
// is above hi.
type lengths struct{ lo, hi int }

var nowhere = lengths{1, 0}

func (a lengths) and(b lengths) lengths { return lengths{max(a.lo, b.lo), min(a.hi, b.hi)} }

// always is every length.
func (s *sightings) always() lengths { return lengths{0, s.length} }

// counting returns the lengths of the partition at which n of the events at
// these sequences are there.
func (s *sightings) counting(sequences []int, n uint64) lengths {
	return s.atLeast(sequences, n).and(s.atMost(sequences, n))
}

func (s *sightings) atLeast(sequences []int, n uint64) lengths {
	switch {
	case n > uint64(len(sequences)):
		return nowhere
	case n == 0:
		return s.always()
	}
	return lengths{sequences[n-1] + 1, s.length}
}

func (s *sightings) atMost(sequences []int, n uint64) lengths {
	if n >= uint64(len(sequences)) {
		return s.always()
	}
	return lengths{0, sequences[n]}
}

// field64, fieldText and fieldList read a field of a reply whose form another
// checker has judged.
func field64(r *resp3.Value, key string) uint64 {
	v, _ := r.Get(key)
	return uint64(v.Int)
}

func fieldText(r *resp3.Value, key string) string {
	v, _ := r.Get(key)
	return v.Text()
}

func fieldList(r *resp3.Value, key string) []resp3.Value {
	v, _ := r.Get(key)
	return v.Elems
}
