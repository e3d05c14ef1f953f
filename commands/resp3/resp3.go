// Package resp3 reads and writes RESP2 and RESP3, the protocols of Redis.
//
// [Reader] cuts the bytes of one connection into commands. It trusts nobody:
// every count and length is checked against [Limits] before anything is
// allocated for it, memory is spent only on bytes that have arrived, and the
// work is linear in them however they are cut into packets. What it can't
// accept is a [*ProtocolError]; the connection is to be closed after its text
// was sent.
//
// The Append functions write replies in the protocol of a connection,
// [RESP2] or [RESP3]. What they write is always a whole frame: user text can't
// break out of it.
//
// [Parse] and [Decoder] read replies, for clients, tests and the simulator.
//
// Nothing in this package is safe for concurrent use, starts a goroutine or
// does I/O: bytes go in, bytes come out.
//
// The protocols are described at https://redis.io/docs/latest/develop/reference/protocol-spec/.
package resp3

// Proto is the protocol version of a connection. Any value but [RESP3] means
// RESP2, which is what a connection speaks before it says HELLO 3.
type Proto uint8

// The protocols.
const (
	RESP2 Proto = 2
	RESP3 Proto = 3
)

// The types of RESP, by the first byte of a frame.
const (
	KindSimple    byte = '+'
	KindError     byte = '-'
	KindInt       byte = ':'
	KindBulk      byte = '$'
	KindArray     byte = '*'
	KindNull      byte = '_' // RESP3
	KindBool      byte = '#' // RESP3
	KindDouble    byte = ',' // RESP3
	KindBig       byte = '(' // RESP3
	KindBulkError byte = '!' // RESP3
	KindVerbatim  byte = '=' // RESP3
	KindMap       byte = '%' // RESP3
	KindSet       byte = '~' // RESP3
	KindAttribute byte = '|' // RESP3
	KindPush      byte = '>' // RESP3
)

// ProtocolError says which bytes can't be part of the protocol, or which limit
// they exceed. The stream can't be understood from there on.
type ProtocolError struct {
	Reason string // "invalid bulk length"
}

// Error returns the text that Redis would send after the code ERR:
// "Protocol error: invalid bulk length".
func (e *ProtocolError) Error() string { return "Protocol error: " + e.Reason }

// maxDigits bounds the digits of a length, so that a header is short whatever
// the peer sends. 2^64 has 20.
const maxDigits = 20

// number is a length between its type byte and its CRLF. It is read byte by
// byte, so that a header that comes in pieces is not read again from its start.
type number struct {
	value  uint64 // stays at the largest uint64 once it overflowed
	digits int
	minus  bool
	cr     bool // the CR was read
}

// read takes bytes from b. It returns how many it took and whether the number
// and its CRLF are complete; bad means that this is no number.
func (n *number) read(b []byte) (took int, done, bad bool) {
	for i, c := range b {
		switch {
		case n.cr:
			return i + 1, c == '\n', c != '\n'
		case c >= '0' && c <= '9':
			if n.digits++; n.digits > maxDigits {
				return i, false, true
			}
			d := uint64(c - '0')
			if n.value > (1<<64-1-d)/10 {
				n.value = 1<<64 - 1
			} else {
				n.value = n.value*10 + d
			}
		case c == '-' && n.digits == 0 && !n.minus:
			n.minus = true
		case c == '\r' && n.digits > 0:
			n.cr = true
		default:
			return i, false, true
		}
	}
	return len(b), false, false
}

// null says whether the number is -1, the length of what is not there in
// RESP2. Other negative numbers have no meaning.
func (n *number) null() bool { return n.minus && n.value == 1 }

// isInteger says whether b is decimal digits after an optional sign.
func isInteger(b []byte) bool {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	n := digits(b)
	return n > 0 && n == len(b)
}

// isDouble says whether b is a double as RESP3 writes it: a decimal number,
// perhaps with an exponent, or inf or nan.
func isDouble(b []byte) bool {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	if string(b) == "inf" || string(b) == "nan" {
		return true
	}
	n := digits(b)
	if n == 0 {
		return false
	}
	b = b[n:]
	if len(b) > 0 && b[0] == '.' {
		b = b[1+digits(b[1:]):]
	}
	return len(b) == 0 || (b[0] == 'e' || b[0] == 'E') && isInteger(b[1:])
}

// digits counts the decimal digits that b begins with.
func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}

// printByte names a byte in an error: 'x', or '\x00' when it can't be shown.
func printByte(c byte) string {
	const hex = "0123456789abcdef"
	if c >= ' ' && c <= '~' {
		return string([]byte{'\'', c, '\''})
	}
	return string([]byte{'\'', '\\', 'x', hex[c>>4], hex[c&15], '\''})
}
