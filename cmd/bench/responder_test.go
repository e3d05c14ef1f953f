package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"testing"

	"sierradb/commands/resp3"
)

// responderVariable turns this test binary into a server that keeps versions
// and ids, no events: enough to see whether the bench asks the right things. As
// a binary it takes the flags of SierraDB and of redis-server.
const responderVariable = "BENCH_TEST_RESPONDER"

func TestMain(m *testing.M) {
	if os.Getenv(responderVariable) == "" {
		os.Exit(m.Run())
	}
	if slices.Contains(os.Args, "--version") {
		fmt.Println("Redis server v=7.1.2 sha=00000000:0")
		return
	}
	ln, err := net.Listen("tcp", responderAddr(os.Args))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	new(responder).serve(ln)
}

// responderAddr reads where to listen.
func responderAddr(args []string) string {
	if i := slices.Index(args, "--client-address"); i >= 0 {
		return args[i+1]
	}
	return "127.0.0.1:" + args[slices.Index(args, "--port")+1]
}

// A responder answers the commands of the bench. Streams belong to one
// connection, so it keeps a table for each; ids are counted there as well.
type responder struct {
	refuse string // a command that is answered by an error
}

func (r *responder) serve(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		go r.converse(conn)
	}
}

func (r *responder) converse(conn net.Conn) {
	defer conn.Close()
	commands := resp3.NewReader(resp3.Limits{})
	versions := make(map[string]int)
	buf := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		commands.Feed(bytes.Clone(buf[:n]))
		var out []byte
		for {
			args, ok, err := commands.Next()
			if err != nil {
				return
			}
			if !ok {
				break
			}
			out = r.answer(out, args, versions)
		}
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

// answer appends the reply to a command.
func (r *responder) answer(out []byte, args [][]byte, versions map[string]int) []byte {
	name := string(args[0])
	if name == r.refuse {
		return resp3.AppendError(out, "BUSY not now")
	}
	switch name {
	case "PING":
		return resp3.AppendSimple(out, "PONG")
	case "HELLO":
		return resp3.AppendSimple(resp3.AppendSimple(resp3.AppendMap(out, resp3.RESP3, 1), "proto"), string(args[1]))
	case "EAPPEND":
		return answerAppend(out, args, versions)
	case "ESCAN", "EPSCAN":
		out = resp3.AppendMap(out, resp3.RESP3, 2)
		out = resp3.AppendBool(resp3.AppendSimple(out, "has_more"), resp3.RESP3, true)
		return answerPage(resp3.AppendSimple(out, "events"), args)
	case "EGET":
		if len(args) != 2 || !bytes.HasPrefix(args[1], []byte("id-")) {
			return resp3.AppendNull(out, resp3.RESP3)
		}
		return resp3.AppendSimple(resp3.AppendSimple(resp3.AppendMap(out, resp3.RESP3, 1), "event_id"), string(args[1]))
	case "XADD":
		if len(args) != 5 || len(args[4]) != payloadBytes {
			return resp3.AppendError(out, "ERR syntax")
		}
		return resp3.AppendBulkString(out, "1-1")
	case "XRANGE":
		if len(args) == 4 {
			return resp3.AppendBulkString(resp3.AppendArray(out, 1), "1-1")
		}
		return answerPage(out, args)
	}
	return resp3.AppendError(out, "ERR unknown command")
}

// answerAppend checks an EAPPEND as the real server would.
func answerAppend(out []byte, args [][]byte, versions map[string]int) []byte {
	if len(args) < 5 || string(args[len(args)-2]) != "PAYLOAD" || len(args[len(args)-1]) != payloadBytes {
		return resp3.AppendError(out, "INVALIDARG expected a stream, a name and a payload")
	}
	stream := string(args[1])
	count := versions[stream]
	if string(args[3]) == "EXPECTED_VERSION" {
		want := "empty"
		if count > 0 {
			want = strconv.Itoa(count - 1)
		}
		if got := string(args[4]); got != want {
			return resp3.AppendError(out, "WRONGVER "+stream+" is at "+want+", not at "+got)
		}
	}
	versions[stream]++
	out = resp3.AppendMap(out, resp3.RESP3, 2)
	out = resp3.AppendSimple(resp3.AppendSimple(out, "event_id"), fmt.Sprintf("id-%s-%d", stream, count))
	return resp3.AppendInt(resp3.AppendSimple(out, "partition_id"), 7)
}

// answerPage appends as many events as COUNT asks for.
func answerPage(out []byte, args [][]byte) []byte {
	n, err := strconv.Atoi(string(args[len(args)-1]))
	if err != nil {
		return resp3.AppendError(out, "ERR expected COUNT n")
	}
	out = resp3.AppendArray(out, n)
	for i := range n {
		out = resp3.AppendInt(resp3.AppendArray(out, 1), int64(i))
	}
	return out
}

// startResponder runs a responder inside the test and returns its address.
func startResponder(t *testing.T, r *responder) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go r.serve(ln)
	return ln.Addr().String()
}
