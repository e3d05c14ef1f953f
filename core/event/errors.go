package event

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// The errors of the store, by when they happen. "Not done" means that nothing
// was appended and nothing will be; "unknown" that the append may still land,
// so that only a retry with the same event ids is safe.
var (
	// ErrInvalid is returned when a request breaks a rule; the text names the
	// argument and what was expected. Not done.
	ErrInvalid = errors.New("invalid argument")
	// ErrWrongVersion is what every *VersionError is. Not done.
	ErrWrongVersion = errors.New("wrong version")
	// ErrIDConflict is returned when a known event id comes with other content.
	// Not done.
	ErrIDConflict = errors.New("event id is taken")
	// ErrTooLarge is returned when a transaction does not fit a segment. Not
	// done.
	ErrTooLarge = errors.New("too large")
	// ErrBusy is returned when a bucket's queue is full. Not done.
	ErrBusy = errors.New("bucket is busy")
	// ErrDiskFull is returned when the disk has no room. Not done.
	ErrDiskFull = errors.New("disk is full")
	// ErrReadOnly is returned after a failed write or sync: the bucket takes no
	// appends until the process starts again. Not done.
	ErrReadOnly = errors.New("bucket is read-only")
	// ErrNotLeader is returned by a replica that does not lead. Not done.
	ErrNotLeader = errors.New("not the leader")
	// ErrUnavailable is returned when a bucket can't be asked. Not done.
	ErrUnavailable = errors.New("bucket is unavailable")
	// ErrTimeout is returned when the outcome of an append can't be learned.
	// Unknown.
	ErrTimeout = errors.New("outcome unknown")
	// ErrDamaged is what every *DamageError is.
	ErrDamaged = errors.New("damaged data")
	// ErrClosed is returned after Close. Not done.
	ErrClosed = errors.New("store is closed")
)

// VersionError tells that a stream is not where an append expected it.
type VersionError struct {
	Stream   StreamKey // as the append named it
	Next     Version   // the version the stream's next event would get: 0 for an empty stream
	Expected Expected
}

// Current is the stream's last version as text, or "empty".
func (e *VersionError) Current() string {
	if e.Next == 0 {
		return "empty"
	}
	return fmt.Sprint(uint64(e.Next - 1))
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("current stream version is %s but expected %s for partition key %s and stream id %q",
		e.Current(), e.Expected, e.Stream.Key, e.Stream.ID)
}

// Is makes errors.Is(err, ErrWrongVersion) true.
func (e *VersionError) Is(target error) bool { return target == ErrWrongVersion }

// IDConflictError names the event id that is taken.
type IDConflictError struct {
	ID uuid.UUID
}

func (e *IDConflictError) Error() string {
	return fmt.Sprintf("event id %s is taken by another event or another transaction", e.ID)
}

// Is makes errors.Is(err, ErrIDConflict) true.
func (e *IDConflictError) Is(target error) bool { return target == ErrIDConflict }

// DamageError says which bytes of which file can't be believed.
type DamageError struct {
	File   string
	Offset int64
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: damaged at offset %d: %s", e.File, e.Offset, e.Reason)
}

// Is makes errors.Is(err, ErrDamaged) true.
func (e *DamageError) Is(target error) bool { return target == ErrDamaged }
