// Package segment knows the bytes of the log: frames, segment files, raft.state
// slots and the body of a transaction. A segment is a run of frames in one
// append-only file; the segments of a bucket, one after another, are its Raft
// log. docs/format.md draws every byte.
package segment

// EntryKind is the kind of a log entry.
type EntryKind uint8

// The kinds. Zero is not a kind, so that zeroed bytes are never an entry.
const (
	Empty       EntryKind = iota + 1 // a new leader's first entry; no data
	ConfChange                       // a change of the group's members
	Transaction                      // events; Data is a body
)

// Entry is one entry of the log, and one frame on disk.
type Entry struct {
	Kind  EntryKind
	Term  uint64
	Index uint64
	Data  []byte
}

// State is the content of a raft.state slot.
type State struct {
	Term   uint64
	Vote   uint64
	Commit uint64
}

// Position is where one event is: the Item-th event of the frame at Offset. A
// position of an applied event stays valid while the store is open, on every
// goroutine.
type Position struct {
	Segment *Reader
	Offset  int64
	Item    uint16
}
