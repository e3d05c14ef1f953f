package client

import "strconv"

// Expected is what an append expects of its stream. The zero value is [Any].
type Expected struct {
	kind    expectation
	version uint64
}

type expectation uint8

const (
	anything expectation = iota
	exists
	empty
	exact
)

// The expectations but [Exactly].
var (
	Any    = Expected{}             // nothing
	Exists = Expected{kind: exists} // the stream has at least one event
	Empty  = Expected{kind: empty}  // the stream has no event
)

// Exactly expects that the stream's last event has this version: that nobody
// appended since it was read.
func Exactly(version uint64) Expected { return Expected{exact, version} }

// String is the expectation as it is sent.
func (e Expected) String() string {
	switch e.kind {
	case exists:
		return "exists"
	case empty:
		return "empty"
	case exact:
		return strconv.FormatUint(e.version, 10)
	}
	return "any"
}
