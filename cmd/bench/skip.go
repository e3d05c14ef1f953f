package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
)

// errReply is returned for bytes that are no RESP, or more than the generator
// takes.
var errReply = errors.New("unexpected bytes in a reply")

// lengthMax bounds the length of a string and the elements of an aggregate.
const lengthMax = 1 << 40

// A reply is what the generator keeps of one: enough to tell whether it is the
// one that was asked for.
type reply struct {
	kind   byte // its type byte
	null   bool
	items  int64  // elements of the first array or set in it; -1: it has none
	failed string // the text of the first error in it
}

// A skipper reads replies in RESP2 and RESP3 without keeping them: it counts
// the frames that are missing and steps over the rest, so that the generator
// takes little of the processors that it shares with the server. It belongs to
// one connection and one goroutine.
type skipper struct {
	r        io.Reader
	buf      []byte // its length bounds a line
	pos, end int    // buf[pos:end] was read and not yet understood
	taken    uint64 // bytes of the replies so far
}

func newSkipper(r io.Reader, size int) *skipper { return &skipper{r: r, buf: make([]byte, size)} }

// reply reads one reply. Pushes before it are no replies and are passed over.
func (s *skipper) reply() (reply, error) {
	for {
		rep, err := s.frame()
		if err != nil || rep.kind != '>' {
			return rep, err
		}
	}
}

// frame reads one frame and everything inside it.
func (s *skipper) frame() (reply, error) {
	rep := reply{items: -1}
	for {
		kind, n, err := s.header(&rep)
		if err != nil {
			return reply{}, err
		}
		attribute := kind == '|'
		if err := s.skip(n, &rep); err != nil {
			return reply{}, err
		}
		if !attribute {
			rep.kind, rep.null = kind, kind == '_' || n < 0
			return rep, nil
		}
	}
}

// skip steps over n frames and everything inside them.
func (s *skipper) skip(n int64, rep *reply) error {
	for n > 0 {
		kind, inside, err := s.header(rep)
		if err != nil {
			return err
		}
		if kind != '|' { // an attribute stands before a frame and is none
			n--
		}
		n += max(inside, 0)
	}
	return nil
}

// header reads the first line of a frame and the body of a string. It returns
// how many frames are inside; -1 stands for a null of RESP2.
func (s *skipper) header(rep *reply) (kind byte, inside int64, err error) {
	line, err := s.line()
	if err != nil {
		return 0, 0, err
	}
	kind, text := line[0], line[1:]
	switch kind {
	case '+', ':', '_', '#', ',', '(':
		return kind, 0, nil
	case '-':
		if rep.failed == "" {
			rep.failed = cmp.Or(string(text), "an error without a text")
		}
		return kind, 0, nil
	case '$', '=', '!', '*', '~', '>', '%', '|':
	default:
		return 0, 0, fmt.Errorf("%w: a frame of type %q", errReply, kind)
	}
	n, ok := length(text)
	if !ok {
		return 0, 0, fmt.Errorf("%w: length %.40q", errReply, text)
	}
	switch kind {
	case '%', '|':
		return kind, 2 * n, nil
	case '*', '~':
		if rep.items < 0 {
			rep.items = max(n, 0)
		}
		return kind, n, nil
	case '>':
		return kind, n, nil
	}
	if n < 0 {
		return kind, n, nil
	}
	if kind == '!' && rep.failed == "" {
		rep.failed = "an error of the form '!'"
	}
	return kind, 0, s.body(n)
}

// length reads a length; -1 is the one of a null.
func length(text []byte) (int64, bool) {
	minus := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		minus = text[0] == '-'
		text = text[1:]
	}
	var n int64
	for _, c := range text {
		if c < '0' || c > '9' || n > lengthMax {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if minus {
		n = -n
	}
	return n, len(text) > 0 && n >= -1 && n <= lengthMax
}

// line returns the line at pos without its CRLF and steps over it. It is valid
// until the next call.
func (s *skipper) line() ([]byte, error) {
	for seen := 0; ; {
		if i := bytes.IndexByte(s.buf[s.pos+seen:s.end], '\n'); i >= 0 {
			line := s.buf[s.pos : s.pos+seen+i]
			s.take(len(line) + 1)
			if len(line) < 2 || line[len(line)-1] != '\r' {
				return nil, fmt.Errorf("%w: a line %.40q", errReply, line)
			}
			return line[:len(line)-1], nil
		}
		if seen = s.end - s.pos; seen == len(s.buf) {
			return nil, fmt.Errorf("%w: a line of more than %d bytes", errReply, len(s.buf))
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

// body steps over the n bytes of a string and its CRLF.
func (s *skipper) body(n int64) error {
	for n > int64(s.end-s.pos) {
		n -= int64(s.end - s.pos)
		s.take(s.end - s.pos)
		if err := s.fill(); err != nil {
			return err
		}
	}
	s.take(int(n))
	for s.end-s.pos < 2 {
		if err := s.fill(); err != nil {
			return err
		}
	}
	if s.buf[s.pos] != '\r' || s.buf[s.pos+1] != '\n' {
		return fmt.Errorf("%w: a string that is not followed by CRLF", errReply)
	}
	s.take(2)
	return nil
}

func (s *skipper) take(n int) {
	s.pos += n
	s.taken += uint64(n)
}

// fill reads what has arrived, at least one byte. There is room: callers keep
// less than a whole buffer.
func (s *skipper) fill() error {
	if s.pos > 0 {
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	for {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if n > 0 {
			return nil
		}
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
}
