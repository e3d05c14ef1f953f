package segment

import (
	"encoding/binary"
	"hash/crc32"

	"sierradb/core/event"
	"sierradb/core/mutate"
)

// A frame is one entry of the log on disk, little endian:
//
//	 0  len   u32  bytes of the frame without padding: 27 + data
//	 4  crc   u32  crc32c over len and everything from 8 on, seeded by Seed
//	 8  prev  u32  crc of the frame before it: the chain
//	12  kind  u8   EntryKind
//	13  term  u48
//	19  index u64
//	27  data
//	    zeros up to a multiple of 8
//
// Frames start at multiples of 8, so a length never straddles a sector.
const (
	frameCRC  = 4
	framePrev = 8
	frameKind = 12
	frameTerm = 13
	frameIdx  = 19

	// FrameHead is the size of what stands before a frame's data.
	FrameHead = 27
	// FrameAlign is the multiple at which frames start.
	FrameAlign = 8
	// FrameMin is the size of a frame without data.
	FrameMin = 32
	// TermMax is the highest term that a frame can hold.
	TermMax = 1<<48 - 1
	// DataMax is the most data that a frame can hold, whatever the segment size.
	DataMax = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seed is what the crc of everything in a segment starts from. It depends on
// the store's salt, so that no payload can pose as a frame, and on bucket and
// segment number, so that a file or block at a wrong place is not believed.
// Number 0 is raft.state.
func Seed(salt uint64, bucket event.BucketID, number uint64) uint32 {
	var b [18]byte
	binary.LittleEndian.PutUint64(b[0:], salt)
	binary.LittleEndian.PutUint16(b[8:], uint16(bucket))
	binary.LittleEndian.PutUint64(b[10:], number)
	return crc32.Checksum(b[:], castagnoli)
}

// FrameSize is the number of bytes that a frame with so much data takes,
// padding included.
func FrameSize(data int) int64 {
	return (int64(FrameHead) + int64(data) + FrameAlign - 1) &^ (FrameAlign - 1)
}

// AppendFrame appends the frame of e to dst and returns its crc, which is the
// prev of the frame that follows. The entry's Term must not exceed TermMax, its
// data not DataMax.
func AppendFrame(dst []byte, seed, prev uint32, e Entry) (out []byte, crc uint32) {
	if e.Term > TermMax || len(e.Data) > DataMax {
		panic("segment: an entry's term and size are checked before it is written")
	}
	at := len(dst)
	var head [FrameHead]byte
	n := FrameHead + len(e.Data)
	binary.LittleEndian.PutUint32(head[0:], uint32(n))
	binary.LittleEndian.PutUint32(head[framePrev:], prev)
	head[frameKind] = byte(e.Kind)
	put48(head[frameTerm:], e.Term)
	binary.LittleEndian.PutUint64(head[frameIdx:], e.Index)
	dst = append(dst, head[:]...)
	dst = append(dst, e.Data...)
	crc = sum(seed, dst[at:at+n])
	binary.LittleEndian.PutUint32(dst[at+frameCRC:], crc)
	var zeros [FrameAlign]byte
	return append(dst, zeros[:FrameSize(len(e.Data))-int64(n)]...), crc
}

// sum is the crc of a frame or table: over its length and all that follows its
// crc field.
func sum(seed uint32, b []byte) uint32 {
	if mutate.On(mutate.CRCOfHead) {
		b = b[:min(len(b), FrameHead)]
	}
	return crc32.Update(crc32.Update(seed, castagnoli, b[:4]), castagnoli, b[8:])
}

// Frame is a frame that was read and checked.
type Frame struct {
	Entry Entry // Data aliases the bytes that were decoded
	Size  int64 // padding included
	Prev  uint32
	CRC   uint32
}

// flaw is why bytes can't be believed.
type flaw string

func (f flaw) Error() string { return string(f) }

// The flaws that leave no trace of a frame: a log may end like this.
const (
	ErrEnd   = flawEnd
	ErrZeros = flawZeros
)

// The flaws of frames.
const (
	flawEnd    flaw = "the file ends"
	flawZeros  flaw = "zeros stand"
	flawLength flaw = "a frame's length is impossible"
	flawShort  flaw = "a frame reaches past the end of the file"
	flawCRC    flaw = "a frame's checksum is wrong"
	flawKind   flaw = "a frame's kind is unknown"
	flawPad    flaw = "a frame's padding is not zero"
)

// DecodeFrame reads the frame at the start of b. It allocates nothing.
func DecodeFrame(seed uint32, b []byte) (Frame, error) {
	size, err := frameSizeAt(b, DataMax+FrameHead)
	if err != nil {
		return Frame{}, err
	}
	if size > int64(len(b)) {
		return Frame{}, flawShort
	}
	n := int64(binary.LittleEndian.Uint32(b))
	f := Frame{Size: size, Prev: binary.LittleEndian.Uint32(b[framePrev:]), CRC: binary.LittleEndian.Uint32(b[frameCRC:])}
	if sum(seed, b[:n]) != f.CRC && !mutate.On(mutate.SkipCRC) {
		return Frame{}, flawCRC
	}
	for _, c := range b[n:size] {
		if c != 0 {
			return Frame{}, flawPad
		}
	}
	f.Entry = Entry{
		Kind:  EntryKind(b[frameKind]),
		Term:  get48(b[frameTerm:]),
		Index: binary.LittleEndian.Uint64(b[frameIdx:]),
		Data:  b[FrameHead:n:n],
	}
	if !f.Entry.Kind.Known() {
		return Frame{}, flawKind
	}
	return f, nil
}

// Known says whether k is a kind.
func (k EntryKind) Known() bool { return k >= Empty && k <= Transaction }

// frameSizeAt returns the padded size of the frame that starts at b, which may
// hold less than all of it. limit bounds the size without padding.
func frameSizeAt(b []byte, limit int64) (int64, error) {
	if len(b) < 4 {
		return 0, flawEnd
	}
	n := int64(binary.LittleEndian.Uint32(b))
	switch {
	case n == 0:
		return 0, flawZeros
	case n < FrameHead || n > limit:
		return 0, flawLength
	}
	return (n + FrameAlign - 1) &^ (FrameAlign - 1), nil
}

func put48(b []byte, v uint64) {
	binary.LittleEndian.PutUint32(b, uint32(v))
	binary.LittleEndian.PutUint16(b[4:], uint16(v>>32))
}

func get48(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}
