package vfs

import (
	"fmt"
	"slices"
)

// Dice is where [Mem.PowerCut] takes its choices from; actor.Rand is one.
type Dice interface {
	// Uint64n returns a number in [0, n). n must be positive.
	Uint64n(n uint64) uint64
}

// CutMode says which of the pending things a power cut leaves.
type CutMode uint8

// The modes. Each is something that disks and file systems do.
const (
	// CutLosesAll leaves what was synced.
	CutLosesAll CutMode = iota
	// CutKeepsAll loses nothing: everything had been written back.
	CutKeepsAll
	// CutKeepsPrefix keeps the operations up to some point, on files and names
	// alike, as if all had been written in order. Of the write at that point a
	// first part is kept, which may tear a sector.
	CutKeepsPrefix
	// CutKeepsSubset draws for each sector whether it is new, old, from between
	// or torn; for each file which of its lengths it has; and for the names a
	// prefix, or any subset in which nothing rests upon what was lost.
	CutKeepsSubset
	// CutKeepsLast keeps of each file only the last operation, and of each
	// directory only the last change of a name with what it rests upon: later
	// things are there, earlier ones are not.
	CutKeepsLast
)

var cutModes = [...]string{"loses-all", "keeps-all", "keeps-prefix", "keeps-subset", "keeps-last"}

func (c CutMode) String() string {
	if int(c) < len(cutModes) {
		return cutModes[c]
	}
	return fmt.Sprintf("cutmode(%d)", uint8(c))
}

// CutModes is the number of modes; they are 0 to CutModes-1.
const CutModes = uint64(len(cutModes))

// CutReport counts what a power cut did. Sectors that were written with the
// bytes they had do not count.
type CutReport struct {
	Mode           CutMode
	KeptSectors    int // have their last bytes
	LostSectors    int // have their bytes of the last sync
	TornSectors    int // have neither
	GarbageSectors int // have bytes that nobody wrote; they count as torn, kept or lost too
	KeptNames      int // changes of names that survived
	LostNames      int // changes of names that did not
}

func (r CutReport) String() string {
	return fmt.Sprintf("%v: sectors %d kept %d lost %d torn %d garbage, names %d kept %d lost",
		r.Mode, r.KeptSectors, r.LostSectors, r.TornSectors, r.GarbageSectors, r.KeptNames, r.LostNames)
}

// PowerCut ends the process like [Mem.Kill] and lets the disk lose power: of
// what is pending, d draws in the given mode what survives, and nothing is
// pending afterwards. What was synced survives; a file whose name is lost is
// gone. Overwriting is power-safe: a torn sector has old, new or (with
// CutKeepsSubset) random bytes only where the value was changing since the
// last sync. The same disk and the same draws give the same result.
func (m *Mem) PowerCut(d Dice, mode CutMode) CutReport {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := cut{m: m, d: d, report: CutReport{Mode: mode}}
	switch mode {
	case CutLosesAll:
		c.run(func(uint64) bool { return false })
	case CutKeepsAll:
		c.run(func(uint64) bool { return true })
	case CutKeepsPrefix:
		c.prefix()
	case CutKeepsSubset:
		c.subset()
	case CutKeepsLast:
		c.last()
	default:
		panic(fmt.Sprintf("vfs: PowerCut with unknown mode %v", mode))
	}
	m.restart()
	return c.report
}

// Unsynced returns how many operations are pending, on files and names.
func (m *Mem) Unsynced() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.unsynced())
}

// CutKeeping is a power cut that keeps exactly the pending operations, counted
// from 0 in the order they were made, for which keep answers true; changes of
// names that rest upon a lost one are lost with it. With Unsynced and Clone it
// walks over all states in which no operation is torn; CutParts tears them.
func (m *Mem) CutKeeping(keep func(i int) bool) CutReport {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := make(map[uint64]bool)
	for i, seq := range m.unsynced() {
		if keep(i) {
			kept[seq] = true
		}
	}
	c := cut{m: m, report: CutReport{Mode: CutKeepsSubset}}
	c.run(func(seq uint64) bool { return kept[seq] })
	m.restart()
	return c.report
}

// unsynced returns the numbers of all pending operations in order.
func (m *Mem) unsynced() []uint64 {
	var seqs []uint64
	for i := range m.pending {
		seqs = append(seqs, m.pending[i].seq)
	}
	for _, ino := range m.dirtyFiles() {
		for i := range ino.ops {
			seqs = append(seqs, ino.ops[i].seq)
		}
	}
	slices.Sort(seqs)
	return slices.Compact(seqs) // what Fail splits has one number
}

// dirtyFiles returns the files whose views may differ, oldest first.
func (m *Mem) dirtyFiles() []*inode {
	files := make([]*inode, 0, len(m.dirty))
	for _, ino := range m.dirty { // sorted below
		files = append(files, ino)
	}
	slices.SortFunc(files, func(a, b *inode) int { return int(a.id) - int(b.id) })
	return files
}

// cut is one power cut being drawn.
type cut struct {
	m      *Mem
	d      Dice
	report CutReport
}

// run keeps the operations that keep is true for, whole.
func (c *cut) run(keep func(seq uint64) bool) {
	kept := make([]bool, len(c.m.pending))
	for i := range c.m.pending {
		kept[i] = keep(c.m.pending[i].seq)
	}
	exclude(kept, c.m.needs(true))
	c.names(kept)
	for _, ino := range c.m.dirtyFiles() {
		var ops []fileOp
		for _, op := range ino.ops {
			if keep(op.seq) {
				ops = append(ops, op)
			}
		}
		c.file(ino, ops)
	}
}

// names settles the kept changes of names; the others are lost.
func (c *cut) names(kept []bool) {
	for _, k := range kept {
		if k {
			c.report.KeptNames++
		} else {
			c.report.LostNames++
		}
	}
	c.m.settleNames(kept)
	c.m.pending = nil
}

// file makes the operations durable that survived and forgets the others.
func (c *cut) file(ino *inode, survived []fileOp) {
	old := ino.disk.clone()
	for i := range survived {
		survived[i].apply(&ino.disk)
	}
	c.count(ino, &old)
}

func (c *cut) prefix() {
	all := c.m.unsynced()
	k := int(c.d.Uint64n(uint64(len(all)) + 1))
	if k == len(all) {
		c.run(func(uint64) bool { return true })
		return
	}
	stop := all[k]
	// The operation that the cut met becomes a shorter one that survives.
	for _, ino := range c.m.dirtyFiles() {
		for i := range ino.ops {
			if op := &ino.ops[i]; op.seq == stop && op.kind == opWrite {
				part := *op
				part.seq = stop - 1 // unique no more, but kept like its predecessors
				part.data = op.data[:c.d.Uint64n(uint64(len(op.data))+1)]
				ino.ops = slices.Insert(ino.ops, i, part)
				break
			}
		}
	}
	c.run(func(seq uint64) bool { return seq < stop })
}

func (c *cut) last() {
	pending := c.m.pending
	kept := make([]bool, len(pending))
	seen := make(map[*inode]bool)
	for i := len(pending) - 1; i >= 0; i-- {
		op := &pending[i]
		for _, dir := range []*inode{op.from.dir, op.to.dir} {
			if dir != nil && !seen[dir] {
				seen[dir] = true
				kept[i] = true
			}
		}
	}
	include(kept, c.m.needs(true))
	c.names(kept)
	for _, ino := range c.m.dirtyFiles() {
		c.file(ino, ino.ops[max(0, len(ino.ops)-1):])
	}
}

// restart makes the process see what is on the medium and nothing else.
func (m *Mem) restart() {
	for _, ino := range m.dirtyFiles() {
		ino.cache = ino.disk.clone()
		ino.ops, ino.ghosts = nil, nil
	}
	clear(m.dirty)
	m.powerCut++
	m.die()
	m.root.reload()
	m.used = m.root.count()
}

// reload gives the durable names to a directory and all below it.
func (ino *inode) reload() {
	ino.names = make(map[string]*inode, len(ino.durable))
	for name, below := range ino.durable { //det:ok each entry by itself
		ino.names[name] = below
		below.linked, below.parent, below.open = true, ino, 0
		if below.dir {
			below.reload()
		}
	}
}

// count returns the pages of all files below a directory.
func (ino *inode) count() int64 {
	n := ino.cache.blocks
	for _, below := range ino.names { //det:ok a sum
		n += below.count()
	}
	return n
}

// Kill ends the process: its locks are released and its handles must not be
// used any more. Files look as before to the next process, and what was
// pending stays pending.
func (m *Mem) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.die()
	m.root.closeAll()
	m.used = m.root.count() // files without a name are gone with their handles
}

func (m *Mem) die() {
	m.life++
	clear(m.locks)
}

func (ino *inode) closeAll() {
	ino.open = 0
	for _, below := range ino.names { //det:ok each entry by itself
		below.closeAll()
	}
}
