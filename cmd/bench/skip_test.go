package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"sierradb/commands/resp3"
)

func TestSkipper(t *testing.T) {
	one := func(in string, want reply) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
			s := newSkipper(r, 64)
			got, err := s.reply()
			if err != nil || got != want {
				t.Errorf("reply of %q = %+v, %v, want %+v", in, got, err, want)
			}
			if s.taken != uint64(len(in)) {
				t.Errorf("reply of %q took %d bytes, want %d", in, s.taken, len(in))
			}
		}
	}
	one("+OK\r\n", reply{kind: '+', items: -1})
	one(":-5\r\n", reply{kind: ':', items: -1})
	one("$5\r\na\r\nbc\r\n", reply{kind: '$', items: -1})
	one("$0\r\n\r\n", reply{kind: '$', items: -1})
	one("$-1\r\n", reply{kind: '$', null: true, items: -1})
	one("_\r\n", reply{kind: '_', null: true, items: -1})
	one("*-1\r\n", reply{kind: '*', null: true, items: 0})
	one("*0\r\n", reply{kind: '*', items: 0})
	one("*2\r\n*1\r\n:1\r\n$1\r\nx\r\n", reply{kind: '*', items: 2})
	one("$100\r\n"+strings.Repeat("x", 100)+"\r\n", reply{kind: '$', items: -1}) // longer than the buffer

	// The page of a scan: a map with the events as its second value.
	one("%2\r\n+has_more\r\n#t\r\n+events\r\n*2\r\n%1\r\n+a\r\n:1\r\n%1\r\n+a\r\n:2\r\n", reply{kind: '%', items: 2})

	one("-ERR no\r\n", reply{kind: '-', items: -1, failed: "ERR no"})
	one("-\r\n", reply{kind: '-', items: -1, failed: "an error without a text"})
	one("*2\r\n-ERR first\r\n-ERR second\r\n", reply{kind: '*', items: 2, failed: "ERR first"})
	one("!5\r\nERR x\r\n", reply{kind: '!', items: -1, failed: "an error of the form '!'"})

	// Attributes and pushes are no replies.
	one("|1\r\n+ttl\r\n:1\r\n:7\r\n", reply{kind: ':', items: -1})
	one(">2\r\n+message\r\n:1\r\n:7\r\n", reply{kind: ':', items: -1})
	one("*2\r\n|1\r\n+ttl\r\n:1\r\n:7\r\n,1.5\r\n", reply{kind: '*', items: 2})
}

func TestSkipper_RepliesFollowOneAnother(t *testing.T) {
	in := strings.Repeat("*2\r\n$3\r\nabc\r\n:1\r\n", 50)
	s := newSkipper(iotest.HalfReader(strings.NewReader(in)), 16)
	for i := range 50 {
		if rep, err := s.reply(); err != nil || rep.items != 2 {
			t.Fatalf("reply %d = %+v, %v, want an array of 2", i, rep, err)
		}
	}
	if _, err := s.reply(); err != io.ErrUnexpectedEOF {
		t.Fatalf("reply behind the last = %v, want io.ErrUnexpectedEOF", err)
	}
}

func TestSkipper_ErrReply(t *testing.T) {
	one := func(in string) {
		t.Helper()
		if rep, err := newSkipper(strings.NewReader(in), 32).reply(); !errors.Is(err, errReply) {
			t.Errorf("reply of %q = %+v, %v, want errReply", in, rep, err)
		}
	}
	one("\r\n")
	one("+\n")
	one("+no carriage return\n")
	one("?1\r\n")
	one("$\r\n")
	one("$-2\r\n")
	one("$x\r\n")
	one("$99999999999999999999\r\n")
	one("$3\r\nabcde")
	one("*2\r\n:1\r\n&\r\n")
	one("+" + strings.Repeat("long", 20) + "\r\n")
}

func TestSkipper_AllocatesNothing(t *testing.T) {
	page := "%2\r\n+has_more\r\n#t\r\n+events\r\n*100\r\n" + strings.Repeat("%1\r\n+payload\r\n$3\r\nabc\r\n", 100)
	r := strings.NewReader(page)
	s := newSkipper(r, 4096)
	if n := testing.AllocsPerRun(100, func() {
		r.Reset(page)
		if rep, err := s.reply(); err != nil || rep.items != 100 {
			t.Fatalf("reply = %+v, %v, want 100 items", rep, err)
		}
	}); n != 0 {
		t.Errorf("a reply allocates %v times", n)
	}
}

// FuzzSkipper compares the skipper with the parser: what that one understands,
// this one must understand in the same way. The skipper may understand more.
func FuzzSkipper(f *testing.F) {
	for _, in := range []string{
		"+OK\r\n", "$3\r\nabc\r\n", "*2\r\n:1\r\n_\r\n", "%1\r\n+a\r\n*-1\r\n", "|1\r\n+a\r\n+b\r\n-ERR x\r\n",
		"*1\r\n|1\r\n+a\r\n*1\r\n:1\r\n#t\r\n", ">1\r\n+x\r\n", "=5\r\ntxt:a\r\n", "!3\r\nERR\r\n", "$+1\r\na\r\n", "*-0\r\n", "$-1\r\n",
	} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		value, n, err := resp3.Parse(in)
		for _, r := range []io.Reader{bytes.NewReader(in), iotest.OneByteReader(bytes.NewReader(in))} {
			s := newSkipper(r, len(in)+1)
			got, skipErr := s.frame()
			if err != nil || n == 0 {
				continue // what counts is that the skipper came back
			}
			if skipErr != nil || s.taken != uint64(n) || got.kind != value.Kind {
				t.Fatalf("frame of %q = %+v, %v after %d bytes, the parser has %q and %d bytes", in, got, skipErr, s.taken, value.Kind, n)
			}
			if failed := fails(value); failed != (got.failed != "") {
				t.Fatalf("frame of %q: failed %q, the parser says %v", in, got.failed, failed)
			}
		}
	})
}

// fails says whether there is an error in a value.
func fails(v resp3.Value) bool {
	if v.Kind == resp3.KindError || v.Kind == resp3.KindBulkError {
		return true
	}
	for _, list := range [][]resp3.Value{v.Elems, v.Attr} {
		for _, e := range list {
			if fails(e) {
				return true
			}
		}
	}
	return false
}
