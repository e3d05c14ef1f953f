package client

import (
	"bytes"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// A message is the push of an event, read without making a [Value] of it: a
// subscription that catches up gets hundreds of thousands a second. It knows the
// one form in which nodes write it. Anything else, and what has not come whole,
// is left to the decoder, which decides what is an error.
type message struct {
	id       []byte // of the subscription; a part of what was read
	delivery delivery
	size     int // bytes of metadata and payload
}

// A messageReader reads messages. It remembers the last texts, since they repeat
// themselves.
type messageReader struct {
	b      []byte // what is not read
	failed bool
	stream string
	name   string
}

// read reads the message that b begins with. n is its length, 0 when it is not
// one, or not whole.
func (r *messageReader) read(b []byte) (m message, n int) {
	r.b, r.failed = b, false
	e := &m.delivery.event
	r.skip(">4\r\n+message\r\n+")
	m.id = r.take(len("5e0e8400-e29b-41d4-a716-446655440000"))
	m.delivery.cursor = r.number("\r\n:")
	e.ID = r.uuid("%11\r\n+event_id\r\n+")
	e.PartitionKey = r.uuid("+partition_key\r\n+")
	partition := r.number("+partition_id\r\n:")
	e.TransactionID = r.uuid("+transaction_id\r\n+")
	e.Sequence = r.number("+partition_sequence\r\n:")
	e.Version = r.number("+stream_version\r\n:")
	millis := r.number("+timestamp\r\n:")
	stream := r.bulk("+stream_id\r\n$")
	name := r.bulk("+event_name\r\n$")
	metadata := r.bulk("+metadata\r\n$")
	payload := r.bulk("+payload\r\n$")
	if r.failed || partition > 1<<16-1 || bytes.IndexByte(m.id, '\r') >= 0 || bytes.IndexByte(m.id, '\n') >= 0 {
		return message{}, 0
	}
	if r.stream != string(stream) {
		r.stream = string(stream)
	}
	if r.name != string(name) {
		r.name = string(name)
	}
	e.Partition, e.Time, e.Stream, e.Name = PartitionID(partition), time.UnixMilli(int64(millis)).UTC(), r.stream, r.name
	e.own(metadata, payload)
	m.size = len(metadata) + len(payload)
	return m, len(b) - len(r.b)
}

// skip steps over text.
func (r *messageReader) skip(text string) {
	if len(r.b) < len(text) || string(r.b[:len(text)]) != text {
		r.failed, r.b = true, nil
		return
	}
	r.b = r.b[len(text):]
}

// take returns n bytes.
func (r *messageReader) take(n int) []byte {
	if len(r.b) < n {
		r.failed, r.b = true, nil
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

// number reads digits behind text, and the line end. It knows no sign and 18
// digits, which fit any number of bits that matter.
func (r *messageReader) number(text string) uint64 {
	r.skip(text)
	var n uint64
	for i, c := range r.b {
		if d := c - '0'; d <= 9 && i < 18 {
			n = n*10 + uint64(d)
			continue
		}
		if i > 0 {
			r.b = r.b[i:]
			r.skip("\r\n")
			return n
		}
		break
	}
	r.failed, r.b = true, nil
	return 0
}

// bulk reads a length behind text, and so many bytes with their line end.
func (r *messageReader) bulk(text string) []byte {
	n := r.number(text)
	if n > uint64(len(r.b)) {
		r.failed, r.b = true, nil
		return nil
	}
	body := r.take(int(n))
	r.skip("\r\n")
	return body
}

// uuid reads a UUID behind text, and the line end.
func (r *messageReader) uuid(text string) (id uuid.UUID) {
	r.skip(text)
	s := r.take(36)
	r.skip("\r\n")
	if r.failed || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		r.failed = true
		return id
	}
	for _, part := range [...]struct{ to, digits []byte }{
		{id[:4], s[:8]}, {id[4:6], s[9:13]}, {id[6:8], s[14:18]}, {id[8:10], s[19:23]}, {id[10:], s[24:]},
	} {
		if _, err := hex.Decode(part.to, part.digits); err != nil {
			r.failed = true
		}
	}
	return id
}

// own gives the event memory of its own for both, in one piece, so that keeping
// it does not keep what it was received with.
func (e *Event) own(metadata, payload []byte) {
	both := make([]byte, len(metadata)+len(payload))
	n := copy(both, metadata)
	copy(both[n:], payload)
	e.Metadata, e.Payload = both[:n:n], both[n:]
}
