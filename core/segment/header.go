package segment

import (
	"encoding/binary"
	"hash/crc32"

	"sierradb/core/event"
)

// A segment file starts with a header of 64 bytes and the table of sequences.
//
//	 0  magic   8   "SIERRASG"
//	 8  format  u32 Format
//	12  seed    u32 Seed of this file
//	16  number  u64 of the segment, from 1
//	24  base    u64 index of the first frame
//	32  term    u64 of the entry before base
//	40  prev    u32 crc of the frame before base
//	44  zeros   16
//	60  crc     u32 over the 60 bytes before it, seeded
//	64  len     u32 bytes of the table without padding: 8 + 10 an entry
//	68  crc     u32 over len and the entries, seeded with the header's crc
//	72  {partition u16, next sequence u64} ascending, non-empty partitions only
//	    zeros up to a multiple of 8
const (
	// Format is the version of everything on disk.
	Format = 1
	// HeaderSize is the size of a header without the table.
	HeaderSize = 64
	// SizeMin and SizeMax bound the segment size: the smallest holds a header
	// and 4032 bytes of frames, the largest what 32 bits of offset/8 can name.
	SizeMin = 4 << 10
	SizeMax = 32 << 30

	headerMagic = "SIERRASG"
	tableHead   = 8
	tableEntry  = 10
	tableMax    = tableHead + tableEntry<<16
)

// Header says where a segment stands in its log.
type Header struct {
	Seed     uint32
	Number   uint64
	Base     uint64 // index of the first frame
	PrevTerm uint64 // term of entry Base-1, 0 for none
	PrevCRC  uint32 // crc of the frame of entry Base-1, 0 for none
	Next     []Next // as of entry Base-1
}

// Next is the sequence that follows in a partition.
type Next struct {
	Partition event.PartitionID
	Sequence  event.Sequence
}

// TableSize is the number of bytes that a table of n partitions takes, padding
// included.
func TableSize(n int) int64 {
	return (int64(tableHead) + int64(tableEntry)*int64(n) + FrameAlign - 1) &^ (FrameAlign - 1)
}

// AppendHeader appends header and table to dst.
func AppendHeader(dst []byte, h Header) []byte {
	var b [HeaderSize]byte
	copy(b[:], headerMagic)
	le := binary.LittleEndian
	le.PutUint32(b[8:], Format)
	le.PutUint32(b[12:], h.Seed)
	le.PutUint64(b[16:], h.Number)
	le.PutUint64(b[24:], h.Base)
	le.PutUint64(b[32:], h.PrevTerm)
	le.PutUint32(b[40:], h.PrevCRC)
	crc := crc32.Update(h.Seed, castagnoli, b[:60])
	le.PutUint32(b[60:], crc)
	dst = append(dst, b[:]...)

	at, n := len(dst), tableHead+tableEntry*len(h.Next)
	dst = le.AppendUint32(dst, uint32(n))
	dst = append(dst, 0, 0, 0, 0)
	for _, e := range h.Next {
		dst = le.AppendUint16(dst, uint16(e.Partition))
		dst = le.AppendUint64(dst, uint64(e.Sequence))
	}
	le.PutUint32(dst[at+4:], sum(crc, dst[at:at+n]))
	for len(dst)-at < int(TableSize(len(h.Next))) {
		dst = append(dst, 0)
	}
	return dst
}

// The flaws of headers and tables.
const (
	flawMagic   flaw = "this is not a segment file"
	flawFormat  flaw = "the segment's format is not known to this version"
	flawHeader  flaw = "the segment header's checksum is wrong"
	flawForeign flaw = "the segment belongs to another store, bucket or number"
	flawTable   flaw = "the segment's table of sequences is damaged"
)

// Foreign says whether err of DecodeHeader means that the file is whole but
// was written for another place or by another version: nothing that a crash
// can leave behind.
func Foreign(err error) bool { return err == flawForeign || err == flawFormat }

// DecodeHeader reads header and table from the start of a file and returns
// their size.
func DecodeHeader(seed uint32, number uint64, b []byte) (h Header, size int64, err error) {
	if len(b) < HeaderSize {
		return h, 0, flawEnd
	}
	if zeros(b[:HeaderSize]) {
		return h, 0, flawZeros
	}
	if string(b[:8]) != headerMagic {
		return h, 0, flawMagic
	}
	le := binary.LittleEndian
	h = Header{
		Seed: le.Uint32(b[12:]), Number: le.Uint64(b[16:]), Base: le.Uint64(b[24:]),
		PrevTerm: le.Uint64(b[32:]), PrevCRC: le.Uint32(b[40:]),
	}
	crc := le.Uint32(b[60:])
	if crc32.Update(h.Seed, castagnoli, b[:60]) != crc {
		return h, 0, flawHeader
	}
	if le.Uint32(b[8:]) != Format {
		return h, 0, flawFormat
	}
	if h.Seed != seed || h.Number != number {
		return h, 0, flawForeign
	}
	h.Next, size, err = decodeTable(crc, b[HeaderSize:])
	return h, HeaderSize + size, err
}

func decodeTable(seed uint32, b []byte) ([]Next, int64, error) {
	if len(b) < tableHead {
		return nil, 0, flawTable
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n < tableHead || n > tableMax || (n-tableHead)%tableEntry != 0 {
		return nil, 0, flawTable
	}
	count := int(n-tableHead) / tableEntry
	size := TableSize(count)
	if int64(len(b)) < size || sum(seed, b[:n]) != binary.LittleEndian.Uint32(b[4:]) || !zeros(b[n:size]) {
		return nil, 0, flawTable
	}
	var next []Next
	for e := b[tableHead:n]; len(e) > 0; e = e[tableEntry:] {
		next = append(next, Next{
			Partition: event.PartitionID(binary.LittleEndian.Uint16(e)),
			Sequence:  event.Sequence(binary.LittleEndian.Uint64(e[2:])),
		})
	}
	return next, size, nil
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
