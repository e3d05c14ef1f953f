package sim

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"sierradb/core"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// Every index answers as a full scan of the log does (I12): event ids, streams,
// partitions, the directory of what comes next. The indexes of the process that
// runs are asked, which grew entry by entry, and those that a reader of the
// disk's image builds. What they should say is read from the frames alone.

// indexes is what a bucket can be asked.
type indexes interface {
	Applied() uint64
	NextSequence(p event.PartitionID) event.Sequence
	NextVersion(p event.PartitionID, key event.StreamKey) event.Version
	Find(id uuid.UUID, p event.PartitionID, anywhere bool) (segment.Position, bool)
	StreamPositions(dst []segment.Position, p event.PartitionID, key event.StreamKey, from, to uint64, limit int, reverse bool) []segment.Position
	PartitionPositions(dst []segment.Position, p event.PartitionID, from, to uint64, limit int, reverse bool) []segment.Position
}

// checkAfterBoot judges the indexes that recovery built, in a quarter of the
// seeds.
func (w *World) checkAfterBoot() {
	if actor.Mix(w.plan.Seed+0x112)%4 == 0 {
		w.checkIndexes()
	}
}

// checkIndexes judges the indexes of the running process, and those of its disk
// as a reader finds it.
func (w *World) checkIndexes() {
	b := w.box
	if b.node == nil || w.found != nil {
		return
	}
	disk := b.mem.Clone()
	disk.SetCapacity(0)
	image, err := core.Open(disk, core.Options{ReadOnly: true, Owner: "a reader"})
	if err != nil {
		if !b.wounded(-1) {
			w.violate(violated("I12 index", "the image of a disk that is in use can't be opened for reading: %v", err))
		}
		return
	}
	defer image.Close()
	dice := actor.NewRand(actor.Mix(w.plan.Seed ^ w.s.Steps()))
	for i := range w.k.Buckets {
		id := event.BucketID(i)
		if b.hurt[i] || b.wounded(i) {
			continue
		}
		live, err := b.node.Store().Bucket(id)
		if err == nil {
			w.violate(w.checkBucket(disk, id, "the process", live, dice))
		}
		read, err := image.Bucket(id)
		if err != nil {
			w.violate(violated("I12 index", "bucket %d is served, but a reader of the disk's image is told: %v", i, err))
			continue
		}
		w.violate(w.checkBucket(disk, id, "a reader", read, dice))
	}
}

// checkBucket compares the indexes of a bucket with a full scan.
func (w *World) checkBucket(disk vfs.FS, id event.BucketID, who string, x indexes, dice *actor.Rand) *Violation {
	scan, err := scanBucket(disk, fmt.Sprintf("buckets/%05d", id), id, w.box.salt, w.k.Partitions, x.Applied())
	if err != nil {
		return violated("I12 index", "bucket %d up to entry %d: %v", id, x.Applied(), err)
	}
	w.judged("I12 index")
	if b, ok := x.(interface{ IndexBytes() int64 }); ok {
		if v := w.checkIndexMemory(int(id), b.IndexBytes(), scan, scan.segments); v != nil {
			return v
		}
	}
	if what := scan.compare(x, dice); what != "" {
		return violated("I12 index", "bucket %d up to entry %d, asked by %s: %s", id, x.Applied(), who, what)
	}
	return nil
}

// compare says in which answer an index differs from the scan, "" for none.
func (s *fullScan) compare(x indexes, dice *actor.Rand) string {
	for p := range event.PartitionID(len(s.parts) + 1) { // and one that does not exist
		var want []spot
		if int(p) < len(s.parts) {
			want = s.parts[p]
		}
		if got := x.NextSequence(p); uint64(got) != uint64(len(want)) {
			return fmt.Sprintf("partition %d continues with sequence %d, it has %d events", p, got, len(want))
		}
		if what := compareRange(dice, want, func(from, to uint64, limit int, reverse bool) []segment.Position {
			return x.PartitionPositions(nil, p, from, to, limit, reverse)
		}); what != "" {
			return fmt.Sprintf("partition %d: %s", p, what)
		}
	}
	for _, stream := range s.streamOrder {
		other := stream.key
		other.Key[15] ^= 1
		for _, ask := range []placedStream{stream,
			{stream.partition, event.StreamKey{Key: stream.key.Key, ID: stream.key.ID + "?"}},
			{stream.partition, other},
			{(stream.partition + 1) % event.PartitionID(len(s.parts)), stream.key}} {
			if what := s.compareStream(x, ask, dice); what != "" {
				return what
			}
		}
	}
	return s.compareIDs(x, dice)
}

func (s *fullScan) compareStream(x indexes, ask placedStream, dice *actor.Rand) string {
	want := s.streams[ask]
	name := fmt.Sprintf("stream %q with key %s in partition %d", ask.key.ID, ask.key.Key, ask.partition)
	if got := x.NextVersion(ask.partition, ask.key); uint64(got) != uint64(len(want)) {
		return fmt.Sprintf("%s continues with version %d, it has %d events", name, got, len(want))
	}
	if what := compareRange(dice, want, func(from, to uint64, limit int, reverse bool) []segment.Position {
		return x.StreamPositions(nil, ask.partition, ask.key, from, to, limit, reverse)
	}); what != "" {
		return name + ": " + what
	}
	return ""
}

// compareIDs asks for every event id in every partition and anywhere, and for
// ids that nobody knows.
func (s *fullScan) compareIDs(x indexes, dice *actor.Rand) string {
	for _, id := range s.idOrder {
		unknown := id
		unknown[dice.Intn(16)] ^= 1 << dice.Intn(8)
		for _, ask := range []uuid.UUID{id, unknown} {
			lowest := spot{}
			for p := len(s.parts) - 1; p >= 0; p-- {
				at, there := s.ids[ask][event.PartitionID(p)]
				if there {
					lowest = at
				}
				if what := compareFind(x, ask, event.PartitionID(p), false, at, there); what != "" {
					return what
				}
			}
			if what := compareFind(x, ask, 0, true, lowest, len(s.ids[ask]) > 0); what != "" {
				return what
			}
		}
	}
	return ""
}

func compareFind(x indexes, id uuid.UUID, p event.PartitionID, anywhere bool, want spot, there bool) string {
	got, ok := x.Find(id, p, anywhere)
	if ok == there && (!ok || spotOf(got) == want) {
		return ""
	}
	return fmt.Sprintf("event %s in partition %d (anywhere: %v) is found: %v, the scan says %v, at %+v", id, p, anywhere, ok, there, want)
}

// compareRange asks for all events of a run in both directions, and for some
// drawn parts of it.
func compareRange(dice *actor.Rand, want []spot, ask func(from, to uint64, limit int, reverse bool) []segment.Position) string {
	n := len(want)
	for i := range 6 {
		from, to, limit, reverse := uint64(0), uint64(event.NoVersion), n+1, i%2 == 1
		if i > 1 {
			from = dice.Uint64n(uint64(n) + 2)
			to = from + dice.Uint64n(uint64(n)+2)
			limit = dice.Intn(n + 2)
		}
		part := slices.Clone(want[min(from, uint64(n)):min(to+1, uint64(n))])
		if reverse {
			slices.Reverse(part)
		}
		part = part[:min(limit, len(part))]
		got := ask(from, to, limit, reverse)
		if !slices.EqualFunc(got, part, func(p segment.Position, s spot) bool { return spotOf(p) == s }) {
			return fmt.Sprintf("events %d to %d, at most %d, reverse %v: %d positions %+v, the scan has %d: %+v",
				from, to, limit, reverse, len(got), spotsOf(got), len(part), part)
		}
	}
	return ""
}

func spotOf(p segment.Position) spot { return spot{p.Segment.Number(), p.Offset, p.Item} }

func spotsOf(list []segment.Position) (out []spot) {
	for _, p := range list {
		out = append(out, spotOf(p))
	}
	return out
}
