package vfs_test

import (
	"slices"
	"strings"
	"testing"

	"sierradb/vfs"
)

// pending makes a disk with a file whose second sector is overwritten together
// with new ones, and with names in a new directory.
func pending(t *testing.T) box {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 2)
	b.write(f, strings.Repeat("1", 1000), 600)
	b.ok(b.MkdirAll("d"))
	g := b.create("d/g")
	b.write(g, "22", 0)
	b.write(f, strings.Repeat("o", 512), 0)
	return b
}

// TestParts_Sectors names the parts of torn writes: lengths, sectors that
// change, and those that don't as one.
func TestParts_Sectors(t *testing.T) {
	b := pending(t)
	var got []string
	for _, p := range b.Parts() {
		got = append(got, p.Text)
	}
	want := []string{
		"length of f, 1600 bytes", "write of f [600,+424)", "write of f [1024,+512)", "write of f [1536,+64)",
		"new name d", "new name d/g", "length of d/g, 2 bytes", "write of d/g [0,+2)",
		"write of f [0,+512) where it changes no byte",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the parts are %q, want %q", got, want)
	}
	for i, want := range [][]int{4: nil, 5: nil, 6: {5}, 7: {5}, 8: nil} {
		if got := b.Parts()[i].Needs; !slices.Equal(got, want) {
			t.Errorf("%s needs the parts %v, want %v", b.Parts()[i].Text, got, want)
		}
	}
	ops := b.Unsynced()
	if last := b.Parts()[len(want)-1].Op; last != ops-1 || ops != 5 {
		t.Fatalf("the last part is of operation %d, %d are pending", last, ops)
	}
	keeping := func(keep ...int) box {
		c := box{t, b.Clone()}
		c.CutParts(b.Parts(), func(i int) bool { return slices.Contains(keep, i) })
		return c
	}
	c := keeping(2)
	c.names("f")
	c.has("f", "o*1024 1*512")
	keeping(0, 3).has("f", "o*1024 0*512 1*64")
	keeping(5, 6).names("f") // a name without its directory is lost
	c = keeping(4, 5, 6)
	c.names("d/g", "f")
	c.has("d/g", "0*2")
	if c.Unsynced() != 0 {
		t.Error("something is pending after a power cut")
	}
	panics(t, "the parts of another disk", func() { c.CutParts(b.Parts(), func(int) bool { return true }) })
}

// TestParts_WholeOperations compares cuts of whole operations by their parts
// with CutKeeping, for all subsets: of files, of renames over files that were
// there, and of what a failed sync left.
func TestParts_WholeOperations(t *testing.T) {
	b := pending(t)
	f, err := b.Open("f", vfs.Write)
	b.ok(err)
	b.ok(f.Truncate(700))
	b.BeginSync([]vfs.File{f}, nil).Fail(true)
	b.write(f, "333", 100)
	b.ok(b.Rename("d/g", "f2"))
	b.ok(b.Rename("f2", "f"))
	parts, n := b.Parts(), b.Unsynced()
	for mask := range 1 << min(12, len(parts)) {
		// A part that lacks what it needs is lost, whether it is to be kept or not.
		keep := func(i int) bool { return mask>>(i%12)&1 != 0 }
		x, y := b.Clone(), b.Clone()
		x.CutParts(parts, keep)
		y.CutParts(parts, func(i int) bool {
			return keep(i) && !slices.ContainsFunc(parts[i].Needs, func(j int) bool { return !keep(j) })
		})
		if x.Digest() != y.Digest() {
			t.Fatalf("subset %b of %d parts: what parts need is not told", mask, len(parts))
		}
	}
	seen := make(map[vfs.Digest]bool)
	for mask := range 1 << n {
		x, y := b.Clone(), b.Clone()
		x.CutKeeping(func(i int) bool { return mask>>i&1 != 0 })
		y.CutParts(parts, func(i int) bool { return mask>>parts[i].Op&1 != 0 })
		if x.Digest() != y.Digest() || x.Image() != y.Image() {
			t.Fatalf("subset %b of %d: %v and %v differ", mask, n, x.Names(), y.Names())
		}
		seen[x.Digest()] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d operations gave only %d states", n, len(seen))
	}
}

// TestDigest tells disks apart that differ in bytes, lengths, names or in what
// is pending, and no others.
func TestDigest(t *testing.T) {
	digests := make(map[vfs.Digest]string)
	images := make(map[vfs.Digest]string)
	differs := func(what string, change func(box), image bool) {
		t.Helper()
		b := pending(t)
		if change != nil {
			change(b)
		}
		if c := b.Clone(); c.Digest() != b.Digest() || c.Image() != b.Image() {
			t.Errorf("%s: a clone has another digest", what)
		}
		if old := digests[b.Digest()]; old != "" {
			t.Errorf("%s has the digest of %s", what, old)
		}
		digests[b.Digest()] = what
		if old := images[b.Image()]; (old == "") != image {
			t.Errorf("%s: the image is that of %q", what, old)
		}
		images[b.Image()] = what
	}
	differs("the disk", nil, true)
	differs("a synced name", func(b box) { b.ok(b.SyncDir(".")) }, false)
	differs("a synced file", func(b box) {
		f, err := b.Open("f", vfs.Write)
		b.ok(err)
		b.ok(f.Sync())
	}, false)
	differs("a bit", func(b box) { b.ok(b.FlipBit("f", 1, 1)) }, true)
	differs("a length", func(b box) { b.ok(b.create("f").Truncate(1700)) }, true)
	differs("a directory", func(b box) { b.ok(b.MkdirAll("e")) }, true)
	differs("a name", func(b box) { b.ok(b.Rename("f", "e")) }, true)
	x, y := pending(t), pending(t)
	for _, b := range []box{x, y} {
		b.PowerCut(nil, vfs.CutKeepsAll)
	}
	y.ok(y.Rename("f", "e"))
	y.ok(y.Rename("e", "f"))
	y.PowerCut(nil, vfs.CutKeepsAll)
	if x.Digest() != y.Digest() {
		t.Error("two settled disks with the same files have two digests")
	}
}
