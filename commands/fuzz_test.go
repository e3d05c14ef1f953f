package commands

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
)

// transcriptRequests returns the commands of all transcripts.
func transcriptRequests(f *testing.F) [][]string {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no transcripts: %v", err)
	}
	var list [][]string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "> ") {
				list = append(list, words(new(testing.T), line[2:]))
			}
		}
	}
	return list
}

// FuzzCommands sends one command of any words: there is exactly one reply, and
// it is a whole frame.
func FuzzCommands(f *testing.F) {
	const separator = "\x1f"
	for _, w := range transcriptRequests(f) {
		f.Add(strings.Join(w, separator), true)
	}
	f.Fuzz(func(t *testing.T, joined string, three bool) {
		w := strings.Split(joined, separator)
		h := newHarness(t, Builtin(), newFakeStore(), Options{Strict: len(joined)%7 == 0})
		h.do("EAPPEND", "my-stream", "Made", "PAYLOAD", "x")
		h.s.conn.Proto = resp3.RESP2
		if three {
			h.s.conn.Proto = resp3.RESP3
		}
		reply := h.do(w...)
		if reply == "" && len(h.store.waits) == 1 {
			h.step(actor.Event{Kind: actor.Stop}) // it waits for events: the node that stops ends that
			h.settle()
			if reply = h.take(); !h.closed {
				t.Fatalf("%q: still open when the node stops", w)
			}
			h.closed = false
		}
		if err := oneReply(reply); err != nil {
			t.Fatalf("%q: %v", w, err)
		}
		if h.closed != (strings.EqualFold(w[0], "quit") && len(w) == 1) {
			t.Fatalf("closed %v after %q", h.closed, w)
		}
	})
}

// FuzzSession sends any bytes in two pieces: nothing panics, everything that
// comes back is frames, and the session takes all input or hangs up.
func FuzzSession(f *testing.F) {
	for _, w := range transcriptRequests(f) {
		f.Add([]byte(onWire(w...)+lines("PING")), uint16(7))
	}
	f.Add([]byte("PING\r\n\r\n*0\r\n*1\r\n$4\r\nQUIT\r\nPING\r\n"), uint16(3))
	f.Add([]byte("*1\r\n$9223372036854775807\r\nab\r\n"), uint16(20))
	f.Add([]byte("*-1\r\n*2147483648\r\n"), uint16(5))
	f.Fuzz(func(t *testing.T, p []byte, cut uint16) {
		h := newHarness(t, Builtin(), newFakeStore(), Options{Inflight: 2, OutputMax: 100, ReplyMax: 100})
		at := int(cut) % (len(p) + 1)
		h.input(string(p[:at]))
		h.input(string(p[at:]))
		h.settle()
		h.frames()
		if !h.closed && h.consumed != len(p) {
			t.Fatalf("%d of %d bytes are consumed, and the session waits for more", h.consumed, len(p))
		}
	})
}
