package node

import (
	"math/bits"
	"sync"
)

// buffers lends memory for large replies. It is shared by all sessions of a
// runner and safe for concurrent use; which memory a session gets never shows.
type buffers struct {
	classes [classMax - classMin + 1]sync.Pool // of *[]byte with room for 1<<(classMin+i) bytes and a little
}

const (
	classMin = 14 // 16 KiB: smaller replies are appended to what there is
	classMax = 23 // 8 MiB; larger ones are left to the collector
	// A reply may begin some bytes behind the start of its buffer, and what comes
	// back is that much shorter: the slack keeps it in its class.
	slack = 4 << 10
)

// Get returns an empty slice with room for n bytes.
func (p *buffers) Get(n int) []byte {
	class := max(bits.Len(uint(max(n, 1)-1)), classMin)
	if class > classMax {
		return make([]byte, 0, n)
	}
	if b, ok := p.classes[class-classMin].Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, 1<<class+slack)
}

// put takes back memory that nobody uses any more.
func (p *buffers) put(b []byte) {
	class := bits.Len(uint(cap(b))) - 1
	if class >= classMin && class <= classMax {
		b = b[:0]
		p.classes[class-classMin].Put(&b)
	}
}
