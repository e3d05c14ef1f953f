package vfs

import (
	"bytes"
	"math"
)

// inode is a file or a directory of Mem, in two views: what the process sees
// and what is on the medium. Between them stand the pending operations.
//
// For a file:
//
//	cache = disk + ops, but for the bytes in ghosts
//	ghosts are bytes of clean pages that the cache shows and no medium will
//	ever hold: a sync failed and the kernel took them for written.
type inode struct {
	id uint64 // in order of creation

	// Of a directory.
	dir     bool
	parent  *inode // nil for the root and for what was removed
	names   map[string]*inode
	durable map[string]*inode

	// Of a file.
	cache  content
	disk   content
	ops    []fileOp // in the order they were made
	ghosts []span

	linked bool // has a name in the tree that the process sees
	open   int  // handles of the living process
}

type opKind uint8

const (
	opWrite    opKind = iota // data at off
	opTruncate               // to size
	opReserve                // space for the first size bytes
	opExtend                 // the file is at least size long; what a dropped write leaves
)

// fileOp is a change of a file that is not durable. data is never written
// again, so clones share it.
type fileOp struct {
	seq  uint64
	kind opKind
	off  int64
	size int64
	data []byte
}

func (op *fileOp) apply(c *content) {
	switch op.kind {
	case opWrite:
		c.write(op.data, op.off)
	case opTruncate:
		c.truncate(op.size)
	case opReserve:
		c.reserve(op.size)
	case opExtend:
		c.size = max(c.size, op.size)
	}
}

// sizeAfter is the length of a file of the given size after op.
func (op *fileOp) sizeAfter(size int64) int64 {
	switch op.kind {
	case opWrite:
		return max(size, op.off+int64(len(op.data)))
	case opTruncate:
		return op.size
	}
	return max(size, op.size)
}

// patch applies op to p, a copy of the bytes from off on.
func (op *fileOp) patch(p []byte, off int64) {
	switch op.kind {
	case opWrite:
		if from := op.off - off; from >= 0 && from < int64(len(p)) {
			copy(p[from:], op.data)
		} else if from < 0 && -from < int64(len(op.data)) {
			copy(p, op.data[-from:])
		}
	case opTruncate:
		if from := max(op.size-off, 0); from < int64(len(p)) {
			clear(p[from:])
		}
	}
}

// writeBack is the number of pending operations of one file at which the
// older half goes to the medium by itself, as a kernel does after a while. It
// bounds the memory of a file that is never synced.
const writeBack = 4096

func (ino *inode) add(op fileOp) {
	op.apply(&ino.cache)
	ino.ops = append(ino.ops, op)
	if len(ino.ops) >= writeBack {
		ino.settle(ino.ops[writeBack/2-1].seq)
	}
}

// settle makes the operations up to mark durable.
func (ino *inode) settle(mark uint64) {
	k := 0
	for k < len(ino.ops) && ino.ops[k].seq <= mark {
		ino.ops[k].apply(&ino.disk)
		k++
	}
	n := copy(ino.ops, ino.ops[k:])
	clear(ino.ops[n:])
	ino.ops = ino.ops[:n]
}

// write adds a write of p at off, which must fit the disk. Pages are written
// whole: ghosts on the pages that it makes dirty will be written with them.
func (ino *inode) write(p []byte, off int64, seq func() uint64) {
	if len(ino.ghosts) > 0 {
		pages := span{off / pageSize * pageSize, pagesOf(off+int64(len(p))) * pageSize}
		var rest []span
		for _, g := range ino.ghosts {
			hit := g.meet(pages)
			if hit.empty() {
				rest = append(rest, g)
				continue
			}
			data := make([]byte, hit.to-hit.from)
			ino.cache.read(data, hit.from)
			ino.add(fileOp{seq: seq(), kind: opWrite, off: hit.from, data: data})
			rest = appendSpan(rest, span{g.from, hit.from})
			rest = appendSpan(rest, span{hit.to, g.to})
		}
		ino.ghosts = rest
	}
	ino.add(fileOp{seq: seq(), kind: opWrite, off: off, data: bytes.Clone(p)})
}

// drop is what a kernel does to pages whose write-out failed: it takes them for
// clean. Data written up to mark is lost but for pages that are dirty again,
// the length stays pending.
func (ino *inode) drop(mark uint64) {
	dirty := make(map[int64]bool)
	for i := range ino.ops {
		op := &ino.ops[i]
		if op.seq <= mark || op.kind != opWrite {
			continue
		}
		for pg := op.off / pageSize; pg < pagesOf(op.off+int64(len(op.data))); pg++ {
			dirty[pg] = true
		}
	}
	var kept []fileOp
	for i, op := range ino.ops {
		if op.seq > mark || op.kind != opWrite {
			kept = append(kept, op)
			continue
		}
		end := op.off + int64(len(op.data))
		kept = append(kept, fileOp{seq: op.seq, kind: opExtend, size: end})
		visible := span{0, shortest(ino.ops[i+1:])}
		for from := op.off; from < end; {
			pg := from / pageSize
			to := min(end, (pg+1)*pageSize)
			if dirty[pg] {
				kept = append(kept, fileOp{seq: op.seq, kind: opWrite, off: from, data: op.data[from-op.off : to-op.off]})
			} else {
				ino.ghosts = appendSpan(ino.ghosts, span{from, to}.meet(visible))
			}
			from = to
		}
	}
	ino.ops = kept
}

// shortest is the smallest size that one of ops cuts a file to.
func shortest(ops []fileOp) int64 {
	least := int64(math.MaxInt64)
	for i := range ops {
		if ops[i].kind == opTruncate {
			least = min(least, ops[i].size)
		}
	}
	return least
}

// truncate adds a truncate to size bytes; ghosts behind them are gone.
func (ino *inode) truncate(size int64, seq uint64) {
	var in []span
	for _, g := range ino.ghosts {
		in = appendSpan(in, g.meet(span{0, size}))
	}
	ino.ghosts = in
	ino.add(fileOp{seq: seq, kind: opTruncate, size: size})
}

// evict replaces ghosts by what the medium and the pending operations hold.
func (ino *inode) evict() {
	for _, g := range ino.ghosts {
		p := make([]byte, g.to-g.from)
		ino.disk.read(p, g.from)
		for i := range ino.ops {
			ino.ops[i].patch(p, g.from)
		}
		ino.cache.write(p, g.from)
	}
	ino.ghosts = nil
}

// unsettled says whether the two views of the file may differ.
func (ino *inode) unsettled() bool { return len(ino.ops) > 0 || len(ino.ghosts) > 0 }

// span is a range of bytes.
type span struct{ from, to int64 }

func (s span) empty() bool { return s.from >= s.to }

func (s span) meet(t span) span { return span{max(s.from, t.from), min(s.to, t.to)} }

func appendSpan(to []span, s span) []span {
	if s.empty() {
		return to
	}
	return append(to, s)
}
