package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"sierradb/client"
)

func TestTail_Help(t *testing.T) {
	at(t)
	got := runWith(nil, "tail", "--help")
	golden(t, "testdata/help_tail.txt", got.stdout)
	if again := runWith(nil, "help", "tail"); again != got || got.code != exitOK || got.stderr != "" {
		t.Errorf("help tail: %+v; tail --help: %+v", again, got)
	}
}

func TestTail_Misuse(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		got := runWith(nil, append([]string{"tail"}, args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, want) || got.stdout != "" {
			t.Errorf("tail %q: %+v, want %q", args, got, want)
		}
	}
	f("a stream, --partition or --all is expected")
	f("exclude each other", "--all", "s")
	f("exclude each other", "--all", "--partition", "1")
	f("exclude each other", "--partition", "1", "s")
	f("--key is for streams", "--all", "--key", uuid.Nil.String())
	f(`--key "x": a UUID is expected`, "--key", "x", "s")
	f(`--from "soon": latest, start or a number is expected`, "--from", "soon", "s")
	f(`partition "1-": expected`, "--partition", "1-")
	f(`--address "nowhere": HOST:PORT is expected`, "--address", "nowhere", "s")
	f("did you mean --json?", "--jsom", "s")
	if got := runWith(nil, "--log", "debug", "tail"); got.code != exitUsage || !strings.Contains(got.stderr, "tail comes first") {
		t.Errorf("flags before tail: %+v", got)
	}
}

// A node that can't be reached is an error at once.
func TestTail_NobodyThere(t *testing.T) {
	ln, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	got := runWith(nil, "tail", "--address", addr, "s")
	if got.code != exitError || !strings.Contains(got.stderr, addr) {
		t.Errorf("%+v", got)
	}
}

// The reader of the output may leave.
func TestTail_OutputCloses(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	out := &printer{w: newWriter(w)}
	out.print(new(client.Event))
	if err := out.Store(context.Background(), nil); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestPrinter(t *testing.T) {
	e := client.Event{
		ID: uuid.UUID{1}, TransactionID: uuid.UUID{2}, PartitionKey: uuid.UUID{3}, Partition: 21, Sequence: 7,
		Stream: "user-1", Version: 4, Time: time.UnixMilli(1_700_000_000_123), Name: "Cre\nated", Metadata: []byte("m"), Payload: []byte("{\"a\":\"<ü>\"}\x1b"),
	}
	f := func(asJSON bool, want string) {
		t.Helper()
		var b bytes.Buffer
		out := &printer{w: newWriter(&b), json: asJSON}
		out.print(&e)
		if b.Len() > 0 {
			t.Error("a line went out before there was time")
		}
		if err := out.Store(context.Background(), nil); err != nil || b.String() != want+"\n" {
			t.Errorf("got %q, %v; want %q", b.String(), err, want)
		}
	}
	f(false, `2023-11-14T22:13:20.123Z user-1 4 Cre\nated {"a":"<ü>"}\x1b metadata=m [21:7]`)
	head := `{"event_id":"01000000-0000-0000-0000-000000000000","partition_key":"03000000-0000-0000-0000-000000000000","partition_id":21,` +
		`"transaction_id":"02000000-0000-0000-0000-000000000000","partition_sequence":7,"stream_version":4,"timestamp":1700000000123,"stream_id":"user-1","event_name":"Cre\nated",`
	f(true, head+`"metadata":"m","payload":"{\"a\":\"<ü>\"}\u001b"}`)
	e.Payload, e.Metadata = []byte{0xff}, nil
	f(false, `2023-11-14T22:13:20.123Z user-1 4 Cre\nated \xff [21:7]`)
	f(true, head+`"metadata":"","payload_base64":"/w=="}`)
}

// Trying again is told once, not each time.
func TestNotices(t *testing.T) {
	var b strings.Builder
	n := notices{w: &b}
	for _, text := range []string{"gone", "gone", "gone", "back and gone", "gone"} {
		n.tell(errors.New(text))
	}
	if want := "sierradb tail: gone; trying again\nsierradb tail: back and gone; trying again\nsierradb tail: gone; trying again\n"; b.String() != want {
		t.Errorf("got %q", b.String())
	}
}
