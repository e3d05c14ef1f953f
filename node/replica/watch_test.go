package replica

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"sierradb/core/event"
)

// TestWatches compares the watches of some sources with a plain list of them:
// each is fired once, by the first commit that passes it, whoever else comes and
// goes.
func TestWatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w watches
		w.init()
		sources := []event.Source{{Partition: 1}, {Partition: 2}, {Partition: 1, Stream: &event.StreamKey{ID: "a"}}, {Partition: 1, Stream: &event.StreamKey{ID: "b"}}}
		heads := make([]uint64, len(sources))
		type waiting struct {
			f  *Follower
			at int32
		}
		var want []waiting // of all followers, the sources that are watched
		var followers []*Follower
		t.Repeat(map[string]func(*rapid.T){
			"follow": func(t *rapid.T) {
				f := &Follower{sources: make([]followed, len(sources))}
				followers = append(followers, f)
				for i := range sources {
					s := &f.sources[i]
					s.partition, s.stream = sources[i].Partition, sources[i].Stream
					s.next = heads[i] + rapid.Uint64Range(0, 5).Draw(t, "ahead")
					w.add(f, int32(i))
					want = append(want, waiting{f, int32(i)})
				}
			},
			"commit": func(t *rapid.T) {
				n := rapid.IntRange(0, len(sources)-1).Draw(t, "source")
				heads[n] += rapid.Uint64Range(1, 4).Draw(t, "events")
				l := w.find(sources[n])
				if l == nil {
					return
				}
				w.touch(l)
				last := uint64(0)
				for {
					fired, ok := w.fire(l, heads[n])
					if !ok {
						break
					}
					i := slices.Index(want, waiting{fired.f, fired.at})
					if i < 0 || int(fired.at) != n || fired.next >= heads[n] || fired.next < last || fired.f.sources[n].watched {
						t.Fatalf("source %d, now at %d: fired %+v", n, heads[n], fired)
					}
					last = fired.next
					want = slices.Delete(want, i, i+1)
					if rapid.Bool().Draw(t, "goes on") {
						fired.f.sources[n].next = heads[n]
						w.add(fired.f, fired.at)
						want = append(want, waiting{fired.f, fired.at})
					}
				}
				for _, left := range want {
					if int(left.at) == n && left.f.sources[n].next < heads[n] {
						t.Fatalf("a watch of source %d for %d is not fired at %d", n, left.f.sources[n].next, heads[n])
					}
				}
				w.settle()
			},
			"leave": func(t *rapid.T) {
				if len(followers) == 0 {
					return
				}
				n := rapid.IntRange(0, len(followers)-1).Draw(t, "follower")
				f := followers[n]
				followers = slices.Delete(followers, n, n+1)
				f.gone = true
				for i := range f.sources {
					if f.sources[i].watched {
						w.bury(&f.sources[i])
					}
				}
				w.settle()
				want = slices.DeleteFunc(want, func(o waiting) bool { return o.f == f })
			},
			"": func(t *rapid.T) {
				if w.live != len(want) {
					t.Fatalf("%d watches are counted, %d are there", w.live, len(want))
				}
				listed := 0
				for i := range sources {
					if l := w.find(sources[i]); l != nil {
						if len(l.list) == 0 {
							t.Fatalf("an empty list of source %d is kept", i)
						}
						listed += len(l.list)
					}
				}
				if listed > 2*len(want)+len(sources) {
					t.Fatalf("%d watches are listed for %d that are there", listed, len(want))
				}
			},
		})
	})
}
