package commands

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sierradb/core/event"
	"sierradb/vfs"
)

// Code is the first word of an error reply, by which clients decide.
type Code string

// The codes.
const (
	Syntax      Code = "SYNTAX"
	InvalidArg  Code = "INVALIDARG"
	WrongVer    Code = "WRONGVER"
	IDConflict  Code = "IDCONFLICT"
	TooLarge    Code = "TOOLARGE"
	Busy        Code = "BUSY"
	DiskFull    Code = "DISKFULL"
	ReadOnly    Code = "READONLY"
	NotLeader   Code = "NOTLEADER"
	Unavailable Code = "UNAVAILABLE"
	Timeout     Code = "TIMEOUT"
	ReadErr     Code = "READERR"
	DBOpFailed  Code = "DBOPFAILED"
	NotFound    Code = "NOTFOUND"
	NoProto     Code = "NOPROTO"
	WrongPass   Code = "WRONGPASS"
	ExecAbort   Code = "EXECABORT"
	Err         Code = "ERR"
)

// Outcome says what became of a command that was answered with an error.
type Outcome string

// The outcomes.
const (
	NotDone Outcome = "not done" // this attempt changed nothing and never will
	Unknown Outcome = "unknown"  // it may still happen; retry with the same EVENT_ID
)

// CodeInfo is a row of the table of codes.
type CodeInfo struct {
	Code    Code
	Outcome Outcome
	Meaning string
	causes  []error // errors of the store that are told with this code
}

// Codes is the table of all codes that a node answers, the one place where
// errors of the store get theirs.
var Codes = []CodeInfo{
	{Syntax, NotDone, "The words don't fit the command's usage: one is missing, unexpected or repeated.", nil},
	{InvalidArg, NotDone, "An argument has a value that is not allowed.", []error{event.ErrInvalid}},
	{WrongVer, NotDone, "The stream is not at the expected version.", []error{event.ErrWrongVersion}},
	{IDConflict, NotDone, "The event id is taken by another event or another transaction.", []error{event.ErrIDConflict}},
	{TooLarge, NotDone, "The transaction doesn't fit a segment.", []error{event.ErrTooLarge}},
	{Busy, NotDone, "The bucket's queue is full. Try again later.", []error{event.ErrBusy}},
	{DiskFull, NotDone, "The disk has no room. Appends work again when there is space.", []error{event.ErrDiskFull}},
	{ReadOnly, NotDone, "A write or sync failed before: the bucket takes no appends until the process starts again.", []error{event.ErrReadOnly}},
	{NotLeader, NotDone, "The bucket's leader is another node, or not known yet. Try again.", []error{event.ErrNotLeader}},
	{Unavailable, NotDone, "A bucket that is needed can't be asked, or the node is closing.", []error{event.ErrUnavailable, event.ErrClosed}},
	{Timeout, Unknown, "The outcome of the append was not learned in time.", []error{event.ErrTimeout}},
	{ReadErr, NotDone, "Stored data is damaged or can't be read; the text names the file.", []error{event.ErrDamaged, vfs.ErrIO}},
	{DBOpFailed, Unknown, "The store failed in a way that has no code of its own.", nil},
	{NotFound, NotDone, "What the command names does not exist.", nil},
	{NoProto, NotDone, "HELLO asks for a protocol that the node doesn't speak.", nil},
	{WrongPass, NotDone, "AUTH or HELLO names a user that doesn't exist.", nil},
	{ExecAbort, NotDone, "EXEC ends what MULTI began. MULTI is not supported, and nothing behind it was run.", nil},
	{Err, NotDone, "Anything that Redis answers with ERR: an unknown command or subcommand, a command behind MULTI, bytes that are not RESP.", nil},
}

// The codes that the store's answers may have: to questions that the index
// answers, to reads of events, to appends. NOTLEADER is none of them while every
// bucket has one replica, which leads.
var (
	ofIndex   = []Code{Unavailable, ReadErr}
	ofReads   = []Code{Unavailable, ReadErr, DBOpFailed}
	ofAppends = []Code{WrongVer, IDConflict, TooLarge, Busy, DiskFull, ReadOnly, Unavailable, Timeout, ReadErr, DBOpFailed}
)

// inTableOrder joins lists of codes for a Spec.
func inTableOrder(lists ...[]Code) []Code {
	var out []Code
	for _, row := range Codes {
		for _, list := range lists {
			if hasCode(list, row.Code) {
				out = append(out, row.Code)
				break
			}
		}
	}
	return out
}

func hasCode(list []Code, code Code) bool {
	for _, c := range list {
		if c == code {
			return true
		}
	}
	return false
}

// Error is an error with its code, as a client is told.
type Error struct {
	Code Code
	Text string
}

func (e *Error) Error() string { return string(e.Code) + " " + e.Text }

// Errorf makes an error. What a client sent belongs into it only quoted: %q.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

// Coded returns err as a client is told: an *Error as it is, an error of the
// store with its code from the table, any other as DBOPFAILED.
func Coded(err error) *Error {
	var coded *Error
	if errors.As(err, &coded) {
		return coded
	}
	for i := range Codes {
		for _, cause := range Codes[i].causes {
			if errors.Is(err, cause) {
				return &Error{Codes[i].Code, strings.TrimPrefix(err.Error(), event.ErrInvalid.Error()+": ")}
			}
		}
	}
	return &Error{DBOpFailed, "the store failed: " + err.Error()}
}

// errorTextMax bounds the text of an error reply, in bytes.
const errorTextMax = 1024

// line returns the error as one line of printable text, whatever it was made
// of: the reply is a simple error, which ends at the first line end.
func (e *Error) line() string {
	text := e.Error()
	if len(text) > errorTextMax {
		text = text[:errorTextMax] + "..."
	}
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] >= 0x7f {
			quoted := strconv.Quote(text)
			quoted = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
			return strings.ReplaceAll(quoted, `\\`, `\`)
		}
	}
	return text
}

// quoteMax is how much of an argument an error shows, in bytes.
const quoteMax = 48

// quote shows what a client sent: shortened, in quotes, unprintable bytes
// escaped.
func quote(b []byte) string {
	if len(b) > quoteMax {
		return strconv.Quote(string(b[:quoteMax])) + "..."
	}
	return strconv.Quote(string(b))
}
