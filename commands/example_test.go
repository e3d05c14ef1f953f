package commands

import (
	"strings"
	"testing"
)

// TestExample runs the module of docs/write-a-command.md beside the built-in
// ones.
func TestExample(t *testing.T) {
	set := Builtin()
	set.Add(XLast)
	h := newHarness(t, set, newFakeStore(), Options{})
	if got, want := h.do("xlast", "my-stream"), "$-1\r\n"; got != want {
		t.Errorf("XLAST of an empty stream: got %q, want %q", got, want)
	}
	h.do("EAPPEND", "my-stream", "First")
	h.do("EAPPEND", "my-stream", "Second")
	got := h.do("xlast", "my-stream")
	if !strings.HasPrefix(got, "*22\r\n") || !strings.Contains(got, "$6\r\nSecond\r\n") || !strings.Contains(got, "+stream_version\r\n:1\r\n") {
		t.Errorf("XLAST: got %q, want the second event", got)
	}
	got = h.do("XLAST", "my-stream", "BACKWARDS")
	if want := `-SYNTAX unexpected "BACKWARDS", expected PARTITION_KEY; usage: XLAST <stream_id> [PARTITION_KEY <partition_key>]` + "\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = h.do("COMMAND", "INFO", "XLAST")
	if want := "*1\r\n*10\r\n$5\r\nxlast\r\n:-2\r\n*1\r\n+readonly\r\n"; !strings.HasPrefix(got, want) {
		t.Errorf("COMMAND INFO XLAST: got %q, want %q...", got, want)
	}
	checkExamples(t, set, &XLast.Spec)
}
