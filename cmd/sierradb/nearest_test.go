package main

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNearestKey(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := nearestKey(name); got != want {
			t.Errorf("nearestKey(%q) = %q, want %q", name, got, want)
		}
	}
	f("bucket.cuont", "bucket.count")
	f("bucket_count", "bucket.count")
	f("Bucket.Count", "bucket.count")
	f("buckets.count", "bucket.count")
	f("segment.size", "segment.size_bytes")
	f("seg", "segment.size_bytes")
	f("client_address", "network.client_address")
	f("server.client_address", "network.client_address")
	f("log.lvl", "log.level")
	f("dri", "dir")
	f("sync.interval_ms", "")
	f("", "")
	f(strings.Repeat("x", 100_000), "")
}

func TestDistance(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := distance(a, b); got != want {
			t.Errorf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	}
	f("", "", 0)
	f("", "abc", 3)
	f("abc", "abc", 0)
	f("abc", "acb", 1)
	f("abc", "abd", 1)
	f("abc", "bc", 1)
	f("kitten", "sitting", 3)
	f("ca", "abc", 3) // optimal string alignment: no letter is moved twice
}

func TestDistance_IsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.StringMatching(`[abc.]{0,12}`)
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || d < max(len(a), len(b))-min(len(a), len(b)) {
			t.Fatalf("distance(%q, %q) = %d, the other way %d", a, b, d, distance(b, a))
		}
	})
}
