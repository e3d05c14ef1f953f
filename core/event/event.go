// Package event is the vocabulary of the store: events, streams, partitions,
// transactions, what can be asked and what can go wrong. It decides nothing.
package event

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/google/uuid"
)

type (
	// PartitionID names a partition, 0 to the partition count less one.
	PartitionID uint16
	// BucketID names a bucket, 0 to the bucket count less one.
	BucketID uint16
	// Sequence counts the events of a partition from 0, without gaps.
	Sequence uint64
	// Version counts the events of a stream from 0, without gaps.
	Version uint64
)

// Limits of single fields. They are part of the format.
const (
	StreamMax    = 255           // bytes of a stream id
	NameMax      = 255           // bytes of an event name
	TimestampMax = 1<<48 - 1     // milliseconds
	EventsMax    = 1<<16 - 1     // events of a transaction
	NoVersion    = math.MaxInt64 // the highest version or sequence a request may name
)

// StreamKey names a stream: two partition keys give two streams, whatever the
// id (architecture S12). ID may alias bytes that the maker owns; clone it to
// keep it.
type StreamKey struct {
	Key uuid.UUID // partition key
	ID  string
}

// Event is a stored event. Its strings and slices belong to whoever handed it
// out, who says how long they stay valid; Clone makes them the caller's.
type Event struct {
	ID          uuid.UUID
	Key         uuid.UUID // partition key
	Transaction uuid.UUID // equals ID in a transaction of one event
	Partition   PartitionID
	Sequence    Sequence
	Version     Version
	Timestamp   int64 // milliseconds since 1970, 0 to TimestampMax
	Stream      string
	Name        string
	Metadata    []byte
	Payload     []byte
}

// Clone returns a copy that shares no memory with ev.
func (ev *Event) Clone() Event {
	c := *ev
	c.Stream = string(append([]byte(nil), ev.Stream...))
	c.Name = string(append([]byte(nil), ev.Name...))
	c.Metadata = append([]byte(nil), ev.Metadata...)
	c.Payload = append([]byte(nil), ev.Payload...)
	return c
}

// New is an event to append. Strings and slices must stay unchanged until the
// append is answered.
type New struct {
	ID        uuid.UUID // Nil: the node makes one
	Stream    string
	Name      string
	Expected  Expected
	Timestamp int64 // milliseconds; filled in from the node's wall clock unless GivenTime is set
	Payload   []byte
	Metadata  []byte
	GivenID   bool // the client chose ID, so that a retry can be recognised
	GivenTime bool // the client chose Timestamp
}

// Transaction is what one append writes: all of it or nothing.
type Transaction struct {
	ID        uuid.UUID // Nil: the node makes one; the event id when there is one event
	Key       uuid.UUID // partition key of every event
	Derived   bool      // Key was made from the stream of the only event (KeyOf), not given; sparing others to find out
	Partition PartitionID
	Events    []New
}

// Placed is where one event of a transaction landed.
type Placed struct {
	ID        uuid.UUID
	Version   Version
	Timestamp int64
}

// ExpectedKind is the kind of an expectation.
type ExpectedKind uint8

// The expectations.
const (
	Any    ExpectedKind = iota // nothing is expected
	Exists                     // the stream has at least one event
	Empty                      // the stream has no event
	Exact                      // the stream's last version is a number
)

// Expected is what an append expects of its stream.
type Expected struct {
	Kind    ExpectedKind
	Version Version // of Exact
}

// At returns the expectation that the last version is v.
func At(v Version) Expected { return Expected{Kind: Exact, Version: v} }

// Holds says whether a stream of next events (next is the version that the
// following event gets) meets the expectation.
func (e Expected) Holds(next Version) bool {
	switch e.Kind {
	case Exists:
		return next > 0
	case Empty:
		return next == 0
	case Exact:
		return next > 0 && next-1 == e.Version
	}
	return true
}

func (e Expected) String() string {
	switch e.Kind {
	case Exists:
		return "exists"
	case Empty:
		return "empty"
	case Exact:
		return fmt.Sprint(uint64(e.Version))
	}
	return "any"
}

// CheckStream says what is wrong with a stream id: it must be 1 to StreamMax
// bytes of UTF-8 without NUL.
func CheckStream(id string) error { return checkText("stream id", id, StreamMax) }

// CheckName says what is wrong with an event name: it must be 1 to NameMax
// bytes of UTF-8 without NUL.
func CheckName(name string) error { return checkText("event name", name, NameMax) }

func checkText(what, s string, limit int) error {
	if len(s) == 0 || len(s) > limit {
		return fmt.Errorf("%w: %s must be 1 to %d bytes long, got %d", ErrInvalid, what, limit, len(s))
	}
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			return fmt.Errorf("%w: %s must not contain a NUL byte", ErrInvalid, what)
		}
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: %s must be valid UTF-8", ErrInvalid, what)
	}
	return nil
}
