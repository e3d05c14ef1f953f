package replica

import (
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"

	"github.com/google/uuid"
)

// Log is what a replica needs of its bucket's storage; core/bucket provides
// it. It is used by the replica alone, inside its Step and Flush.
//
// Entries go through four states: appended (written, not durable), synced
// (named by a completed barrier), committed (Raft says so) and applied
// (indexed and visible). Nothing is visible before Apply.
type Log interface {
	// HardState is what raft.state holds: the last term and vote, and a commit
	// index at or below the last index. All zero for a new log.
	HardState() segment.State
	// SaveState writes term, vote and commit to raft.state, and syncs it when
	// sync is set. commit must not name an entry that is not synced here.
	SaveState(st segment.State, sync bool) error

	// LastIndex is the index of the last appended entry, 0 for none.
	LastIndex() uint64
	// Term is the term of an entry from 0 (term 0) to LastIndex.
	Term(index uint64) (uint64, bool)
	// Tail returns the entries above the applied index that recovery found, in
	// order; the replica keeps them in memory.
	Tail() []segment.Entry
	// Entry reads one entry of the log, of any age, from its file.
	Entry(index uint64) (segment.Entry, error)

	// Reserve makes sure that frames for data bytes in n entries can be written
	// without running out of disk. vfs.ErrNoSpace leaves everything as it was.
	Reserve(n int, data int64) error
	// DataMax is the largest Data an entry may have: it must fit one segment.
	DataMax() int
	// Append writes entries. The first continues the log, or replaces what is
	// there from its index on (never an applied entry). It rolls to a new
	// segment when the entry does not fit. On vfs.ErrNoSpace the log is as it
	// was before; any other error poisons the log.
	Append(entries []segment.Entry) error
	// Pending adds to files and dirs what was touched since the last call and
	// must become durable, older segment first.
	Pending(files []vfs.File, dirs []string) ([]vfs.File, []string)

	// Applied is the index of the last applied entry.
	Applied() uint64
	// Apply makes the next entry visible: it indexes its events. The entry
	// must be appended, and its sequences and versions must continue what is
	// there; otherwise the error says which invariant is broken.
	Apply(e segment.Entry) error

	// NextSequence is the sequence that the next event of p gets, of applied
	// entries.
	NextSequence(p event.PartitionID) event.Sequence
	// NextVersion is the version that the next event of the stream gets, of
	// applied entries. key.ID need not outlive the call.
	NextVersion(p event.PartitionID, key event.StreamKey) event.Version
	// Find returns where the event with an id is, in a partition or, with any
	// set, in all of the bucket.
	Find(id uuid.UUID, p event.PartitionID, any bool) (segment.Position, bool)
	// StreamPositions appends to dst where events from to to of a stream are,
	// at most limit, ascending or (reverse) descending from to.
	StreamPositions(dst []segment.Position, p event.PartitionID, key event.StreamKey, from, to uint64, limit int, reverse bool) []segment.Position
	// PartitionPositions does the same for a partition, by sequence.
	PartitionPositions(dst []segment.Position, p event.PartitionID, from, to uint64, limit int, reverse bool) []segment.Position
	// Place is where the first event of an applied transaction stands.
	Place(index uint64) segment.Position
	// Transaction reads the whole transaction that an event at pos belongs to;
	// for telling a retry from a conflict.
	Transaction(pos segment.Position) (segment.Body, error)
}
