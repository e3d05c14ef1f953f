package resp3

import "bytes"

// Limits bound what one command may take. A field that is not positive has its
// default.
type Limits struct {
	Args    int // arguments of a command, its name included; default 1048576
	Bulk    int // bytes of an argument; default 16 MiB
	Command int // bytes of a command on the wire, headers included; default 64 MiB
	Inline  int // bytes of a line: an inline command, or an argument that is no bulk; default 64 KiB
}

func (l Limits) withDefaults() Limits {
	or := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	or(&l.Args, 1<<20)
	or(&l.Bulk, 16<<20)
	or(&l.Command, 64<<20)
	or(&l.Inline, 64<<10)
	l.Inline = min(l.Inline, 1<<30) // so that it can be added to an offset
	return l
}

// Reader cuts the bytes of one connection into commands.
//
// A command is an array of strings, or a line of text (an inline command, for
// people with telnet or nc). Arguments are bulk strings; simple and verbatim
// strings, numbers, big numbers and doubles are taken by their text, booleans
// as 1 and 0, nulls as nil. An array inside a command, and any other aggregate
// or attribute, is refused. Empty lines, *0 and *-1 say nothing and are skipped.
//
// A command that lies whole inside one chunk is not copied and costs no
// allocation: its arguments are slices of that chunk. One that straddles chunks
// is gathered in a buffer of its own, which takes its bytes and no others.
type Reader struct {
	lim Limits
	err *ProtocolError

	// b begins at the first byte of the command that is being read, so that
	// offsets stay right when it moves from its chunk to a buffer of its own.
	b        []byte
	gathered bool     // b is such a buffer, and src is what follows it
	src      []byte   // the rest of the chunk from which b is gathered
	queue    [][]byte // chunks behind src, oldest first
	buffered int      // bytes in b, src and queue

	phase phase
	pos   int    // b[:pos] was understood
	scan  int    // b[pos:scan] has no line end
	kind  byte   // type of the argument
	num   number // the length that is being read; then that of the body
	left  int    // arguments that are still to come
	marks []mark // arguments that are complete

	args [][]byte // given out by Next
}

// mark is an argument: b[from:to], or one of those that have no bytes.
type mark struct{ from, to int }

const (
	markNull  = -1
	markTrue  = -2
	markFalse = -3
)

// keepArgs is the number of arguments for which the reader keeps room from one
// command to the next.
const keepArgs = 1024

// lookAhead is how far a gathered line looks for its end in the next chunk in
// one step.
const lookAhead = 512

// NewReader returns a reader at the start of a connection.
func NewReader(l Limits) *Reader {
	return &Reader{lim: l.withDefaults()}
}

// Feed hands p over: the reader and the arguments it returns keep it for ever,
// nobody writes it again. An argument keeps all of the memory p is a part of
// from being freed, so a short read from a long buffer is better copied first.
func (r *Reader) Feed(p []byte) {
	if r.err != nil || len(p) == 0 {
		return
	}
	r.buffered += len(p)
	r.queue = append(r.queue, p)
}

// Buffered returns the bytes that were fed and not yet returned in commands. It
// is 0 after an error.
func (r *Reader) Buffered() int { return r.buffered }

// Next returns the next complete command, which has at least one argument; ok
// is false when more input is needed. A null argument is nil, an empty one is
// not.
//
// args is reused by the next call. The bytes of the arguments stay valid for
// ever, but are not the caller's to write.
//
// err is a [*ProtocolError]: the connection must be closed after it was told.
// Every later call returns the same error.
func (r *Reader) Next() (args [][]byte, ok bool, err error) {
	r.release()
	for r.err == nil {
		done, perr := r.parse()
		if perr != nil {
			r.fail(perr)
			break
		}
		if done {
			return r.args, true, nil
		}
		if !r.more() {
			return nil, false, nil
		}
	}
	return nil, false, r.err
}

// release lets go of the arguments of the last command, so that an idle
// connection keeps no chunk alive.
func (r *Reader) release() {
	if cap(r.args) > keepArgs {
		r.args = nil
	}
	clear(r.args)
	r.args = r.args[:0]
}

func (r *Reader) fail(e *ProtocolError) {
	*r = Reader{lim: r.lim, err: e}
}

// more makes b longer by bytes that belong to the command in b, or moves on to
// the next chunk when b is empty. It reports whether there were any.
func (r *Reader) more() bool {
	if len(r.src) == 0 {
		if len(r.queue) == 0 {
			return false
		}
		r.src = r.queue[0]
		r.dequeue()
	}
	if len(r.b) == 0 {
		r.b, r.src = r.src, nil
		return true
	}
	need := lookAhead
	if r.phase == inBody {
		need = r.pos + int(r.num.value) + len("\r\n") - len(r.b)
	}
	need = min(need, len(r.src))
	if !r.gathered {
		// A little room behind the body, mostly enough for the arguments that
		// follow it, but never for bytes that have not arrived.
		room := min(need+lookAhead, len(r.src))
		r.b = append(make([]byte, 0, len(r.b)+room), r.b...)
		r.gathered = true
	}
	// What stands behind the line end may be the next command's.
	if r.phase != inBody {
		if i := bytes.IndexByte(r.src[:need], '\n'); i >= 0 {
			need = i + 1
		}
	}
	r.b = append(r.b, r.src[:need]...)
	if r.src = r.src[need:]; len(r.src) == 0 {
		r.src = nil // an empty slice would keep the chunk alive
	}
	return true
}

// dequeue drops the first chunk of the queue. The queue is one chunk long but
// for callers that feed without calling Next, so it seldom has to move any.
func (r *Reader) dequeue() {
	r.queue[0] = nil
	if len(r.queue) == 1 {
		r.queue = r.queue[:0]
		return
	}
	r.queue = r.queue[1:]
}

// Booleans have no bytes on the wire that a command would understand.
var (
	trueBytes  = []byte("1")
	falseBytes = []byte("0")
	crBytes    = []byte("\r")
)

// deliver makes args from the marks of a complete command.
func (r *Reader) deliver() {
	for _, m := range r.marks {
		var arg []byte
		switch m.from {
		case markNull:
		case markTrue:
			arg = trueBytes[:1:1]
		case markFalse:
			arg = falseBytes[:1:1]
		default:
			// The capacity ends with the argument: an append to it can't reach
			// the bytes of the next.
			arg = r.b[m.from:m.to:m.to]
		}
		r.args = append(r.args, arg)
	}
	r.consume()
}

// consume steps over the command in b[:pos].
func (r *Reader) consume() {
	r.buffered -= r.pos
	r.b = r.b[r.pos:]
	if len(r.b) == 0 {
		// A gathered buffer belongs to the arguments now, and an empty slice
		// would keep a chunk alive.
		r.b, r.gathered = nil, false
	}
	r.pos, r.scan, r.phase = 0, 0, atCommand
	if cap(r.marks) > keepArgs {
		r.marks = nil
	}
	r.marks = r.marks[:0]
}
