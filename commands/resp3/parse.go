package resp3

import (
	"bytes"
	"fmt"

	"sierradb/core/mutate"
)

// phase is what stands at pos.
type phase uint8

const (
	atCommand phase = iota // the first byte of a command
	inCount                // the digits of *n
	atArg                  // the type byte of an argument
	inLength               // the digits of $n or =n
	inBody                 // the bytes of a bulk and its CRLF
	inLine                 // the text of any other argument and its CRLF
	inInline               // an inline command and its line end
)

// parse reads on from pos. It reports whether a command is complete, and then
// has its arguments in args and has consumed it.
func (r *Reader) parse() (done bool, err *ProtocolError) {
	for err == nil {
		ready := true
		switch r.phase {
		case atCommand:
			ready, err = r.command()
		case inCount:
			ready, err = r.count()
		case atArg:
			if r.left == 0 {
				r.deliver()
				return true, nil
			}
			ready, err = r.argument()
		case inLength:
			ready, err = r.length()
		case inBody:
			ready, err = r.body()
		case inLine:
			ready, err = r.line()
		case inInline:
			ready, err = r.inline()
			if err == nil && len(r.args) > 0 {
				return true, nil
			}
		}
		if !ready && err == nil {
			return false, nil
		}
	}
	return false, err
}

// command begins a command by its first byte.
func (r *Reader) command() (ready bool, err *ProtocolError) {
	if len(r.b) == 0 {
		return false, nil
	}
	switch c := r.b[0]; c {
	case KindArray:
		r.pos, r.num, r.phase = 1, number{}, inCount
	case KindSimple, KindError, KindInt, KindBulk, KindNull, KindBool, KindDouble, KindBig,
		KindBulkError, KindVerbatim, KindMap, KindSet, KindAttribute, KindPush:
		// Redis would take these for inline commands, and then the rest of the
		// frame for commands, too.
		return false, protocolError("expected '*' or an inline command, got %s", printByte(c))
	default:
		// A control character is somebody who speaks another protocol, TLS as a
		// rule, and may never send a line end.
		if c < ' ' && c != '\r' && c != '\n' && c != '\t' {
			return false, protocolError("expected '*' or an inline command, got %s", printByte(c))
		}
		r.pos, r.scan, r.phase = 0, 0, inInline
	}
	return true, nil
}

// count reads n of *n.
func (r *Reader) count() (ready bool, err *ProtocolError) {
	took, done, bad := r.num.read(r.b[r.pos:])
	r.pos += took
	switch {
	case bad:
		return false, protocolError("invalid multibulk length")
	case !done:
		return false, nil
	case r.num.null() || r.num.value == 0 && !r.num.minus:
		r.consume()
		return true, nil
	case r.num.minus:
		return false, protocolError("invalid multibulk length")
	case r.num.value > uint64(r.lim.Args):
		return false, protocolError("command of %s arguments exceeds the limit of %d", r.numText(), r.lim.Args)
	}
	r.left = int(r.num.value)
	r.phase = atArg
	return true, r.fits(0)
}

// argument begins an argument by its type byte.
func (r *Reader) argument() (ready bool, err *ProtocolError) {
	if r.pos == len(r.b) {
		return false, nil
	}
	r.kind = r.b[r.pos]
	switch r.kind {
	case KindBulk, KindVerbatim:
		r.num, r.phase = number{}, inLength
	case KindSimple, KindInt, KindBig, KindDouble, KindBool, KindNull:
		r.phase = inLine
	case KindArray, KindMap, KindSet, KindPush, KindAttribute:
		return false, protocolError("expected '$', got %s: a command holds no nested %s", printByte(r.kind), aggregateName(r.kind))
	default:
		return false, protocolError("expected '$', got %s", printByte(r.kind))
	}
	r.pos++
	r.scan = r.pos
	return true, nil
}

// length reads n of $n or =n.
func (r *Reader) length() (ready bool, err *ProtocolError) {
	took, done, bad := r.num.read(r.b[r.pos:])
	r.pos += took
	switch {
	case bad:
		return false, protocolError("invalid bulk length")
	case !done:
		return false, nil
	case r.num.null() && r.kind == KindBulk:
		r.add(mark{from: markNull})
		return true, r.fits(0)
	case r.num.minus:
		return false, protocolError("invalid bulk length")
	case r.num.value > uint64(r.lim.Bulk):
		return false, protocolError("argument of %s bytes exceeds the limit of %d", r.numText(), r.lim.Bulk)
	}
	r.phase = inBody
	return true, r.fits(r.num.value + uint64(len("\r\n")))
}

// numText is the number that ends at pos as it was written: it may be too large
// for any integer.
func (r *Reader) numText() []byte {
	end := r.pos - len("\r\n")
	return r.b[end-r.num.digits : end]
}

// body waits for the bytes of a bulk.
func (r *Reader) body() (ready bool, err *ProtocolError) {
	end := r.pos + int(r.num.value)
	if mutate.On(mutate.SplitCRLF) && len(r.b) == end+1 && r.b[end] == '\r' {
		r.add(mark{r.pos, end})
		r.pos = end + 1
		return true, nil
	}
	if len(r.b) < end+2 {
		return false, nil
	}
	if r.b[end] != '\r' || r.b[end+1] != '\n' {
		return false, protocolError("invalid bulk length: an argument of %d bytes is not followed by CRLF", r.num.value)
	}
	m := mark{r.pos, end}
	if r.kind == KindVerbatim {
		if m.to-m.from < 4 || r.b[m.from+3] != ':' {
			return false, protocolError("invalid verbatim string: expected a format of 3 bytes and ':'")
		}
		m.from += len("txt:")
	}
	r.pos = end + 2
	r.add(m)
	return true, nil
}

// line waits for an argument that ends with its line.
func (r *Reader) line() (ready bool, err *ProtocolError) {
	end, err := r.lineEnd()
	if end < 0 || err != nil {
		return false, err
	}
	m := mark{r.pos, end - 1}
	if r.b[end-1] != '\r' {
		return false, protocolError("expected CRLF after an argument of type %s, got LF", printByte(r.kind))
	}
	text := r.b[m.from:m.to]
	if len(text) > r.lim.Bulk {
		return false, protocolError("argument of %d bytes exceeds the limit of %d", len(text), r.lim.Bulk)
	}
	switch r.kind {
	case KindSimple:
		if bytes.IndexByte(text, '\r') >= 0 {
			return false, protocolError("invalid simple string: it holds a CR")
		}
	case KindInt:
		if !isInteger(text) || len(text) > len("-")+maxDigits {
			return false, protocolError("invalid number")
		}
	case KindBig:
		if !isInteger(text) {
			return false, protocolError("invalid big number")
		}
	case KindDouble:
		if !isDouble(text) {
			return false, protocolError("invalid double")
		}
	case KindBool:
		switch string(text) {
		case "t":
			m.from = markTrue
		case "f":
			m.from = markFalse
		default:
			return false, protocolError("invalid boolean: expected t or f")
		}
	case KindNull:
		if len(text) > 0 {
			return false, protocolError("invalid null: expected CRLF after '_'")
		}
		m.from = markNull
	}
	r.pos = end + 1
	r.add(m)
	return true, r.fits(0)
}

// lineEnd looks for the LF of the line at pos, from where it left off. It
// returns -1 when that has not arrived.
func (r *Reader) lineEnd() (int, *ProtocolError) {
	longest := r.pos + r.lim.Inline + len("\r\n")
	seen := min(len(r.b), longest)
	if i := bytes.IndexByte(r.b[r.scan:seen], '\n'); i >= 0 {
		end := r.scan + i
		if text := bytes.TrimSuffix(r.b[r.pos:end], crBytes); len(text) <= r.lim.Inline {
			return end, nil
		}
	} else if seen < longest {
		r.scan = seen
		return -1, nil
	}
	if r.phase == inInline {
		return -1, protocolError("too big inline request: the line exceeds the limit of %d bytes", r.lim.Inline)
	}
	return -1, protocolError("argument of type %s exceeds the limit of %d bytes for a line", printByte(r.kind), r.lim.Inline)
}

// fits checks that the command may have n bytes behind pos. What fits has an
// offset that is an int, whatever the limits are.
func (r *Reader) fits(n uint64) *ProtocolError {
	if room := r.lim.Command - r.pos; room < 0 || n > uint64(room) {
		return protocolError("command of %d bytes or more exceeds the limit of %d", uint64(r.pos)+n, r.lim.Command)
	}
	return nil
}

func (r *Reader) add(m mark) {
	r.marks = append(r.marks, m)
	r.left--
	r.phase = atArg
}

func protocolError(format string, args ...any) *ProtocolError {
	return &ProtocolError{Reason: fmt.Sprintf(format, args...)}
}

func aggregateName(kind byte) string {
	switch kind {
	case KindMap:
		return "map"
	case KindSet:
		return "set"
	case KindPush:
		return "push"
	case KindAttribute:
		return "attribute"
	}
	return "array"
}
