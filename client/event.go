package client

import (
	"time"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
)

// Event is an event as it is stored. It is the caller's.
type Event struct {
	ID            uuid.UUID
	TransactionID uuid.UUID // the same for all events that were appended together
	PartitionKey  uuid.UUID
	Partition     PartitionID
	Sequence      uint64 // in the partition, from 0
	Stream        string
	Version       uint64    // in the stream, from 0
	Time          time.Time // in milliseconds, as given or by the node's clock
	Name          string
	Metadata      []byte
	Payload       []byte
}

// Page is what one request for events returned.
type Page struct {
	Events []Event
	More   bool // another event of the range follows the last one
}

// eventFrom reads the map of an event.
func eventFrom(v Value) (Event, error) {
	var e Event
	if v.Kind != resp3.KindMap {
		return e, unexpected("an event", v)
	}
	seen := 0
	var metadata, payload []byte
	for i := 0; i+1 < len(v.Elems); i += 2 {
		field := &v.Elems[i+1]
		ok := true
		switch string(v.Elems[i].Str) {
		case "event_id":
			e.ID, ok = uuidFrom(field)
		case "partition_key":
			e.PartitionKey, ok = uuidFrom(field)
		case "transaction_id":
			e.TransactionID, ok = uuidFrom(field)
		case "partition_id":
			ok = field.Kind == resp3.KindInt && field.Int >= 0 && field.Int <= 1<<16-1
			e.Partition = PartitionID(field.Int)
		case "partition_sequence":
			e.Sequence, ok = countFrom(field)
		case "stream_version":
			e.Version, ok = countFrom(field)
		case "timestamp":
			ok = field.Kind == resp3.KindInt
			e.Time = time.UnixMilli(field.Int).UTC()
		case "stream_id":
			e.Stream, ok = string(field.Str), isText(field)
		case "event_name":
			e.Name, ok = string(field.Str), isText(field)
		case "metadata":
			metadata, ok = field.Str, isText(field)
		case "payload":
			payload, ok = field.Str, isText(field)
		default:
			continue // of a newer node
		}
		if !ok {
			return e, unexpected("an event with a sound "+string(v.Elems[i].Str), v)
		}
		seen++
	}
	if seen != 11 {
		return e, unexpected("an event of 11 fields", v)
	}
	e.own(metadata, payload)
	return e, nil
}

// eventsFrom reads a list of events.
func eventsFrom(v Value) ([]Event, error) {
	if v.Kind != resp3.KindArray {
		return nil, unexpected("a list of events", v)
	}
	events := make([]Event, 0, len(v.Elems))
	for _, elem := range v.Elems {
		e, err := eventFrom(elem)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// pageFrom reads the reply to a request for events.
func pageFrom(v Value) (Page, error) {
	more, ok := v.Get("has_more")
	list, also := v.Get("events")
	flag, valid := more.Bool()
	if !ok || !also || !valid {
		return Page{}, unexpected("has_more and events", v)
	}
	events, err := eventsFrom(list)
	if err != nil {
		return Page{}, err
	}
	if flag && len(events) == 0 {
		return Page{}, unexpected("events before there are more", v)
	}
	return Page{events, flag}, nil
}

func uuidFrom(v *Value) (uuid.UUID, bool) {
	id, err := uuid.ParseBytes(v.Str)
	return id, err == nil
}

func countFrom(v *Value) (uint64, bool) {
	return uint64(v.Int), v.Kind == resp3.KindInt && v.Int >= 0
}

func isText(v *Value) bool {
	return v.Kind == resp3.KindBulk && v.Str != nil || v.Kind == resp3.KindSimple
}
