package event

import (
	"github.com/google/uuid"

	"sierradb/core/actor"
)

// Kinds of the events in which appends travel between actors. A request goes to
// the replica of its bucket and comes back to its sender with the answer filled
// in: one block, two owners in turn, no copy.
const (
	Appending actor.Kind = iota + 16 // Body *Append, session to replica
	Appended                         // the same block, answered
)

// Append asks for one transaction. The sender fills in Transaction and Token;
// whoever answers fills in the rest.
type Append struct {
	Token       uint64 // the sender's own mark, untouched
	Transaction Transaction

	Err      error    // nil: committed and visible
	First    Sequence // of the first event; the others follow without gap
	Placed   []Placed // one for each event, in order
	Repeated bool     // a retry of a transaction that was there already
}

// QueryKind says what a query asks.
type QueryKind uint8

// The queries.
const (
	GetEvent      QueryKind = iota + 1 // the event with ID
	ScanStream                         // events From to To of Stream, by version
	ScanPartition                      // events From to To of Partition, by sequence
	LastVersion                        // the last version of Stream
	LastSequence                       // the last sequence of Partition
	OpenFollow                         // begin the subscription Follow
)

// Query asks for committed events. All queries are linearizable: what was
// acknowledged to anyone before the query was sent is seen.
type Query struct {
	Token     uint64 // the sender's own mark, untouched
	Kind      QueryKind
	Partition PartitionID   // of all kinds but GetEvent
	Stream    StreamKey     // of ScanStream and LastVersion
	ID        uuid.UUID     // of GetEvent
	From, To  uint64        // inclusive bounds of a scan
	Limit     int           // at most so many events
	Reverse   bool          // from To down to From
	Sink      Sink          // gets the events of GetEvent and scans
	Wait      bool          // scans, not reverse: while there is no event in the range, wait for one
	Within    actor.Instant // Wait: answer at the latest after so long, 0 for no limit
	Follow    *Follow       // of OpenFollow

	Err   error
	Found bool   // GetEvent, LastVersion, LastSequence: there is one
	Last  uint64 // LastVersion, LastSequence
	More  bool   // scans: at least one more event lies in the range
}

// Sink takes the events of a query one by one. The event and all it points to
// are valid during the call only.
type Sink interface {
	// Event takes ev, or answers false to say that it does not fit any more;
	// then ev counts as not delivered. The first event is always taken.
	Event(ev *Event) bool
}
