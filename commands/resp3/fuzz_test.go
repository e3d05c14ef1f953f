package resp3

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/redcon"
	"pgregory.net/rapid"
)

// hostile are packets that killed, hung or fooled other readers.
var hostile = []string{
	"*1 $9223372036854775807 ab ",
	"*9223372036854775807 ",
	"*1000000000 $1 a $1",
	"*1 $18446744073709551620 PING ",
	"*1 $10737418240 ",
	"*2000000000 $3 foo ",
	"*1 $-99 ",
	"$9223372036854775807 ab ",
	"*1 *1 *1 *1 ",
	"%1 +a |1 ",
	"\x16\x03\x01\x02\x00\x01",
	"GET / HTTP/1.1 Host: a  ",
	"*0 *-1   *2 $4 ECHO $-1 ",
	"*9 =8 txt:some +a :1 (2 ,3e4 #t #f _ $0  ",
	"a 'b c' \"\\x41\\n\" d\"e\"\n",
}

// plain reads a stream of nothing but whole arrays of bulks in the simplest
// way, which needs all of it at once. ok is false when in is anything else, or
// too large for an oracle that may hang.
func plain(in string) (commands []string, ok bool) {
	number := func(kind byte) (n int, ok bool) {
		if in == "" || in[0] != kind {
			return 0, false
		}
		text, rest, found := strings.Cut(in[1:], "\r\n")
		if !found || text == "" || len(text) > 4 {
			return 0, false
		}
		for _, c := range text {
			if c < '0' || c > '9' {
				return 0, false
			}
			n = n*10 + int(c-'0')
		}
		in = rest
		return n, true
	}
	for in != "" {
		n, ok := number('*')
		if !ok || n == 0 {
			return nil, false
		}
		args := [][]byte{}
		for range n {
			k, ok := number('$')
			if !ok || len(in) < k+2 || in[k:k+2] != "\r\n" {
				return nil, false
			}
			args = append(args, []byte(in[:k]))
			in = in[k+2:]
		}
		commands = append(commands, showArgs(args))
	}
	return commands, true
}

// byRedcon is what redcon reads. Give it valid input only: it can hang and
// panic on any other.
func byRedcon(t *testing.T, in string) (commands []string) {
	t.Helper()
	r := redcon.NewReader(strings.NewReader(in))
	for {
		cmd, err := r.ReadCommand()
		if err == io.EOF {
			return commands
		}
		if err != nil {
			t.Fatalf("redcon refuses %q: %v", in, err)
		}
		commands = append(commands, showArgs(cmd.Args))
	}
}

// FuzzReader: no input makes the reader panic; how it is cut makes no
// difference; and plain requests are what redcon, too, says they are.
func FuzzReader(f *testing.F) {
	for i, s := range hostile {
		f.Add([]byte(crlf(s)), uint16(i))
	}
	f.Add(AppendCommand(AppendCommand(nil, "EAPPEND", "s", "", "PAYLOAD", "\r\n"), "PING"), uint16(7))
	f.Fuzz(func(t *testing.T, b []byte, seed uint16) {
		in := string(b)
		small := Limits{Args: 7, Bulk: 20, Command: 60, Inline: 12}
		for _, l := range []Limits{{}, small} {
			whole := read(l, in, len(in)+1)
			for _, n := range []int{1, 2, 3, int(seed)%61 + 4} {
				if got := read(l, in, n); !got.equal(whole) {
					t.Fatalf("%q with %+v in pieces of %d: %+v, whole: %+v", in, l, n, got, whole)
				}
			}
			if whole.err != "" && !strings.HasPrefix(whole.err, "Protocol error: ") {
				t.Fatalf("%q: error %q", in, whole.err)
			}
			// An error text is sent to the client.
			if frame := AppendError(nil, "ERR "+whole.err); bytes.Count(frame, []byte("\r\n")) != 1 || len(frame) > 300 {
				t.Fatalf("%q: error frame %q", in, frame)
			}
			if want, ok := plain(in); ok && l == (Limits{}) {
				if whole.err != "" || whole.buffered != 0 || !slices.Equal(whole.commands, want) {
					t.Fatalf("%q: %+v, want %q", in, whole, want)
				}
				if theirs := byRedcon(t, in); !slices.Equal(theirs, whole.commands) {
					t.Fatalf("%q: %q, redcon reads %q", in, whole.commands, theirs)
				}
			}
		}
	})
}

// FuzzParse: no input makes Parse panic, what it reads it writes and reads the
// same, a part of a reply is never an error or a reply, and Decoder agrees.
func FuzzParse(f *testing.F) {
	for _, s := range append(slices.Clone(hostile),
		"%2 +has_more #t +events *1 *-1 ", ">3 +message +id :1 ", "|1 +a :1 $1 b ", "~1 (12 ", "!3 ERR ", "=5 txt:a ", ",-1.5e3 ", "$-1 ", "_ ") {
		f.Add([]byte(crlf(s)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, n, err := Parse(b)
		var d Decoder
		d.Feed(b)
		dv, ok, derr := d.Next()
		if ok != (n > 0) || !reflect.DeepEqual(dv, v) || (derr == nil) != (err == nil) {
			t.Fatalf("%q: Parse %v, %d, %v; Decoder %v, %v, %v", b, v, n, err, dv, ok, derr)
		}
		if err != nil {
			if n != 0 || !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrReplyLimit) {
				t.Fatalf("Parse(%q) = %d, %v", b, n, err)
			}
			return
		}
		if n == 0 {
			return
		}
		again := v.Append(nil)
		w, m, err := Parse(again)
		if err != nil || m != len(again) || !reflect.DeepEqual(v, w) {
			t.Fatalf("%q is %#v, written as %q it is %#v, %d, %v", b[:n], v, again, w, m, err)
		}
		if strings.ContainsAny(v.String(), "\r\n") {
			t.Fatalf("String() of %q is more than one line", b[:n])
		}
		for i := range min(n, 200) {
			if _, k, err := Parse(b[:i]); k != 0 || err != nil {
				t.Fatalf("%q is a reply, but of %q Parse says %d, %v", b[:n], b[:i], k, err)
			}
		}
	})
}

// The fuzzer seldom writes whole requests; here are many, in any cut.
func TestReader_ReadsWhatRedconReads(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var b []byte
		for range rapid.IntRange(1, 8).Draw(rt, "commands") {
			n := rapid.IntRange(1, 6).Draw(rt, "arguments")
			b = AppendArray(b, n)
			for range n {
				b = AppendBulk(b, rapid.SliceOfN(rapid.SampledFrom([]byte("a*$\r\n0\x00")), 0, 300).Draw(rt, "argument"))
			}
		}
		want := byRedcon(t, string(b))
		if got := cut(rt, Limits{}, string(b)); got.err != "" || !slices.Equal(got.commands, want) {
			rt.Fatalf("%q: %+v, redcon reads %q", b, got, want)
		}
		if naive, ok := plain(string(b)); !ok || !slices.Equal(naive, want) {
			rt.Fatalf("%q: the plain reader reads %q, redcon %q", b, naive, want)
		}
	})
}
