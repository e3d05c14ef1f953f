package vfs

import (
	"fmt"
	"slices"
)

// Clone returns a copy of the disk with all that is pending, as if its process
// had just been killed: no handle and no lock belongs to it. The copy and the
// original do not affect each other.
func (m *Mem) Clone() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := cloner{}
	n := &Mem{
		opts: m.opts, root: c.inode(m.root), seq: m.seq, lastID: m.lastID,
		dirty: make(map[uint64]*inode), locks: make(map[*inode]string),
	}
	for i := range m.pending {
		op := m.pending[i]
		op.ino, op.replaced = c.inode(op.ino), c.inode(op.replaced)
		op.from.dir, op.to.dir = c.inode(op.from.dir), c.inode(op.to.dir)
		op.above = nil
		for _, dir := range m.pending[i].above {
			op.above = append(op.above, c.inode(dir))
		}
		n.pending = append(n.pending, op)
	}
	for id, ino := range m.dirty { //det:ok each entry by itself
		n.dirty[id] = c.inode(ino)
	}
	n.used = n.root.count()
	return n
}

// cloner maps inodes to their copies.
type cloner map[*inode]*inode

func (c cloner) inode(ino *inode) *inode {
	if ino == nil {
		return nil
	}
	if n := c[ino]; n != nil {
		return n
	}
	n := &inode{
		id: ino.id, dir: ino.dir, linked: ino.linked,
		cache: ino.cache.clone(), disk: ino.disk.clone(),
		ops: slices.Clone(ino.ops), ghosts: slices.Clone(ino.ghosts),
	}
	c[ino] = n
	n.parent = c.inode(ino.parent)
	n.names, n.durable = c.names(ino.names), c.names(ino.durable)
	return n
}

func (c cloner) names(names map[string]*inode) map[string]*inode {
	if names == nil {
		return nil
	}
	out := make(map[string]*inode, len(names))
	for name, ino := range names { //det:ok each entry by itself
		out[name] = c.inode(ino)
	}
	return out
}

// Names returns the names of all files, with their directories, in ascending
// order, as the process sees them.
func (m *Mem) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := m.root.below("", nil)
	slices.Sort(names)
	return names
}

func (ino *inode) below(prefix string, to []string) []string {
	for name, in := range ino.names { // sorted by Names
		if in.dir {
			to = in.below(prefix+name+"/", to)
		} else {
			to = append(to, prefix+name)
		}
	}
	return to
}

// ReadFile returns what the process would read in a file.
func (m *Mem) ReadFile(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ino, err := m.find("read", name, false)
	if err != nil {
		return nil, err
	}
	p := make([]byte, ino.cache.size)
	ino.cache.read(p, 0)
	return p, nil
}

// Durable returns what is on the medium under a name that is on the medium:
// the file after a power cut that loses everything pending.
func (m *Mem) Durable(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ino, err := m.find("read", name, true)
	if err != nil {
		return nil, err
	}
	p := make([]byte, ino.disk.size)
	ino.disk.read(p, 0)
	return p, nil
}

// Corrupt puts p at off of a file at rest, on the medium and in the cache, as a
// latent fault of the device does: nothing is pending for it and the file does
// not grow. The bytes must be inside the file.
func (m *Mem) Corrupt(name string, off int64, p []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	ino, err := m.find("corrupt", name, false)
	if err != nil {
		return err
	}
	if off < 0 || off > ino.cache.size-int64(len(p)) {
		return fail("corrupt", name, fmt.Errorf("bytes %d to %d are expected inside the file of %d bytes", off, off+int64(len(p)), ino.cache.size))
	}
	before := ino.cache.blocks
	ino.cache.write(p, off)
	if n := min(int64(len(p)), ino.disk.size-off); n > 0 {
		ino.disk.write(p[:n], off)
	}
	m.grown(ino, before)
	return nil
}

// FlipBit is Corrupt for one bit, 0 to 7, of the byte at off.
func (m *Mem) FlipBit(name string, off int64, bit uint8) error {
	p, err := m.ReadFile(name)
	if err != nil {
		return err
	}
	if off < 0 || off >= int64(len(p)) || bit > 7 {
		return fail("flip bit", name, fmt.Errorf("offset %d bit %d is not inside the file of %d bytes", off, bit, len(p)))
	}
	return m.Corrupt(name, off, []byte{p[off] ^ 1<<bit})
}

// find looks a file up in the tree that the process sees, or in the one that is
// on the medium.
func (m *Mem) find(op, name string, durable bool) (*inode, error) {
	if err := checkFile(op, name); err != nil {
		return nil, err
	}
	ino, err := m.walk(name, durable)
	if err == nil && ino.dir {
		err = errIsDir
	}
	if err != nil {
		return nil, fail(op, name, err)
	}
	return ino, nil
}
