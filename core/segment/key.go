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
type Keys struct {
	entries []keyEntry
	most    int // entries that it may grow to
	misses  int // since it grew
}

type keyEntry struct {
	stream []byte
	key    uuid.UUID
}

// NewKeys returns an empty memory for n streams.
func NewKeys(n int) *Keys { return &Keys{entries: make([]keyEntry, n)} }

// NewGrowingKeys returns an empty memory for n streams that grows to most when
// so many streams come that it is of little use.
func NewGrowingKeys(n, most int) *Keys { return &Keys{entries: make([]keyEntry, n), most: most} }

// missesMax is how often a memory misses for each of its entries before it
// grows.
const missesMax = 8

func (c *Keys) of(stream []byte) uuid.UUID {
	e := &c.entries[crc32.Checksum(stream, castagnoli)%uint32(len(c.entries))]
	if len(e.stream) == 0 || !bytes.Equal(e.stream, stream) {
		if c.misses++; c.misses > missesMax*len(c.entries) && len(c.entries) < c.most {
			c.grow()
			return c.of(stream)
		}
		e.stream = append(e.stream[:0], stream...)
		e.key = event.KeyOf(stream)
	}
	return e.key
}

func (c *Keys) grow() {
	old := c.entries
	c.entries, c.misses = make([]keyEntry, min(4*len(old), c.most)), 0
	for _, e := range old {
		if len(e.stream) > 0 {
			c.entries[crc32.Checksum(e.stream, castagnoli)%uint32(len(c.entries))] = e
		}
	}
}
