package main

import (
	"os"
	"strings"
	"testing"
)

// FuzzConfig reads any bytes as a configuration file. Nothing may panic; every
// problem has a place in the file; and what is accepted, "sierradb config"
// prints as a file that means the same.
func FuzzConfig(f *testing.F) {
	bad, err := os.ReadFile("testdata/problems.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bad)
	f.Add([]byte("dir = 'x'\n[bucket]\ncount = 8\nqueue_bytes = '8MiB'\n"))
	f.Add([]byte("bucket = {count = 0x10}\n[[nodes]]\nx = 1\n"))
	f.Add([]byte("a.\"b.c\".'d' = [1, {e = 2}]\r\n# no\n\n[log.level]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > fileMax {
			return // readFile refuses it
		}
		entries, problems := parseFile("f", data)
		lines := strings.Count(string(data), "\n") + 1
		for _, p := range problems {
			if p.from.line < 1 || p.from.line > lines || p.from.column < 1 {
				t.Fatalf("a problem without a place: %v", p)
			}
			if strings.ContainsAny(p.String(), "\r\n") {
				t.Fatalf("a problem of more than one line: %q", p)
			}
		}
		c, _ := newConfig(entries)
		if c == nil || len(problems) > 0 {
			return
		}
		sameAfterPrinting(t, c)
	})
}

// sameAfterPrinting prints c and reads the print as a file.
func sameAfterPrinting(t *testing.T, c *Config) {
	t.Helper()
	var printed strings.Builder
	writeConfig(&printed, c)
	entries, problems := parseFile("printed", []byte(printed.String()))
	if len(problems) > 0 {
		t.Fatalf("what was printed is refused: %v\n%s", problems, printed.String())
	}
	again, problems := newConfig(entries)
	if len(problems) > 0 {
		t.Fatalf("what was printed is refused: %v\n%s", problems, printed.String())
	}
	if len(entries) != len(keys) {
		t.Fatalf("%d keys were printed, there are %d", len(entries), len(keys))
	}
	for i := range keys {
		if got, want := keys[i].valueText(again), keys[i].valueText(c); got != want {
			t.Fatalf("%s is %s after printing, was %s", keys[i].name, got, want)
		}
	}
}
