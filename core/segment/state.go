package segment

import (
	"encoding/binary"
	"hash/crc32"
)

// raft.state is two slots of 4 KiB, of which the first 64 bytes are used:
//
//	 0  magic   8   "SIERRAST"
//	 8  format  u32 Format
//	12  zeros   4
//	16  seq     u64 number of the write, from 1; the valid slot with the higher wins
//	24  term    u64
//	32  vote    u64
//	40  commit  u64
//	48  zeros   12
//	60  crc     u32 over the 60 bytes before it, seeded
const (
	// SlotSize is the distance between slots.
	SlotSize = 4 << 10
	// SlotUsed is the number of bytes of a slot that mean something.
	SlotUsed = 64
	// StateSize is the size of raft.state.
	StateSize = 2 * SlotSize

	stateMagic = "SIERRAST"
)

// AppendSlot appends the used bytes of a slot to dst.
func AppendSlot(dst []byte, seed uint32, seq uint64, st State) []byte {
	var b [SlotUsed]byte
	copy(b[:], stateMagic)
	le := binary.LittleEndian
	le.PutUint32(b[8:], Format)
	le.PutUint64(b[16:], seq)
	le.PutUint64(b[24:], st.Term)
	le.PutUint64(b[32:], st.Vote)
	le.PutUint64(b[40:], st.Commit)
	le.PutUint32(b[60:], crc32.Update(seed, castagnoli, b[:60]))
	return append(dst, b[:]...)
}

// DecodeSlot reads a slot. A slot that was never written, or not completely,
// is not ok.
func DecodeSlot(seed uint32, b []byte) (seq uint64, st State, ok bool) {
	if len(b) < SlotUsed || string(b[:8]) != stateMagic {
		return 0, State{}, false
	}
	le := binary.LittleEndian
	if le.Uint32(b[60:]) != crc32.Update(seed, castagnoli, b[:60]) || le.Uint32(b[8:]) != Format {
		return 0, State{}, false
	}
	return le.Uint64(b[16:]), State{Term: le.Uint64(b[24:]), Vote: le.Uint64(b[32:]), Commit: le.Uint64(b[40:])}, true
}

// Blank says whether a slot was never written.
func Blank(b []byte) bool { return zeros(b[:min(len(b), SlotUsed)]) }
