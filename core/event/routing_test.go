package event

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"sierradb/core/actor"
)

// TestRouting holds the routing of keys to partitions to its published vectors:
// stored events can't be found any more when one of them changes.
func TestRouting(t *testing.T) {
	f := func(stream, key string, hash uint16, of32, of16 PartitionID, bucket BucketID) {
		t.Helper()
		got := KeyOf(stream)
		if strings.HasPrefix(stream, "key ") {
			got = uuid.MustParse(key)
		}
		if got.String() != key {
			t.Errorf("KeyOf(%q) = %s, want %s", stream, got, key)
		}
		if h := HashOf(got); h != hash {
			t.Errorf("HashOf(%s) = %d, want %d", key, h, hash)
		}
		if p := PartitionOf(got, 32); p != of32 || BucketOf(p, 4) != bucket {
			t.Errorf("%q goes to partition %d of 32 and bucket %d of 4, want %d and %d", stream, p, BucketOf(p, 4), of32, bucket)
		}
		if p := PartitionOf(got, 16); p != of16 {
			t.Errorf("%q goes to partition %d of 16, want %d", stream, p, of16)
		}
	}
	f("user-123", "7e124fe8-fe28-5398-bb95-53973100148f", 61013, 21, 5, 1)
	f("orders", "4a5bf0d6-7d0e-50b2-b05f-ea5a8c8b597f", 49535, 31, 15, 3)
	f("order-456", "6b01eb4e-d05c-5fba-862d-4be632820026", 6325, 21, 5, 1)
	f("my-stream", "fa3e31cd-2f38-5aee-bb91-8bc6fbf950a3", 60998, 6, 6, 2)
	f("stream1", "955d2a6d-ce10-52c6-913a-df62b8388616", 17643, 11, 11, 3)
	f("stream2", "a3ee5838-d0c2-5dd6-bced-5b5942d163dc", 62389, 21, 5, 1)
	f("user-1", "e7a265f9-46bb-55fc-945c-3571e2aaa17e", 20848, 16, 0, 0)
	f("user-2", "9f6b507b-66d7-5d04-8ddd-a5b41a9a6837", 14198, 22, 6, 2)
	f("user-3", "34340c36-e44e-588f-9184-114fa058fab8", 17936, 16, 0, 0)
	f("test-stream", "f3a6a672-d89e-53bd-89ac-7dddd5c04a94", 9905, 17, 1, 1)
	f("account-42", "8ab3b848-aee0-52f8-b7ab-593dfe3d9533", 57005, 13, 13, 1)
	f("a", "a2e73803-4dc3-5882-8717-336918b4aa0b", 7260, 28, 12, 0)
	f("mypartition", "e40e772e-ad3f-5487-82fe-7ffbc1168539", 3065, 25, 9, 1)
	f("FROM", "6796e6f5-38bc-577a-8fe3-67ba2f35997a", 16269, 13, 13, 1)
	f("LATEST", "e730c7f2-7733-5c08-bb8f-65854373a278", 60989, 29, 13, 1)
	f("こんにちは", "cc9565a8-1ea4-591d-b00f-eb5033186b8e", 49215, 31, 15, 3)
	f("tenant/7:cart#9", "e87d3989-fd5d-5c01-8d83-6514fcf6dd06", 13837, 13, 13, 1)
	f("0123456789012345678901234567890123456789012345678901234567890123", "0129c25e-4faf-5522-b895-c49d3fbea36c", 57943, 23, 7, 3)
	f("key 550e8400", "550e8400-e29b-41d4-a716-446655440000", 40025, 25, 9, 1)
	f("key 0", "00000000-0000-0000-0000-000000000000", 0, 0, 0, 0)
	f("key f", "ffffffff-ffff-ffff-ffff-ffffffffffff", 65535, 31, 15, 3)
}

func TestKeyOf_IsUUID5(t *testing.T) {
	for _, stream := range []string{"", "user-123", "こんにちは", strings.Repeat("x", StreamMax), strings.Repeat("x", StreamMax+1)} {
		if got, want := KeyOf(stream), uuid.NewSHA1(Namespace, []byte(stream)); got != want || KeyOf([]byte(stream)) != want {
			t.Errorf("KeyOf of %d bytes is %s, want %s", len(stream), got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { KeyOf("user-123") }); n != 0 {
		t.Errorf("KeyOf allocates %v times", n)
	}
}

// TestNewID holds made ids to the layout of RFC 9562 with the hash behind the
// variant, so that an id leads to its partition.
func TestNewID(t *testing.T) {
	r := actor.NewRand(1)
	for _, stream := range []string{"user-123", "orders", "my-stream"} {
		for _, millis := range []int64{0, 1760745600000, TimestampMax} {
			key := KeyOf(stream)
			id := NewID(r, millis, key)
			if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
				t.Errorf("%s has version %d, variant %v", id, id.Version(), id.Variant())
			}
			if HashOf(id) != HashOf(key) {
				t.Errorf("%s has hash %d, its key %d", id, HashOf(id), HashOf(key))
			}
			var got int64
			for _, b := range id[:6] {
				got = got<<8 | int64(b)
			}
			if got != millis {
				t.Errorf("%s carries %d ms, want %d", id, got, millis)
			}
		}
	}
	if id := NewTransactionID(r); id.Version() != 4 || id.Variant() != uuid.RFC4122 {
		t.Errorf("transaction id %s has version %d", id, id.Version())
	}
}

func TestExpectedHolds(t *testing.T) {
	f := func(e Expected, next Version, want bool) {
		t.Helper()
		if got := e.Holds(next); got != want {
			t.Errorf("%v with %d events: %v, want %v", e, next, got, want)
		}
	}
	f(Expected{Kind: Any}, 0, true)
	f(Expected{Kind: Any}, 9, true)
	f(Expected{Kind: Exists}, 0, false)
	f(Expected{Kind: Exists}, 1, true)
	f(Expected{Kind: Empty}, 0, true)
	f(Expected{Kind: Empty}, 1, false)
	f(At(0), 0, false)
	f(At(0), 1, true)
	f(At(0), 2, false)
	f(At(5), 6, true)
}

func TestCheckText(t *testing.T) {
	f := func(id string, ok bool) {
		t.Helper()
		if err := CheckStream(id); (err == nil) != ok {
			t.Errorf("CheckStream(%q) = %v, want ok=%v", id, err, ok)
		}
		if err := CheckName(id); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v, want ok=%v", id, err, ok)
		}
	}
	f("", false)
	f("a", true)
	f("with space\r\n=", true)
	f("nul\x00", false)
	f("\xff", false)
	f(strings.Repeat("x", 255), true)
	f(strings.Repeat("x", 256), false)
}
