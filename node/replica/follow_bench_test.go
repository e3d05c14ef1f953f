package replica

import (
	"testing"

	"sierradb/core/segment"
)

// BenchmarkSort sorts a feed of 512 events of 32 sources that take turns in the
// log.
func BenchmarkSort(b *testing.B) {
	r := &Replica{}
	seg := segment.NewReader(nil, "x", 1, 0)
	made := make([]Item, 0, 512)
	for s := range 32 {
		for i := range 16 {
			made = append(made, Item{At: segment.Position{Segment: seg, Offset: int64(i*32+(s*7)%32) * 400}, Source: int32(s)})
		}
	}
	f := &Feed{Items: make([]Item, 512)}
	for b.Loop() {
		copy(f.Items, made)
		r.sort(f)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/event")
}
