package resp3

import (
	"slices"
	"strconv"
)

// Value is one reply, or an element of one. It keeps the exact form in which it
// was sent, so that tests can tell a simple string from a bulk.
type Value struct {
	// Kind is the type byte: [KindSimple] and so on.
	Kind byte
	// Format is that of a verbatim string: "txt" or "mkd".
	Format [3]byte
	// Str is the text of strings and errors, and the digits of doubles and big
	// numbers. It is a part of the bytes that were parsed. A null bulk (RESP2)
	// has none, an empty one an empty slice.
	Str []byte
	// Int is a number, or 1 or 0 for a boolean.
	Int int64
	// Elems are the elements of an aggregate; of a map, each key is followed by
	// its value. A null array (RESP2) has none, an empty one an empty slice.
	Elems []Value
	// Attr are the attributes that were sent with the value, keys and values by
	// turns.
	Attr []Value
}

// Parse reads the reply that b begins with and its length in bytes. n is 0 and
// err nil when the reply is not complete; nothing is allocated until it is.
// Errors are [ErrSyntax] or [ErrReplyLimit]: b can't be understood from there
// on. The strings of v are parts of b. Streamed strings and aggregates, which
// RESP3 describes and no server sends, are refused.
//
// Parse starts anew on each call: for replies that come in pieces use
// [Decoder].
func Parse(b []byte) (v Value, n int, err error) {
	var s scanner
	done, err := s.scan(b)
	if !done || err != nil {
		return Value{}, 0, err
	}
	v, _ = build(b[:s.pos])
	return v, s.pos, nil
}

// build makes the value that b begins with and returns what follows it. b went
// through a scanner: all of it is there and right, and no deeper than MaxDepth.
func build(b []byte) (v Value, rest []byte) {
	for b[0] == KindAttribute {
		var n int
		n, b = header(b)
		v.Attr, b = buildAll(slices.Grow(v.Attr, 2*n), b, 2*n)
	}
	v.Kind = b[0]
	switch v.Kind {
	case KindArray, KindSet, KindPush, KindMap:
		var n int
		if n, b = header(b); n < 0 {
			return v, b
		}
		if v.Kind == KindMap {
			n *= 2
		}
		v.Elems, b = buildAll(make([]Value, 0, n), b, n)
	case KindBulk, KindBulkError, KindVerbatim:
		var n int
		if n, b = header(b); n < 0 {
			return v, b
		}
		v.Str, b = b[:n:n], b[n+len("\r\n"):]
		if v.Kind == KindVerbatim {
			v.Format = [3]byte(v.Str)
			v.Str = v.Str[len("txt:"):]
		}
	default:
		var text []byte
		text, b = cutLine(b)
		switch v.Kind {
		case KindInt:
			v.Int, _ = parseInt(text)
		case KindBool:
			if text[0] == 't' {
				v.Int = 1
			}
		case KindNull:
		default:
			v.Str = text
		}
	}
	return v, b
}

func buildAll(dst []Value, b []byte, n int) ([]Value, []byte) {
	for range n {
		var v Value
		v, b = build(b)
		dst = append(dst, v)
	}
	return dst, b
}

// header reads the length in the line that b begins with.
func header(b []byte) (n int, rest []byte) {
	text, rest := cutLine(b)
	v, _ := parseInt(text)
	return int(v), rest
}

// cutLine returns the text of the line that b begins with, without its type.
func cutLine(b []byte) (text, rest []byte) {
	i := 0
	for b[i] != '\r' {
		i++
	}
	return b[1:i:i], b[i+len("\r\n"):]
}

// Append appends the value as it is on the wire. Parse of that gives the value
// back. A header is written without the signs and zeros that mean nothing, and
// attributes as one. A Value that was not parsed becomes a whole frame, too: one
// of no kind is a null, and CR and LF can't break out of a simple string or an
// error.
func (v Value) Append(b []byte) []byte {
	if n := len(v.Attr) / 2; n > 0 {
		b = appendAll(appendHeader(b, KindAttribute, n), v.Attr[:2*n])
	}
	if v.IsNull() && v.Kind != KindNull {
		return appendHeader(b, v.Kind, -1)
	}
	switch v.Kind {
	case KindArray, KindSet, KindPush:
		return appendAll(appendHeader(b, v.Kind, len(v.Elems)), v.Elems)
	case KindMap:
		n := len(v.Elems) / 2
		return appendAll(appendHeader(b, v.Kind, n), v.Elems[:2*n])
	case KindVerbatim:
		b = appendHeader(b, v.Kind, len(v.Format)+len(":")+len(v.Str))
		b = append(append(b, v.Format[:]...), ':')
	case KindBulk, KindBulkError:
		b = appendHeader(b, v.Kind, len(v.Str))
	case KindInt:
		return AppendInt(b, v.Int)
	case KindBool:
		return AppendBool(b, RESP3, v.Int != 0)
	case KindSimple, KindError, KindBig, KindDouble:
		from := len(b) + 1
		b = append(append(b, v.Kind), v.Str...)
		for i, c := range b[from:] {
			if c == '\r' || c == '\n' {
				b[from+i] = ' '
			}
		}
		return append(b, '\r', '\n')
	default:
		return AppendNull(b, RESP3)
	}
	b = append(b, v.Str...)
	return append(b, '\r', '\n')
}

func appendAll(b []byte, vs []Value) []byte {
	for _, v := range vs {
		b = v.Append(b)
	}
	return b
}

// IsNull says whether the value is the null of RESP3 or one of the two of
// RESP2.
func (v Value) IsNull() bool {
	switch v.Kind {
	case KindNull:
		return true
	case KindBulk:
		return v.Str == nil
	case KindArray:
		return v.Elems == nil
	}
	return false
}

// IsError says whether the value is an error; Str is its text.
func (v Value) IsError() bool { return v.Kind == KindError || v.Kind == KindBulkError }

// Text is Str as a string.
func (v Value) Text() string { return string(v.Str) }

// Bool is a boolean, in the form of either protocol.
func (v Value) Bool() (b, ok bool) {
	return v.Int != 0, v.Kind == KindBool || v.Kind == KindInt && (v.Int == 0 || v.Int == 1)
}

// Float is a double, in the form of either protocol: a double, a string of its
// digits, or a number.
func (v Value) Float() (f float64, ok bool) {
	switch v.Kind {
	case KindInt:
		return float64(v.Int), true
	case KindDouble, KindBulk, KindSimple:
		if isDouble(v.Str) {
			// Out of range is infinite, which is as near as a double gets.
			f, _ = strconv.ParseFloat(string(v.Str), 64)
			return f, true
		}
	}
	return 0, false
}

// Get looks a key up in a map, or in the flat array that is a map in RESP2. The
// first of equal keys counts; ok is false when there is none.
func (v Value) Get(key string) (_ Value, ok bool) {
	if v.Kind != KindMap && (v.Kind != KindArray || len(v.Elems)%2 != 0) {
		return Value{}, false
	}
	for i := 0; i < len(v.Elems); i += 2 {
		if k := &v.Elems[i]; k.isString() && string(k.Str) == key {
			return v.Elems[i+1], true
		}
	}
	return Value{}, false
}

func (v *Value) isString() bool {
	return v.Kind == KindSimple || v.Kind == KindBulk && v.Str != nil || v.Kind == KindVerbatim
}

// String shows the value in one line, each part behind its type byte:
//
//	%{+has_more: #f, +events: *[$"a b", :5, _, ,0.875]}
//
// Bulks are quoted, so that "$-1" and "*-1" are the nulls of RESP2; simple
// strings and errors are, when they hold what would be misread.
func (v Value) String() string { return string(v.show(nil)) }

func (v Value) show(b []byte) []byte {
	if len(v.Attr) > 0 {
		b = showAll(append(b, '|'), '{', v.Attr, '}')
		b = append(b, ' ')
	}
	if v.IsNull() && v.Kind != KindNull {
		return append(b, v.Kind, '-', '1')
	}
	b = append(b, v.Kind)
	switch v.Kind {
	case KindArray, KindSet, KindPush:
		return showAll(b, '[', v.Elems, ']')
	case KindMap:
		return showAll(b, '{', v.Elems, '}')
	case KindBulk, KindBulkError:
		return strconv.AppendQuote(b, string(v.Str))
	case KindVerbatim:
		// The format is any three bytes, and not to be trusted either.
		b = append(b, strconv.Quote(string(v.Format[:]))...)
		return strconv.AppendQuote(append(b, ':'), string(v.Str))
	case KindInt:
		return strconv.AppendInt(b, v.Int, 10)
	case KindBool:
		return append(b, "ft"[v.Int&1])
	case KindSimple, KindError:
		return showText(b, v.Str, v.Kind == KindError)
	}
	return append(b, v.Str...)
}

// showAll shows elements, with a brace as the pairs of a map.
func showAll(b []byte, open byte, vs []Value, end byte) []byte {
	b = append(b, open)
	for i, v := range vs {
		switch {
		case i == 0:
		case open == '{' && i%2 == 1:
			b = append(b, ": "...)
		default:
			b = append(b, ", "...)
		}
		b = v.show(b)
	}
	return append(b, end)
}

// showText shows the text of a simple string or, as prose, of an error.
func showText(b, text []byte, prose bool) []byte {
	for _, c := range string(text) {
		misread := c == '"' || c == ',' || c == ':' || c == ' ' || c == ']' || c == '}'
		if !strconv.IsPrint(c) || c == 0xFFFD || misread && !prose {
			return strconv.AppendQuote(b, string(text))
		}
	}
	return append(b, text...)
}
