package resp3

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAppend(t *testing.T) {
	f := func(got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(AppendArray([]byte("kept"), 0), "kept*0\r\n")
	f(AppendArray(nil, 12), "*12\r\n")
	f(AppendMap(nil, RESP3, 11), "%11\r\n")
	f(AppendMap(nil, RESP2, 11), "*22\r\n")
	f(AppendMap(nil, 0, 1), "*2\r\n")
	f(AppendPush(nil, RESP3, 4), ">4\r\n")
	f(AppendPush(nil, RESP2, 4), "*4\r\n")
	f(AppendSimple(nil, "OK"), "+OK\r\n")
	f(AppendSimple(nil, ""), "+\r\n")
	f(AppendSimple(nil, "a\rb"), "$3\r\na\rb\r\n")
	f(AppendSimple(nil, "\n-ERR"), "$5\r\n\n-ERR\r\n")
	f(AppendBulk(nil, []byte("a\r\nb")), "$4\r\na\r\nb\r\n")
	f(AppendBulk(nil, nil), "$0\r\n\r\n")
	f(AppendBulkString(nil, "0123456789"), "$10\r\n0123456789\r\n")
	f(AppendInt(nil, 5), ":5\r\n")
	f(AppendInt(nil, math.MinInt64), ":-9223372036854775808\r\n")
	f(AppendUint(nil, 1<<48), ":281474976710656\r\n")
	f(AppendUint(nil, math.MaxUint64), ":9223372036854775807\r\n")
	f(AppendNull(nil, RESP3), "_\r\n")
	f(AppendNull(nil, RESP2), "$-1\r\n")
	f(AppendBool(nil, RESP3, true), "#t\r\n")
	f(AppendBool(nil, RESP3, false), "#f\r\n")
	f(AppendBool(nil, RESP2, true), ":1\r\n")
	f(AppendBool(nil, RESP2, false), ":0\r\n")
	f(AppendDouble(nil, RESP3, 0), ",0\r\n")
	f(AppendDouble(nil, RESP3, 0.875), ",0.875\r\n")
	f(AppendDouble(nil, RESP3, 1e6), ",1000000\r\n")
	f(AppendDouble(nil, RESP3, -1e300), ",-1e+300\r\n")
	f(AppendDouble(nil, RESP3, 5e-324), ",5e-324\r\n")
	f(AppendDouble(nil, RESP3, math.Inf(1)), ",inf\r\n")
	f(AppendDouble(nil, RESP3, math.Inf(-1)), ",-inf\r\n")
	f(AppendDouble(nil, RESP3, math.NaN()), ",nan\r\n")
	f(AppendDouble(nil, RESP2, 0.875), "$5\r\n0.875\r\n")
	f(AppendError(nil, "ERR no"), "-ERR no\r\n")
	f(AppendError([]byte("+\r\n"), "ERR a\r\n+OK\x00\t\x7f\xff"), "+\r\n-ERR a  +OK   \xff\r\n")
	f(AppendCommand(nil, "EGET", ""), "*2\r\n$4\r\nEGET\r\n$0\r\n\r\n")
}

func TestAppend_AllocatesNothing(t *testing.T) {
	room := make([]byte, 0, 1024)
	bulk, text := []byte("payload"), "stream"
	allocs := testing.AllocsPerRun(100, func() {
		for _, p := range []Proto{RESP2, RESP3} {
			b := AppendPush(room, p, 10)
			b = AppendMap(b, p, 2)
			b = AppendArray(b, 300)
			b = AppendSimple(b, text)
			b = AppendBulk(b, bulk)
			b = AppendBulkString(b, text)
			b = AppendInt(b, 1<<40)
			b = AppendUint(b, 1<<40)
			b = AppendNull(b, p)
			b = AppendBool(b, p, true)
			b = AppendDouble(b, p, 1.0/3)
			b = AppendError(b, "ERR a\r\nb")
			b = AppendSimple(b, "a\r\nb")
			if len(b) > cap(room) {
				t.Fatalf("%d bytes do not fit the room of the test", len(b))
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}

// Whatever the text, one frame comes out, and it says what went in.
func TestAppend_UserTextStaysInItsFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.SampledFrom([]byte("a\r\n\x00\x7f\xff+-$: "))).Draw(t, "text"))
		one := func(b []byte) Value {
			v, n, err := Parse(b)
			if err != nil || n != len(b) {
				t.Fatalf("Parse(%q) = %d bytes, %v, want %d", b, n, err, len(b))
			}
			return v
		}
		if v := one(AppendSimple(nil, s)); v.Text() != s {
			t.Fatalf("AppendSimple(%q) reads as %q", s, v.Str)
		}
		if v := one(AppendBulkString(nil, s)); v.Text() != s || v.Kind != KindBulk {
			t.Fatalf("AppendBulkString(%q) reads as %v", s, v)
		}
		if v := one(AppendError(nil, s)); len(v.Str) != len(s) || !v.IsError() || strings.ContainsAny(v.Text(), "\r\n\x00\x7f") {
			t.Fatalf("AppendError(%q) reads as %v", s, v)
		}
		f := rapid.Float64().Draw(t, "float")
		for _, p := range []Proto{RESP2, RESP3} {
			v := one(AppendDouble(nil, p, f))
			if got, ok := v.Float(); !ok || got != f {
				t.Fatalf("AppendDouble(%s) reads as %v in RESP%d", strconv.FormatFloat(f, 'g', -1, 64), v, p)
			}
		}
	})
}
