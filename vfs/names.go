package vfs

import "slices"

// entry is a name in a directory; the zero entry is none.
type entry struct {
	dir  *inode
	name string
}

// nameOp is a change of names that may not be durable: with only to a
// creation, with only from a removal, with both a rename, which is atomic and
// replaces what had the name to.
type nameOp struct {
	seq      uint64
	ino      *inode
	from, to entry
	replaced *inode   // what had the name to
	above    []*inode // of a rename to another directory: that one and all above it
}

// touches says whether the operation changes a name in dir.
func (op *nameOp) touches(dir *inode) bool { return op.from.dir == dir || op.to.dir == dir }

// settle makes the operation durable.
func (op *nameOp) settle() {
	if op.from.dir != nil {
		delete(op.from.dir.durable, op.from.name)
	}
	if op.to.dir != nil {
		op.to.dir.durable[op.to.name] = op.ino
	}
}

// change makes a change visible and pending.
func (m *Mem) change(op nameOp) {
	op.seq = m.nextSeq()
	if op.from.dir != nil {
		delete(op.from.dir.names, op.from.name)
		m.unlink(op.ino)
	}
	if op.to.dir != nil {
		op.replaced = op.to.dir.names[op.to.name]
		if op.replaced != nil {
			m.unlink(op.replaced)
			m.release(op.replaced)
		}
		if op.from.dir != nil && op.from.dir != op.to.dir {
			for d := op.to.dir; d != nil; d = d.parent {
				op.above = append(op.above, d)
			}
		}
		op.to.dir.names[op.to.name] = op.ino
		op.ino.linked = true
		op.ino.parent = op.to.dir
	} else {
		m.release(op.ino)
	}
	m.pending = append(m.pending, op)
}

func (m *Mem) unlink(ino *inode) {
	ino.linked = false
	ino.parent = nil
}

// needs returns, for every pending operation, the earlier ones without which
// it cannot be on the medium. With crossing set that includes what would make
// a file vanish that never was without a name: the creation of the directory
// that it moved into, and its move out of a directory that was then removed.
// A sync of a directory does not settle these, because a missing sync of the
// directory above shall be noticed.
func (m *Mem) needs(crossing bool) [][]int {
	last := make(map[entry]int)
	needs := make([][]int, len(m.pending))
	for i := range m.pending {
		op := &m.pending[i]
		for _, e := range []entry{op.from, op.to} {
			if e.dir == nil {
				continue
			}
			if j, ok := last[e]; ok {
				needs[i] = append(needs[i], j)
			}
			last[e] = i
		}
		if !crossing {
			continue
		}
		for j := range i {
			before := &m.pending[j]
			emptied := op.to.dir == nil && op.ino.dir && before.touches(op.ino)
			if emptied || before.to.dir != nil && slices.Contains(op.above, before.ino) {
				needs[i] = append(needs[i], j)
			}
		}
	}
	return needs
}

// settleNames makes the pending changes durable for which keep is set, in
// order, and leaves the others pending.
func (m *Mem) settleNames(keep []bool) {
	var rest []nameOp
	for i := range m.pending {
		if !keep[i] {
			rest = append(rest, m.pending[i])
			continue
		}
		op := &m.pending[i]
		op.settle()
		// What is pending for a file that is gone for good matters no more.
		gone := op.replaced
		if op.to.dir == nil {
			gone = op.ino
		}
		if gone != nil && gone.open == 0 {
			delete(m.dirty, gone.id)
		}
	}
	m.pending = rest
}

// settleDirs makes the changes up to mark durable that touch one of dirs, or
// all when all is set, with what they rest upon.
func (m *Mem) settleDirs(dirs []*inode, all bool, mark uint64) {
	if len(m.pending) == 0 || !all && len(dirs) == 0 {
		return
	}
	keep := make([]bool, len(m.pending))
	for i := range m.pending {
		op := &m.pending[i]
		keep[i] = op.seq <= mark && (all || slices.ContainsFunc(dirs, op.touches))
	}
	include(keep, m.needs(false))
	m.settleNames(keep)
}

// include adds to keep what kept operations need.
func include(keep []bool, needs [][]int) {
	for i := len(keep) - 1; i >= 0; i-- {
		if keep[i] {
			for _, j := range needs[i] {
				keep[j] = true
			}
		}
	}
}

// exclude takes from keep what needs something that is not kept.
func exclude(keep []bool, needs [][]int) {
	for i := range keep {
		for _, j := range needs[i] {
			keep[i] = keep[i] && keep[j]
		}
	}
}
