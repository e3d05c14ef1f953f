package resp3

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// outcome is what a reader makes of a stream: its commands, the error that
// ended them, and the bytes left.
type outcome struct {
	commands []string // arguments quoted and joined by blanks; null for nil
	err      string
	buffered int
}

func (o outcome) equal(p outcome) bool {
	return slices.Equal(o.commands, p.commands) && o.err == p.err && o.buffered == p.buffered
}

// drain appends to o what r has.
func (o *outcome) drain(r *Reader) {
	for {
		args, ok, err := r.Next()
		o.buffered = r.Buffered()
		if err != nil {
			o.err = err.Error()
			return
		}
		if !ok {
			return
		}
		o.commands = append(o.commands, showArgs(args))
	}
}

func showArgs(args [][]byte) string {
	var out []string
	for _, a := range args {
		if a == nil {
			out = append(out, "null")
			continue
		}
		out = append(out, strconv.Quote(string(a)))
	}
	return strings.Join(out, " ")
}

// read feeds in in pieces of n bytes, each of its own memory.
func read(l Limits, in string, n int) outcome {
	var o outcome
	r := NewReader(l)
	for len(in) > 0 {
		k := min(n, len(in))
		r.Feed([]byte(in[:k]))
		in = in[k:]
		o.drain(r)
	}
	return o
}

// crlf writes a stream as people do: a blank stands for CRLF.
func crlf(s string) string { return strings.ReplaceAll(s, " ", "\r\n") }

func TestReader_Commands(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		for _, n := range []int{len(in) + 1, 1, 2, 3, 7} {
			got := read(Limits{}, in, n)
			if got.err != "" || !slices.Equal(got.commands, want) || got.buffered != 0 {
				t.Errorf("%q in pieces of %d: got %q, error %q, %d bytes left, want %q", in, n, got.commands, got.err, got.buffered, want)
			}
		}
	}
	f("")
	f(crlf("*1 $4 PING "), `"PING"`)
	f(crlf("*2 $4 ECHO $0  "), `"ECHO" ""`)
	f(crlf("*1 $4 PING *1 $4 QUIT "), `"PING"`, `"QUIT"`)
	f("*2\r\n$1\r\na\r\n$5\r\n\x00\r\n$\xff\r\n", `"a" "\x00\r\n$\xff"`)
	f(crlf("*01 $0004 PING "), `"PING"`)

	// Types other than bulk.
	f(crlf("*2 +PING +a+b "), `"PING" "a+b"`)
	f(crlf("*2 +PING + "), `"PING" ""`)
	f(crlf("*4 $1 a :5 :-7 :+18446744073709551615 "), `"a" "5" "-7" "+18446744073709551615"`)
	f(crlf("*2 $1 a (-3492890328409238509324850943850943825024385 "), `"a" "-3492890328409238509324850943850943825024385"`)
	f(crlf("*3 $1 a =8 txt:some =4 mkd: "), `"a" "some" ""`)
	f(crlf("*8 $1 a ,1 ,-0.5 ,1.e5 ,1E-7 ,inf ,-inf ,nan "), `"a" "1" "-0.5" "1.e5" "1E-7" "inf" "-inf" "nan"`)
	f(crlf("*3 $1 a #t #f "), `"a" "1" "0"`)
	f(crlf("*3 $1 a $-1 _ "), `"a" null null`)
	f(crlf("*1 _ "), `null`)

	// What says nothing.
	f("\n*1\r\n+PING\r\n", `"PING"`)
	f("*0\r\n*-1\r\n\r\n\n  \t \r\n*1\r\n+PING\r\n\r\n*0\r\n", `"PING"`)

	// Inline commands, and the mix.
	f("PING\r\nPING\n  set  a\tb \r\n", `"PING"`, `"PING"`, `"set" "a" "b"`)
	f("PING\r\n*1\r\n$4\r\nECHO\r\nQUIT\r\n", `"PING"`, `"ECHO"`, `"QUIT"`)
	f(`a "b c" 'd e' "" ''`+"\r\n", `"a" "b c" "d e" "" ""`)
	f(`"\n\r\t\b\a\x41\xfF\"\\\q\x4g\x"`+"\n", `"\n\r\t\b\aA\xff\"\\qx4gx"`)
	f(`'\n\'"' a"b 'c"`+"\n", `"\\n'\"" "ab 'c"`)
	f("a\rb\r\n", `"a" "b"`)
	f("a\x00b \xc3\xa9\r\n", `"a\x00b" "é"`)
}

func TestReader_ProtocolErrors(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		in = "*1\r\n+PING\r\n" + in // what came before is still answered
		for _, n := range []int{len(in), 1, 2, 5} {
			got := read(Limits{}, in, n)
			if got.err != "Protocol error: "+want || !slices.Equal(got.commands, []string{`"PING"`}) || got.buffered != 0 {
				t.Errorf("%.60q in pieces of %d:\n got %q after %q, %d bytes left\nwant %q", in, n, got.err, got.commands, got.buffered, want)
			}
		}
	}
	const (
		badCount  = "invalid multibulk length"
		badLength = "invalid bulk length"
	)
	f(crlf("* "), badCount)
	f(crlf("*x "), badCount)
	f(crlf("*? "), badCount)
	f(crlf("*+1 "), badCount)
	f(crlf("*1x "), badCount)
	f(crlf("*-2 "), badCount)
	f(crlf("*-0 "), badCount)
	f(crlf("*- "), badCount)
	f("*1\n$4\r\n", badCount)
	f("*1\rx", badCount)
	f("* 1\r\n", badCount)
	f("*000000000000000000001\r\n", badCount)
	f(crlf("*1048577 "), "command of 1048577 arguments exceeds the limit of 1048576")
	f(crlf("*2000000000 "), "command of 2000000000 arguments exceeds the limit of 1048576")
	f(crlf("*9223372036854775807 "), "command of 9223372036854775807 arguments exceeds the limit of 1048576")
	f(crlf("*18446744073709551617 "), "command of 18446744073709551617 arguments exceeds the limit of 1048576")
	f(crlf("*-18446744073709551615 "), badCount)

	f(crlf("*1 $ "), badLength)
	f(crlf("*1 $x "), badLength)
	f(crlf("*1 $? "), badLength)
	f(crlf("*1 $+4 "), badLength)
	f(crlf("*1 $-2 "), badLength)
	f(crlf("*1 $-99 "), badLength)
	f(crlf("*1 =-1 "), badLength)
	f("*1\r\n$4\nPING\r\n", badLength)
	f("*1\r\n$999999999999999999999", badLength)
	f(crlf("*1 $16777217 "), "argument of 16777217 bytes exceeds the limit of 16777216")
	f(crlf("*1 $10737418240 "), "argument of 10737418240 bytes exceeds the limit of 16777216")
	f(crlf("*1 $9223372036854775807 ab "), "argument of 9223372036854775807 bytes exceeds the limit of 16777216")
	f(crlf("*1 $18446744073709551620 PING "), "argument of 18446744073709551620 bytes exceeds the limit of 16777216")
	f(crlf("*1 $99999999999999999999 "), "argument of 99999999999999999999 bytes exceeds the limit of 16777216")
	f(crlf("*1 =10737418240 "), "argument of 10737418240 bytes exceeds the limit of 16777216")
	f("*1\r\n$4\r\nPINGxx", "invalid bulk length: an argument of 4 bytes is not followed by CRLF")
	f("*1\r\n$4\r\nPING\n\n", "invalid bulk length: an argument of 4 bytes is not followed by CRLF")
	f("*1\r\n$4\r\nPINGPONG\r\n", "invalid bulk length: an argument of 4 bytes is not followed by CRLF")

	f(crlf("*1 *1 $4 PING "), "expected '$', got '*': a command holds no nested array")
	f(strings.Repeat("*1\r\n", 1000), "expected '$', got '*': a command holds no nested array")
	f(crlf("*1 %1 "), "expected '$', got '%': a command holds no nested map")
	f(crlf("*1 ~1 "), "expected '$', got '~': a command holds no nested set")
	f(crlf("*1 >1 "), "expected '$', got '>': a command holds no nested push")
	f(crlf("*1 |1 "), "expected '$', got '|': a command holds no nested attribute")
	f(crlf("*1 -ERR "), "expected '$', got '-'")
	f(crlf("*1 !3 ERR "), "expected '$', got '!'")
	f(crlf("*1 PING "), "expected '$', got 'P'")
	f(crlf("*1  "), `expected '$', got '\x0d'`)
	f("*1\r\n\xff", `expected '$', got '\xff'`)

	f(crlf("*1 =3 txt "), "invalid verbatim string: expected a format of 3 bytes and ':'")
	f(crlf("*1 =8 textsome "), "invalid verbatim string: expected a format of 3 bytes and ':'")
	f(crlf("*1 : "), "invalid number")
	f(crlf("*1 :- "), "invalid number")
	f(crlf("*1 :5x "), "invalid number")
	f(crlf("*1 :123456789012345678901234 "), "invalid number")
	f(crlf("*1 (1.5 "), "invalid big number")
	f(crlf("*1 ,1,5 "), "invalid double")
	f(crlf("*1 ,0x1p3 "), "invalid double")
	f(crlf("*1 ,1e "), "invalid double")
	f(crlf("*1 ,.5 "), "invalid double")
	f(crlf("*1 #T "), "invalid boolean: expected t or f")
	f(crlf("*1 #tt "), "invalid boolean: expected t or f")
	f(crlf("*1 _x "), "invalid null: expected CRLF after '_'")
	f("*1\r\n+a\n", "expected CRLF after an argument of type '+', got LF")
	f("*1\r\n+a\rb\r\n", "invalid simple string: it holds a CR")

	for _, c := range "$+:(,#_=%~|>!-" {
		f(string(c)+"1\r\n", fmt.Sprintf("expected '*' or an inline command, got '%c'", c))
	}
	f("\x16\x03\x01\x02\x00", `expected '*' or an inline command, got '\x16'`)
	f("\x00", `expected '*' or an inline command, got '\x00'`)
	f("POST / HTTP/1.1\r\n", "an HTTP request is no command")
	f("host: example.org\r\n", "an HTTP request is no command")
	for _, quotes := range []string{`"`, `a "b`, `"a"b`, `'a'b`, `'a`, `"a\"`, `"a\`, `'a\'`, `a"b"c`, `""''`} {
		f(quotes+"\r\n", "unbalanced quotes in request")
	}
	f(strings.Repeat("a", 64<<10+2), "too big inline request: the line exceeds the limit of 65536 bytes")
	f(strings.Repeat(" ", 64<<10+1)+"\n", "too big inline request: the line exceeds the limit of 65536 bytes")
	f("*1\r\n+"+strings.Repeat("a", 64<<10+2), "argument of type '+' exceeds the limit of 65536 bytes for a line")
}

func TestReader_Limits(t *testing.T) {
	l := Limits{Args: 3, Bulk: 5, Command: 40, Inline: 12}
	f := func(in, wantErr string, want ...string) {
		t.Helper()
		if wantErr != "" {
			wantErr = "Protocol error: " + wantErr
		}
		for _, n := range []int{len(in), 1, 4} {
			got := read(l, in, n)
			if got.err != wantErr || !slices.Equal(got.commands, want) {
				t.Errorf("%q in pieces of %d: got %q, error %q, want %q, error %q", in, n, got.commands, got.err, want, wantErr)
			}
		}
	}
	f(crlf("*3 $1 a $1 b $1 c "), "", `"a" "b" "c"`)
	f(crlf("*4 "), "command of 4 arguments exceeds the limit of 3")
	f("a b c\r\n", "", `"a" "b" "c"`)
	f("a b c d\r\n", "command of more arguments than the limit of 3")
	f(crlf("*1 $5 abcde "), "", `"abcde"`)
	f(crlf("*1 $6 "), "argument of 6 bytes exceeds the limit of 5")
	f(crlf("*1 +abcde "), "", `"abcde"`)
	f(crlf("*1 +abcdef "), "argument of 6 bytes exceeds the limit of 5")
	f("abcde\r\n", "", `"abcde"`)
	f("abcdef\r\n", "argument of 6 bytes exceeds the limit of 5")
	f("aaaaa bbbbbb\r\n", "argument of 6 bytes exceeds the limit of 5")
	f("aaaaa  bbbbb\r\n", "", `"aaaaa" "bbbbb"`)
	f("aaaaa  bbbbb\n", "", `"aaaaa" "bbbbb"`)
	f("aaaaa   bbbbb\n", "too big inline request: the line exceeds the limit of 12 bytes")

	// 4 bytes, then 11 a piece: 37 in all. Headers of leading zeros make more.
	f(crlf("*3 $5 aaaaa $5 bbbbb $5 ccccc "), "", `"aaaaa" "bbbbb" "ccccc"`)
	f(crlf("*0003 $5 aaaaa $5 bbbbb $5 ccccc "), "", `"aaaaa" "bbbbb" "ccccc"`)
	f(crlf("*00003 $5 aaaaa $5 bbbbb $5 "), "command of 41 bytes or more exceeds the limit of 40")

	// A line may be longer than a command.
	l = Limits{Command: 10}
	f(crlf("*1 +aaa "), "", `"aaa"`)
	f(crlf("*1 +aaaa "), "command of 11 bytes or more exceeds the limit of 10")
	f("aaaaaaaa\r\n", "", `"aaaaaaaa"`)
	f("aaaaaaaaa\r\n", "command of 11 bytes or more exceeds the limit of 10")

	// Limits that are no limits: nothing may overflow.
	l = Limits{Args: math.MaxInt, Bulk: math.MaxInt, Inline: math.MaxInt}
	f(crlf("*1 $1000000000 "), "command of 1000000019 bytes or more exceeds the limit of 67108864")
	l.Command = math.MaxInt
	head := fmt.Sprintf("*%d\r\n$%d\r\n", math.MaxInt, math.MaxInt-1)
	f(head, fmt.Sprintf("command of %d bytes or more exceeds the limit of %d", uint64(math.MaxInt)+uint64(len(head))+1, math.MaxInt))
	f(crlf("*1 +a b "), "", `"a"`, `"b"`)
}

func TestReader_ErrorIsFinal(t *testing.T) {
	r := NewReader(Limits{})
	r.Feed([]byte(crlf("*1 +PING *1 $x ")))
	r.Feed([]byte(crlf("*1 +PING ")))
	if args, ok, err := r.Next(); !ok || err != nil || showArgs(args) != `"PING"` {
		t.Fatalf("Next() = %q, %v, %v, want PING", args, ok, err)
	}
	_, _, first := r.Next()
	var perr *ProtocolError
	if !errors.As(first, &perr) || perr.Reason != "invalid bulk length" {
		t.Fatalf("error is %T %v, want a *ProtocolError", first, first)
	}
	r.Feed([]byte(crlf("*1 +PING ")))
	if args, ok, err := r.Next(); args != nil || ok || err != first {
		t.Errorf("Next() after an error = %q, %v, %v, want the same error", args, ok, err)
	}
	if r.Buffered() != 0 {
		t.Errorf("Buffered() after an error = %d, want 0", r.Buffered())
	}
}

func TestReader_Buffered(t *testing.T) {
	r := NewReader(Limits{})
	step := func(feed string, wantOK bool, want int) {
		t.Helper()
		r.Feed([]byte(feed))
		if _, ok, err := r.Next(); ok != wantOK || err != nil || r.Buffered() != want {
			t.Errorf("after %q: ok %v, error %v, %d bytes, want %v, %d", feed, ok, err, r.Buffered(), wantOK, want)
		}
	}
	step("", false, 0)
	step("*1\r\n$4\r\nPI", false, 10)
	step("NG\r\n*1\r", true, 3)
	step("", false, 3)
	step("\n+A\r\nPING\r\n\r", true, 7)
	step("", true, 1)
	step("\n", false, 0)
}

// The promise of Feed and Next: arguments inside one chunk are that chunk's
// bytes, those of a command that straddles are not, and neither changes later.
func TestReader_ArgumentsStayValid(t *testing.T) {
	r := NewReader(Limits{})
	one := []byte(crlf("*2 $3 one $3 ONE *2 $3 two $3 T"))
	two := []byte(crlf("WO *2 $5 three $5 THREE "))
	r.Feed(one)
	r.Feed(two)
	var kept [][]byte
	for range 3 {
		args, ok, err := r.Next()
		if !ok || err != nil || len(args) != 2 {
			t.Fatalf("Next() = %q, %v, %v, want two arguments", args, ok, err)
		}
		for _, a := range args {
			if cap(a) != len(a) {
				t.Errorf("argument %q has capacity %d: an append would write behind it", a, cap(a))
			}
		}
		kept = append(kept, args...)
	}
	if got := showArgs(kept); got != `"one" "ONE" "two" "TWO" "three" "THREE"` {
		t.Fatalf("arguments changed after later calls: %s", got)
	}
	one[8], one[len(one)-1], two[len(two)-3] = 'X', 'X', 'X'
	if got := showArgs(kept); got != `"Xne" "ONE" "two" "TWO" "three" "THREX"` {
		t.Errorf("after writing to the chunks: %s, want slices of them in the first and last command only", got)
	}
}

// Wherever a command is cut, what follows it in the second chunk is not copied.
func TestReader_GathersOneCommand(t *testing.T) {
	const first, second = "*2\r\n$4\r\nECHO\r\n+a\r\n", "*1\r\n$4\r\nPING\r\n"
	for i := 1; i < len(first); i++ {
		r := NewReader(Limits{})
		rest := []byte(first[i:] + second)
		r.Feed([]byte(first[:i]))
		r.Feed(rest)
		if args, ok, err := r.Next(); !ok || err != nil || showArgs(args) != `"ECHO" "a"` {
			t.Fatalf("cut at %d: Next() = %q, %v, %v", i, args, ok, err)
		}
		args, ok, err := r.Next()
		if !ok || err != nil || len(args) != 1 {
			t.Fatalf("cut at %d: Next() = %q, %v, %v", i, args, ok, err)
		}
		rest[len(rest)-3] = 'K'
		if string(args[0]) != "PINK" {
			t.Errorf("cut at %d: the second command was copied", i)
		}
	}
}

// A line that comes in pieces is looked through once.
func TestReader_LooksOnceForALineEnd(t *testing.T) {
	for _, head := range []string{"", "*1\r\n+"} {
		r := NewReader(Limits{})
		r.Feed([]byte(head + "a"))
		for n := len(head) + 1; n < 60_000; n += 1000 {
			if _, ok, err := r.Next(); ok || err != nil || r.scan != n {
				t.Fatalf("%q and a line of %d bytes: ok %v, error %v, looked at %d", head, n, ok, err, r.scan)
			}
			r.Feed(bytes.Repeat([]byte("a"), 1000))
		}
	}
}

// stream is input of every form, mostly valid.
func stream(t *rapid.T) string {
	var b []byte
	for range rapid.IntRange(1, 6).Draw(t, "commands") {
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			b = append(b, rapid.SampledFrom([]string{"\r\n", "*0\r\n", "*-1\r\n", "  \n", "PING\r\n", "a 'b c' \"\\x00\"\n"}).Draw(t, "line")...)
		case 1:
			b = append(b, rapid.SampledFrom([]string{"*x\r\n", "*1\r\n$5\r\nabc", "'\r\n", "*1\r\n*1\r\n", "$3\r\n", "*99\r\n"}).Draw(t, "bad")...)
		default:
			n := rapid.IntRange(1, 5).Draw(t, "arguments")
			b = AppendArray(b, n)
			for range n {
				if rapid.IntRange(0, 3).Draw(t, "type") == 0 {
					b = append(b, rapid.SampledFrom([]string{"$-1\r\n", "_\r\n", "+x y\r\n", ":12\r\n", "#t\r\n", "=6\r\ntxt:\r\n\r\n", ",1.5\r\n", "(7\r\n"}).Draw(t, "argument")...)
				} else {
					b = AppendBulk(b, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bulk"))
				}
			}
		}
	}
	return string(b)
}

// cut feeds in in pieces of the drawn lengths; some are fed together before
// Next is called. Behind each piece stands memory that is not the reader's.
func cut(t *rapid.T, l Limits, in string) outcome {
	const fence = "not yours"
	var o outcome
	var pieces [][]byte
	r := NewReader(l)
	for rest := in; len(rest) > 0; {
		k := rapid.IntRange(1, len(rest)).Draw(t, "piece")
		p := []byte(rest[:k] + fence)
		pieces = append(pieces, p)
		r.Feed(p[:k])
		rest = rest[k:]
		if rapid.Bool().Draw(t, "next") || len(rest) == 0 {
			o.drain(r)
		}
	}
	var fed []byte
	for _, p := range pieces {
		piece, whole := bytes.CutSuffix(p, []byte(fence))
		if !whole {
			t.Fatalf("the reader wrote behind a chunk: %q", p)
		}
		fed = append(fed, piece...)
	}
	if string(fed) != in {
		t.Fatalf("the reader wrote to its chunks: %q, were %q", fed, in)
	}
	return o
}

func TestReader_AnyCutGivesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := stream(t)
		l := Limits{Args: rapid.SampledFrom([]int{0, 3}).Draw(t, "args"), Command: rapid.SampledFrom([]int{0, 60}).Draw(t, "command")}
		whole := read(l, in, len(in))
		if got := read(l, in, 1); !got.equal(whole) {
			t.Fatalf("%q byte by byte: %+v, whole: %+v", in, got, whole)
		}
		if got := cut(t, l, in); !got.equal(whole) {
			t.Fatalf("%q cut: %+v, whole: %+v", in, got, whole)
		}
	})
}
