package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"sierradb/commands/resp3"
)

func testLoad(addr string) *load {
	return &load{
		addr: addr, hello: resp3.AppendCommand(nil, "HELLO", "3"), conns: 3, depth: 4,
		warm: 10 * time.Millisecond, window: 100 * time.Millisecond,
		script: func(conn int) script { return newAppends(1, conn) }, pid: ownPID,
	}
}

func TestLoad_CountsBatches(t *testing.T) {
	s, err := testLoad(startResponder(t, new(responder))).run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.ops == 0 || s.errors > 0 {
		t.Fatalf("%d replies, %d errors (%s), want some and none", s.ops, s.errors, s.problem)
	}
	if s.ops%4 != 0 || s.latency.n != s.ops/4 {
		t.Errorf("%d replies in %d batches, want 4 in each", s.ops, s.latency.n)
	}
	if s.bytes < s.ops*uint64(len("%2\r\n")) {
		t.Errorf("%d bytes in %d replies", s.bytes, s.ops)
	}
}

func TestLoad_CountsRefusedCommands(t *testing.T) {
	s, err := testLoad(startResponder(t, &responder{refuse: "EAPPEND"})).run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.errors < s.ops || s.problem != "BUSY not now" {
		t.Errorf("%d errors in %d replies, the first %q, want all and BUSY", s.errors, s.ops, s.problem)
	}
}

func TestLoad_CountsEvents(t *testing.T) {
	l := testLoad(startResponder(t, new(responder)))
	scan := [][]byte{resp3.AppendCommand(nil, "ESCAN", "s", "-", "+", "COUNT", "100")}
	l.script = func(conn int) script { return newReads(scan, scanEvents, conn) }
	s, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.ops == 0 || s.items != s.ops*scanEvents || s.errors > 0 {
		t.Errorf("%d events in %d replies, %d errors (%s), want 100 in each", s.items, s.ops, s.errors, s.problem)
	}
}

func TestLoad_ServerGoesAway(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	if s, err := testLoad(ln.Addr().String()).run(t.Context()); err == nil {
		t.Errorf("run = %+v, want an error", s)
	}
}

func TestLoad_EndsWithItsContext(t *testing.T) {
	l := testLoad(startResponder(t, new(responder)))
	l.window = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if s, err := l.run(ctx); err != context.DeadlineExceeded {
		t.Errorf("run = %+v, %v, want the context's error", s, err)
	}
}

func TestAppends_ExpectTheRightVersions(t *testing.T) {
	a := newAppends(1, 1)
	commands := resp3.NewReader(resp3.Limits{})
	server, versions := new(responder), make(map[string]int)
	for turn := range 3 * streamsPerConn {
		commands.Feed(a.batch(nil, 5))
		for i := range 5 {
			args, ok, err := commands.Next()
			if !ok || err != nil {
				t.Fatalf("turn %d: command %d is not whole: %v", turn, i, err)
			}
			reply, err := newSkipper(bytes.NewReader(server.answer(nil, args, versions)), 256).reply()
			if err != nil {
				t.Fatal(err)
			}
			if problem := a.check(reply); problem != "" {
				t.Fatalf("turn %d: %s", turn, problem)
			}
		}
	}
	if len(versions) != streamsPerConn || versions["stream-1-1-0"] != 15 {
		t.Errorf("the streams are %v, want %d of 15 events", versions, streamsPerConn)
	}
}

func TestScript_AllocatesNothing(t *testing.T) {
	commands := [][]byte{resp3.AppendCommand(nil, "EGET", "id")}
	for name, s := range map[string]script{
		"appends": newAppends(1, 1), "xadds": newXadds(1, 1), "reads": newReads(commands, -1, 1),
	} {
		out := make([]byte, 0, 16<<10)
		if n := testing.AllocsPerRun(100, func() { out = s.batch(out[:0], 16) }); n != 0 {
			t.Errorf("a batch of %s allocates %v times", name, n)
		}
	}
}

func TestScript_Check(t *testing.T) {
	one := func(s script, r reply, want string) {
		t.Helper()
		if got := s.check(r); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("check(%+v) = %q, want %q", r, got, want)
		}
	}
	one(newAppends(1, 1), reply{kind: '%', items: -1}, "")
	one(newAppends(1, 1), reply{kind: '+', items: -1}, "expected a map")
	one(newAppends(1, 1), reply{kind: '-', failed: "WRONGVER x"}, "WRONGVER x")
	one(newXadds(1, 1), reply{kind: '$'}, "")
	one(newXadds(1, 1), reply{kind: '$', null: true}, "expected a bulk string")
	one(newReads(nil, -1, 1), reply{kind: '%'}, "")
	one(newReads(nil, -1, 1), reply{kind: '_', null: true}, "null")
	one(newReads(nil, 100, 1), reply{kind: '%', items: 100}, "")
	one(newReads(nil, 100, 1), reply{kind: '%', items: 37}, "holds 37 events, expected 100")
}
