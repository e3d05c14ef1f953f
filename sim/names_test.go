package sim

import (
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"
)

func TestKeyShapes(t *testing.T) {
	const partitions, keys = 16, 5
	for seed := range uint64(50) {
		first := event.HashOf(keyNumber(seed, "apart", 0))
		for _, shape := range []string{"apart", "together", "neighbours"} {
			seen := map[[16]byte]bool{}
			for n := range keys {
				key := keyNumber(seed, shape, n)
				if seen[key] {
					t.Fatalf("seed %d: two keys of shape %s are the same", seed, shape)
				}
				seen[key] = true
				hash := event.HashOf(key)
				if shape == "together" && hash != first {
					t.Fatalf("seed %d: key %d has hash %d, expected %d", seed, n, hash, first)
				}
				if shape == "neighbours" && hash-first != uint16(n*(n%2)) {
					t.Fatalf("seed %d: neighbour %d has hash %d, the first %d", seed, n, hash, first)
				}
			}
		}
	}
}

// TestStream_Skew: with a skew the hottest stream gets far more than its share,
// and the coldest still something.
func TestStream_Skew(t *testing.T) {
	k := &Knobs{Streams: 8}
	g := &Gen{Rand: actor.NewRand(1), k: k}
	share := func() (hottest, coldest int) {
		for range 8000 {
			switch g.stream() {
			case streamID(0):
				hottest++
			case streamID(7):
				coldest++
			}
		}
		return hottest, coldest
	}
	hot, cold := share()
	if hot < 800 || hot > 1200 || cold < 800 || cold > 1200 {
		t.Errorf("without skew 8000 draws give the first stream %d and the last %d, expected about 1000 each", hot, cold)
	}
	k.Skew = 3
	hot, cold = share()
	if hot < 4000 || cold == 0 || cold > 100 {
		t.Errorf("with skew 8000 draws give the first stream %d and the last %d", hot, cold)
	}
	g.focus = "only"
	if g.stream() != "only" {
		t.Error("a burst that aims at one stream uses another")
	}
}
