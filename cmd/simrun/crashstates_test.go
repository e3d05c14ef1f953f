package main

import (
	"bytes"
	"strings"
	"testing"

	"sierradb/sim/crashenum"
)

// TestCrashStates prints the table of the shortest script.
func TestCrashStates(t *testing.T) {
	var out bytes.Buffer
	if status := crashStates(&out, crashenum.Scripts()[:1], crashenum.Quick); status != exitClean {
		t.Errorf("status %d", status)
	}
	text := out.String()
	if strings.Count(text, "\n") != 3 || !strings.Contains(text, "recoveries") || !strings.Contains(text, "\ncreate ") || !strings.Contains(text, "\n1 scripts ") {
		t.Errorf("the table is:\n%s", text)
	}
}
