package resp3

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		in = crlf(in)
		v, n, err := Parse([]byte(in + "+next\r\n"))
		if err != nil || n != len(in) || v.String() != want {
			t.Errorf("Parse(%q) = %s, %d, %v, want %s, %d", in, v, n, err, want, len(in))
		}
		if got := v.Append(nil); string(got) != in {
			t.Errorf("Append of %s = %q, want %q", v, got, in)
		}
		for i := range in {
			if v, n, err := Parse([]byte(in[:i])); n != 0 || err != nil {
				t.Errorf("Parse(%q) = %s, %d, %v, want nothing yet", in[:i], v, n, err)
			}
		}
	}
	f("+OK ", `+OK`)
	f("+ ", `+`)
	f("+a\tb ", `+"a\tb"`)
	f("+a:b ", `+"a:b"`)
	f("-ERR\tno ", `-"ERR\tno"`)
	f("-WRONGVER ", `-WRONGVER`)
	f(":5 ", `:5`)
	f(":-9223372036854775808 ", `:-9223372036854775808`)
	f("$5 a\x00\"\xffb ", `$"a\x00\"\xffb"`)
	f("$0  ", `$""`)
	f("$-1 ", `$-1`)
	f("*-1 ", `*-1`)
	f("*0 ", `*[]`)
	f("*2 :1 *1 $1 a ", `*[:1, *[$"a"]]`)
	f("_ ", `_`)
	f("#t ", `#t`)
	f("#f ", `#f`)
	f(",0.875 ", `,0.875`)
	f(",-inf ", `,-inf`)
	f("(-3492890328409238509324850943850943825024385 ", `(-3492890328409238509324850943850943825024385`)
}

func TestParse_RESP3(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		v, n, err := Parse([]byte(in))
		if err != nil || n != len(in) || v.String() != want {
			t.Errorf("Parse(%q) = %s, %d, %v, want %s, %d", in, v, n, err, want, len(in))
		}
		if got := v.Append(nil); string(got) != in {
			t.Errorf("Append of %s = %q, want %q", v, got, in)
		}
	}
	f("!5\r\nERR x\r\n", `!"ERR x"`)
	f("=8\r\ntxt:a b\n\r\n", `="txt":"a b\n"`)
	f("=4\r\nmkd:\r\n", `="mkd":""`)
	f("-ERR unknown command 'x', with args\r\n", `-ERR unknown command 'x', with args`)
	f("%2\r\n+has_more\r\n#f\r\n+events\r\n*0\r\n", `%{+has_more: #f, +events: *[]}`)
	f("%0\r\n", `%{}`)
	f("~2\r\n:1\r\n:2\r\n", `~[:1, :2]`)
	f(">3\r\n+message\r\n$2\r\nid\r\n:7\r\n", `>[+message, $"id", :7]`)
	f("|1\r\n+ttl\r\n:5\r\n$1\r\na\r\n", `|{+ttl: :5} $"a"`)
	f("*2\r\n|1\r\n+ttl\r\n|1\r\n+x\r\n_\r\n:5\r\n:1\r\n:2\r\n", `*[|{+ttl: |{+x: _} :5} :1, :2]`)
}

func TestParse_Errors(t *testing.T) {
	f := func(in string, want error, text string) {
		t.Helper()
		_, n, err := Parse([]byte(in))
		if n != 0 || !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("Parse(%.40q) = %d, error %v, want %v with %q", in, n, err, want, text)
		}
	}
	f("\r\n", ErrSyntax, "expected a type and CRLF at byte 0")
	f("+\n", ErrSyntax, "expected a type and CRLF")
	f("x1\r\n", ErrSyntax, "unknown type 'x'")
	f("\x001\r\n", ErrSyntax, `unknown type '\x00'`)
	f("+a\rb\r\n", ErrSyntax, "a CR inside the line")
	f(":\r\n", ErrSyntax, `':' can't be followed by ""`)
	f(":1x\r\n", ErrSyntax, `':' can't be followed by "1x"`)
	f(":9223372036854775808\r\n", ErrSyntax, "can't be followed")
	f(":-9223372036854775809\r\n", ErrSyntax, "can't be followed")
	f(",\r\n", ErrSyntax, "can't be followed")
	f("(1.5\r\n", ErrSyntax, "can't be followed")
	f("#x\r\n", ErrSyntax, "can't be followed")
	f("_x\r\n", ErrSyntax, "can't be followed")
	f("$x\r\n", ErrSyntax, `'$' can't be followed by length "x"`)
	f("$-2\r\n", ErrSyntax, "can't be followed by length")
	f("$?\r\n", ErrSyntax, "can't be followed by length")
	f("!-1\r\n", ErrSyntax, "can't be followed by length")
	f("%-1\r\n", ErrSyntax, "can't be followed by length")
	f(">-1\r\n", ErrSyntax, "can't be followed by length")
	f("$1\r\nabc\r\n", ErrSyntax, "a string of 1 bytes is not followed by CRLF")
	f("=3\r\ntxt\r\n", ErrSyntax, "verbatim")
	f("=8\r\ntextsome\r\n", ErrSyntax, "verbatim")
	f("$18446744073709551620\r\n", ErrSyntax, "can't be followed by length")
	f("$9223372036854775807\r\n", ErrReplyLimit, "a string of 9223372036854775807 bytes")
	f("$10737418240\r\n", ErrReplyLimit, "a string of 10737418240 bytes")
	f("*2000000000\r\n", ErrReplyLimit, "'*' of 2000000000 elements")
	f("%9223372036854775807\r\n", ErrReplyLimit, "'%' of 9223372036854775807 elements")
	f("*2\r\n:1\r\n*4194303\r\n", ErrReplyLimit, "'*' of 4194303 elements")
	f("|4000000\r\n", ErrReplyLimit, "'|' of 4000000 elements")
	f(strings.Repeat("*1\r\n", 100_000), ErrReplyLimit, "more than 32 aggregates")
	f(strings.Repeat("|1\r\n", 100_000), ErrReplyLimit, "more than 32 aggregates")
	f(strings.Repeat("|0\r\n", MaxElements+1), ErrReplyLimit, "more than 4194304 frames")
}

func TestParse_Depth(t *testing.T) {
	in := strings.Repeat("*1\r\n", MaxDepth) + ":7\r\n"
	v, n, err := Parse([]byte(in))
	if err != nil || n != len(in) {
		t.Fatalf("Parse of %d arrays = %d bytes, %v, want %d", MaxDepth, n, err, len(in))
	}
	for range MaxDepth {
		v = v.Elems[0]
	}
	if v.Int != 7 {
		t.Errorf("innermost value is %v, want :7", v)
	}
}

func TestParse_AllocatesNothingForPromises(t *testing.T) {
	for _, in := range []string{"*1000000\r\n", "%1000000\r\n:1\r\n", "$500000000\r\nabc", "*1\r\n*1000000\r\n:1\r\n"} {
		b := []byte(in)
		allocs := testing.AllocsPerRun(10, func() {
			if _, n, err := Parse(b); n != 0 || err != nil {
				t.Fatalf("Parse(%q) = %d, %v, want nothing yet", in, n, err)
			}
		})
		if allocs != 0 {
			t.Errorf("Parse(%q): %v allocations, want 0", in, allocs)
		}
	}
}

func TestValue_Get(t *testing.T) {
	pairs := "+has_more\r\n:1\r\n$6\r\nevents\r\n*0\r\n:5\r\n+no\r\n$-1\r\n+no\r\n+has_more\r\n:2\r\n"
	for _, head := range []string{"%5\r\n", "*10\r\n"} {
		v, n, err := Parse([]byte(head + pairs))
		if err != nil || n == 0 {
			t.Fatalf("Parse = %d, %v", n, err)
		}
		if got, ok := v.Get("has_more"); !ok || got.Int != 1 {
			t.Errorf("Get(has_more) of %v = %v, %v, want the first", v, got, ok)
		}
		if got, ok := v.Get("events"); !ok || got.Kind != KindArray || got.IsNull() {
			t.Errorf("Get(events) of %v = %v, %v, want *[]", v, got, ok)
		}
		for _, key := range []string{"no", "", "5", "has_mor"} {
			if got, ok := v.Get(key); ok {
				t.Errorf("Get(%q) of %v = %v, want none", key, v, got)
			}
		}
	}
	for _, in := range []string{"*3\r\n+a\r\n+b\r\n+c\r\n", "~2\r\n+a\r\n+b\r\n", ">2\r\n+a\r\n+b\r\n", "*-1\r\n", "+a\r\n"} {
		v, _, err := Parse([]byte(in))
		if got, ok := v.Get("a"); ok || err != nil {
			t.Errorf("Get(a) of %v = %v, error %v, want none", v, got, err)
		}
	}
}

func TestValue_Accessors(t *testing.T) {
	f := func(in string, null, isErr, b, bOK bool, fl float64, fOK bool) {
		t.Helper()
		v, _, err := Parse([]byte(in))
		gotB, gotBOK := v.Bool()
		gotF, gotFOK := v.Float()
		if err != nil || v.IsNull() != null || v.IsError() != isErr || gotBOK != bOK || bOK && gotB != b || gotFOK != fOK || gotF != fl {
			t.Errorf("%q: null %v, error %v, bool %v %v, float %v %v", in, v.IsNull(), v.IsError(), gotB, gotBOK, gotF, gotFOK)
		}
	}
	f("_\r\n", true, false, false, false, 0, false)
	f("$-1\r\n", true, false, false, false, 0, false)
	f("*-1\r\n", true, false, false, false, 0, false)
	f("$0\r\n\r\n", false, false, false, false, 0, false)
	f("-ERR\r\n", false, true, false, false, 0, false)
	f("!3\r\nERR\r\n", false, true, false, false, 0, false)
	f("#t\r\n", false, false, true, true, 0, false)
	f("#f\r\n", false, false, false, true, 0, false)
	f(":1\r\n", false, false, true, true, 1, true)
	f(":0\r\n", false, false, false, true, 0, true)
	f(":2\r\n", false, false, false, false, 2, true)
	f(",0.5\r\n", false, false, false, false, 0.5, true)
	f("$3\r\n0.5\r\n", false, false, false, false, 0.5, true)
	f("$3\r\n0.x\r\n", false, false, false, false, 0, false)
	f(",-inf\r\n", false, false, false, false, math.Inf(-1), true)
	f(",1e999\r\n", false, false, false, false, math.Inf(1), true)
}

// A Value that nobody parsed is a whole frame, too.
func TestValue_AppendOfAnything(t *testing.T) {
	f := func(v Value, want string) {
		t.Helper()
		if got := v.Append(nil); string(got) != want {
			t.Errorf("Append of %#v = %q, want %q", v, got, want)
		}
	}
	f(Value{}, "_\r\n")
	f(Value{Kind: 'x', Str: []byte("y")}, "_\r\n")
	f(Value{Kind: KindSimple, Str: []byte("a\r\n+b")}, "+a  +b\r\n")
	f(Value{Kind: KindError, Str: []byte("a\n")}, "-a \r\n")
	f(Value{Kind: KindSet}, "~0\r\n")
	f(Value{Kind: KindBulkError}, "!0\r\n\r\n")
	f(Value{Kind: KindMap, Elems: make([]Value, 3)}, "%1\r\n_\r\n_\r\n")
	f(Value{Kind: KindNull, Attr: make([]Value, 3)}, "|1\r\n_\r\n_\r\n_\r\n")
}

// value draws a value as Parse would return it.
func value(t *rapid.T, depth int) Value {
	kinds := []byte("+-:$_#,(!=")
	if depth > 0 {
		kinds = append(kinds, "*~%>"...)
	}
	elems := func(n int) []Value {
		vs := make([]Value, 0, n)
		for range n {
			vs = append(vs, value(t, depth-1))
		}
		return vs
	}
	v := Value{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	switch v.Kind {
	case KindSimple, KindError:
		v.Str = []byte(rapid.StringMatching(`[a-z :,"]{0,8}`).Draw(t, "text"))
	case KindInt:
		v.Int = rapid.Int64().Draw(t, "int")
	case KindBulk, KindBulkError, KindVerbatim:
		v.Str = rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")
		if v.Kind == KindVerbatim {
			v.Format = [3]byte{'t', 'x', 't'}
		}
		if v.Kind == KindBulk && rapid.IntRange(0, 9).Draw(t, "null") == 0 {
			v.Str = nil
		}
	case KindBool:
		v.Int = rapid.Int64Range(0, 1).Draw(t, "bool")
	case KindDouble:
		v.Str = appendFloat(nil, rapid.Float64().Draw(t, "double"))
	case KindBig:
		v.Str = []byte(rapid.StringMatching(`-?[0-9]{1,40}`).Draw(t, "big"))
	case KindMap:
		v.Elems = elems(2 * rapid.IntRange(0, 3).Draw(t, "pairs"))
	case KindArray, KindSet, KindPush:
		v.Elems = elems(rapid.IntRange(0, 4).Draw(t, "elements"))
	}
	if depth > 0 && rapid.IntRange(0, 9).Draw(t, "attributes") == 0 {
		v.Attr = elems(2)
	}
	return v
}

func TestParse_GivesBackWhatAppendWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := value(t, 3)
		b := v.Append(nil)
		got, n, err := Parse(b)
		if err != nil || n != len(b) || !reflect.DeepEqual(got, v) {
			t.Fatalf("Parse(%q) = %#v, %d, %v, want %#v", b, got, n, err, v)
		}
		if s := v.String(); strings.ContainsAny(s, "\r\n") {
			t.Fatalf("String() is more than one line: %q", s)
		}
		if _, n, err := Parse(b[:len(b)-1]); n != 0 || err != nil {
			t.Fatalf("Parse of all but a byte of %q = %d, %v", b, n, err)
		}
	})
}

func TestDecoder_AnyCutGivesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []byte
		var want []Value
		for range rapid.IntRange(1, 5).Draw(t, "replies") {
			v := value(t, 2)
			in = v.Append(in)
			want = append(want, v)
		}
		var d Decoder
		var got []Value
		for len(in) > 0 {
			k := rapid.IntRange(1, len(in)).Draw(t, "piece")
			piece := bytes.Clone(in[:k])
			d.Feed(piece)
			clear(piece) // Feed copies
			in = in[k:]
			for {
				v, ok, err := d.Next()
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				got = append(got, v)
			}
		}
		if !reflect.DeepEqual(got, want) || d.Buffered() != 0 {
			t.Fatalf("got %v and %d bytes, want %v", got, d.Buffered(), want)
		}
	})
}

func TestDecoder_OneBytePackets(t *testing.T) {
	in := AppendBulk(AppendArray(nil, 1), make([]byte, 1<<19))
	var d Decoder
	for i := range in {
		d.Feed(in[i : i+1])
		v, ok, err := d.Next()
		if err != nil || ok != (i == len(in)-1) || ok && len(v.Elems[0].Str) != 1<<19 {
			t.Fatalf("byte %d of %d: ok %v, error %v", i, len(in), ok, err)
		}
	}
}

// A header line that comes in pieces is looked through once.
func TestDecoder_LooksOnceForALineEnd(t *testing.T) {
	var d Decoder
	d.Feed([]byte("+a"))
	for n := 2; n < 60_000; n += 1000 {
		if _, ok, err := d.Next(); ok || err != nil || d.s.nl != n {
			t.Fatalf("a line of %d bytes: ok %v, error %v, looked at %d", n, ok, err, d.s.nl)
		}
		d.Feed(bytes.Repeat([]byte("a"), 1000))
	}
}

// The strings of a reply end with their capacity: an append to one can't write
// into the next.
func TestParse_StringsHaveNoRoom(t *testing.T) {
	v, n, err := Parse([]byte("*4\r\n$1\r\na\r\n+b\r\n=5\r\ntxt:c\r\n,1.5\r\n"))
	if n == 0 || err != nil {
		t.Fatalf("Parse = %d, %v", n, err)
	}
	for _, e := range v.Elems {
		if cap(e.Str) != len(e.Str) {
			t.Errorf("%v has %d bytes and room for %d", e, len(e.Str), cap(e.Str))
		}
	}
}

func TestDecoder_ErrorIsFinal(t *testing.T) {
	var d Decoder
	d.Feed([]byte("+OK\r\nx\r\n+OK\r\n"))
	if v, ok, err := d.Next(); !ok || err != nil || v.Text() != "OK" {
		t.Fatalf("Next() = %v, %v, %v, want +OK", v, ok, err)
	}
	_, _, first := d.Next()
	d.Feed([]byte("+OK\r\n"))
	if _, ok, err := d.Next(); ok || err != first || !errors.Is(err, ErrSyntax) || d.Buffered() != 0 {
		t.Errorf("Next() = %v, %v, want the first error %v", ok, err, first)
	}
}

// A caller may read replies by itself, between those that the decoder reads.
func TestDecoder_Skip(t *testing.T) {
	var d Decoder
	d.Feed([]byte("+one\r\n$3\r\ntwo\r\n+th"))
	if _, ok, err := d.Next(); !ok || err != nil {
		t.Fatalf("got %v, %v", ok, err)
	}
	if got := string(d.Bytes()); got != "$3\r\ntwo\r\n+th" {
		t.Fatalf("%q is left", got)
	}
	d.Skip(len("$3\r\ntwo\r\n"))
	if _, ok, err := d.Next(); ok || err != nil { // looks at the begin of the third
		t.Fatalf("got %v, %v", ok, err)
	}
	d.Feed([]byte("ree\r\n+four\r\n"))
	d.Skip(len("+three\r\n"))
	if v, ok, err := d.Next(); !ok || err != nil || v.Text() != "four" || d.Buffered() != 0 {
		t.Fatalf("got %v, %v, %v", v, ok, err)
	}
}
