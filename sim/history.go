package sim

import (
	"fmt"
	"strings"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
)

// Outcome is what a client knows about a request.
type Outcome uint8

// The outcomes.
const (
	Pending Outcome = iota // no answer yet
	Done                   // answered without an error
	NotDone                // answered with an error that says that nothing changed
	Unknown                // it may have happened: the connection was lost, or an error says so
)

// Op is one request of a client and its answer.
type Op struct {
	N      int
	Client int
	Conn   *conn
	Work   *Workload
	Args   [][]byte // of the request; nil in one that is Raw
	Raw    []byte   // bytes that are no request
	Proto  resp3.Proto
	Bad    bool // malformed on purpose: an error is the only right answer

	Intent *Intent // of an append
	Ask    Ask     // of a read

	Call, Return     uint64 // ticks
	CallAt, ReturnAt actor.Instant
	Reply            resp3.Value
	Size             int // of the reply in bytes
	Outcome          Outcome
	Follows          bool                      // it goes out with the one before it, on the same connection
	Late             bool                      // made after all faults have ended
	Second           bool                      // of the second burst: no fault excuses an error
	owed             actor.Instant             // of the connection when it was called: how long the session had let the wire idle
	shown            int                       // of the connection: events in replies when it was called
	taken            int                       // of the connection: events that its session had taken then
	Sure             bool                      // a check of the last phase: no error is excused
	Want             func(r *resp3.Value) bool // of commands of the connection: what the reply must be

	After  resp3.Proto   // in force behind it
	Left   uint64        // tick at which its reply left the session
	LeftAt actor.Instant // and the time
	quiet  actor.Instant // when the session had last taken or put out bytes before
	ends   int           // of the connection: bytes that the client wrote up to its end
	ahead  actor.Instant // of the connection: how long it and the requests before it may wait by their own wish; below 0: for ever

	Sub    *subscription // of ESUB and EPSUB
	Named  int           // of a script's ESUB or EPSUB: what EACK and EUNSUB call it, from 1 on
	Acks   *subscription // of EACK and EUNSUB: which is meant; nil: none that the client knows
	Cursor uint64        // of EACK
	was    subState      // of Acks when the reply left the session
	Blocks bool          // of EREAD and EPREAD: they wait for something to read
	Block  actor.Instant // for so long at most, 0: without a limit
}

// Ask is what a read asks for.
type Ask struct {
	Kind      event.QueryKind
	Partition event.PartitionID
	Stream    streamName
	ID        [16]byte
	From, To  uint64
	Limit     int
}

// concerns says whether op concerns a bucket; all of them when it looks for an
// event.
func (op *Op) concerns(m *Model, bucket int) bool {
	switch {
	case op.Bad:
		return false
	case op.Intent != nil:
		return m.bucketOf(op.Intent.Partition) == bucket
	case op.Sub != nil:
		return op.Sub.concerns(m, bucket)
	case op.Ask.Kind == event.GetEvent:
		return true
	case op.Ask.Kind != 0:
		return m.bucketOf(op.Ask.Partition) == bucket
	}
	return false
}

// name is how messages call the request.
func (op *Op) name() string { return fmt.Sprintf("c%d/%d", op.Client, op.N) }

// String shows the request in one line.
func (op *Op) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", op.name())
	if op.Args == nil {
		fmt.Fprintf(&b, " raw %q", op.Raw)
	}
	for _, a := range op.Args {
		if printable(a) {
			fmt.Fprintf(&b, " %s", a)
		} else {
			fmt.Fprintf(&b, " %.60q", a)
		}
	}
	return b.String()
}

func printable(a []byte) bool {
	for _, c := range a {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(a) > 0
}

// code is the first word of an error reply, "" for another one.
func (op *Op) code() string {
	if !op.Reply.IsError() {
		return ""
	}
	word, _, _ := strings.Cut(string(op.Reply.Str), " ")
	return word
}
