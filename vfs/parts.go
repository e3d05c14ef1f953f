package vfs

import (
	"bytes"
	"fmt"
	"slices"
)

// Part is a piece of what is pending that a power cut keeps or loses by itself:
// a change of a name, of a file's length or space, or what one write put into
// one sector. A write that makes a file longer has a part for the length alone.
// The sectors of a write that change no byte are one part together.
type Part struct {
	Op   int    // the operation it belongs to, counted from 0 in the order they were made
	Text string // what it is, for people
	// Needs are the parts, by place, without which this one is lost: the changes of
	// names that a change rests upon, the name of a new file. A name in a new
	// directory does not count: what it names may have moved out since.
	Needs []int

	seq   uint64 // of the operation
	file  uint64 // id of the inode, 0 for a change of names
	index int    // in the pending operations of the file
	whole bool   // the operation is kept as it is
	size  int64  // the part is the length alone
	spans []span // the bytes of the write
}

// Parts returns the parts of all that is pending, in the order it was made.
func (m *Mem) Parts() []Part {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := make(map[*inode]string)
	m.root.paths(".", names)
	var parts []Part
	for i := range m.pending {
		op := &m.pending[i]
		parts = append(parts, Part{seq: op.seq, whole: true, Text: op.text(names)})
	}
	for _, ino := range m.dirtyFiles() {
		size := ino.disk.size
		for i := range ino.ops {
			op := &ino.ops[i]
			after := op.sizeAfter(size)
			p := Part{seq: op.seq, file: ino.id, index: i}
			if op.kind == opWrite {
				parts = append(parts, m.writeParts(ino, p, names[ino], after > size)...)
			} else {
				p.whole = true
				p.Text = fmt.Sprintf("%s of %s to %d bytes", op.kind, names[ino], op.size)
				parts = append(parts, p)
			}
			size = after
		}
	}
	slices.SortStableFunc(parts, func(a, b Part) int { return int(a.seq) - int(b.seq) })
	for i := 1; i < len(parts); i++ {
		parts[i].Op = parts[i-1].Op
		if parts[i].seq != parts[i-1].seq {
			parts[i].Op++
		}
	}
	m.rests(parts)
	return parts
}

// rests fills in what parts need.
func (m *Mem) rests(parts []Part) {
	at := make([]int, len(m.pending)) // where the changes of names are
	made := make(map[uint64]int)      // where the names of new files are, by inode
	n := 0
	for i := range parts {
		if parts[i].file != 0 {
			continue
		}
		if op := &m.pending[n]; op.from.dir == nil {
			made[op.ino.id] = i
		}
		at[n] = i
		n++
	}
	for i, needs := range m.needs(true) {
		for _, j := range needs {
			parts[at[i]].Needs = append(parts[at[i]].Needs, at[j])
		}
	}
	for i := range parts {
		if name, ok := made[parts[i].file]; ok && parts[i].file != 0 {
			parts[i].Needs = []int{name}
		}
	}
}

// writeParts cuts the write that p names at the borders of sectors.
func (m *Mem) writeParts(ino *inode, p Part, name string, grows bool) []Part {
	op := &ino.ops[p.index]
	end := op.off + int64(len(op.data))
	var parts []Part
	if grows {
		length := p
		length.size = end
		length.Text = fmt.Sprintf("length of %s, %d bytes", name, end)
		parts = append(parts, length)
	}
	var same []span
	unit := int64(m.opts.Sector)
	for from := op.off; from < end; {
		to := min(end, (from/unit+1)*unit)
		s := span{from, to}
		if ino.changes(p.index, s) {
			part := p
			part.spans = []span{s}
			part.Text = fmt.Sprintf("write of %s [%d,+%d)", name, from, to-from)
			parts = append(parts, part)
		} else {
			same = appendSpan(same, s)
		}
		from = to
	}
	if len(same) > 0 {
		part := p
		part.spans = same
		part.Text = fmt.Sprintf("write of %s [%d,+%d) where it changes no byte", name, same[0].from, same[len(same)-1].to-same[0].from)
		parts = append(parts, part)
	}
	return parts
}

// changes says whether the bytes that a write put into s differ from anything
// that could stand there without it.
func (ino *inode) changes(index int, s span) bool {
	op := &ino.ops[index]
	data := op.data[s.from-op.off : s.to-op.off]
	p := make([]byte, s.to-s.from)
	ino.disk.read(p, s.from)
	if !bytes.Equal(p, data) {
		return true
	}
	for i := range ino.ops[:index] {
		ino.ops[i].patch(p, s.from)
		if !bytes.Equal(p, data) {
			return true
		}
	}
	return false
}

// CutParts is a power cut that keeps exactly those parts for which keep answers
// true; changes of names that rest upon a lost one are lost with it. The parts
// must be those of this disk, or of one that it is a clone of, in this state.
func (m *Mem) CutParts(parts []Part, keep func(i int) bool) CutReport {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.unsynced()); n == 0 && len(parts) > 0 || n > 0 && (len(parts) == 0 || parts[len(parts)-1].Op != n-1) {
		panic("vfs: CutParts with the parts of another disk")
	}
	c := cut{m: m, report: CutReport{Mode: CutKeepsSubset}}
	names := make(map[uint64]bool)
	files := make(map[uint64][]fileOp)
	for i := range parts {
		p := &parts[i]
		switch {
		case !keep(i):
		case p.file == 0:
			names[p.seq] = true
		default:
			if ino := m.dirty[p.file]; ino != nil {
				files[p.file] = append(files[p.file], p.ops(&ino.ops[p.index])...)
			}
		}
	}
	kept := make([]bool, len(m.pending))
	for i := range m.pending {
		kept[i] = names[m.pending[i].seq]
	}
	exclude(kept, m.needs(true))
	c.names(kept)
	for _, ino := range m.dirtyFiles() {
		c.file(ino, files[ino.id])
	}
	m.restart()
	return c.report
}

// ops is what is left of op when of it only the part is kept.
func (p *Part) ops(op *fileOp) []fileOp {
	if p.whole {
		return []fileOp{*op}
	}
	if p.size > 0 {
		return []fileOp{{seq: op.seq, kind: opExtend, size: p.size}}
	}
	out := make([]fileOp, 0, len(p.spans))
	for _, s := range p.spans {
		out = append(out, fileOp{seq: op.seq, kind: opWrite, off: s.from, data: op.data[s.from-op.off : s.to-op.off]})
	}
	return out
}

// paths notes the names of a directory and of all below it.
func (ino *inode) paths(prefix string, to map[*inode]string) {
	to[ino] = prefix
	for name, below := range ino.names { //det:ok each entry by itself
		if prefix != "." {
			name = prefix + "/" + name
		}
		if below.dir {
			below.paths(name, to)
		} else {
			to[below] = name
		}
	}
}

func (op *nameOp) text(names map[*inode]string) string {
	at := func(e entry) string {
		if dir := names[e.dir]; dir != "." {
			return dir + "/" + e.name
		}
		return e.name
	}
	switch {
	case op.from.dir == nil:
		return "new name " + at(op.to)
	case op.to.dir == nil:
		return "removal of " + at(op.from)
	}
	return "rename of " + at(op.from) + " to " + at(op.to)
}

func (k opKind) String() string {
	return [...]string{"write", "truncate", "reservation", "length"}[k]
}
