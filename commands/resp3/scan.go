package resp3

import (
	"bytes"
	"errors"
	"fmt"
)

// Limits of a reply. They are wide, for a client chose its server; they keep a
// broken one from taking the client with it.
const (
	MaxDepth    = 32        // aggregates inside one another
	MaxReply    = 512 << 20 // bytes of a reply
	MaxElements = 4 << 20   // frames of a reply
)

// Errors of [Parse] and [Decoder.Next].
var (
	// ErrSyntax is returned when bytes are no RESP. The text says which.
	ErrSyntax = errors.New("invalid reply")
	// ErrReplyLimit is returned when a reply is deeper or longer than the
	// limits above.
	ErrReplyLimit = errors.New("reply exceeds a limit")
)

// scanner finds the end of one reply, without looking at a byte twice when the
// reply comes in pieces, and without spending memory on what a header
// announces.
type scanner struct {
	pos    int           // b[:pos] is understood
	nl     int           // b[pos:nl] has no line end
	body   int           // bytes of a body and its CRLF that stand at pos, or 0
	kind   byte          // type of that body
	frames int           // frames so far
	open   [MaxDepth]int // frames missing in each open aggregate, outermost first
	depth  int           // how many are open
	began  bool          // the reply's own frame began, so that depth 0 is its end
}

// scan reads on in b, which holds the bytes of earlier calls and more. done
// says that b[:s.pos] is a reply.
func (s *scanner) scan(b []byte) (done bool, err error) {
	for {
		if s.body > 0 {
			if len(b)-s.pos < s.body {
				return false, nil
			}
			if err := s.checkBody(b[s.pos : s.pos+s.body]); err != nil {
				return false, err
			}
			s.pos += s.body
			s.body = 0
		} else {
			line, ok, err := s.line(b)
			if !ok || err != nil {
				return false, err
			}
			if err := s.header(line); err != nil {
				return false, err
			}
			if s.body > 0 {
				continue
			}
		}
		for s.depth > 0 && s.open[s.depth-1] == 0 {
			s.depth--
		}
		if s.began && s.depth == 0 {
			return true, nil
		}
	}
}

// line returns the header line at pos without its CRLF and steps over it.
func (s *scanner) line(b []byte) (line []byte, ok bool, err error) {
	i := bytes.IndexByte(b[max(s.nl, s.pos):], '\n')
	if i < 0 {
		s.nl = len(b)
		if s.nl > MaxReply {
			return nil, false, fmt.Errorf("%w: a line of %d bytes or more, the limit is %d", ErrReplyLimit, s.nl-s.pos, MaxReply)
		}
		return nil, false, nil
	}
	end := max(s.nl, s.pos) + i
	line = b[s.pos:end]
	if len(line) < 2 || line[len(line)-1] != '\r' {
		return nil, false, fmt.Errorf("%w: expected a type and CRLF at byte %d", ErrSyntax, s.pos)
	}
	line = line[:len(line)-1]
	if bytes.IndexByte(line, '\r') >= 0 {
		return nil, false, fmt.Errorf("%w: a CR inside the line at byte %d", ErrSyntax, s.pos)
	}
	s.pos = end + 1
	if s.pos > MaxReply {
		return nil, false, fmt.Errorf("%w: %d bytes or more, the limit is %d", ErrReplyLimit, s.pos, MaxReply)
	}
	return line, true, nil
}

// header understands one frame, or the header of a longer one. s.pos stands
// behind it.
func (s *scanner) header(line []byte) error {
	if s.frames++; s.frames > MaxElements {
		return fmt.Errorf("%w: more than %d frames", ErrReplyLimit, MaxElements)
	}
	kind, text := line[0], line[1:]
	switch {
	case kind == KindAttribute: // it comes before a frame and is none
	case s.depth == 0:
		s.began = true
	default:
		s.open[s.depth-1]--
	}
	ok := true
	switch kind {
	case KindSimple, KindError:
	case KindInt:
		_, ok = parseInt(text)
	case KindBig:
		ok = isInteger(text)
	case KindDouble:
		ok = isDouble(text)
	case KindBool:
		ok = string(text) == "t" || string(text) == "f"
	case KindNull:
		ok = len(text) == 0
	case KindBulk, KindBulkError, KindVerbatim:
		return s.bulk(kind, text)
	case KindArray, KindSet, KindPush, KindMap, KindAttribute:
		return s.aggregate(kind, text)
	default:
		return fmt.Errorf("%w: unknown type %s", ErrSyntax, printByte(kind))
	}
	if !ok {
		return fmt.Errorf("%w: %s can't be followed by %.40q", ErrSyntax, printByte(kind), text)
	}
	return nil
}

// bulk expects the body that a header announces.
func (s *scanner) bulk(kind byte, text []byte) error {
	n, err := length(kind, text, kind == KindBulk)
	if err != nil || n < 0 {
		return err
	}
	if n > int64(MaxReply-s.pos) {
		return fmt.Errorf("%w: a string of %d bytes, the limit of a reply is %d", ErrReplyLimit, n, MaxReply)
	}
	s.kind, s.body = kind, int(n)+len("\r\n")
	return nil
}

func (s *scanner) checkBody(body []byte) error {
	n := len(body) - len("\r\n")
	if body[n] != '\r' || body[n+1] != '\n' {
		return fmt.Errorf("%w: a string of %d bytes is not followed by CRLF", ErrSyntax, n)
	}
	if s.kind == KindVerbatim && (n < 4 || body[3] != ':') {
		return fmt.Errorf("%w: a verbatim string without a format of 3 bytes and ':'", ErrSyntax)
	}
	return nil
}

// aggregate opens an aggregate.
func (s *scanner) aggregate(kind byte, text []byte) error {
	n, err := length(kind, text, kind == KindArray)
	if err != nil || n < 0 {
		return err
	}
	each := int64(1)
	if kind == KindMap || kind == KindAttribute {
		each = 2
	}
	if n > int64(MaxElements-s.frames)/each {
		return fmt.Errorf("%w: %s of %d elements, the limit of a reply is %d frames", ErrReplyLimit, printByte(kind), n, MaxElements)
	}
	if n == 0 {
		return nil
	}
	if s.depth == MaxDepth {
		return fmt.Errorf("%w: more than %d aggregates inside one another", ErrReplyLimit, MaxDepth)
	}
	s.open[s.depth] = int(n * each)
	s.depth++
	return nil
}

// length reads the length behind a type byte. It returns -1 for a null, where
// the type has one.
func length(kind byte, text []byte, nullable bool) (int64, error) {
	n, ok := parseInt(text)
	if ok && n == -1 && nullable {
		return -1, nil
	}
	if !ok || n < 0 {
		return 0, fmt.Errorf("%w: %s can't be followed by length %.40q", ErrSyntax, printByte(kind), text)
	}
	return n, nil
}

// parseInt reads a decimal number of 64 bits.
func parseInt(text []byte) (int64, bool) {
	if !isInteger(text) {
		return 0, false
	}
	minus := text[0] == '-'
	if minus || text[0] == '+' {
		text = text[1:]
	}
	largest := uint64(1<<63 - 1)
	if minus {
		largest++
	}
	var v uint64
	for _, c := range text {
		d := uint64(c - '0')
		if v > (largest-d)/10 {
			return 0, false
		}
		v = v*10 + d
	}
	if minus {
		return int64(-v), true
	}
	return int64(v), true
}
