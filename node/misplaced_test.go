package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"sierradb/core/event"
	"sierradb/core/segment"
)

// TestDB_MisplacedFrames: two whole frames change places in their file, as a
// disk does that writes or reads the wrong sector. Both check, and neither is
// the event that the index leads to: no read may give them out, and no retry may
// be compared with them. (Found by simulation.)
func TestDB_MisplacedFrames(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, Options{Buckets: 1, Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	ids := []uuid.UUID{uuid.New(), uuid.New()}
	for _, id := range ids {
		if _, err := db.Append(ctx, one(id)); err != nil {
			t.Fatal(err)
		}
	}
	swapLastFrames(t, filepath.Join(dir, "buckets/00000/0000000001.seg"), segment.Seed(db.node.Store().Salt(), 0, 1))

	damaged := func(what string, err error) {
		t.Helper()
		var d *event.DamageError
		if !errors.As(err, &d) || d.File == "" {
			t.Errorf("%s: %v, expected damage that names its file", what, err)
		}
	}
	for _, id := range ids {
		_, _, err := db.Get(ctx, id)
		damaged("get", err)
		_, err = db.Append(ctx, one(id))
		damaged("retry", err)
	}
	_, _, err = db.ScanStream(ctx, event.StreamKey{ID: "s"}, All(10))
	damaged("scan of a stream", err)
	_, _, err = db.ScanPartition(ctx, 0, All(10))
	damaged("scan of a partition", err)
}

// TestDB_MisplacedFrames_OneID: the frames that change places hold events with one
// id, in two partitions. An id belongs to its partition, so a retry must not be
// compared with the other one, nor a read give it out. (Found by simulation, as an
// append that was told that its id is taken.)
func TestDB_MisplacedFrames_OneID(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, Options{Buckets: 1, Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	id := uuid.New()
	var retries []event.Transaction
	for p := range byte(2) {
		txn := one(id)
		txn.Key = uuid.UUID{6: 0x40, 8: 0x80, 10: p << 6} // of partition p
		txn.Events[0].Payload = []byte{'0' + p}
		got, err := db.Append(ctx, txn)
		if err != nil || got.Partition != event.PartitionID(p) {
			t.Fatalf("append: partition %d, %v", got.Partition, err)
		}
		retries = append(retries, txn)
	}
	swapLastFrames(t, filepath.Join(dir, "buckets/00000/0000000001.seg"), segment.Seed(db.node.Store().Salt(), 0, 1))
	for p, txn := range retries {
		if _, err := db.Append(ctx, txn); !errors.Is(err, event.ErrDamaged) {
			t.Errorf("retry in partition %d: %v, expected damage", p, err)
		}
	}
	if ev, _, err := db.Get(ctx, id); !errors.Is(err, event.ErrDamaged) {
		t.Errorf("get: %v, %v, expected damage", ev, err)
	}
}

func one(id uuid.UUID) event.Transaction {
	return event.Transaction{Events: []event.New{{ID: id, GivenID: true, Stream: "s", Name: "Happened"}}}
}

// swapLastFrames exchanges the last two frames of a file, which are of one size.
func swapLastFrames(t *testing.T, file string, seed uint32) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var at []int64
	var size int64
	for off := int64(0); off < int64(len(data)); off += segment.FrameAlign {
		if f, flaw := segment.DecodeFrame(seed, data[off:]); flaw == nil {
			at, size = append(at, off), f.Size
		}
	}
	if n := len(at); n < 2 || at[n-1]-at[n-2] != size {
		t.Fatalf("frames at %v, the last of %d bytes: two of one size were expected", at, size)
	}
	a, b := data[at[len(at)-2]:][:size], data[at[len(at)-1]:][:size]
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(append(append([]byte(nil), b...), a...), at[len(at)-2]); err != nil {
		t.Fatal(err)
	}
}
