package index

import (
	"fmt"
	"slices"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// TestIndex_Model compares an index over several segments with plain slices.
func TestIndex_Model(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const partitions = 4
		x := New(partitions, 42)
		parts := make([][]Place, partitions)
		streams := map[streamKey][]Place{}
		ids := map[event.PartitionID]map[uuid.UUID]Place{}
		for p := range event.PartitionID(partitions) {
			ids[p] = map[uuid.UUID]Place{}
		}
		offset := int64(0)
		for range rapid.IntRange(1, 6).Draw(t, "segments") {
			table := x.Begin()
			for range rapid.IntRange(0, 60).Draw(t, "events") {
				p := event.PartitionID(rapid.IntRange(0, partitions-1).Draw(t, "partition"))
				key := event.StreamKey{Key: uuid.UUID{byte(rapid.IntRange(0, 1).Draw(t, "key"))}, ID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "stream")}
				id := uuid.UUID{byte(rapid.IntRange(0, 255).Draw(t, "id"))} // the same id in several partitions
				if _, taken := ids[p][id]; taken {
					continue
				}
				offset += 8
				at := Place{Table: table, Offset: offset, Item: uint16(offset % 5)}
				sk := streamKey{p, key}
				ev := event.Event{ID: id, Key: key.Key, Stream: key.ID, Partition: p, Sequence: event.Sequence(len(parts[p])), Version: event.Version(len(streams[sk]))}
				if err := x.Add(&ev, at.Offset, at.Item); err != nil {
					t.Fatal(err)
				}
				parts[p] = append(parts[p], at)
				streams[sk] = append(streams[sk], at)
				ids[p][id] = at
			}
		}
		check := func(what string, all []Place, next uint64, scan func(from, to uint64, limit int, reverse bool) []Place) {
			t.Helper()
			if next != uint64(len(all)) {
				t.Fatalf("%s: next is %d, want %d", what, next, len(all))
			}
			from := rapid.Uint64Range(0, uint64(len(all))+2).Draw(t, "from")
			to := rapid.SampledFrom([]uint64{0, 1, from, from + 1, from + 20, uint64(len(all)), event.NoVersion, 1<<64 - 1}).Draw(t, "to")
			limit := rapid.IntRange(0, 40).Draw(t, "limit")
			var want []Place
			if from <= to && from < uint64(len(all)) {
				want = slices.Clone(all[from : min(to, uint64(len(all))-1)+1])
			}
			got := scan(from, to, limit, false)
			if !slices.Equal(got, want[:min(limit, len(want))]) {
				t.Fatalf("%s from %d to %d limit %d: %v, want %v", what, from, to, limit, got, want)
			}
			slices.Reverse(want)
			if got := scan(from, to, limit, true); !slices.Equal(got, want[:min(limit, len(want))]) {
				t.Fatalf("%s from %d down to %d limit %d: %v, want %v", what, to, from, limit, got, want)
			}
		}
		for p := range event.PartitionID(partitions) {
			check(fmt.Sprintf("partition %d", p), parts[p], uint64(x.NextSequence(p)), func(from, to uint64, limit int, reverse bool) []Place {
				return x.Partition(nil, p, from, to, limit, reverse)
			})
			for b := range 256 {
				id := uuid.UUID{byte(b)}
				want, ok := ids[p][id]
				if got, found := x.Find(id, p, false); found != ok || got != want {
					t.Fatalf("Find(%s, %d) = %+v %v, want %+v %v", id, p, got, found, want, ok)
				}
				ok = false
				for q := range event.PartitionID(partitions) {
					if want, ok = ids[q][id]; ok {
						break
					}
				}
				if got, found := x.Find(id, p, true); found != ok || got != want {
					t.Fatalf("Find(%s, any) = %+v %v, want %+v %v", id, got, found, want, ok)
				}
			}
			for _, name := range []string{"a", "b", "c", "unknown"} {
				key := event.StreamKey{Key: uuid.UUID{1}, ID: name}
				check(name, streams[streamKey{p, key}], uint64(x.NextVersion(p, key)), func(from, to uint64, limit int, reverse bool) []Place {
					return x.Stream(nil, p, key, from, to, limit, reverse)
				})
			}
		}
	})
}

func TestAdd_Refuses(t *testing.T) {
	x := New(2, 1)
	x.Begin()
	add := func(p event.PartitionID, s event.Sequence, v event.Version, want bool) {
		t.Helper()
		ev := event.Event{ID: uuid.UUID{byte(s + 1)}, Partition: p, Sequence: s, Version: v, Stream: "s"}
		if err := x.Add(&ev, 64, 0); (err == nil) != want {
			t.Errorf("partition %d, sequence %d, version %d: %v", p, s, v, err)
		}
	}
	add(0, 1, 0, false)
	add(0, 0, 1, false)
	add(2, 0, 0, false)
	add(0, 0, 0, true)
	add(0, 0, 0, false)
	add(0, 1, 0, false)
	add(0, 1, 2, false)
	add(0, 1, 1, true)
	add(1, 0, 0, true) // another stream: the partition is part of the key
	if n := len(x.Partition(nil, 0, 0, 10, 10, false)); n != 2 {
		t.Errorf("%d events in the partition, want 2", n)
	}
}

// TestRun_Long walks runs over many chunks.
func TestRun_Long(t *testing.T) {
	tab := newTable(1)
	const n = 10_000
	a := tab.begin(0)
	b := tab.begin(1)
	for i := uint32(1); i < n; i++ {
		tab.push(a, 2*i)
		tab.push(b, 2*i+1)
	}
	r := actor.NewRand(1)
	for range 2000 {
		first := r.Uint64n(n)
		count := 1 + r.Uint64n(n-first)
		got := tab.Ordinals(nil, b, first, count, false)
		for i, o := range got {
			if o != 2*uint32(first+uint64(i))+1 {
				t.Fatalf("ordinal %d of the run is %d", first+uint64(i), o)
			}
		}
		down := tab.Ordinals(nil, b, first+count-1, count, true)
		slices.Reverse(down)
		if uint64(len(got)) != count || !slices.Equal(got, down) {
			t.Fatalf("%d ordinals from %d: ascending and descending differ", count, first)
		}
	}
}

// TestLookups_NoAllocation: a request's bytes are looked up as they are.
func TestLookups_NoAllocation(t *testing.T) {
	x := New(1, 1)
	x.Begin()
	for i := range 1000 {
		ev := event.Event{ID: uuid.UUID{byte(i), byte(i >> 8)}, Sequence: event.Sequence(i), Version: event.Version(i / 10), Stream: fmt.Sprintf("stream-%d", i%10)}
		if err := x.Add(&ev, int64(8*i), 0); err != nil {
			t.Fatal(err)
		}
	}
	dst := make([]Place, 0, 100)
	key := event.StreamKey{ID: "stream-7"}
	x.Stream(dst, 0, key, 0, 99, 100, false)
	if n := testing.AllocsPerRun(100, func() {
		if x.NextVersion(0, key) != 100 || len(x.Stream(dst, 0, key, 0, 99, 100, true)) != 100 {
			t.Fatal("the stream is not found")
		}
		if _, ok := x.Find(uuid.UUID{7, 1}, 0, false); !ok {
			t.Fatal("the id is not found")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, streams := range []int{100, 1_000_000} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			r := actor.NewRand(1)
			x := New(1, 1)
			x.Begin()
			names := make([]string, streams)
			for i := range names {
				names[i] = fmt.Sprintf("stream-%d", i)
			}
			versions := make([]event.Version, streams)
			var ev event.Event
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				n := i % streams
				r.Read(ev.ID[:])
				ev.Sequence, ev.Version, ev.Stream = event.Sequence(i), versions[n], names[n]
				if err := x.Add(&ev, int64(i)*8, 0); err != nil {
					b.Fatal(err)
				}
				versions[n]++
				i++
			}
		})
	}
}
