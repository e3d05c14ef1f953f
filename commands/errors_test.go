package commands

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

func TestCoded(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		if got := Coded(fmt.Errorf("bucket 3: %w", err)).Code; string(got) != want {
			t.Errorf("%v is answered with %s, want %s", err, got, want)
		}
	}
	f(event.ErrInvalid, "INVALIDARG")
	f(&event.VersionError{}, "WRONGVER")
	f(&event.IDConflictError{}, "IDCONFLICT")
	f(event.ErrTooLarge, "TOOLARGE")
	f(event.ErrBusy, "BUSY")
	f(event.ErrDiskFull, "DISKFULL")
	f(event.ErrReadOnly, "READONLY")
	f(event.ErrNotLeader, "NOTLEADER")
	f(event.ErrUnavailable, "UNAVAILABLE")
	f(event.ErrTimeout, "TIMEOUT")
	f(&event.DamageError{}, "READERR")
	f(event.ErrClosed, "UNAVAILABLE")
	f(errors.New("surprise"), "DBOPFAILED")
	f(Errorf(NotFound, "subscription not found"), "NOTFOUND")
}

func TestCodes_AreAllKnown(t *testing.T) {
	seen := map[Code]bool{}
	for _, c := range Codes {
		if seen[c.Code] || c.Meaning == "" || c.Outcome != NotDone && c.Outcome != Unknown {
			t.Errorf("row %+v of the table", c)
		}
		seen[c.Code] = true
	}
}

// TestError_IsOneLine tries what a client or a disk may put into an error.
func TestError_IsOneLine(t *testing.T) {
	f := func(text string) {
		t.Helper()
		b := resp3.AppendError(nil, (&Error{Err, text}).line())
		v, n, err := resp3.Parse(b)
		if err != nil || n != len(b) || b[0] != '-' || strings.Count(string(b), "\n") != 1 {
			t.Errorf("error %q is sent as %q: %v, %v", text, b, v, err)
		}
		if len(b) > 8*errorTextMax {
			t.Errorf("error of %d bytes is sent as %d bytes", len(text), len(b))
		}
	}
	f("plain")
	f("a\r\nb")
	f("\x00\x7f\xff")
	f(`quoted "a\r\nb"`)
	f(strings.Repeat("\xff", 5000))
	f(strings.Repeat("ü", 5000))
}
