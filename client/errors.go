package client

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Error is an error that the node answered.
type Error struct {
	Code string // its first word: "WRONGVER"
	Text string // the rest
}

func (e *Error) Error() string {
	if e.Text == "" {
		return e.Code
	}
	return e.Code + " " + e.Text
}

// Is makes errors.Is compare codes: an error is each sentinel with its code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Text == "" && t.Code == e.Code
}

// The errors of a node, one for each code that it has, in the order of the
// table in docs/commands.md. All but ErrTimeout and ErrDatabase say that this
// attempt changed nothing.
var (
	// ErrSyntax is answered when the words don't fit the command's usage.
	ErrSyntax error = &Error{Code: "SYNTAX"}
	// ErrInvalidArg is answered when an argument has a value that is not
	// allowed.
	ErrInvalidArg error = &Error{Code: "INVALIDARG"}
	// ErrWrongVersion is answered when a stream is not at the expected version.
	// The error is a [*VersionError], too.
	ErrWrongVersion error = &Error{Code: "WRONGVER"}
	// ErrIDConflict is answered when the event id is taken by another event.
	ErrIDConflict error = &Error{Code: "IDCONFLICT"}
	// ErrTooLarge is answered when a transaction doesn't fit a segment.
	ErrTooLarge error = &Error{Code: "TOOLARGE"}
	// ErrBusy is answered when a queue of the node is full. The client tries
	// again.
	ErrBusy error = &Error{Code: "BUSY"}
	// ErrDiskFull is answered when the disk has no room.
	ErrDiskFull error = &Error{Code: "DISKFULL"}
	// ErrReadOnly is answered when a write failed before: the bucket takes no
	// appends until the node starts again.
	ErrReadOnly error = &Error{Code: "READONLY"}
	// ErrNotLeader is answered by a node that does not lead the bucket. The
	// client tries again.
	ErrNotLeader error = &Error{Code: "NOTLEADER"}
	// ErrUnavailable is answered when a bucket that is needed can't be asked.
	// The client tries again.
	ErrUnavailable error = &Error{Code: "UNAVAILABLE"}
	// ErrTimeout is answered when the outcome of an append was not learned in
	// time. The client tries again.
	ErrTimeout error = &Error{Code: "TIMEOUT"}
	// ErrRead is answered when stored data is damaged or can't be read.
	ErrRead error = &Error{Code: "READERR"}
	// ErrDatabase is answered when the store failed in a way that has no code
	// of its own. The client tries an append again.
	ErrDatabase error = &Error{Code: "DBOPFAILED"}
	// ErrNotFound is answered when what the command names does not exist.
	ErrNotFound error = &Error{Code: "NOTFOUND"}
	// ErrNoProto is answered by a node that does not speak RESP3.
	ErrNoProto error = &Error{Code: "NOPROTO"}
	// ErrWrongPass is answered when AUTH names a user that does not exist.
	ErrWrongPass error = &Error{Code: "WRONGPASS"}
	// ErrExecAbort is answered to EXEC.
	ErrExecAbort error = &Error{Code: "EXECABORT"}
	// ErrGeneric is answered where Redis says ERR: to an unknown command, to
	// bytes that are too much of something.
	ErrGeneric error = &Error{Code: "ERR"}
)

// The errors of the client itself.
var (
	// ErrClosed is returned once the client is closed.
	ErrClosed = errors.New("client: closed")
	// ErrConnection is what every failure to connect, and every loss of a
	// connection, is.
	ErrConnection = errors.New("connection failed")
	// ErrReply is returned when a reply is not what the command should get: the
	// node is not SierraDB, or a newer one.
	ErrReply = errors.New("client: unexpected reply")
	// ErrUnknown is what every [*UnknownError] is.
	ErrUnknown = errors.New("outcome unknown")
	// ErrGap is returned by a subscription when the node left out an event, and
	// again after reconnecting.
	ErrGap = errors.New("client: the node left out events")
)

// VersionError says where a stream is that an append expected elsewhere. It is
// [ErrWrongVersion].
type VersionError struct {
	Empty   bool   // the stream has no event
	Version uint64 // of its last event, unless it is Empty
	Err     *Error // as the node said it
}

func (e *VersionError) Error() string { return e.Err.Error() }

// Unwrap returns the node's own words.
func (e *VersionError) Unwrap() error { return e.Err }

// UnknownError is the error of an append that may have landed, or may yet. All
// attempts had the same event ids: appending events with these ids and the same
// content again is safe, and tells. It is [ErrUnknown].
type UnknownError struct {
	IDs      []uuid.UUID // of the events, in order
	Attempts int         // that were made
	Err      error       // the last failure
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("outcome of the append unknown after %d attempts (first event id %s): %v", e.Attempts, e.IDs[0], e.Err)
}

// Is makes errors.Is(err, ErrUnknown) true.
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

// Unwrap returns the last failure.
func (e *UnknownError) Unwrap() error { return e.Err }

// connError is a failure of the network.
type connError struct {
	addr string
	err  error
}

func (e *connError) Error() string        { return "connection to " + e.addr + ": " + e.err.Error() }
func (e *connError) Is(target error) bool { return target == ErrConnection }
func (e *connError) Unwrap() error        { return e.err }

// parseError makes an error of what the node answered.
func parseError(line string) error {
	code, text, _ := strings.Cut(line, " ")
	e := &Error{Code: code, Text: text}
	if code != "WRONGVER" {
		return e
	}
	rest, ok := strings.CutPrefix(text, "current stream version is ")
	word, _, _ := strings.Cut(rest, " ")
	if ok && word == "empty" {
		return &VersionError{Err: e, Empty: true}
	}
	if n, err := strconv.ParseUint(word, 10, 64); ok && err == nil {
		return &VersionError{Err: e, Version: n}
	}
	return e
}

// codeOf is the code of an error that a node answered, or "".
func codeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// unexpected is the error about a reply that can't be understood.
func unexpected(what string, v Value) error {
	text := v.String()
	if len(text) > 200 {
		text = text[:200] + "..."
	}
	return fmt.Errorf("%w: expected %s, got %s", ErrReply, what, text)
}
