package sim

import (
	"fmt"

	"sierradb/core/actor"
)

// Moment is one thing that happened in a run, made for people: a fault, a
// request with its reply, an entry that became visible. [Options].Moments hands
// them out.
type Moment struct {
	At   actor.Instant
	End  actor.Instant // of what lasts; else the same as At
	Open bool          // it had not ended when the run did
	Lane Lane
	Kind MomentKind
	Text string // one line
	// Outcome of a request: "done", "refused", "unknown" or "pending"; of a
	// barrier: "done", "failed", "lost" or "pending"; of a file operation
	// "failed" or "died", or "" when all is well. Of a bucket's state: the state.
	Outcome string
	From    Lane          // of messages: who sent it
	Sent    actor.Instant // of messages: when
	Index   uint64        // of an entry
	Details []Detail
	// Tags are the names of what it has to do with: "c0/12" a request, "append
	// #17" what one or more requests want, "bucket 0 entry 41", "fault 3" of the
	// plan, counted from 0, "partition 2", "life 5". Moments that share one
	// belong together.
	Tags []string
}

// Detail is one more thing to know of a moment.
type Detail struct{ Name, Value string }

// Lane is where a moment happens.
type Lane struct {
	Role LaneRole
	N    int // of the bucket, or of the client
}

// LaneRole tells lanes apart.
type LaneRole string

// The roles of lanes, in the order in which people look at them.
const (
	LaneWorld   LaneRole = "world"   // faults and verdict
	LaneNode    LaneRole = "node"    // lives of the process
	LaneBucket  LaneRole = "bucket"  // the replica of bucket N
	LaneDisk    LaneRole = "disk"    // the files of bucket N, -1: of the store
	LaneSession LaneRole = "session" // the connections of client N
	LaneClient  LaneRole = "client"  // client N
)

func (l Lane) String() string {
	switch {
	case l.Role == LaneWorld || l.Role == LaneNode:
		return string(l.Role)
	case l.Role == LaneDisk && l.N < 0:
		return "disk of the store"
	}
	return fmt.Sprintf("%s %d", l.Role, l.N)
}

// MomentKind says what happened.
type MomentKind string

// The kinds. Those with a span last; all others take no time.
const (
	FaultMoment      MomentKind = "fault"      // a fault of the plan strikes; a span when it lasts
	DeathMoment      MomentKind = "death"      // the process ends without a fault of the plan
	NoteMoment       MomentKind = "note"       // anything else that the world tells
	ViolationMoment  MomentKind = "violation"  // a property is broken
	LifeMoment       MomentKind = "life"       // span: the process from boot to end
	StateMoment      MomentKind = "state"      // span: a bucket recovers, serves, is halted or is damaged
	EntryMoment      MomentKind = "entry"      // an entry becomes visible for the first time
	AgainMoment      MomentKind = "again"      // a later life shows an entry again
	RequestMoment    MomentKind = "request"    // span: from call to reply
	ConnectionMoment MomentKind = "connection" // span: a connection, with its session
	MessageMoment    MomentKind = "message"    // one actor handles what another told it
	BytesMoment      MomentKind = "bytes"      // a piece of a request or a reply arrives
	BarrierMoment    MomentKind = "barrier"    // span: a sync of what was written before
	FileMoment       MomentKind = "file"       // a file operation of the node
)

// Outcomes of moments.
const (
	MomentPending = "pending" // the run ended first
	MomentDone    = "done"
	MomentRefused = "refused" // the client was told that nothing changed
	MomentUnknown = "unknown" // the client does not know
	MomentFailed  = "failed"
	MomentLost    = "lost" // the process died first
	MomentDied    = "died" // the process died in it

	MomentRecovers = "recovers" // a bucket has not yet shown all that was visible before
	MomentServes   = "serves"
	MomentHalted   = "halted"
	MomentDamaged  = "damaged"
)
