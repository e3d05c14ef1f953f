package resp3

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tidwall/redcon"
)

// pipeline is n EAPPEND commands with payloads of 256 bytes.
func pipeline(n int) []byte {
	var b []byte
	payload := string(bytes.Repeat([]byte("x"), 256))
	for range n {
		b = AppendCommand(b, "EAPPEND", "order-123456", "OrderPlaced", "EXPECTED_VERSION", "any", "PAYLOAD", payload)
	}
	return b
}

// endless gives the same bytes again and again, one pipeline a read.
type endless struct{ b, rest []byte }

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		e.rest = e.b
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// BenchmarkReader reads 64 pipelined commands an operation. The chunk of a
// connection is memory of its own, which reader=resp3/chunk=fresh counts.
func BenchmarkReader(b *testing.B) {
	const commands = 64
	in := pipeline(commands)

	drain := func(b *testing.B, r *Reader, want int) {
		n := 0
		for {
			args, ok, err := r.Next()
			if err != nil {
				b.Fatal(err)
			}
			if !ok {
				break
			}
			n += len(args)
		}
		if n != 7*want {
			b.Fatalf("%d arguments, want %d", n, 7*want)
		}
	}
	b.Run("reader=resp3/chunk=kept", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		r := NewReader(Limits{})
		for b.Loop() {
			r.Feed(in)
			drain(b, r, commands)
		}
	})
	b.Run("reader=resp3/chunk=fresh", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		r := NewReader(Limits{})
		for b.Loop() {
			r.Feed(slices.Clone(in))
			drain(b, r, commands)
		}
	})
	b.Run("reader=resp3/chunk=4096", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		r := NewReader(Limits{})
		for b.Loop() {
			n := 0
			for c := range slices.Chunk(in, 4096) {
				r.Feed(slices.Clone(c))
				for {
					_, ok, err := r.Next()
					if err != nil {
						b.Fatal(err)
					}
					if !ok {
						break
					}
					n++
				}
			}
			if n != commands {
				b.Fatalf("%d commands, want %d", n, commands)
			}
		}
	})
	b.Run("reader=redcon", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		r := redcon.NewReader(&endless{b: in})
		for b.Loop() {
			for range commands {
				cmd, err := r.ReadCommand()
				if err != nil || len(cmd.Args) != 7 {
					b.Fatalf("%d arguments, %v", len(cmd.Args), err)
				}
			}
		}
	})
}
