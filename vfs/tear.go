package vfs

import (
	"bytes"
	"slices"
)

// subset is CutKeepsSubset.
func (c *cut) subset() {
	n := len(c.m.pending)
	kept := make([]bool, n)
	if c.d.Uint64n(2) == 0 { // a journal: in order
		k := int(c.d.Uint64n(uint64(n) + 1))
		for i := range k {
			kept[i] = true
		}
	} else {
		bias := c.d.Uint64n(9)
		for i := range kept {
			kept[i] = c.d.Uint64n(8) < bias
		}
		exclude(kept, c.m.needs(true))
	}
	c.names(kept)
	for _, ino := range c.m.dirtyFiles() {
		c.sectors(ino)
	}
}

// sectors draws what each sector of a file has, and which of its lengths the
// file has.
func (c *cut) sectors(ino *inode) {
	old := ino.disk.clone()
	// Lengths are changed in order, and by one write to one place.
	size, reserved := ino.disk.size, int64(0)
	k := uint64(len(ino.ops))
	if c.d.Uint64n(2) == 0 {
		k = c.d.Uint64n(k + 1)
	}
	for i := range ino.ops[:k] {
		op := &ino.ops[i]
		size = op.sizeAfter(size)
		if op.kind == opReserve {
			reserved = max(reserved, op.size)
		}
		reserved = min(reserved, size)
	}
	bias := c.d.Uint64n(9) // how many of 8 changed sectors are new
	unit := int64(c.m.opts.Sector)
	for _, s := range c.touched(ino) {
		versions := ino.versions(s.sector*unit, int(unit), s.ops)
		if len(versions) == 1 {
			continue
		}
		p := c.draw(versions, bias)
		if !bytes.Equal(p, versions[0]) {
			ino.disk.write(p, s.sector*unit)
		}
	}
	ino.disk.truncate(size)
	ino.disk.reserve(reserved)
	c.count(ino, &old)
}

// draw chooses what a sector has that went through versions.
func (c *cut) draw(versions [][]byte, bias uint64) []byte {
	last := len(versions) - 1
	if c.d.Uint64n(8) < bias {
		return versions[last]
	}
	switch c.d.Uint64n(4) {
	case 0:
		return c.tear(versions)
	case 1:
		return versions[c.d.Uint64n(uint64(last)+1)]
	}
	return versions[0]
}

// tear makes a sector whose write was cut off. Most disks stop in the middle;
// some leave noise, but only where the value was changing (power-safe
// overwrite: www.sqlite.org/psow.html).
func (c *cut) tear(versions [][]byte) []byte {
	old, last := versions[0], versions[len(versions)-1]
	p := bytes.Clone(old)
	if c.d.Uint64n(3) > 0 {
		copy(p, last[:1+c.d.Uint64n(uint64(len(p))-1)])
		return p
	}
	c.report.GarbageSectors++
	for i := range p {
		for _, v := range versions[1:] {
			if v[i] != old[i] {
				p[i] = byte(c.d.Uint64n(256))
				break
			}
		}
	}
	return p
}

// versions returns the distinct contents that a sector had, oldest first.
func (ino *inode) versions(off int64, size int, ops []int) [][]byte {
	p := make([]byte, size)
	ino.disk.read(p, off)
	all := [][]byte{bytes.Clone(p)}
	for _, i := range ops {
		ino.ops[i].patch(p, off)
		if !bytes.Equal(p, all[len(all)-1]) {
			all = append(all, bytes.Clone(p))
		}
	}
	return all
}

// touch is a sector with the operations that may have changed it.
type touch struct {
	sector int64
	ops    []int
}

// touched returns the sectors that pending operations may have changed, in
// ascending order.
func (c *cut) touched(ino *inode) []touch {
	type pair struct {
		sector int64
		op     int
	}
	unit := int64(c.m.opts.Sector)
	var pairs []pair
	add := func(from, to int64, op int) {
		for s := from / unit; from < to && s*unit < to; s++ {
			pairs = append(pairs, pair{s, op})
		}
	}
	for i := range ino.ops {
		op := &ino.ops[i]
		switch op.kind {
		case opWrite:
			add(op.off, op.off+int64(len(op.data)), i)
		case opTruncate:
			// It clears what was there: on the medium, or written before.
			for pg := op.size / pageSize; pg < int64(len(ino.disk.pages)); pg++ {
				if p := ino.disk.pages[pg]; p != nil && p != reserved {
					add(max(op.size, pg*pageSize), (pg+1)*pageSize, i)
				}
			}
			for j := range ino.ops[:i] {
				w := &ino.ops[j]
				add(max(op.size, w.off), w.off+int64(len(w.data)), i)
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if a.sector != b.sector {
			return int(a.sector - b.sector)
		}
		return a.op - b.op
	})
	var out []touch
	for i, p := range slices.Compact(pairs) {
		if i == 0 || out[len(out)-1].sector != p.sector {
			out = append(out, touch{sector: p.sector})
		}
		t := &out[len(out)-1]
		t.ops = append(t.ops, p.op)
	}
	return out
}

// count reports what became of the sectors of a file that had the content old.
func (c *cut) count(ino *inode, old *content) {
	want := old.clone()
	for i := range ino.ops {
		ino.ops[i].apply(&want)
	}
	unit := c.m.opts.Sector
	was, is, new := make([]byte, unit), make([]byte, unit), make([]byte, unit)
	for _, s := range c.touchedBefore(ino, old) {
		off := s.sector * int64(unit)
		old.read(was, off)
		want.read(new, off)
		ino.disk.read(is, off)
		switch {
		case bytes.Equal(is, new) && bytes.Equal(is, was):
		case bytes.Equal(is, new):
			c.report.KeptSectors++
		case bytes.Equal(is, was):
			c.report.LostSectors++
		default:
			c.report.TornSectors++
		}
	}
}

// touchedBefore is touched for a file whose content was old.
func (c *cut) touchedBefore(ino *inode, old *content) []touch {
	before := *ino
	before.disk = *old
	return c.touched(&before)
}
