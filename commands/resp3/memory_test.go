package resp3

import (
	"bytes"
	"math"
	"runtime"
	"testing"
)

// allocated runs f and returns the bytes that it allocated.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestReader_HostileMemory(t *testing.T) {
	const slack = 64 << 10 // the runtime allocates, too
	f := func(name string, most uint64, wantErr bool, l Limits, chunks ...[]byte) {
		t.Helper()
		got := allocated(func() {
			r := NewReader(l)
			var err error
			for _, c := range chunks {
				r.Feed(c)
				for ok := true; ok; {
					_, ok, err = r.Next()
				}
			}
			if (err != nil) != wantErr {
				t.Errorf("%s: error is %v, want one: %v", name, err, wantErr)
			}
		})
		if got > most {
			t.Errorf("%s: %d bytes allocated, want at most %d", name, got, most)
		}
	}
	text := func(s string) []byte { return []byte(crlf(s)) }
	unlimited := Limits{Bulk: math.MaxInt, Command: math.MaxInt, Args: math.MaxInt}

	f("10 GiB argument", slack, true, Limits{}, text("*1 $10737418240 "))
	f("2 billion arguments", slack, true, Limits{}, text("*2000000000 $3 foo "))
	f("2 GB argument within the limit", slack, false, unlimited, text("*1 $2000000000 abc"))
	f("2 GB argument within the limit, a little of it", slack, false, unlimited, text("*1 $2000000000 abc"), text("def"))
	f("2 billion arguments within the limit", slack, false, unlimited, text("*2000000000 $3 foo $3"))
	f("1 M arguments of which none came", slack, false, Limits{}, text("*1048576 "))
	f("nesting", slack, true, Limits{}, bytes.Repeat(text("*1 "), 100_000))
	f("line without end", slack, true, Limits{}, bytes.Repeat([]byte("a"), 64<<20))
	f("line without end behind half a line", 1<<20, true, Limits{}, []byte("a"), bytes.Repeat([]byte("a"), 64<<20))
	f("empty lines", slack, false, Limits{}, bytes.Repeat([]byte("\r\n"), 1<<20))
	f("*0", slack, false, Limits{}, bytes.Repeat([]byte("*0\r\n"), 1<<20))

	// A line of quotes makes each word a copy, but of no more than the line.
	f("quotes", 4<<20, false, Limits{}, append(bytes.Repeat([]byte("'' "), 21_000), '\n'))
	// Arguments cost 40 bytes each, and their growth, once they are here.
	f("1 M arguments", 256<<20, false, Limits{}, append(text("*1048576 "), bytes.Repeat([]byte("_\r\n"), 1<<20)...))
	f("commands over the limit", 8<<20, true, Limits{Command: 1 << 20, Bulk: 1 << 20},
		text("*3 $400000 "), make([]byte, 400_000), text(" $400000 "), make([]byte, 400_000), text(" $400000 "))
}

// A reader that looked at bytes again for each packet would need an
// hour here: the bulk comes in a million of them.
func TestReader_OneBytePackets(t *testing.T) {
	const size = 1 << 20
	in := AppendBulk(AppendCommand(nil), make([]byte, size))
	in = append([]byte("*1\r\n"), in[len("*0\r\n"):]...)
	var got []byte
	mem := allocated(func() {
		r := NewReader(Limits{})
		for i := range in {
			r.Feed(in[i : i+1])
			args, ok, err := r.Next()
			if err != nil || ok != (i == len(in)-1) {
				t.Fatalf("byte %d of %d: ok %v, error %v", i, len(in), ok, err)
			}
			if ok {
				got = args[0]
			}
		}
	})
	if len(got) != size {
		t.Errorf("argument of %d bytes, want %d", len(got), size)
	}
	if mem > 10*size {
		t.Errorf("%d bytes allocated for an argument of %d", mem, size)
	}
}

func TestReader_NoAllocationInsideAChunk(t *testing.T) {
	chunk := pipeline(64)
	r := NewReader(Limits{})
	allocs := testing.AllocsPerRun(100, func() {
		r.Feed(chunk)
		n := 0
		for {
			_, ok, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			n++
		}
		if n != 64 {
			t.Fatalf("%d commands, want 64", n)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for 64 commands in one chunk, want 0", allocs)
	}
}

// What a command made the reader keep goes with the next call, at the latest.
func TestReader_LetsGo(t *testing.T) {
	r := NewReader(Limits{})
	r.Feed(append([]byte("*100000\r\n"), bytes.Repeat([]byte("_\r\n"), 100_000)...))
	if args, ok, err := r.Next(); !ok || err != nil || len(args) != 100_000 {
		t.Fatalf("Next() = %d arguments, %v, %v", len(args), ok, err)
	}
	if _, ok, err := r.Next(); ok || err != nil {
		t.Fatalf("Next() at the end = %v, %v", ok, err)
	}
	r.Feed([]byte(crlf("PING *1 $3 ab")))
	r.Feed([]byte(crlf("c ")))
	for range 2 {
		if _, ok, err := r.Next(); !ok || err != nil {
			t.Fatalf("Next() = %v, %v", ok, err)
		}
	}
	if _, ok, err := r.Next(); ok || err != nil {
		t.Fatalf("Next() at the end = %v, %v", ok, err)
	}
	for _, a := range r.args[:cap(r.args)] {
		if a != nil {
			t.Errorf("an idle reader keeps argument %q", a)
		}
	}
	if cap(r.args) > keepArgs || cap(r.marks) > keepArgs || r.b != nil || r.src != nil {
		t.Errorf("an idle reader keeps %d arguments, %d marks, %d and %d bytes", cap(r.args), cap(r.marks), cap(r.b), cap(r.src))
	}
}
