package segment

import (
	"bytes"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"

	"github.com/google/uuid"
)

// TestFrame_Overhead holds the promise that one event costs at most 86 bytes
// beyond its stream id, name, metadata and payload.
func TestFrame_Overhead(t *testing.T) {
	r := actor.NewRand(1)
	for _, first := range []event.Sequence{0, 127, 128, 1 << 20, 1 << 40} {
		for _, version := range []event.Version{0, 1000, 1 << 35} {
			for _, distance := range []uint64{1, 100, 10_000} {
				for _, payload := range []int{0, 1, 100, 1000, 100_000, 16 << 20} {
					const stream = "order-123"
					key := event.KeyOf(stream)
					txn := event.Transaction{Key: key, Events: []event.New{{Stream: stream, Name: "Placed", Metadata: make([]byte, 200), Payload: make([]byte, payload)}}}
					placed := []event.Placed{{ID: event.NewID(r, 1, key), Version: version, Timestamp: 1_700_000_000_000}}
					body := AppendBody(nil, &txn, first, placed, 1<<40, 1<<40-distance)
					frame, _ := AppendFrame(nil, 1, 2, Entry{Kind: Transaction, Term: 1, Index: 1 << 40, Data: body})
					if n := len(frame) - len(stream) - len("Placed") - 200 - payload; n > 86 {
						t.Errorf("sequence %d, version %d, distance %d, payload %d: %d bytes of overhead", first, version, distance, payload, n)
					}
				}
			}
		}
	}
}

// TestFrame_EveryBit flips each bit of a frame, of its padding too: none may
// go unnoticed.
func TestFrame_EveryBit(t *testing.T) {
	seed := Seed(1, 2, 3)
	for _, data := range []string{"", "x", "some data that is long enough"} {
		b, crc := AppendFrame(nil, seed, 7, Entry{Kind: ConfChange, Term: 3, Index: 9, Data: []byte(data)})
		f, err := DecodeFrame(seed, b)
		if err != nil || f.CRC != crc || f.Prev != 7 || f.Size != int64(len(b)) || string(f.Entry.Data) != data || f.Entry.Index != 9 || f.Entry.Term != 3 {
			t.Fatalf("decoded %+v, %v", f, err)
		}
		for i := range len(b) * 8 {
			c := bytes.Clone(b)
			c[i/8] ^= 1 << (i % 8)
			if f, err := DecodeFrame(seed, c); err == nil {
				t.Fatalf("bit %d flipped and accepted: %+v", i, f)
			}
		}
		for n := range b {
			if _, err := DecodeFrame(seed, b[:n]); err == nil {
				t.Fatalf("%d of %d bytes were accepted", n, len(b))
			}
		}
	}
}

// TestFrame_Seed shows that a frame is believed only where it was written.
func TestFrame_Seed(t *testing.T) {
	b, _ := AppendFrame(nil, Seed(1, 2, 3), 0, Entry{Kind: Empty, Term: 1, Index: 1})
	refused := func(salt uint64, bucket event.BucketID, number uint64) {
		t.Helper()
		if _, err := DecodeFrame(Seed(salt, bucket, number), b); err != flawCRC {
			t.Errorf("salt %d, bucket %d, number %d: %v", salt, bucket, number, err)
		}
	}
	refused(2, 2, 3)
	refused(1, 3, 3)
	refused(1, 2, 4)
}

func TestHeader_EveryBit(t *testing.T) {
	seed := Seed(1, 2, 3)
	h := Header{Seed: seed, Number: 3, Base: 5, PrevTerm: 2, PrevCRC: 99, Next: []Next{{1, 2}, {5, 1 << 40}, {6, 1}}}
	b := AppendHeader(nil, h)
	got, size, err := DecodeHeader(seed, 3, b)
	if err != nil || size != int64(len(b)) || got.Base != 5 || got.PrevTerm != 2 || got.PrevCRC != 99 || len(got.Next) != 3 || got.Next[1] != h.Next[1] {
		t.Fatalf("decoded %+v, %d, %v", got, size, err)
	}
	for i := range len(b) * 8 {
		c := bytes.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		if got, _, err := DecodeHeader(seed, 3, c); err == nil || Foreign(err) {
			t.Fatalf("bit %d flipped: %+v, %v", i, got, err)
		}
	}
	if _, _, err := DecodeHeader(Seed(1, 2, 4), 4, b); !Foreign(err) {
		t.Errorf("a renamed segment: %v", err)
	}
	if _, _, err := DecodeHeader(Seed(9, 2, 3), 3, b); !Foreign(err) {
		t.Errorf("a segment of another store: %v", err)
	}
	if _, _, err := DecodeHeader(seed, 3, make([]byte, 200)); err != flawZeros || Foreign(err) {
		t.Errorf("zeros: %v", err)
	}
}

func TestSlot_EveryBit(t *testing.T) {
	st := State{Term: 5, Vote: 3, Commit: 77}
	b := AppendSlot(nil, 1, 9, st)
	if seq, got, ok := DecodeSlot(1, b); !ok || seq != 9 || got != st {
		t.Fatalf("decoded %d %+v %v", seq, got, ok)
	}
	for i := range len(b) * 8 {
		c := bytes.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		if _, _, ok := DecodeSlot(1, c); ok {
			t.Fatalf("bit %d flipped and accepted", i)
		}
	}
	if !Blank(make([]byte, SlotSize)) || Blank(b) {
		t.Error("Blank is wrong")
	}
}

// FuzzFrame: what decodes encodes back to the same bytes, and no length in the
// input makes the decoder allocate.
func FuzzFrame(f *testing.F) {
	for _, e := range []Entry{{Kind: Empty, Term: 1, Index: 1}, {Kind: Transaction, Term: TermMax, Index: 1 << 63, Data: []byte("data")}} {
		b, _ := AppendFrame(nil, 0, 5, e)
		f.Add(b, false)
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, true)
	f.Fuzz(func(t *testing.T, b []byte, repair bool) {
		if n, err := frameSizeAt(b, DataMax); repair && err == nil && n <= int64(len(b)) {
			// Otherwise no input would get past the checksum.
			b = bytes.Clone(b)
			c := sum(0, b[:int(b[0])|int(b[1])<<8|int(b[2])<<16|int(b[3])<<24])
			b[4], b[5], b[6], b[7] = byte(c), byte(c>>8), byte(c>>16), byte(c>>24)
		}
		fr, err := DecodeFrame(0, b)
		if err != nil {
			return
		}
		out, crc := AppendFrame(nil, 0, fr.Prev, fr.Entry)
		if crc != fr.CRC || !bytes.Equal(out, b[:fr.Size]) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", b[:fr.Size], fr, out)
		}
	})
}

func TestDecodeFrame_NoAllocation(t *testing.T) {
	b, _ := AppendFrame(nil, 0, 0, Entry{Kind: Transaction, Term: 1, Index: 1, Data: make([]byte, 100)})
	bad := bytes.Clone(b)
	bad[3] = 0x30
	if n := testing.AllocsPerRun(100, func() {
		if _, err := DecodeFrame(0, b); err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeFrame(0, bad); err == nil {
			t.Fatal("a length of 800 MB was accepted")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDerives(t *testing.T) {
	for _, stream := range []string{"a", "order-1", string(bytes.Repeat([]byte("x"), event.StreamMax))} {
		if !derives(stream, event.KeyOf(stream)) || derives(stream, event.KeyOf("b")) || derives(stream, uuid.Nil) {
			t.Errorf("derives(%q) is wrong", stream)
		}
	}
	c := NewKeys(64)
	for i := range 1000 {
		stream := []byte{'a', byte(i % 200), 'b'}
		if got, want := c.of(stream), event.KeyOf(stream); got != want {
			t.Fatalf("cached key of %q is %s, want %s", stream, got, want)
		}
	}
}
