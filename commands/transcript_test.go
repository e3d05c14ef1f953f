package commands

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestTranscripts plays testdata/<command>.txt. A line of a file is
//
//	# a comment
//	> EAPPEND orders Made PAYLOAD "\x00"    a command, on two connections
//	2 $-1\r\n                               the reply in RESP2, as a Go string
//	3 _\r\n                                 the reply in RESP3
//	= +OK\r\n                               the reply in both
//	@new strict                             new connections with an option
//	@fail busy                              the store's next answer is an error
//
// Words of a command stand between blanks or in quotes: '...' as it is, "..."
// with the escapes of Go; "x"*300 repeats. Each protocol has a store of its own,
// which goes on from one connection to the next. A reply that ends with
// " (closed)" ends the connection.
func TestTranscripts(t *testing.T) {
	for _, m := range Builtin().All() {
		name := strings.ToLower(m.Spec.Name)
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".txt")
			was, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("every command has a transcript: %v", err)
			}
			got := playTranscript(t, string(was))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			diffLines(t, path, got, string(was))
		})
	}
}

// diffLines reports the lines in which two texts differ.
func diffLines(t *testing.T, path, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("%s:%d:\n got %s\nwant %s", path, i+1, a, b)
			if len(g) != len(w) {
				break
			}
		}
	}
	t.Log("run with -update to rewrite the file, and read it")
}

// stage is a connection for each protocol.
type stage struct {
	t      *testing.T
	protos [2]resp3.Proto
	stores [2]*fakeStore
	conns  [2]*harness
}

// playTranscript runs a file and returns it with the replies that came.
func playTranscript(t *testing.T, text string) string {
	st := &stage{t: t, protos: [2]resp3.Proto{resp3.RESP2, resp3.RESP3}}
	st.stores = [2]*fakeStore{newFakeStore(), newFakeStore()}
	st.connect("")
	var out bytes.Buffer
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "2 "), strings.HasPrefix(line, "3 "), strings.HasPrefix(line, "= "):
			continue
		case strings.HasPrefix(line, "> "):
			fmt.Fprintln(&out, line)
			out.WriteString(st.command(words(t, line[2:])))
			continue
		case strings.HasPrefix(line, "@new"):
			st.connect(strings.TrimSpace(line[4:]))
		case strings.HasPrefix(line, "@fail "):
			for _, store := range st.stores {
				store.fail, store.failAfter = failures[line[6:]], 2
				if store.fail == nil {
					t.Fatalf("unknown failure %q", line[6:])
				}
			}
		case line != "" && !strings.HasPrefix(line, "#"):
			t.Fatalf("unknown line %q", line)
		}
		fmt.Fprintln(&out, line)
	}
	return out.String()
}

// failures are what @fail may make the store answer.
var failures = map[string]error{
	"damage":      &event.DamageError{File: "bucket-03/0001.seg", Offset: 4096, Reason: "crc is 00000000, expected 12345678"},
	"idconflict":  &event.IDConflictError{},
	"toolarge":    fmt.Errorf("%w: transaction of 300 bytes, a segment takes 200", event.ErrTooLarge),
	"busy":        event.ErrBusy,
	"diskfull":    event.ErrDiskFull,
	"readonly":    event.ErrReadOnly,
	"unavailable": fmt.Errorf("%w: bucket 3", event.ErrUnavailable),
	"timeout":     event.ErrTimeout,
	"closed":      event.ErrClosed,
	"unknown":     fmt.Errorf("disk on fire\r\n+OK"),
}

func (st *stage) connect(option string) {
	o := Options{}
	switch option {
	case "":
	case "strict":
		o.Strict = true
	case "small":
		o.ReplyMax = 600
	case "count":
		o.Count = 2
	default:
		st.t.Fatalf("unknown option %q", option)
	}
	for i, proto := range st.protos {
		st.stores[i].follows = nil // the connection before is gone
		st.conns[i] = newHarness(st.t, Builtin(), st.stores[i], o)
		st.conns[i].s.conn.Proto = proto
	}
}

// command sends a command to both connections and returns the lines of its
// reply.
func (st *stage) command(words []string) string {
	var replies [2]string
	for i, h := range st.conns {
		reply := h.do(words...)
		if err := oneReply(reply); err != nil {
			st.t.Errorf("%q: %v", words, err)
		}
		st.checkCode(words[0], reply)
		replies[i] = escape(reply)
		if h.closed {
			replies[i] += " (closed)"
		}
	}
	if replies[0] == replies[1] {
		return "= " + replies[0] + "\n"
	}
	return "2 " + replies[0] + "\n3 " + replies[1] + "\n"
}

// checkCode says whether a command's Spec names the code of an error reply.
func (st *stage) checkCode(command, reply string) {
	m, known := Builtin().Lookup([]byte(command))
	if !known || !strings.HasPrefix(reply, "-") {
		return
	}
	if reply == "-"+notRun(m.Spec.Name).line()+"\r\n" {
		return // behind MULTI the session answers, not the command
	}
	code, _, _ := strings.Cut(reply[1:], " ")
	if !hasCode(m.Spec.Errors, Code(code)) {
		st.t.Errorf("%s answers %s, which its Spec doesn't name", command, code)
	}
}

// escape shows a reply in a line.
func escape(reply string) string {
	q := strconv.Quote(reply)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// words cuts a line of a transcript.
func words(t *testing.T, line string) []string {
	t.Helper()
	var list []string
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		var word string
		switch line[0] {
		case '\'':
			end := strings.IndexByte(line[1:], '\'') + 1
			if end < 1 {
				t.Fatalf("no closing quote in %s", line)
			}
			word, line = line[1:end], line[end+1:]
		case '"':
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			word, _ = strconv.Unquote(quoted)
			line = line[len(quoted):]
		default:
			word, line, _ = strings.Cut(line, " ")
			line = " " + line
		}
		if times, ok := strings.CutPrefix(line, "*"); ok {
			digits, rest, _ := strings.Cut(times, " ")
			n, err := strconv.Atoi(digits)
			if err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			word, line = strings.Repeat(word, n), rest
		}
		list = append(list, word)
	}
	return list
}
