package client

import (
	"reflect"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"sierradb/commands/resp3"
)

// drawMessage draws the push of an event, as a node renders it.
func drawMessage(t *rapid.T) []byte {
	id := func(label string) string {
		return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label)).String()
	}
	number := rapid.Int64Range(0, 1<<50)
	text := rapid.SliceOfN(rapid.SampledFrom([]byte("ab\r\n$1\x00\xff")), 0, 12)
	b := resp3.AppendPush(nil, resp3.RESP3, 4)
	b = resp3.AppendSimple(b, "message")
	b = resp3.AppendSimple(b, id("subscription"))
	b = resp3.AppendInt(b, number.Draw(t, "cursor"))
	b = resp3.AppendMap(b, resp3.RESP3, 11)
	b = resp3.AppendSimple(resp3.AppendSimple(b, "event_id"), id("event_id"))
	b = resp3.AppendSimple(resp3.AppendSimple(b, "partition_key"), id("partition_key"))
	b = resp3.AppendInt(resp3.AppendSimple(b, "partition_id"), rapid.Int64Range(0, 1<<16-1).Draw(t, "partition_id"))
	b = resp3.AppendSimple(resp3.AppendSimple(b, "transaction_id"), id("transaction_id"))
	for _, name := range []string{"partition_sequence", "stream_version", "timestamp"} {
		b = resp3.AppendInt(resp3.AppendSimple(b, name), number.Draw(t, name))
	}
	for _, name := range []string{"stream_id", "event_name", "metadata", "payload"} {
		b = resp3.AppendBulk(resp3.AppendSimple(b, name), text.Draw(t, name))
	}
	return b
}

// decoded reads a message by way of the decoder.
func decoded(t *rapid.T, b []byte) (m message, ok bool) {
	v, n, err := resp3.Parse(b)
	if err != nil || n == 0 {
		return message{}, false
	}
	if v.Kind != resp3.KindPush || len(v.Elems) != 4 || v.Elems[0].Text() != "message" {
		t.Fatalf("%v is no message", v)
	}
	e, err := eventFrom(v.Elems[3])
	cursor, sound := countFrom(&v.Elems[2])
	return message{v.Elems[1].Str, delivery{cursor, e}, len(e.Metadata) + len(e.Payload)}, err == nil && sound
}

// Both ways of reading a message are one.
func TestMessageReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r messageReader
		for range 3 { // the reader remembers
			b := drawMessage(t)
			want, ok := decoded(t, b)
			if !ok {
				t.Fatalf("%q is not to be decoded", b)
			}
			more := append(b[:len(b):len(b)], ">4\r\n+mess"...)
			if got, n := r.read(more); n != len(b) || !reflect.DeepEqual(got, want) {
				t.Fatalf("read %d of %d bytes: %+v, want %+v", n, len(b), got, want)
			}
			cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
			if m, n := r.read(b[:cut]); n != 0 {
				t.Fatalf("%d bytes of %d became %+v", cut, len(b), m)
			}
			// A wrong byte is for the decoder to judge, or means the same to both.
			wrong := append([]byte(nil), b...)
			wrong[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.SampledFrom([]byte("0159-+:$\r\nax%")).Draw(t, "byte")
			got, n := r.read(wrong)
			if n == 0 {
				continue
			}
			if want, ok := decoded(t, wrong); !ok || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q became %+v, want %+v", wrong, got, want)
			}
		}
	})
}

// The usual form is read without help: else it would only be slow, and no test
// would say so.
func TestMessageReader_Takes(t *testing.T) {
	b := rapid.Custom(drawMessage).Example(1)
	allocs := testing.AllocsPerRun(100, func() {
		var r messageReader
		if _, n := r.read(b); n != len(b) {
			t.Fatalf("read %d of %d bytes", n, len(b))
		}
	})
	if allocs > 3 { // stream, name, and the bytes of the event
		t.Errorf("%v allocations", allocs)
	}
}
