package sim

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// stream returns a stream id of the run. Some are hot: each draw of Skew takes
// a part of what the last one left, which favours low numbers about as Zipf's
// law does.
func (g *Gen) stream() string {
	if g.focus != "" {
		return g.focus
	}
	n := g.Intn(g.k.Streams)
	for range g.k.Skew {
		n = g.Intn(n + 1)
	}
	return streamID(n)
}

// streamID is the name of the run's n-th stream. Some are ugly.
func streamID(n int) string {
	switch n % 10 {
	case 3:
		return "line\r\nbreak " + strconv.Itoa(n)
	case 5:
		return strings.Repeat("long", 63) + strconv.Itoa(n)
	case 7:
		return "стрим/" + strconv.Itoa(n)
	}
	return "s" + strconv.Itoa(n)
}

// explicitKey returns one of the run's partition keys.
func (g *Gen) explicitKey() uuid.UUID {
	return keyNumber(g.w.plan.Seed, g.k.KeyShape, g.Intn(g.k.Keys))
}

// keyNumber is the run's n-th partition key. The shapes are
//
//	apart       keys of unrelated partitions
//	together    keys that differ in everything but the hash that names the partition
//	neighbours  keys that follow each other, and those of the partitions beside
func keyNumber(seed uint64, shape string, n int) uuid.UUID {
	id := randomKey(seed, n)
	first := randomKey(seed, 0)
	switch shape {
	case "together":
		return withHash(id, event.HashOf(first))
	case "neighbours":
		if n%2 == 1 {
			return withHash(first, event.HashOf(first)+uint16(n))
		}
		first[15] += byte(n)
		return first
	}
	return id
}

func randomKey(seed uint64, n int) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], actor.Mix(seed+uint64(n)))
	binary.BigEndian.PutUint64(id[8:], actor.Mix(seed+uint64(n)+1<<32))
	return id
}

// withHash returns a key with other bits where event.HashOf reads.
func withHash(key uuid.UUID, hash uint16) uuid.UUID {
	key[8] = key[8]&0xc0 | byte(hash>>10)
	key[9] = byte(hash >> 2)
	key[10] = key[10]&0x3f | byte(hash<<6)
	return key
}
