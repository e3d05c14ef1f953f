package resp3

import "bytes"

// inline waits for the line of an inline command and leaves its arguments in
// args, none when the line is blank.
func (r *Reader) inline() (ready bool, err *ProtocolError) {
	end, err := r.lineEnd()
	if end < 0 || err != nil {
		return false, err
	}
	line := bytes.TrimSuffix(r.b[:end], crBytes)
	r.pos = end + 1
	if err := r.fits(0); err != nil {
		return false, err
	}
	if err := r.words(line); err != nil {
		return false, err
	}
	// A web page may make its visitor's browser send a POST request to any
	// port, with a body of the page's choice: its lines would be commands.
	// Redis closes such connections, too.
	if len(r.args) > 0 && (bytes.EqualFold(r.args[0], []byte("POST")) || bytes.EqualFold(r.args[0], []byte("Host:"))) {
		return false, protocolError("an HTTP request is no command")
	}
	r.consume()
	return true, nil
}

// words splits a line into arguments by the rules of Redis: blanks separate;
// "..." may hold blanks and the escapes \n \r \t \b \a \xHH, where a backslash
// before any other byte stands for that byte; '...' may hold blanks and \'.
// Quotes may begin inside a word, but end it.
func (r *Reader) words(line []byte) *ProtocolError {
	// Unquoted words are slices of the line. The others are shorter than what
	// they were written as, so this grows once at most.
	var plain []byte
	for {
		for len(line) > 0 && isBlank(line[0]) {
			line = line[1:]
		}
		if len(line) == 0 {
			return nil
		}
		if len(r.args) == r.lim.Args {
			return protocolError("command of more arguments than the limit of %d", r.lim.Args)
		}
		n := bareLength(line)
		arg := line[:n:n]
		if n < len(line) && !isBlank(line[n]) {
			if plain == nil {
				plain = make([]byte, 0, len(line))
			}
			from := len(plain)
			var ok bool
			plain = append(plain, arg...)
			if plain, n, ok = unquote(plain, line, n); !ok {
				return protocolError("unbalanced quotes in request")
			}
			arg = plain[from:len(plain):len(plain)]
		}
		if len(arg) > r.lim.Bulk {
			return protocolError("argument of %d bytes exceeds the limit of %d", len(arg), r.lim.Bulk)
		}
		r.args = append(r.args, arg)
		line = line[n:]
	}
}

// bareLength counts the bytes before the first blank or quote.
func bareLength(line []byte) int {
	for i, c := range line {
		if isBlank(c) || c == '"' || c == '\'' {
			return i
		}
	}
	return len(line)
}

// unquote appends to dst what the quotes that open at line[i] enclose. It
// returns the offset behind the closing one, where the line or the word must
// end.
func unquote(dst, line []byte, i int) (_ []byte, end int, ok bool) {
	quote := line[i]
	for i++; i < len(line); i++ {
		c := line[i]
		switch {
		case c == quote:
			i++
			return dst, i, i == len(line) || isBlank(line[i])
		case c == '\\' && quote == '"' && i+1 < len(line):
			var took int
			c, took = unescape(line[i+1:])
			i += took
		case c == '\\' && quote == '\'' && i+1 < len(line) && line[i+1] == '\'':
			c = '\''
			i++
		}
		dst = append(dst, c)
	}
	return dst, i, false
}

// unescape returns the byte that the text behind a backslash stands for, and
// the length of that text.
func unescape(s []byte) (c byte, took int) {
	switch s[0] {
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'b':
		return '\b', 1
	case 'a':
		return '\a', 1
	case 'x':
		if len(s) >= 3 {
			hi, ok1 := hexDigit(s[1])
			lo, ok2 := hexDigit(s[2])
			if ok1 && ok2 {
				return hi<<4 | lo, 3
			}
		}
	}
	return s[0], 1
}

func hexDigit(c byte) (v byte, ok bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
