package node

import (
	"context"
	"testing"

	"sierradb/core/event"
)

// TestDB_ScanAppendScan: what one scan read ahead behind the last frame must not
// serve the next one, when events stand there. (Found by simulation.)
func TestDB_ScanAppendScan(t *testing.T) {
	db, err := Open(t.TempDir(), Options{SegmentSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	for n := 1; n <= 5; n++ {
		if _, err := db.Append(ctx, event.Transaction{Events: []event.New{{Stream: "s", Name: "Happened"}}}); err != nil {
			t.Fatal(err)
		}
		events, more, err := db.ScanStream(ctx, event.StreamKey{ID: "s"}, All(100))
		if err != nil || len(events) != n || more {
			t.Fatalf("after %d appends: %d events, more %v, %v", n, len(events), more, err)
		}
	}
}
