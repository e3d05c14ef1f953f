package client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// NewEvent is an event to append.
type NewEvent struct {
	Stream string // 1 to 255 bytes of UTF-8 without NUL
	Name   string // 1 to 255 bytes of UTF-8 without NUL
	// PartitionKey chooses the partition; Nil: the key derived from Stream.
	// Events with a key of their own are another stream than those without. A
	// transaction has one key for all its events and takes none here.
	PartitionKey uuid.UUID
	// ID of the event; Nil: the client makes one. Appending the same event with
	// the same ID again returns what the first time did, and appends nothing.
	ID       uuid.UUID
	Expected Expected  // what the stream must be at: Any by default
	Time     time.Time // zero: the node's clock; else in whole milliseconds
	Payload  []byte
	Metadata []byte
}

// Appended is where an event landed.
type Appended struct {
	ID           uuid.UUID
	Stream       string
	PartitionKey uuid.UUID
	Partition    PartitionID
	Sequence     uint64
	Version      uint64
	Time         time.Time
}

// Append appends an event. When it returns without an error the event is on
// disk, and every later read sees it.
//
// An error that is [ErrUnknown] says that the event may have been appended, or
// may be yet; any other that it was not. [ErrWrongVersion] is for the caller to
// decide: read the stream again, and append what follows from that.
func (c *Client) Append(ctx context.Context, e NewEvent) (Appended, error) {
	if e.PartitionKey == uuid.Nil {
		e.ID = idOr(e.ID, event.KeyOf(e.Stream))
	} else {
		e.ID = idOr(e.ID, e.PartitionKey)
	}
	cmd := newCommand("EAPPEND", e.Stream, e.Name).key(e.PartitionKey)
	e.options(cmd)
	v, err := c.append(ctx, cmd, []NewEvent{e})
	if err != nil {
		return Appended{}, err
	}
	r := reader{v: v}
	a := Appended{
		ID:           r.uuid("event_id"),
		Stream:       e.Stream,
		PartitionKey: r.uuid("partition_key"),
		Partition:    PartitionID(r.count("partition_id")),
		Sequence:     r.count("partition_sequence"),
		Version:      r.count("stream_version"),
		Time:         r.time("timestamp"),
	}
	if r.err != nil {
		return Appended{}, &UnknownError{IDs: []uuid.UUID{e.ID}, Attempts: 1, Err: r.err}
	}
	return a, nil
}

// AppendTransaction appends events to streams of the partition of key: all or
// none, with consecutive sequences in the order given. Events of one stream see
// those before them: behind an event that expects the stream to be empty it is
// at version 0. Errors are those of [Client.Append].
func (c *Client) AppendTransaction(ctx context.Context, key uuid.UUID, events ...NewEvent) ([]Appended, error) {
	if len(events) == 0 {
		return nil, &Error{Code: "INVALIDARG", Text: "a transaction without events"}
	}
	cmd := newCommand("EMAPPEND", key.String())
	events = slices.Clone(events)
	for i := range events {
		e := &events[i]
		if e.PartitionKey != uuid.Nil && e.PartitionKey != key {
			return nil, &Error{Code: "INVALIDARG", Text: fmt.Sprintf("event %d has a partition key of its own, %s", i, e.PartitionKey)}
		}
		if i > 0 && isAppendOption(e.Stream) {
			return nil, &Error{Code: "INVALIDARG", Text: fmt.Sprintf("stream %q can only be that of a transaction's first event", e.Stream)}
		}
		e.ID = idOr(e.ID, key)
		e.options(cmd.word(e.Stream).word(e.Name))
	}
	v, err := c.append(ctx, cmd, events)
	if err != nil {
		return nil, err
	}
	placed, err := placedFrom(v, key, events)
	if err != nil {
		return nil, &UnknownError{IDs: idsOf(events), Attempts: 1, Err: err}
	}
	return placed, nil
}

// placedFrom reads the reply to EMAPPEND.
func placedFrom(v Value, key uuid.UUID, events []NewEvent) ([]Appended, error) {
	r := reader{v: v}
	partition, first, list := r.count("partition_id"), r.count("first_partition_sequence"), r.get("events")
	if len(list.Elems) != len(events) {
		r.fail("an entry for each event")
	}
	if r.err != nil {
		return nil, r.err
	}
	placed := make([]Appended, len(events))
	for i, elem := range list.Elems {
		of := reader{v: elem}
		placed[i] = Appended{
			ID:           of.uuid("event_id"),
			Stream:       events[i].Stream,
			PartitionKey: key,
			Partition:    PartitionID(partition),
			Sequence:     first + uint64(i),
			Version:      of.count("stream_version"),
			Time:         of.time("timestamp"),
		}
		if of.err != nil {
			return nil, of.err
		}
	}
	return placed, nil
}

// appendOptions are words that a second event of a transaction can't begin with.
var appendOptions = []string{"EVENT_ID", "PARTITION_KEY", "EXPECTED_VERSION", "TIMESTAMP", "PAYLOAD", "METADATA"}

func isAppendOption(word string) bool {
	return slices.ContainsFunc(appendOptions, func(o string) bool { return strings.EqualFold(o, word) })
}

// options adds what follows an event's stream and name.
func (e *NewEvent) options(cmd *command) {
	cmd.word("EVENT_ID").word(e.ID.String())
	if e.Expected != Any {
		cmd.word("EXPECTED_VERSION").word(e.Expected.String())
	}
	if !e.Time.IsZero() {
		cmd.word("TIMESTAMP").word(fmt.Sprint(e.Time.UnixMilli()))
	}
	if len(e.Payload) > 0 {
		cmd.word("PAYLOAD").bytes(e.Payload)
	}
	if len(e.Metadata) > 0 {
		cmd.word("METADATA").bytes(e.Metadata)
	}
}

// append runs an append. Its error says whether the outcome is known.
func (c *Client) append(ctx context.Context, cmd *command, events []NewEvent) (Value, error) {
	v, a, err := c.run(ctx, appending, cmd)
	if err == nil || !a.uncertain || settles(err, events) {
		return v, err
	}
	return v, &UnknownError{IDs: idsOf(events), Attempts: a.n, Err: err}
}

func idsOf(events []NewEvent) []uuid.UUID {
	ids := make([]uuid.UUID, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	return ids
}

// settles says whether a refusal of the last attempt holds for all earlier ones,
// too, even for one that is still on its way: a node looks for known event ids
// first, and versions only grow.
func settles(err error, events []NewEvent) bool {
	switch codeOf(err) {
	case "SYNTAX", "INVALIDARG", "TOOLARGE", "IDCONFLICT":
		return true
	}
	var wrong *VersionError
	if !errors.As(err, &wrong) || wrong.Empty {
		return false
	}
	for i := range events {
		if x := events[i].Expected; x.kind == exists || x.kind == exact && x.version >= wrong.Version {
			return false
		}
	}
	return true
}

// idOr makes an id for an event that has none: a version 7 UUID (RFC 9562)
// whose 16 bits after the variant are the hash of its partition key, as a node
// makes them, so that the id alone leads to the partition.
func idOr(id, key uuid.UUID) uuid.UUID {
	if id != uuid.Nil {
		return id
	}
	id = uuid.Must(uuid.NewV7())
	low := binary.BigEndian.Uint64(id[8:])
	low = low&(1<<46-1) | uint64(event.HashOf(key))<<46 | 1<<63
	binary.BigEndian.PutUint64(id[8:], low)
	return id
}
