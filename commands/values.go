package commands

import (
	"bytes"
	"fmt"
	"math"
	"unsafe"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// Stream takes a stream id.
func (a *Args) Stream() string { return a.checked("stream id", event.CheckStream) }

// Name takes an event name.
func (a *Args) Name() string { return a.checked("event name", event.CheckName) }

func (a *Args) checked(name string, check func(string) error) string {
	w, ok := a.take(name)
	if !ok {
		return ""
	}
	s := text(w)
	if err := check(s); err != nil {
		e := Coded(err)
		a.Fail(Errorf(InvalidArg, "%s: %s", e.Text, quote(w)))
		return ""
	}
	return s
}

// Bytes takes any bytes, which may be none.
func (a *Args) Bytes(name string) []byte {
	w, _ := a.take(name)
	return w
}

// Str takes any bytes as a string, which may hold anything and be empty.
func (a *Args) Str(name string) string { return text(a.Bytes(name)) }

// text is b as a string that shares its memory. Arguments are never written
// after they were cut from the input, and the string keeps them alive, so a
// copy of every stream id and event name would be waste.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// UUID takes a UUID in any of the usual forms: with hyphens, 32 digits, in
// braces, or as a URN; in any case, blanks around it ignored.
func (a *Args) UUID(name string) uuid.UUID {
	w, ok := a.take(name)
	if !ok {
		return uuid.Nil
	}
	id, ok := parseUUID(w)
	if !ok {
		a.invalid(name, "a UUID", w)
	}
	return id
}

func parseUUID(w []byte) (uuid.UUID, bool) {
	w = bytes.TrimSpace(w)
	switch len(w) {
	case 32, 36, 36 + len("urn:uuid:"):
	case 36 + len("{}"):
		// The uuid package doesn't look at the braces.
		if w[0] != '{' || w[37] != '}' {
			return uuid.Nil, false
		}
	default:
		return uuid.Nil, false
	}
	id, err := uuid.ParseBytes(w)
	return id, err == nil
}

// Uint takes a number from 0 to 2^64-1. A leading + and zeros are fine.
func (a *Args) Uint(name string) uint64 { return a.number(name, math.MaxUint64) }

// Int takes a number from 0 to limit.
func (a *Args) Int(name string, limit int) int {
	return int(a.number(name, uint64(limit)))
}

// Millis takes a time in milliseconds since 1970.
func (a *Args) Millis() int64 {
	const name = "timestamp"
	w, ok := a.take(name)
	if !ok {
		return 0
	}
	n, ok := parseUint(w)
	if !ok || n > event.TimestampMax {
		a.Fail(Errorf(InvalidArg, "%s must be milliseconds since 1970, a number from 0 to %d, got %s%s",
			name, int64(event.TimestampMax), quote(w), unitSlip(n)))
		return 0
	}
	return int64(n)
}

// unitSlip names the unit in which n would be a time of our age, from 2001 on,
// if that is not milliseconds.
func unitSlip(n uint64) string {
	switch {
	case n >= 1e18:
		return ", which looks like nanoseconds"
	case n >= 1e15 && n < 1e17:
		return ", which looks like microseconds"
	}
	return ""
}

// number takes a number up to limit.
func (a *Args) number(name string, limit uint64) uint64 {
	w, ok := a.take(name)
	if !ok {
		return 0
	}
	n, ok := parseUint(w)
	if !ok || n > limit {
		a.invalid(name, fmt.Sprintf("a number from 0 to %d", limit), w)
		return 0
	}
	return n
}

func parseUint(w []byte) (uint64, bool) {
	if len(w) > 0 && w[0] == '+' {
		w = w[1:]
	}
	var n uint64
	for _, c := range w {
		if c < '0' || c > '9' || n > math.MaxUint64/10 {
			return 0, false
		}
		d := uint64(c - '0')
		if n = n * 10; n > math.MaxUint64-d {
			return 0, false
		}
		n += d
	}
	return n, len(w) > 0
}

// Expected takes what an append expects of its stream.
func (a *Args) Expected() event.Expected {
	const name = "expected version"
	w, ok := a.take(name)
	if !ok {
		return event.Expected{}
	}
	switch {
	case isWord(w, "ANY"):
		return event.Expected{Kind: event.Any}
	case isWord(w, "EXISTS"):
		return event.Expected{Kind: event.Exists}
	case isWord(w, "EMPTY"):
		return event.Expected{Kind: event.Empty}
	}
	n, ok := parseUint(w)
	if !ok || n > event.NoVersion {
		a.invalid(name, fmt.Sprintf("any, exists, empty or a number from 0 to %d", uint64(event.NoVersion)), w)
	}
	return event.At(event.Version(n))
}

// Count takes the COUNT of a scan, which has no upper limit.
func (a *Args) Count() int {
	return int(min(a.Uint("count"), math.MaxInt))
}

// Bounds takes the two ends of a range, both inclusive. unit is "version" or
// "sequence". The range is empty when from is above to.
func (a *Args) Bounds(unit string) (from, to uint64) {
	from = a.bound("start "+unit, '-', '+', 0)
	to = a.bound("end "+unit, '+', '-', event.NoVersion)
	// Nothing is numbered above NoVersion, but clients ask up to 2^64-1.
	return from, min(to, event.NoVersion)
}

// bound takes one end of a range: a number, or open, which means limit.
func (a *Args) bound(name string, open, wrong byte, limit uint64) uint64 {
	w, ok := a.take(name)
	if !ok {
		return 0
	}
	if len(w) == 1 && w[0] == open {
		return limit
	}
	if len(w) == 1 && w[0] == wrong {
		a.Fail(Errorf(InvalidArg, "%s cannot be '%c'", name, wrong))
		return 0
	}
	n, ok := parseUint(w)
	if !ok {
		a.invalid(name, fmt.Sprintf("'%c' or a number from 0 to %d", open, uint64(math.MaxUint64)), w)
	}
	return n
}

// Partition takes the selector of a partition: a partition key, which is tried
// first, or a partition id.
func (a *Args) Partition() event.PartitionID {
	w, ok := a.take("partition")
	if !ok {
		return 0
	}
	return a.one("partition", w)
}

// one reads a partition id or a UUID key.
func (a *Args) one(name string, w []byte) event.PartitionID {
	if a.err != nil {
		return 0
	}
	if key, ok := parseUUID(w); ok {
		return event.PartitionOf(key, a.partitions)
	}
	n, ok := parseUint(w)
	switch {
	case !ok || n > math.MaxUint16:
		a.invalid(name, fmt.Sprintf("an id from 0 to %d or a UUID", a.partitions-1), w)
		return 0
	case n >= uint64(a.partitions):
		a.Fail(Errorf(InvalidArg, "partition %d is out of range 0..%d", n, a.partitions-1))
		return 0
	}
	return event.PartitionID(n)
}
