package segment

import (
	"bytes"
	"hash/crc32"

	"sierradb/core/event"

	"github.com/google/uuid"
)

// derives says whether key is the one that belongs to a stream without a key
// of its own. Only a version 5 UUID can be.
func derives(stream string, key uuid.UUID) bool {
	if key[6]>>4 != 5 || len(stream) > event.StreamMax {
		return false
	}
	return event.KeyOf(stream) == key
}

// Keys remembers the derived keys of some streams: the same streams come again
// and again, and SHA-1 costs more than the rest of decoding an event. Not safe
// for concurrent use.
type Keys struct{ entries []keyEntry }

type keyEntry struct {
	stream []byte
	key    uuid.UUID
}

// NewKeys returns an empty memory for n streams.
func NewKeys(n int) *Keys { return &Keys{entries: make([]keyEntry, n)} }

func (c *Keys) of(stream []byte) uuid.UUID {
	e := &c.entries[crc32.Checksum(stream, castagnoli)%uint32(len(c.entries))]
	if len(e.stream) == 0 || !bytes.Equal(e.stream, stream) {
		e.stream = append(e.stream[:0], stream...)
		e.key = event.KeyOf(stream)
	}
	return e.key
}
