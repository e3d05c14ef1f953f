package index

import (
	"fmt"
	"slices"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"

	"github.com/google/uuid"
)

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
