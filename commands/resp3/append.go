package resp3

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/redcon"
)

// The encoders follow one pattern: they append a frame to b and return the
// longer slice, as append does. They allocate nothing but what b needs to grow,
// and always write a whole frame. What RESP2 has a type for is written by
// redcon; the other types are ours.

// AppendArray begins an array: n frames follow.
func AppendArray(b []byte, n int) []byte { return redcon.AppendArray(b, n) }

// AppendMap begins a map: pairs keys, each followed by its value. In RESP2 it
// is an array of twice as many elements.
func AppendMap(b []byte, p Proto, pairs int) []byte {
	if p != RESP3 {
		return redcon.AppendArray(b, 2*pairs)
	}
	return appendHeader(b, KindMap, pairs)
}

// AppendPush begins a push, a message that answers no command: n frames follow,
// its kind first. In RESP2 it is an array.
func AppendPush(b []byte, p Proto, n int) []byte {
	if p != RESP3 {
		return redcon.AppendArray(b, n)
	}
	return appendHeader(b, KindPush, n)
}

func appendHeader(b []byte, kind byte, n int) []byte {
	b = append(b, kind)
	b = strconv.AppendInt(b, int64(n), 10)
	return append(b, '\r', '\n')
}

// AppendSimple appends a simple string. It is for fixed text and for uuids: a
// text with a CR or LF can't be one, and becomes a bulk.
func AppendSimple(b []byte, s string) []byte {
	if strings.IndexByte(s, '\r') >= 0 || strings.IndexByte(s, '\n') >= 0 {
		return redcon.AppendBulkString(b, s)
	}
	return redcon.AppendString(b, s)
}

// AppendBulk appends a bulk string of any bytes. A nil slice is the empty
// string; what is not there is [AppendNull].
func AppendBulk(b, s []byte) []byte { return redcon.AppendBulk(b, s) }

// AppendBulkString appends a bulk string of any bytes.
func AppendBulkString(b []byte, s string) []byte { return redcon.AppendBulkString(b, s) }

// AppendInt appends a number.
func AppendInt(b []byte, n int64) []byte { return redcon.AppendInt(b, n) }

// AppendUint appends a number. Numbers of RESP have a sign and 64 bits, and
// clients close connections on larger ones: n stops at the largest.
func AppendUint(b []byte, n uint64) []byte {
	return redcon.AppendUint(b, min(n, math.MaxInt64))
}

// AppendNull appends what is not there: _ in RESP3, the null bulk $-1 in RESP2.
func AppendNull(b []byte, p Proto) []byte {
	if p != RESP3 {
		return redcon.AppendNull(b)
	}
	return append(b, "_\r\n"...)
}

// AppendBool appends a boolean, in RESP2 the number 1 or 0.
func AppendBool(b []byte, p Proto, v bool) []byte {
	switch {
	case p != RESP3 && v:
		return append(b, ":1\r\n"...)
	case p != RESP3:
		return append(b, ":0\r\n"...)
	case v:
		return append(b, "#t\r\n"...)
	}
	return append(b, "#f\r\n"...)
}

// AppendDouble appends a double by the shortest text that reads back as f, with
// an exponent where the plain number would be long; in RESP2 that text is a
// bulk.
func AppendDouble(b []byte, p Proto, f float64) []byte {
	// redcon.AppendBulkFloat writes 1e300 with 301 digits and allocates.
	var room [32]byte
	text := appendFloat(room[:0], f)
	if p != RESP3 {
		return redcon.AppendBulk(b, text)
	}
	b = append(b, KindDouble)
	b = append(b, text...)
	return append(b, '\r', '\n')
}

func appendFloat(b []byte, f float64) []byte {
	switch abs := math.Abs(f); {
	case math.IsNaN(f):
		return append(b, "nan"...)
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	case abs != 0 && (abs < 1e-6 || abs >= 1e21):
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// AppendError appends an error. text begins with a code in capitals, as in
// "WRONGVER expected 4, got 5". CR, LF and all other control characters become
// spaces, so that text may repeat what a client sent.
func AppendError(b []byte, text string) []byte {
	b = append(b, KindError)
	from := len(b)
	b = append(b, text...)
	for i, c := range b[from:] {
		if c < ' ' || c == 0x7f {
			b[from+i] = ' '
		}
	}
	return append(b, '\r', '\n')
}

// AppendCommand appends a request: an array of bulk strings, the name of the
// command first.
func AppendCommand(b []byte, args ...string) []byte {
	b = redcon.AppendArray(b, len(args))
	for _, a := range args {
		b = redcon.AppendBulkString(b, a)
	}
	return b
}
