package index

import "unsafe"

// Bytes is about how much memory the index takes: what its slices have room
// for, and for the map of streams an entry with its share of free slots.
func (x *Index) Bytes() int64 {
	const link, chainSize = int64(unsafe.Sizeof(link{})), int64(unsafe.Sizeof(chain{}))
	n := int64(cap(x.parts)+cap(x.streams)) * chainSize
	for i := range x.parts {
		n += int64(cap(x.parts[i].more)) * link
	}
	for i := range x.streams {
		n += int64(cap(x.streams[i].more)) * link
	}
	for key := range x.numbers { //det:ok a sum
		n += mapEntry + int64(len(key.key.ID))
	}
	for _, s := range x.sources {
		if t, ok := s.(*Table); ok {
			n += t.bytes()
		}
	}
	return n
}

// mapEntry is what an entry of the map of streams takes: key, value and
// control byte, at half a load.
const mapEntry = 2 * (int64(unsafe.Sizeof(streamKey{})) + 4 + 1)

func (t *Table) bytes() int64 {
	return int64(unsafe.Sizeof(*t)) + int64(cap(t.offsets))*4 + int64(cap(t.items))*2 + int64(cap(t.parts))*int64(unsafe.Sizeof(t.parts[0])) +
		int64(cap(t.ids))*16 + int64(cap(t.slots))*8 + int64(cap(t.runs))*int64(unsafe.Sizeof(run{})) + int64(cap(t.chunks))*4
}
