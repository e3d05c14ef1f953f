// Package index finds events in a bucket: by sequence in a partition, by
// version in a stream, by event id. Its answers are exact: a collision of
// hashes costs a comparison, never a wrong answer.
//
// An [Index] is a row of tables, one for each segment, and two directories that
// say which tables hold a partition or a stream. All of it is in memory and
// built anew when a bucket opens. Only committed events are added, so that
// nothing is ever taken out.
//
// An Index belongs to one goroutine. It knows nothing of files: it answers with
// a [Place], a table number and an offset.
package index

import (
	"fmt"
	"strings"

	"sierradb/core/event"

	"github.com/google/uuid"
)

// Place is where an event is: the Item-th event of the frame at Offset, in the
// segment that the Table-th Begin announced.
type Place struct {
	Table  int
	Offset int64
	Item   uint16
}

// Source answers for one segment. Events are counted in it by ordinals from 0,
// in log order; its runs, one for each partition and stream that it holds, list
// ordinals in order of sequence or version. It is an interface so that a
// segment that is complete can answer from a file instead of from memory.
type Source interface {
	// Place returns where an event is.
	Place(ordinal uint32) (offset int64, item uint16)
	// Find looks an event id up: in partition p or, with any set, in the lowest
	// partition that has it.
	Find(id uuid.UUID, p event.PartitionID, any bool) (ordinal uint32, partition event.PartitionID, ok bool)
	// Ordinals appends n ordinals of a run to dst, from its first-th on, or down
	// from it with reverse set. The run has them.
	Ordinals(dst []uint32, run uint32, first, n uint64, reverse bool) []uint32
	// Count is the number of ordinals in a run.
	Count(run uint32) uint64
}

// Index is the index of a bucket. Make it with New.
type Index struct {
	salt    uint64
	parts   []chain // by partition
	streams []chain
	numbers map[streamKey]uint32 // index in streams; Go seeds the map's hash anew in each process
	sources []Source
	open    *Table // the last of sources

	ordinals []uint32 // memory of a scan
}

// streamKey holds the partition too: then nothing depends on the rule that a
// key has one partition.
type streamKey struct {
	partition event.PartitionID
	key       event.StreamKey
}

// New returns an empty index for partitions 0 to partitions-1. The salt keeps
// clients from choosing ids that collide in the tables.
func New(partitions int, salt uint64) *Index {
	return &Index{salt: salt, parts: make([]chain, partitions), numbers: make(map[streamKey]uint32)}
}

// Begin announces the next segment and returns the number of its table: 0, 1
// and so on.
func (x *Index) Begin() int {
	x.open = newTable(x.salt)
	x.sources = append(x.sources, x.open)
	return len(x.sources) - 1
}

// Tables is the number of segments announced.
func (x *Index) Tables() int { return len(x.sources) }

// Add indexes an event, which is the item-th of the frame at offset in the
// segment announced last. Its sequence and version must be the next ones of
// partition and stream; otherwise nothing changes and the error says what was
// expected. The index keeps nothing that ev points to.
func (x *Index) Add(ev *event.Event, offset int64, item uint16) error {
	if int(ev.Partition) >= len(x.parts) {
		return fmt.Errorf("event %s: partition %d is not below the count of %d", ev.ID, ev.Partition, len(x.parts))
	}
	part := &x.parts[ev.Partition]
	if uint64(ev.Sequence) != part.next {
		return fmt.Errorf("event %s: partition %d continues with sequence %d, not %d", ev.ID, ev.Partition, part.next, ev.Sequence)
	}
	key := streamKey{ev.Partition, event.StreamKey{Key: ev.Key, ID: ev.Stream}}
	n, known := x.numbers[key]
	var next uint64
	if known {
		next = x.streams[n].next
	}
	if uint64(ev.Version) != next {
		return fmt.Errorf("event %s: stream %q with key %s continues with version %d, not %d", ev.ID, ev.Stream, ev.Key, next, ev.Version)
	}
	if !known {
		n = uint32(len(x.streams))
		key.key.ID = strings.Clone(ev.Stream)
		x.numbers[key] = n
		x.streams = append(x.streams, chain{})
	}
	table := uint32(len(x.sources) - 1)
	ordinal := x.open.add(ev.ID, ev.Partition, offset, item)
	part.add(x.open, table, ordinal)
	x.streams[n].add(x.open, table, ordinal)
	return nil
}

// NextSequence is the sequence that the next event of p gets.
func (x *Index) NextSequence(p event.PartitionID) event.Sequence {
	if int(p) >= len(x.parts) {
		return 0
	}
	return event.Sequence(x.parts[p].next)
}

// NextVersion is the version that the next event of a stream gets. key.ID need
// not outlive the call.
func (x *Index) NextVersion(p event.PartitionID, key event.StreamKey) event.Version {
	if n, ok := x.numbers[streamKey{p, key}]; ok {
		return event.Version(x.streams[n].next)
	}
	return 0
}

// Find returns where the event with an id is: in partition p or, with any set,
// in the lowest partition that has it. It asks the segments one by one from the
// newest on.
func (x *Index) Find(id uuid.UUID, p event.PartitionID, any bool) (Place, bool) {
	var best Place
	var lowest event.PartitionID
	found := false
	for t := len(x.sources) - 1; t >= 0; t-- {
		ordinal, partition, ok := x.sources[t].Find(id, p, any)
		if !ok || found && partition >= lowest {
			continue
		}
		found, lowest = true, partition
		best = x.place(t, ordinal)
		if !any || partition == 0 {
			break
		}
	}
	return best, found
}

func (x *Index) place(t int, ordinal uint32) Place {
	off, item := x.sources[t].Place(ordinal)
	return Place{Table: t, Offset: off, Item: item}
}

// Partition appends to dst where the events with sequences from to to of a
// partition are, at most limit, ascending or (reverse) down from to.
func (x *Index) Partition(dst []Place, p event.PartitionID, from, to uint64, limit int, reverse bool) []Place {
	if int(p) >= len(x.parts) {
		return dst
	}
	return x.scan(dst, &x.parts[p], from, to, limit, reverse)
}

// Stream does the same for the versions of a stream.
func (x *Index) Stream(dst []Place, p event.PartitionID, key event.StreamKey, from, to uint64, limit int, reverse bool) []Place {
	n, ok := x.numbers[streamKey{p, key}]
	if !ok {
		return dst
	}
	return x.scan(dst, &x.streams[n], from, to, limit, reverse)
}

func (x *Index) scan(dst []Place, c *chain, from, to uint64, limit int, reverse bool) []Place {
	if c.next == 0 || limit <= 0 {
		return dst
	}
	to = min(to, c.next-1)
	if from > to {
		return dst
	}
	left := to - from // less one, so that 2^64 can't overflow
	left = min(left, uint64(limit)-1)
	if reverse {
		from = to - left
	} else {
		to = from + left
	}
	// Links from lo to hi hold from to to.
	lo, hi := c.holding(from), c.holding(to)
	for i := range hi - lo + 1 {
		at := lo + i
		if reverse {
			at = hi - i
		}
		l := c.link(at)
		src := x.sources[l.table]
		start := max(from, l.first) - l.first
		end := min(to, l.first+src.Count(l.run)-1) - l.first
		first := start
		if reverse {
			first = end
		}
		x.ordinals = src.Ordinals(x.ordinals[:0], l.run, first, end-start+1, reverse)
		for _, o := range x.ordinals {
			dst = append(dst, x.place(int(l.table), o))
		}
	}
	return dst
}
