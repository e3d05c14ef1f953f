package client

import (
	"slices"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// From says where a subscription begins. The zero value is [Latest].
type From struct {
	positions []Position
	rest      uint64 // where all others begin
	hasRest   bool   // else at LATEST
}

var (
	// Latest begins with the first event that is appended after the
	// subscription has begun: after [Subscription.Open], if that is called.
	Latest = From{}
	// Start begins with the first event there is.
	Start = At(0)
)

// At begins with the event of version n of a stream, or sequence n of a
// partition, and waits for it if it does not exist yet. With several streams or
// partitions it holds for each.
func At(n uint64) From { return Latest.Default(n) }

// AtPositions begins each stream or partition at its position. Those that have
// none begin at Latest, unless Default says otherwise.
func AtPositions(positions []Position) From {
	return From{positions: slices.Clone(positions)}
}

// Default returns f with another beginning for streams or partitions that have
// no position.
func (f From) Default(n uint64) From {
	f.rest, f.hasRest = n, true
	return f
}

// A Position is how far a subscription is in one stream or partition. As JSON it
// is small and stays readable for later versions.
type Position struct {
	Stream       string      `json:"stream,omitempty"`       // empty: of a partition
	PartitionKey uuid.UUID   `json:"partition_key,omitzero"` // of the stream, if it has one of its own
	Partition    PartitionID `json:"partition,omitempty"`    // unless it is of a stream
	Next         uint64      `json:"next"`                   // version or sequence of the event that comes next
}

// source is what a position belongs to.
func (p Position) source() source {
	if p.Stream == "" {
		return source{partition: p.Partition}
	}
	return streamSource(p.Stream, p.PartitionKey)
}

// A source is one stream or partition that a subscription follows.
type source struct {
	stream    string
	key       uuid.UUID // of the stream as it was named; Nil: the derived one
	partition PartitionID
}

// streamSource is the source of a stream, however its key is named.
func streamSource(id string, key uuid.UUID) source {
	if key == event.KeyOf(id) {
		key = uuid.Nil
	}
	return source{stream: id, key: key}
}
