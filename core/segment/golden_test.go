package segment

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sierradb/core/event"

	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "rewrite the golden files; a difference is a change of the format")

// field is a stretch of bytes and what it means; bytes 0 takes the rest.
type field struct {
	bytes int
	note  string
}

// golden compares bytes with testdata/name.hex, which has a note a field. The
// format is frozen: a difference means that existing stores can't be read.
func golden(t *testing.T, name string, b []byte, fields []field) {
	t.Helper()
	var out strings.Builder
	rest := b
	for _, f := range fields {
		n := f.bytes
		if n == 0 {
			n = len(rest)
		}
		fmt.Fprintf(&out, "%-34s %s\n", hex.EncodeToString(rest[:n]), f.note)
		rest = rest[n:]
	}
	if len(rest) > 0 {
		t.Fatalf("%s: %d bytes have no field", name, len(rest))
	}
	path := filepath.Join("testdata", name+".hex")
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(out.String())) {
		t.Errorf("%s: the format has changed:\n%s\nexpected:\n%s", name, out.String(), want)
	}
}

var (
	goldenID  = uuid.MustParse("018f0000-0000-7000-8000-0000000000aa")
	goldenID2 = uuid.MustParse("018f0000-0000-7000-8000-0000000000bb")
	goldenTxn = uuid.MustParse("11111111-2222-4333-8444-555555555555")
	goldenKey = uuid.MustParse("99999999-8888-4777-8666-555555555555")
)

func goldenSingle() (event.Transaction, []event.Placed) {
	return event.Transaction{
		ID: goldenID, Key: event.KeyOf("order-1"), Partition: 7,
		Events: []event.New{{Stream: "order-1", Name: "Placed", Metadata: []byte("m"), Payload: []byte(`{"a":1}`)}},
	}, []event.Placed{{ID: goldenID, Version: 300, Timestamp: 1_700_000_000_000}}
}

func goldenMulti() (event.Transaction, []event.Placed) {
	return event.Transaction{
			ID: goldenTxn, Key: goldenKey, Partition: 0x1234,
			Events: []event.New{{Stream: "a", Name: "X", Payload: []byte("p")}, {Stream: "bb", Name: "Y", Metadata: []byte("meta")}},
		}, []event.Placed{
			{ID: goldenID, Version: 0, Timestamp: 1},
			{ID: goldenID2, Version: 127, Timestamp: event.TimestampMax},
		}
}

func TestFormat_Frame(t *testing.T) {
	txn, placed := goldenSingle()
	body := AppendBody(nil, &txn, 1000, placed, 0x0102030405, 0x0102030402)
	b, _ := AppendFrame(nil, Seed(42, 3, 9), 0xaabbccdd, Entry{Kind: Transaction, Term: 0x060504030201, Index: 0x0102030405, Data: body})
	golden(t, "frame", b, []field{
		{4, "len: bytes without padding"}, {4, "crc32c of len and all behind it, seeded with salt 42, bucket 3, segment 9"},
		{4, "prev: crc of the frame before"}, {1, "kind: transaction"}, {6, "term"}, {8, "index"},
		{1, "flags: derived key, transaction id is event id, single"}, {2, "partition"}, {2, "first sequence 1000"}, {1, "distance to the commit index: 3"},
		{16, "event id"}, {6, "timestamp in milliseconds"}, {2, "version 300"}, {1, "bytes of stream id"}, {1, "bytes of event name"}, {1, "bytes of metadata"},
		{7, "stream id"}, {6, "event name"}, {1, "metadata"}, {7, "payload"}, {0, "padding"},
	})
}

func TestFormat_Empty(t *testing.T) {
	b, _ := AppendFrame(nil, Seed(0, 0, 1), 0, Entry{Kind: Empty, Term: 1, Index: 1})
	golden(t, "frame-empty", b, []field{
		{4, "len"}, {4, "crc"}, {4, "prev: none"}, {1, "kind: empty"}, {6, "term"}, {8, "index"}, {0, "padding"},
	})
}

func TestFormat_Body(t *testing.T) {
	txn, placed := goldenMulti()
	golden(t, "body-multi", AppendBody(nil, &txn, 5, placed, 10, 9), []field{
		{1, "flags: none"}, {2, "partition"}, {1, "first sequence 5"}, {1, "distance to the commit index: 1"}, {1, "count"},
		{16, "partition key"}, {16, "transaction id"},
		{1, "first event: bytes behind this"}, {16, "event id"}, {6, "timestamp"}, {1, "version"}, {1, "bytes of stream id"}, {1, "bytes of event name"}, {1, "bytes of metadata"},
		{1, "stream id"}, {1, "event name"}, {1, "payload"},
		{1, "second event: bytes behind this"}, {16, "event id"}, {6, "timestamp: the highest"}, {1, "version 127"}, {1, "bytes of stream id"}, {1, "bytes of event name"}, {1, "bytes of metadata"},
		{2, "stream id"}, {1, "event name"}, {4, "metadata"},
	})
}

func TestFormat_Header(t *testing.T) {
	b := AppendHeader(nil, Header{
		Seed: Seed(42, 3, 9), Number: 9, Base: 1001, PrevTerm: 4, PrevCRC: 0xaabbccdd,
		Next: []Next{{3, 17}, {7, 1 << 33}},
	})
	golden(t, "header", b, []field{
		{8, "magic"}, {4, "format"}, {4, "seed"}, {8, "segment number"}, {8, "base index"}, {8, "previous term"}, {4, "previous crc"}, {16, "zeros"},
		{4, "crc of the header, seeded"},
		{4, "table: bytes without padding"}, {4, "crc of len and entries, seeded with the header's crc"},
		{2, "partition 3"}, {8, "its next sequence"}, {2, "partition 7"}, {8, "its next sequence"}, {0, "padding"},
	})
}

func TestFormat_State(t *testing.T) {
	golden(t, "state", AppendSlot(nil, Seed(42, 3, 0), 6, State{Term: 5, Vote: 2, Commit: 1000}), []field{
		{8, "magic"}, {4, "format"}, {4, "zeros"}, {8, "number of the write"}, {8, "term"}, {8, "vote"}, {8, "commit index"}, {12, "zeros"}, {4, "crc, seeded"},
	})
}
