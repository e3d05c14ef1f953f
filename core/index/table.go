package index

import (
	"encoding/binary"
	"math/bits"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"

	"github.com/google/uuid"
)

// Table is the index of a segment in memory. Nothing in it holds a pointer per
// event, so that the garbage collector has nothing to look at; an event costs
// about 60 bytes.
type Table struct {
	salt    uint64
	offsets []uint32 // by ordinal: of the frame, divided by 8
	items   []uint16
	parts   []event.PartitionID
	ids     []uuid.UUID
	slots   []uint64 // open addressing: high half of the hash, ordinal + 1 below; 0 is free
	runs    []run
	chunks  []uint32
}

// run is a list of ordinals in chunks of 2, 4, 8 and so on. A chunk is its
// ordinals and the start of the next chunk, in Table.chunks. So a run of n
// takes at most about 2n words, and any element is found in log2 n steps.
type run struct {
	count uint32
	head  uint32 // start of the first chunk
	tail  uint32 // start of the last chunk
}

func newTable(salt uint64) *Table {
	return &Table{salt: salt, slots: make([]uint64, 16)}
}

// add appends an event and returns its ordinal.
func (t *Table) add(id uuid.UUID, p event.PartitionID, offset int64, item uint16) uint32 {
	ordinal := uint32(len(t.ids))
	t.offsets = append(t.offsets, uint32(offset/8))
	t.items = append(t.items, item)
	t.parts = append(t.parts, p)
	t.ids = append(t.ids, id)
	if len(t.ids) > len(t.slots)/4*3 {
		t.grow()
	} else if item == 0 || !mutate.On(mutate.FirstIDOnly) {
		t.insert(ordinal)
	}
	return ordinal
}

// Place returns where an event is.
func (t *Table) Place(ordinal uint32) (int64, uint16) {
	return int64(t.offsets[ordinal]) * 8, t.items[ordinal]
}

// hash mixes the salt in between the halves, so that whoever chooses ids does
// not know which collide.
func (t *Table) hash(id *uuid.UUID) uint64 {
	lo := binary.LittleEndian.Uint64(id[:8])
	hi := binary.LittleEndian.Uint64(id[8:])
	return actor.Mix(actor.Mix(lo^t.salt) ^ hi)
}

func (t *Table) insert(ordinal uint32) {
	h := t.hash(&t.ids[ordinal])
	mask := uint64(len(t.slots) - 1)
	i := h & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = h>>32<<32 | uint64(ordinal+1)
}

func (t *Table) grow() {
	t.slots = make([]uint64, 2*len(t.slots))
	ids := t.ids
	if mutate.On(mutate.GrowDropsLast) {
		ids = ids[:len(ids)-1]
	}
	for i := range ids {
		t.insert(uint32(i))
	}
}

// Find looks an event id up. An id may stand in several partitions.
func (t *Table) Find(id uuid.UUID, p event.PartitionID, any bool) (ordinal uint32, partition event.PartitionID, ok bool) {
	h := t.hash(&id)
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if (t.slots[i]^h)>>32 != 0 {
			continue
		}
		o := uint32(t.slots[i]) - 1
		if t.ids[o] != id {
			continue
		}
		switch q := t.parts[o]; {
		case !any && q == p:
			return o, q, true
		case any && (!ok || q < partition):
			ordinal, partition, ok = o, q, true
		}
	}
	return ordinal, partition, ok
}

// begin starts a run with its first ordinal.
func (t *Table) begin(ordinal uint32) uint32 {
	at := t.chunk(0)
	t.chunks[at] = ordinal
	t.runs = append(t.runs, run{count: 1, head: at, tail: at})
	return uint32(len(t.runs) - 1)
}

// push appends an ordinal to a run.
func (t *Table) push(n, ordinal uint32) {
	r := &t.runs[n]
	k, i := chunkOf(uint64(r.count))
	if i == 0 {
		at := t.chunk(k)
		t.chunks[r.tail+2<<(k-1)] = at
		r.tail = at
	}
	t.chunks[r.tail+uint32(i)] = ordinal
	r.count++
}

// chunk makes room for the k-th chunk of a run.
func (t *Table) chunk(k int) uint32 {
	at := len(t.chunks)
	for range 2<<k + 1 {
		t.chunks = append(t.chunks, 0)
	}
	return uint32(at)
}

// chunkOf returns the chunk in which the n-th ordinal of a run is, and where in
// it.
func chunkOf(n uint64) (k int, i uint64) {
	k = bits.Len64(n/2+1) - 1
	return k, n - (2<<k - 2)
}

// Count is the number of ordinals in a run.
func (t *Table) Count(n uint32) uint64 { return uint64(t.runs[n].count) }

// Ordinals appends n ordinals of a run to dst, from its first-th on, or down
// from it with reverse set.
func (t *Table) Ordinals(dst []uint32, r uint32, first, n uint64, reverse bool) []uint32 {
	lo, hi := first, first+n-1
	if reverse {
		lo, hi = first-(n-1), first
	}
	from := len(dst)
	k, i := chunkOf(lo)
	at := t.runs[r].head
	for j := range k {
		at = t.chunks[at+2<<j]
	}
	for lo <= hi {
		part := min(uint64(2)<<k-i, hi-lo+1)
		dst = append(dst, t.chunks[uint64(at)+i:][:part]...)
		lo += part
		if i += part; i == 2<<k && lo <= hi {
			at = t.chunks[at+2<<k]
			k, i = k+1, 0
			if mutate.On(mutate.ChunkEdge) {
				lo, i = lo+1, 1
			}
		}
	}
	if reverse {
		for a, b := from, len(dst)-1; a < b; a, b = a+1, b-1 {
			dst[a], dst[b] = dst[b], dst[a]
		}
	}
	return dst
}
