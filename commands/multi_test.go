package commands

import (
	"strings"
	"testing"
)

// TestSession_Multi sends what client libraries send for a pipeline.
func TestSession_Multi(t *testing.T) {
	f := func(end string, wantLast string) {
		t.Helper()
		h := newHarness(t, Builtin(), newFakeStore(), Options{})
		h.input(lines("EAPPEND orders Before\nMULTI\nEAPPEND orders A\nESVER orders\nEMAPPEND 550e8400-e29b-41d4-a716-446655440000 orders B\n" + end + "\nEAPPEND orders After\nESVER orders"))
		h.settle()
		frames := h.frames()
		if len(frames) != 8 {
			t.Fatalf("%s: got %d replies, want 8: %q", end, len(frames), frames)
		}
		if !strings.HasPrefix(frames[1], "-ERR MULTI is not supported; EMAPPEND ") {
			t.Errorf("%s: MULTI is answered with %q", end, frames[1])
		}
		for _, frame := range frames[2:5] {
			if !strings.Contains(frame, " was not run: it came behind MULTI") {
				t.Errorf("%s: a command behind MULTI is answered with %q", end, frame)
			}
		}
		if got := frames[5]; got != wantLast {
			t.Errorf("%s: got %q, want %q", end, got, wantLast)
		}
		if got, want := frames[7], ":1\r\n"; got != want {
			t.Errorf("%s: the stream's last version is %q, want %q: the appends before MULTI and behind %s", end, got, want, end)
		}
		if got := len(h.store.started); got != 3 {
			t.Errorf("%s: %d requests to the store, want 3", end, got)
		}
	}
	f("EXEC", "-EXECABORT MULTI is not supported: nothing was run\r\n")
	f("DISCARD", "+OK\r\n")
	f("RESET", "+RESET\r\n")
}

func TestSet_Nearest(t *testing.T) {
	set := Builtin()
	f := func(name, want string) {
		t.Helper()
		if got := set.nearest([]byte(name)); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
	f("EAPEND", "EAPPEND")
	f("eapend", "EAPPEND")
	f("EMAPEND", "EMAPPEND")
	f("XAPPEND", "EAPPEND")
	f("GET", "EGET")
	f("ESCANN", "ESCAN")
	f("EPSEQ1", "EPSEQ")
	f("SET", "")
	f("INCR", "")
	f("", "")
	f("SUBSCRIBE", "")
	f("EAPPENDXYZ", "")
	f(strings.Repeat("E", 1000), "")
}

func TestSlips(t *testing.T) {
	f := func(name, known string, want int) {
		t.Helper()
		if got := slips([]byte(name), known); got != want {
			t.Errorf("slips(%q, %q) = %d, want %d", name, known, got, want)
		}
	}
	f("", "", 0)
	f("", "PING", 4)
	f("PING", "", 4)
	f("ping", "PING", 0)
	f("PIG", "PING", 1)
	f("PIING", "PING", 1)
	f("PONG", "PING", 1)
	f("PIGN", "PING", 2)
	f("KITTEN", "SITTING", 3)
	f(strings.Repeat("A", nameMax+2), strings.Repeat("A", nameMax), 2)
}
