package vfs

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Digest is a sum over the state of a disk. Disks of equal digests behave the
// same to a process and to power cuts, as long as they have space.
type Digest [2]uint64

// Digest sums what the process sees, what is on the medium and what is pending
// in between. Two disks on which nothing is pending have the same digest when
// they have the same directories and files.
func (m *Mem) Digest() Digest {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := digester{m: m, ranks: make(map[uint64]uint64)}
	for i, seq := range m.unsynced() {
		d.ranks[seq] = uint64(i) + 1
	}
	d.dir(m.root, len(m.pending) > 0)
	for i := range m.pending {
		op := &m.pending[i]
		d.numbers(d.ranks[op.seq], op.ino.id)
		d.entry(op.from)
		d.entry(op.to)
	}
	return d.sum
}

// Image sums what the process sees, and nothing else.
func (m *Mem) Image() Digest {
	m.mu.Lock()
	defer m.mu.Unlock()
	var d digester
	d.dir(m.root, false)
	return d.sum
}

// Add mixes a number into the sum.
func (d *Digest) Add(n uint64) {
	// Two folded multiplications a word, each lane with constants of its own (odd,
	// from the digits of pi): nobody makes collisions on purpose here, and 128
	// bits keep them from happening.
	hi, lo := bits.Mul64(d[0]^n^0x243f6a8885a308d3, 0x13198a2e03707345)
	d[0] = bits.RotateLeft64(d[0], 23) + (hi ^ lo)
	hi, lo = bits.Mul64(d[1]+n^0xa4093822299f31d1, 0x082efa98ec4e6c89)
	d[1] = bits.RotateLeft64(d[1], 41) ^ (hi + lo)
}

// AddBytes mixes the length of p and its bytes into the sum.
func (d *Digest) AddBytes(p []byte) {
	d.Add(uint64(len(p)))
	for ; len(p) >= 8; p = p[8:] {
		d.Add(binary.LittleEndian.Uint64(p))
	}
	if len(p) > 0 {
		var last [8]byte
		copy(last[:], p)
		d.Add(binary.LittleEndian.Uint64(last[:]))
	}
}

type digester struct {
	sum   Digest
	m     *Mem // nil: what is pending does not count
	ranks map[uint64]uint64
}

func (d *digester) numbers(ns ...uint64) {
	for _, n := range ns {
		d.sum.Add(n)
	}
}

func (d *digester) text(s string) { d.sum.AddBytes([]byte(s)) }

func (d *digester) entry(e entry) {
	if e.dir == nil {
		d.numbers(0)
		return
	}
	d.numbers(e.dir.id)
	d.text(e.name)
}

// dir sums a directory and all below it. While names are pending, they count
// with the identity of what they name.
func (d *digester) dir(ino *inode, pending bool) {
	views := []map[string]*inode{ino.names}
	if pending {
		views = append(views, ino.durable)
	}
	for i, view := range views {
		names := make([]string, 0, len(view))
		for name := range view { // sorted below
			names = append(names, name)
		}
		slices.Sort(names)
		d.numbers(uint64(len(names)))
		for _, name := range names {
			below := view[name]
			d.text(name)
			if pending {
				d.numbers(below.id)
			}
			switch {
			case below.dir:
				d.numbers(1)
				d.dir(below, pending)
			case i > 0 && below.linked: // summed with the names that the process sees
			default:
				d.numbers(2)
				d.file(below)
			}
		}
	}
}

func (d *digester) file(ino *inode) {
	d.content(&ino.cache)
	if d.m == nil || !ino.unsettled() {
		return
	}
	d.content(&ino.disk)
	for i := range ino.ops {
		op := &ino.ops[i]
		d.numbers(d.ranks[op.seq], uint64(op.kind), uint64(op.off), uint64(op.size))
		d.sum.AddBytes(op.data)
	}
	for _, g := range ino.ghosts {
		d.numbers(uint64(g.from), uint64(g.to))
	}
}

// content sums the bytes of a file; a page of zeros is a page of zeros, with
// or without space.
func (d *digester) content(c *content) {
	d.numbers(uint64(c.size))
	for i, pg := range c.pages {
		if pg != nil && pg != reserved && *pg != (page{}) {
			d.numbers(uint64(i) + 1)
			d.sum.AddBytes(pg[:])
		}
	}
	d.numbers(0)
}
