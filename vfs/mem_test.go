package vfs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sierradb/vfs"
)

func TestMem_Capacity(t *testing.T) {
	b := newBox(t, vfs.MemOptions{Capacity: 4 * 4096})
	free := func(want uint64) {
		t.Helper()
		if got, err := b.Free("."); got != want*4096 || err != nil {
			t.Fatalf("Free = %d, %v; want %d pages", got, err, want)
		}
	}
	f := b.create("f")
	b.write(f, "x", 0)
	free(3)
	b.ok(f.Truncate(1 << 30)) // a hole needs no space
	b.write(f, "x", 1<<29)
	free(2)
	n, err := f.WriteAt(make([]byte, 4*4096), 4000)
	if n != 96+2*4096 || !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("write over the capacity = %d, %v", n, err)
	}
	free(0)
	b.write(f, "over what is there", 4090)
	g := b.create("g")
	if n, err := g.WriteAt([]byte("x"), 0); n != 0 || !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("write to the full disk = %d, %v", n, err)
	}
	if _, err := b.Lock("lock", "x"); !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("lock on the full disk: %v", err)
	}
	b.ok(f.Truncate(5000))
	free(2)
	b.ok(b.Remove("f"))
	free(2)
	b.ok(f.Close())
	free(4)
	b.SetCapacity(0)
	b.write(g, "x", 1<<20)
	b.SetCapacity(100)
	free(0)
}

func TestMem_PreallocateIsAllOrNothing(t *testing.T) {
	b := newBox(t, vfs.MemOptions{Capacity: 4 * 4096})
	f := b.create("f")
	b.write(f, "abc", 0)
	if err := f.Preallocate(4*4096 + 1); !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("Preallocate over the capacity: %v", err)
	}
	b.has("f", "a*1 b*1 c*1")
	b.ok(f.Preallocate(4 * 4096))
	other := b.create("other")
	if _, err := other.WriteAt([]byte("x"), 0); !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("write to the full disk: %v", err)
	}
	b.write(f, strings.Repeat("n", 4*4096), 0) // has its space
	b.ok(f.Sync())
	b.ok(b.SyncDir("."))
	b.PowerCut(nil, vfs.CutLosesAll)
	if used := b.Used(); used != 4*4096 {
		t.Fatalf("%d bytes used after the power cut", used)
	}
	b.has("f", "n*16384")
}

// TestMem_ReservationIsPending: space that was preallocated is kept only if
// the call is durable.
func TestMem_ReservationIsPending(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.ok(f.Preallocate(3 * 4096))
	c := b.Clone()
	c.PowerCut(nil, vfs.CutLosesAll)
	if used := c.Used(); used != 4096 {
		t.Fatalf("%d bytes used after the lost preallocation", used)
	}
	c = b.Clone()
	c.PowerCut(dice(0, 0, 1), vfs.CutKeepsSubset)
	if used := c.Used(); used != 3*4096 {
		t.Fatalf("%d bytes used after the kept preallocation", used)
	}
	b.ok(f.Sync())
	b.PowerCut(nil, vfs.CutLosesAll)
	if used := b.Used(); used != 3*4096 {
		t.Fatalf("%d bytes used after the synced preallocation", used)
	}
	b.has("f", "o*512 0*11776")
}

func TestMem_Limit(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.create("f")
	if _, err := f.WriteAt([]byte("x"), 1<<34); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Fatalf("write at 16 GiB: %v", err)
	}
	if err := f.Preallocate(1<<34 + 1); err == nil {
		t.Fatal("Preallocate of more than 16 GiB went well")
	}
	panics(t, "512 or 4096", func() { vfs.NewMem(vfs.MemOptions{Sector: 1000}) })
}

// TestMem_WritesBack: a file that nobody syncs does not keep every write that
// was ever made.
func TestMem_WritesBack(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	for i := range 10_000 {
		b.write(f, string(rune('a'+i%20)), 0)
	}
	if n := b.Unsynced(); n > 4096 {
		t.Fatalf("%d operations are pending", n)
	}
	p, err := b.Durable("f")
	b.ok(err)
	if p[0] == 'o' {
		t.Fatal("nothing was written back")
	}
}

// TestMem_GoneIsForgotten: nothing is pending for a file that is durably gone.
func TestMem_GoneIsForgotten(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	for _, name := range []string{"removed", "replaced", "other"} {
		f := b.create(name)
		b.write(f, "never synced", 0)
		b.ok(f.Close())
	}
	b.ok(b.Remove("removed"))
	b.ok(b.Rename("other", "replaced"))
	b.ok(b.SyncDir("."))
	if n := b.Unsynced(); n != 1 {
		t.Fatalf("%d operations are pending, want the one write to the file that is left", n)
	}
}

func TestMem_CloneIsApart(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.write(f, "1", 0)
	b.ok(b.MkdirAll("d"))
	b.ok(b.Rename("f", "d/f"))
	c := b.Clone()
	b.write(f, "2", 1)
	b.ok(b.Remove("d/f"))
	if got := c.Names(); !slices.Equal(got, []string{"d/f"}) {
		t.Fatalf("names of the clone: %q", got)
	}
	c.PowerCut(nil, vfs.CutKeepsAll)
	p, err := c.ReadFile("d/f")
	b.ok(err)
	if got := runs(p); got != "1*1 o*511" {
		t.Fatalf("the clone's file has %q", got)
	}
	b.PowerCut(nil, vfs.CutLosesAll)
	b.names("f")
	b.has("f", "o*512")
}

func TestMem_Corrupt(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.ok(b.FlipBit("f", 3, 4)) // 'o' is 0x6f
	b.ok(b.Corrupt("f", 510, []byte{0, 0}))
	b.ok(f.Evict())
	b.has("f", "o*3 \u007f*1 o*506 0*2")
	b.PowerCut(nil, vfs.CutLosesAll)
	b.has("f", "o*3 \u007f*1 o*506 0*2")
	for _, err := range []error{
		b.FlipBit("f", 512, 0), b.FlipBit("f", -1, 0), b.FlipBit("f", 0, 8),
		b.Corrupt("f", 511, []byte{0, 0}), b.Corrupt("f", -1, nil),
		b.FlipBit("no", 0, 0), b.Corrupt("no", 0, nil), b.Corrupt(".", 0, nil),
	} {
		if err == nil {
			t.Fatal("damage outside of a file was accepted")
		}
	}
	b.ok(b.MkdirAll("d"))
	if _, err := b.ReadFile("d"); err == nil {
		t.Fatal("a directory was read as a file")
	}
	if _, err := b.Durable("no"); !errors.Is(err, vfs.ErrNotExist) {
		t.Fatalf("Durable of a missing file: %v", err)
	}
}
