package commands

import (
	"strconv"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// Proto is the protocol that the reply must speak.
func (c *Call) Proto() resp3.Proto { return c.proto }

// Fail replies with an error; what was built of the reply is dropped.
func (c *Call) Fail(err error) {
	c.buf, c.start = c.buf[:0], 0
	c.buf = resp3.AppendError(c.buf, Coded(err).line())
}

// Failed is Fail if err is not nil. It says whether it was.
func (c *Call) Failed(err error) bool {
	if err != nil {
		c.Fail(err)
	}
	return err != nil
}

// OK replies +OK.
func (c *Call) OK() { c.Simple("OK") }

// Map opens a map of pairs pairs; keys and values follow. In RESP2 it is a
// flat array.
func (c *Call) Map(pairs int) { c.buf = resp3.AppendMap(c.buf, c.proto, pairs) }

// Array opens an array; its n elements follow.
func (c *Call) Array(n int) { c.buf = resp3.AppendArray(c.buf, n) }

// Simple adds a simple string: a word of the protocol, never a client's text.
func (c *Call) Simple(s string) { c.buf = resp3.AppendSimple(c.buf, s) }

// Bulk adds any bytes.
func (c *Call) Bulk(b []byte) { c.buf = resp3.AppendBulk(c.buf, b) }

// BulkString adds any text.
func (c *Call) BulkString(s string) { c.buf = resp3.AppendBulkString(c.buf, s) }

// Int adds a number.
func (c *Call) Int(n int64) { c.buf = resp3.AppendInt(c.buf, n) }

// Uint adds a number.
func (c *Call) Uint(n uint64) { c.buf = resp3.AppendUint(c.buf, n) }

// Null adds the absence of a value.
func (c *Call) Null() { c.buf = resp3.AppendNull(c.buf, c.proto) }

// Bool adds a boolean, in RESP2 1 or 0.
func (c *Call) Bool(v bool) { c.buf = resp3.AppendBool(c.buf, c.proto, v) }

// Double adds a floating point number, in RESP2 its text.
func (c *Call) Double(v float64) { c.buf = resp3.AppendDouble(c.buf, c.proto, v) }

// UUID adds a UUID as a simple string, lower case with hyphens.
func (c *Call) UUID(id uuid.UUID) {
	b := append(c.buf, resp3.KindSimple)
	b = appendUUID(b, id)
	c.buf = append(b, '\r', '\n')
}

// appendUUID adds the text of a UUID. Each event has three of them, so it is
// written in place: that takes two thirds of the time of five calls of encoding/hex.
func appendUUID(b []byte, id uuid.UUID) []byte {
	const digits = "0123456789abcdef"
	n := len(b)
	b = append(b, "........-....-....-....-............"...)
	text := b[n : n+uuidLen]
	for i, at := range uuidDigits {
		text[at], text[at+1] = digits[id[i]>>4], digits[id[i]&15]
	}
	return b
}

// uuidLen is the length of a UUID's text.
const uuidLen = 36

// uuidDigits are the places of a UUID's bytes in its text.
var uuidDigits = [16]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// Event adds the map of a stored event, the hottest piece of rendering: keys
// and the types of values are constants, written as one. Keys are simple strings: SierraDB's
// clients look for those. Stream, name and data are bulks, since a client's
// text may hold line ends.
func (c *Call) Event(ev *event.Event) { c.buf = appendEvent(c.buf, c.proto, ev) }

func appendEvent(b []byte, p resp3.Proto, ev *event.Event) []byte {
	b = resp3.AppendMap(b, p, 11)
	b = appendUUID(append(b, "+event_id\r\n+"...), ev.ID)
	id := len(b) - uuidLen
	b = appendUUID(append(b, "\r\n+partition_key\r\n+"...), ev.Key)
	b = strconv.AppendUint(append(b, "\r\n+partition_id\r\n:"...), uint64(ev.Partition), 10)
	b = append(b, "\r\n+transaction_id\r\n+"...)
	if ev.Transaction == ev.ID {
		b = append(b, b[id:id+uuidLen]...)
	} else {
		b = appendUUID(b, ev.Transaction)
	}
	b = strconv.AppendUint(append(b, "\r\n+partition_sequence\r\n:"...), uint64(ev.Sequence), 10)
	b = strconv.AppendUint(append(b, "\r\n+stream_version\r\n:"...), uint64(ev.Version), 10)
	b = strconv.AppendInt(append(b, "\r\n+timestamp\r\n:"...), ev.Timestamp, 10)
	b = resp3.AppendBulkString(append(b, "\r\n+stream_id\r\n"...), ev.Stream)
	b = resp3.AppendBulkString(append(b, "+event_name\r\n"...), ev.Name)
	b = resp3.AppendBulk(append(b, "+metadata\r\n"...), ev.Metadata)
	return resp3.AppendBulk(append(b, "+payload\r\n"...), ev.Payload)
}
