package segment

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/vfs"

	"github.com/google/uuid"
)

// writeFile fills a file with frames: sizes[i] is the payload size of the
// events of the i-th, counts[i] how many there are. It returns the positions
// and payloads of all events.
func writeFile(t testing.TB, fs vfs.FS, name string, counts, sizes []int) (*Reader, []Position, [][]byte) {
	t.Helper()
	seed := Seed(1, 1, 1)
	f, err := fs.Open(name, vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	r := NewReader(f, name, 1, seed)
	rnd := actor.NewRand(3)
	var b []byte
	var pos []Position
	var payloads [][]byte
	var prev uint32
	for i, n := range counts {
		stream := fmt.Sprintf("stream-%d", i%50)
		txn := event.Transaction{ID: uuid.UUID{1, byte(i)}, Key: event.KeyOf(stream)}
		var placed []event.Placed
		for item := range n {
			p := make([]byte, sizes[i])
			rnd.Read(p)
			txn.Events = append(txn.Events, event.New{Stream: stream, Name: "E", Payload: p})
			placed = append(placed, event.Placed{ID: uuid.UUID{2, byte(i), byte(item)}})
			pos = append(pos, Position{Segment: r, Offset: int64(len(b)), Item: uint16(item)})
			payloads = append(payloads, p)
		}
		e := Entry{Kind: Transaction, Term: 1, Index: uint64(i + 1), Data: AppendBody(nil, &txn, 0, placed, uint64(i+1), uint64(i))}
		b, prev = AppendFrame(b, seed, prev, e)
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return r, pos, payloads
}

func TestCursor(t *testing.T) {
	counts := []int{1, 3, 1, 40, 1, 1, 2, 1, 1, 1}
	sizes := []int{10, 100, 5000, 30, 0, 300_000, 9000, 1, 70_000, 2}
	_, pos, payloads := writeFile(t, vfs.NewMem(vfs.MemOptions{}), "x", counts, sizes)
	var c Cursor
	read := func(what string, order []int, plan bool) {
		t.Helper()
		var list []Position
		for _, i := range order {
			list = append(list, pos[i])
		}
		if plan {
			c.Plan(list)
		} else {
			c.Plan(nil)
		}
		for _, i := range order {
			var ev event.Event
			if err := c.Event(pos[i], &ev); err != nil || string(ev.Payload) != string(payloads[i]) {
				t.Fatalf("%s: event %d: %d bytes, %v; want %d bytes", what, i, len(ev.Payload), err, len(payloads[i]))
			}
		}
	}
	var up []int
	for i := range pos {
		up = append(up, i)
	}
	down := slices.Clone(up)
	slices.Reverse(down)
	r := actor.NewRand(1)
	var wild []int
	for range 300 {
		wild = append(wild, r.Intn(len(pos)))
	}
	for _, plan := range []bool{true, false} {
		read("ascending", up, plan)
		read("descending", down, plan)
		read("anyhow", wild, plan)
	}
	c.Plan([]Position{pos[0], pos[1]}) // a plan that is not followed is only a hint
	var ev event.Event
	if err := c.Event(pos[20], &ev); err != nil || string(ev.Payload) != string(payloads[20]) {
		t.Fatalf("off the plan: %v", err)
	}
}

// TestCursor_Damage flips each bit of a file: the frame it belongs to is
// reported, the other one is read.
func TestCursor_Damage(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	r, pos, payloads := writeFile(t, fs, "x", []int{1, 2}, []int{30, 10})
	b, _ := fs.ReadFile("x")
	for i := range len(b) * 8 {
		if err := fs.FlipBit("x", int64(i/8), uint8(i%8)); err != nil {
			t.Fatal(err)
		}
		for n, p := range pos {
			var c Cursor
			c.Plan(pos)
			var ev event.Event
			err := c.Event(p, &ev)
			_, _, frameErr := r.ReadFrame(p.Offset, nil)
			hit := int64(i/8) >= pos[1].Offset == (n > 0)
			var damage *event.DamageError
			switch {
			case !hit && (err != nil || frameErr != nil || string(ev.Payload) != string(payloads[n])):
				t.Fatalf("bit %d: event %d: %v", i, n, err)
			case hit && (!errors.As(err, &damage) || damage.File != "x" || damage.Offset != p.Offset || !errors.Is(frameErr, event.ErrDamaged)):
				t.Fatalf("bit %d: event %d: %v and %v", i, n, err, frameErr)
			}
		}
		if err := fs.FlipBit("x", int64(i/8), uint8(i%8)); err != nil {
			t.Fatal(err)
		}
	}
	var ev event.Event
	var c Cursor
	if err := c.Event(Position{Segment: r, Offset: pos[1].Offset, Item: 2}, &ev); !errors.Is(err, event.ErrDamaged) {
		t.Errorf("an event that the transaction lacks: %v", err)
	}
	if err := c.Event(Position{Segment: r, Offset: 1 << 30}, &ev); !errors.Is(err, event.ErrDamaged) {
		t.Errorf("a position behind the file: %v", err)
	}
	if err := c.Event(pos[0], &ev); err != nil {
		t.Errorf("after errors: %v", err)
	}
}

func TestCursor_NoAllocation(t *testing.T) {
	counts, sizes := make([]int, 200), make([]int, 200)
	for i := range counts {
		counts[i], sizes[i] = 1, 200
	}
	_, pos, _ := writeFile(t, vfs.NewMem(vfs.MemOptions{}), "x", counts, sizes)
	var c Cursor
	var ev event.Event
	scan := func() {
		c.Plan(pos)
		for _, p := range pos {
			if err := c.Event(p, &ev); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 * missesMax {
		scan() // the memory for keys finds its size
	}
	if n := testing.AllocsPerRun(10, scan); n != 0 {
		t.Errorf("%v allocations for a scan", n)
	}
}

func BenchmarkCursor(b *testing.B) {
	for _, payload := range []int{100, 1000} {
		b.Run(fmt.Sprintf("scan=100/payload=%d", payload), func(b *testing.B) {
			counts, sizes := make([]int, 20_000), make([]int, 20_000)
			for i := range counts {
				counts[i], sizes[i] = 1, payload
			}
			fs, err := vfs.OpenOS(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			_, pos, _ := writeFile(b, fs, "x", counts, sizes)
			var c Cursor
			var ev event.Event
			at := 0
			b.ReportAllocs()
			for b.Loop() {
				page := pos[at:][:100]
				c.Plan(page)
				for _, p := range page {
					if err := c.Event(p, &ev); err != nil {
						b.Fatal(err)
					}
				}
				at = (at + 100) % (len(pos) - 100)
			}
			b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "events/s")
		})
	}
}
