package vfs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sierradb/vfs"
)

// script is a Dice that answers what it was given, and then zeros.
type script []uint64

func (s *script) Uint64n(n uint64) uint64 {
	if len(*s) == 0 {
		return 0
	}
	v := (*s)[0]
	*s = (*s)[1:]
	return v % n
}

func dice(answers ...uint64) vfs.Dice { return (*script)(&answers) }

// seeded is the stream of splitmix64 that belongs to a seed.
type splitmix struct{ state uint64 }

func seeded(seed uint64) vfs.Dice { return &splitmix{seed} }

func (s *splitmix) Uint64n(n uint64) uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) % n
}

// box is a disk in memory with the calls that must not fail.
type box struct {
	*testing.T
	*vfs.Mem
}

func newBox(t *testing.T, opts vfs.MemOptions) box { return box{t, vfs.NewMem(opts)} }

func (b box) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b box) create(name string) vfs.File {
	b.Helper()
	f, err := b.Open(name, vfs.Write|vfs.Create)
	b.ok(err)
	return f
}

// old makes a synced file of n sectors of 'o'.
func (b box) old(name string, sectors int) vfs.File {
	b.Helper()
	f := b.create(name)
	b.write(f, strings.Repeat("o", 512*sectors), 0)
	b.ok(f.Sync())
	b.ok(b.SyncDir("."))
	return f
}

func (b box) write(f vfs.File, text string, off int64) {
	b.Helper()
	if n, err := f.WriteAt([]byte(text), off); n != len(text) || err != nil {
		b.Fatalf("WriteAt(%d bytes, %d) = %d, %v", len(text), off, n, err)
	}
}

// has demands the content of a file, in a short form: runs of one byte as the
// byte and its count.
func (b box) has(name, want string) {
	b.Helper()
	p, err := b.ReadFile(name)
	b.ok(err)
	if got := runs(p); got != want {
		b.Fatalf("%s has %q, want %q", name, got, want)
	}
}

func runs(p []byte) string {
	var out []string
	for i := 0; i < len(p); {
		j := i
		for j < len(p) && p[j] == p[i] {
			j++
		}
		c := string(p[i])
		if p[i] == 0 {
			c = "0"
		}
		out = append(out, fmt.Sprintf("%s*%d", c, j-i))
		i = j
	}
	return strings.Join(out, " ")
}

func (b box) names(want ...string) {
	b.Helper()
	if got := b.Names(); !slices.Equal(got, want) {
		b.Fatalf("names are %q, want %q", got, want)
	}
}

func (b box) report(got vfs.CutReport, want vfs.CutReport) {
	b.Helper()
	if got != want {
		b.Fatalf("report %v, want %v", got, want)
	}
}

func TestPowerCut_LosesAll(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 2)
	b.write(f, strings.Repeat("n", 1024), 512)
	b.create("g")
	b.report(b.PowerCut(nil, vfs.CutLosesAll), vfs.CutReport{Mode: vfs.CutLosesAll, LostSectors: 2, LostNames: 1})
	b.has("f", "o*1024")
	b.names("f")
}

func TestPowerCut_KeepsAll(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 2)
	b.write(f, strings.Repeat("n", 1024), 512)
	b.create("g")
	b.report(b.PowerCut(nil, vfs.CutKeepsAll), vfs.CutReport{Mode: vfs.CutKeepsAll, KeptSectors: 2, KeptNames: 1})
	b.has("f", "o*512 n*1024")
	b.names("f", "g")
}

// TestPowerCut_KeepsPrefix cuts two writes and a name at every operation.
func TestPowerCut_KeepsPrefix(t *testing.T) {
	cut := func(want string, names int, answers ...uint64) {
		t.Helper()
		b := newBox(t, vfs.MemOptions{})
		f := b.old("f", 2)
		b.write(f, strings.Repeat("1", 512), 0)
		g := b.create("g")
		b.write(f, strings.Repeat("2", 512), 512)
		b.write(g, "later", 0)
		r := b.PowerCut(dice(answers...), vfs.CutKeepsPrefix)
		b.has("f", want)
		if got := len(b.Names()); got != names || r.KeptNames != names-1 {
			t.Fatalf("%d names, want %d; %v", got, names, r)
		}
	}
	cut("o*1024", 1, 0, 0)
	cut("1*100 o*924", 1, 0, 100)
	cut("1*512 o*512", 1, 0, 512)
	cut("1*512 o*512", 1, 1)
	cut("1*512 2*7 o*505", 2, 2, 7)
	cut("1*512 2*512", 2, 3, 2)
	cut("1*512 2*512", 2, 4)
}

// TestPowerCut_KeepsSubset scripts the draws: how names are cut and kept, then
// for the file half of the lengths or all, the bias, and the sectors.
func TestPowerCut_KeepsSubset(t *testing.T) {
	cut := func(want string, report vfs.CutReport, answers ...uint64) {
		t.Helper()
		b := newBox(t, vfs.MemOptions{})
		f := b.old("f", 3)
		b.write(f, strings.Repeat("1", 1024), 0)
		b.write(f, strings.Repeat("2", 1024), 512)
		report.Mode = vfs.CutKeepsSubset
		b.report(b.PowerCut(dice(answers...), vfs.CutKeepsSubset), report)
		b.has("f", want)
	}
	const journal, none, all, half, lost, between, torn, zone = 0, 0, 1, 4, 2, 1, 0, 1
	cut("1*512 2*1024", vfs.CutReport{KeptSectors: 3}, journal, none, all, 8)
	cut("o*1536", vfs.CutReport{LostSectors: 3}, journal, none, all, 0, 0, lost, 0, lost, 0, lost)
	cut("1*512 o*512 2*512", vfs.CutReport{KeptSectors: 2, LostSectors: 1}, journal, none, all, half, 0, 7, lost, 0)
	cut("1*1024 o*512", vfs.CutReport{KeptSectors: 1, TornSectors: 1, LostSectors: 1}, journal, none, all, half, 0, 7, between, 1, 7, lost)
	cut("1*100 o*412 2*545 o*479", vfs.CutReport{TornSectors: 2, KeptSectors: 1}, journal, none, all, half, 7, torn, zone, 99, 0, 7, torn, zone, 32)
}

func TestPowerCut_GarbageStaysInChangedBytes(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.write(f, "nonono", 100) // three of the six bytes keep their value
	r := b.PowerCut(dice(0, 0, 1, 0, 7, 0, 0, 'x', 'y', 'z'), vfs.CutKeepsSubset)
	b.report(r, vfs.CutReport{Mode: vfs.CutKeepsSubset, TornSectors: 1, GarbageSectors: 1})
	b.has("f", "o*100 x*1 o*1 y*1 o*1 z*1 o*407")
}

func TestPowerCut_LengthAndDataApart(t *testing.T) {
	cut := func(want string, answers ...uint64) {
		t.Helper()
		b := newBox(t, vfs.MemOptions{})
		f := b.old("f", 1)
		b.write(f, strings.Repeat("n", 512), 512)
		b.PowerCut(dice(answers...), vfs.CutKeepsSubset)
		b.has("f", want)
	}
	cut("o*512 0*512", 0, 0, 1, 0, 7, 2) // long, but the block is zero
	cut("o*512", 0, 0, 0, 0, 8)          // the block was written, the length was not
	cut("o*512 n*512", 0, 0, 0, 1, 8)
}

func TestPowerCut_KeepsLast(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 2)
	b.write(f, strings.Repeat("1", 512), 0)
	b.write(f, strings.Repeat("3", 512), 1536)
	b.create("lost")
	b.create("tmp")
	b.ok(b.Rename("tmp", "kept")) // rests upon the creation
	b.report(b.PowerCut(nil, vfs.CutKeepsLast), vfs.CutReport{Mode: vfs.CutKeepsLast, KeptSectors: 1, LostSectors: 1, KeptNames: 2, LostNames: 1})
	b.has("f", "o*1024 0*512 3*512")
	b.names("f", "kept")
}

func TestPowerCut_LostTruncate(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 3)
	b.ok(f.Truncate(600))
	b.write(f, "n", 600)
	c := b.Clone()
	b.PowerCut(nil, vfs.CutLosesAll)
	b.has("f", "o*1536")
	c.CutKeeping(func(i int) bool { return i == 1 }) // the write, without the truncate
	b.Mem = c
	b.has("f", "o*600 n*1 o*935")
}

// TestPowerCut_TruncateClears: what a truncate cut off is a change of bytes
// like a write, also when the file grows again.
func TestPowerCut_TruncateClears(t *testing.T) {
	cut := func(want string, answers ...uint64) {
		t.Helper()
		b := newBox(t, vfs.MemOptions{})
		f := b.old("f", 2)
		b.write(f, "n", 700)
		b.ok(f.Truncate(100))
		b.ok(f.Truncate(1024))
		b.PowerCut(dice(answers...), vfs.CutKeepsSubset)
		b.has("f", want)
	}
	cut("o*100 0*924", 0, 0, 1, 8)
	cut("o*512 0*512", 0, 0, 1, 4, 7, 2, 0)
	cut("o*100 0*412 o*188 n*1 o*323", 0, 0, 1, 4, 0, 7, 1, 1)
	cut("o*100", 0, 0, 0, 2, 8)

	b := newBox(t, vfs.MemOptions{}) // where there was nothing on the medium
	f := b.old("f", 0)
	b.write(f, strings.Repeat("n", 1024), 0)
	b.ok(f.Truncate(100))
	b.ok(f.Truncate(1024))
	b.PowerCut(dice(0, 0, 1, 8), vfs.CutKeepsSubset)
	b.has("f", "n*100 0*924")
}

func TestPowerCut_BigSectors(t *testing.T) {
	b := newBox(t, vfs.MemOptions{Sector: 4096})
	f := b.old("f", 16)
	b.write(f, strings.Repeat("n", 2048), 3072)
	r := b.PowerCut(dice(0, 0, 1, 4, 0, 7, 2), vfs.CutKeepsSubset)
	b.report(r, vfs.CutReport{Mode: vfs.CutKeepsSubset, KeptSectors: 1, LostSectors: 1})
	b.has("f", "o*3072 n*1024 o*4096")
}

func TestPowerCut_FileWithoutName(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.create("f")
	b.write(f, "synced", 0)
	b.ok(f.Sync()) // the bytes, not the name
	b.ok(b.MkdirAll("d"))
	b.old("g", 1)
	g := b.create("d/h")
	b.ok(g.Sync())
	b.ok(b.SyncDir("d")) // the name in d, but d itself was synced by old above
	b.ok(b.MkdirAll("e/x"))
	b.create("e/x/i")
	b.ok(b.SyncDir("e/x"))
	b.ok(b.SyncDir("e")) // no sync of the root: e is gone with all below it
	b.PowerCut(nil, vfs.CutLosesAll)
	b.names("d/h", "f", "g")

	b = newBox(t, vfs.MemOptions{})
	f = b.create("f")
	b.ok(f.Sync())
	b.PowerCut(nil, vfs.CutLosesAll)
	b.names()

	b = newBox(t, vfs.MemOptions{SyncNames: true})
	f = b.create("f")
	b.ok(f.Sync())
	b.create("g")
	b.PowerCut(nil, vfs.CutLosesAll)
	b.names("f")
}

func TestPowerCut_RenameIsAtomic(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	b.old("f", 1)
	b.ok(b.MkdirAll("d"))
	b.ok(b.SyncDir("."))
	b.ok(b.MkdirAll("e"))
	b.ok(b.Rename("f", "e/f")) // rests upon e
	b.ok(b.MkdirAll("x"))
	b.ok(b.Rename("e/f", "d/f"))
	b.ok(b.Remove("e")) // rests upon the file having left
	states := map[string]int{}
	n := b.Unsynced()
	if n != 5 {
		t.Fatalf("%d unsynced operations, want 5", n)
	}
	for mask := range 1 << n {
		c := b.Clone()
		c.CutKeeping(func(i int) bool { return mask>>i&1 != 0 })
		names := c.Names()
		if len(names) != 1 {
			t.Fatalf("operations %05b of 5: the file is at %q", mask, names)
		}
		states[names[0]]++
	}
	if len(states) != 3 {
		t.Fatalf("places of the file are %v, want three", states)
	}
	// A sync of either directory settles the move out of e and into d.
	b.ok(b.SyncDir("d"))
	b.PowerCut(nil, vfs.CutLosesAll)
	b.names("d/f")
}

func TestPowerCut_RemoveAndReplace(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	b.ok(b.old("a", 1).Close())
	b.ok(b.old("b", 2).Close())
	b.ok(b.Rename("a", "b"))
	b.ok(b.Remove("b"))
	b.names()
	if used := b.Used(); used != 0 {
		t.Fatalf("%d bytes used by no file", used)
	}
	b.PowerCut(nil, vfs.CutLosesAll)
	b.names("a", "b")
	b.has("b", "o*1024")
	if used := b.Used(); used != 2*4096 {
		t.Fatalf("%d bytes used by two files of a page", used)
	}
}

// TestPowerCut_Repeats draws each mode from a seed twice and demands the same
// disk and the same report.
func TestPowerCut_Repeats(t *testing.T) {
	for mode := range vfs.CutMode(vfs.CutModes) {
		t.Run(mode.String(), func(t *testing.T) {
			b := newBox(t, vfs.MemOptions{})
			for i := range 20 {
				f := b.old(fmt.Sprint("f", i), 3)
				b.write(f, strings.Repeat("n", 700), int64(i)*100)
			}
			for i := range 20 {
				b.create(fmt.Sprint("g", i))
				b.ok(b.Rename(fmt.Sprint("g", i), fmt.Sprint("h", i%7)))
			}
			c := b.Clone()
			first := b.PowerCut(seeded(7), mode)
			b.report(c.PowerCut(seeded(7), mode), first)
			names := b.Names()
			if !slices.Equal(names, c.Names()) {
				t.Fatalf("names differ: %q and %q", names, c.Names())
			}
			for _, name := range names {
				p, _ := b.ReadFile(name)
				q, _ := c.ReadFile(name)
				if string(p) != string(q) {
					t.Fatalf("%s differs", name)
				}
			}
			if first.KeptSectors+first.LostSectors+first.TornSectors == 0 || first.KeptNames+first.LostNames < 20 {
				t.Fatalf("nothing happened: %v", first)
			}
		})
	}
}
