package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"sierradb/commands/resp3"
)

// payloadBytes is the payload of every event.
const payloadBytes = 256

// streamsPerConn is how many streams a connection appends to, in turn.
const streamsPerConn = 16

// A script writes the commands of one connection and checks the replies. It is
// used by one goroutine and allocates nothing once it is made.
type script interface {
	// batch appends n commands to dst.
	batch(dst []byte, n int) []byte
	// check says what is wrong with the reply to one of them, or "".
	check(reply) string
}

// newPayload returns bytes that do not compress, the same for the same seed.
func newPayload(seed uint64) []byte {
	chance := rand.New(rand.NewPCG(seed, payloadBytes))
	p := make([]byte, payloadBytes)
	for i := range p {
		p[i] = byte(chance.Uint32())
	}
	return p
}

// appends is the script of EAPPEND: a batch continues one stream, each command
// expects the version that the one before it made.
type appends struct {
	heads    [streamsPerConn][]byte // a command up to its expected version
	versions [streamsPerConn]int64  // of the last event; -1: none
	tail     []byte                 // of each command
	turn     int
}

// newAppends returns the script of a connection. The streams of each run and
// connection are its own.
func newAppends(run, conn int) *appends {
	a := &appends{tail: resp3.AppendBulk(resp3.AppendBulkString(nil, "PAYLOAD"), newPayload(uint64(conn)))}
	for k := range a.heads {
		stream := fmt.Sprintf("stream-%d-%d-%d", run, conn, k)
		head := resp3.AppendArray(nil, 7)
		for _, arg := range []string{"EAPPEND", stream, "Bench", "EXPECTED_VERSION"} {
			head = resp3.AppendBulkString(head, arg)
		}
		a.heads[k], a.versions[k] = head, -1
	}
	return a
}

func (a *appends) batch(dst []byte, n int) []byte {
	k := a.turn
	a.turn = (k + 1) % streamsPerConn
	var digits [20]byte
	for range n {
		dst = append(dst, a.heads[k]...)
		if v := a.versions[k]; v < 0 {
			dst = resp3.AppendBulkString(dst, "empty")
		} else {
			dst = resp3.AppendBulk(dst, strconv.AppendInt(digits[:0], v, 10))
		}
		dst = append(dst, a.tail...)
		a.versions[k]++
	}
	return dst
}

func (a *appends) check(r reply) string {
	switch {
	case r.failed != "":
		return r.failed
	case r.kind != '%' && r.kind != '*':
		return fmt.Sprintf("the reply to EAPPEND is of type %q, expected a map", r.kind)
	}
	return ""
}

// xadds is the script of Redis's XADD, in the same shape as appends.
type xadds struct {
	commands [streamsPerConn][]byte
	turn     int
}

func newXadds(run, conn int) *xadds {
	x := new(xadds)
	payload := string(newPayload(uint64(conn)))
	for k := range x.commands {
		x.commands[k] = resp3.AppendCommand(nil, "XADD", fmt.Sprintf("stream-%d-%d-%d", run, conn, k), "*", "payload", payload)
	}
	return x
}

func (x *xadds) batch(dst []byte, n int) []byte {
	command := x.commands[x.turn]
	x.turn = (x.turn + 1) % streamsPerConn
	for range n {
		dst = append(dst, command...)
	}
	return dst
}

func (x *xadds) check(r reply) string {
	switch {
	case r.failed != "":
		return r.failed
	case r.kind != '$' || r.null:
		return fmt.Sprintf("the reply to XADD is of type %q, expected a bulk string", r.kind)
	}
	return ""
}

// reads is the script of scans and gets: each command is drawn from a fixed
// list.
type reads struct {
	commands [][]byte
	items    int64 // elements that a reply must hold; -1: a reply that is not null
	chance   *rand.Rand
}

func newReads(commands [][]byte, items int64, conn int) *reads {
	return &reads{commands: commands, items: items, chance: rand.New(rand.NewPCG(uint64(conn), 1))}
}

func (s *reads) batch(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, s.commands[s.chance.IntN(len(s.commands))]...)
	}
	return dst
}

func (s *reads) check(r reply) string {
	switch {
	case r.failed != "":
		return r.failed
	case r.null:
		return "the reply is null, expected what was stored"
	case s.items >= 0 && r.items != s.items:
		return fmt.Sprintf("the reply holds %d events, expected %d", r.items, s.items)
	}
	return ""
}
