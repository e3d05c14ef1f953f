package commands_test

import (
	"strings"
	"testing"

	"sierradb/commands"
)

// TestELast runs the module of docs/write-a-command.md beside the built-in
// ones.
func TestELast(t *testing.T) {
	set := commands.Builtin()
	set.Add(ELast)
	last := []string{"elast", "my-stream"}
	if got, want := commands.Exchange(t, set, last), "$-1\r\n"; got != want {
		t.Errorf("ELAST of an empty stream: got %q, want %q", got, want)
	}
	got := commands.Exchange(t, set,
		[]string{"EAPPEND", "my-stream", "First"},
		[]string{"EAPPEND", "my-stream", "Second"},
		last)
	if !strings.HasPrefix(got, "*22\r\n") || !strings.Contains(got, "$6\r\nSecond\r\n") || !strings.Contains(got, "+stream_version\r\n:1\r\n") {
		t.Errorf("ELAST: got %q, want the second event", got)
	}
	got = commands.Exchange(t, set, []string{"ELAST", "my-stream", "BACKWARDS"})
	if want := `-SYNTAX unexpected "BACKWARDS", expected PARTITION_KEY; usage: ELAST <stream_id> [PARTITION_KEY <partition_key>]` + "\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = commands.Exchange(t, set, []string{"COMMAND", "INFO", "ELAST"})
	if want := "*1\r\n*10\r\n$5\r\nelast\r\n:-2\r\n*1\r\n+readonly\r\n"; !strings.HasPrefix(got, want) {
		t.Errorf("COMMAND INFO ELAST: got %q, want %q...", got, want)
	}
}
