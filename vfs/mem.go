package vfs

import (
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"sync"
)

// MemOptions are the properties of a disk in memory. The zero value is an
// endless disk with sectors of 512 bytes.
type MemOptions struct {
	// Capacity is the size of the disk in bytes, counted in pages of 4096 bytes
	// that files have (holes have none); 0 is endless.
	Capacity uint64
	// Sector is what the disk writes as one: 512 (also for 0) or 4096 bytes.
	Sector int
	// SyncNames makes a sync of any file commit all names that were changed
	// before it, as file systems with one journal do. Without it only SyncDir
	// makes names durable, which is all that POSIX promises.
	SyncNames bool
}

// Mem is a disk in memory that knows which bytes and names a power cut would
// leave. It implements [FS] for the process that uses it, and for those who
// play the world around that process:
//
//   - [Mem.BeginSync] splits a sync into its begin and its end
//   - [Mem.Kill] ends the process: handles and locks die, everything written
//     stays, and what was pending stays pending
//   - [Mem.PowerCut] draws what of the pending things survives
//   - [Mem.Clone], [Mem.Names], [Mem.ReadFile], [Mem.Durable] and [Mem.FlipBit]
//     look at the disk or damage it
//
// Nothing in it depends on time, on chance or on the order of a map. A file
// with thousands of pending operations gets its older half written back, as a
// kernel does after a while; otherwise only syncs make anything durable.
// Methods may be called from several goroutines.
type Mem struct {
	mu       sync.Mutex
	opts     MemOptions
	root     *inode
	seq      uint64            // number of the last pending operation, of a file or a name
	lastID   uint64            // of inodes
	pending  []nameOp          // names, in the order they were changed
	dirty    map[uint64]*inode // files whose two views may differ
	locks    map[*inode]string // held locks and their owner texts
	used     int64             // pages that the files have
	life     uint64            // counts the processes
	powerCut uint64            // counts the power cuts
}

// fileMax bounds files in memory, so that a wrong offset cannot take all of it.
const fileMax = 1 << 34

// NewMem returns an empty disk. It panics when the sector size is unknown.
func NewMem(opts MemOptions) *Mem {
	if opts.Sector == 0 {
		opts.Sector = 512
	}
	if opts.Sector != 512 && opts.Sector != pageSize {
		panic(fmt.Sprintf("vfs: MemOptions.Sector is 512 or 4096, not %d", opts.Sector))
	}
	m := &Mem{opts: opts, dirty: make(map[uint64]*inode), locks: make(map[*inode]string)}
	m.root = m.newInode(true)
	m.root.linked = true
	return m
}

var _ FS = (*Mem)(nil)

func (m *Mem) newInode(dir bool) *inode {
	m.lastID++
	ino := &inode{id: m.lastID, dir: dir}
	if dir {
		ino.names = make(map[string]*inode)
		ino.durable = make(map[string]*inode)
	}
	return ino
}

func (m *Mem) nextSeq() uint64 {
	m.seq++
	return m.seq
}

// lookup finds what has a name in the tree that the process sees.
func (m *Mem) lookup(name string) (*inode, error) { return m.walk(name, false) }

// walk finds what has a name, in the tree that the process sees or in the one
// that is on the medium.
func (m *Mem) walk(name string, durable bool) (*inode, error) {
	at := m.root
	if name == "." {
		return at, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !at.dir {
			return nil, errNotDir
		}
		if durable {
			at = at.durable[part]
		} else {
			at = at.names[part]
		}
		if at == nil {
			return nil, ErrNotExist
		}
	}
	return at, nil
}

// parent finds the directory that a name is in, and the name's last part.
func (m *Mem) parent(name string) (*inode, string, error) {
	dir, err := m.lookup(path.Dir(name))
	if err == nil && !dir.dir {
		err = errNotDir
	}
	return dir, path.Base(name), err
}

// Open implements [FS].
func (m *Mem) Open(name string, flag Flag) (File, error) {
	if err := checkFile("open", name); err != nil {
		return nil, err
	}
	if err := checkFlag(name, flag); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	ino, err := m.openInode(name, flag)
	if err != nil {
		return nil, fail("open", name, err)
	}
	ino.open++
	return &memFile{m: m, ino: ino, name: name, writable: flag&Write != 0, life: m.life}, nil
}

func (m *Mem) openInode(name string, flag Flag) (*inode, error) {
	dir, base, err := m.parent(name)
	if err != nil {
		return nil, err
	}
	ino := dir.names[base]
	switch {
	case ino == nil && flag&Create == 0:
		return nil, ErrNotExist
	case ino == nil:
		ino = m.newInode(false)
		m.change(nameOp{ino: ino, to: entry{dir, base}})
	case flag&Excl != 0:
		return nil, ErrExist
	case ino.dir:
		return nil, errIsDir
	}
	return ino, nil
}

// Rename implements [FS].
func (m *Mem) Rename(from, to string) error {
	if err := checkFile("rename", from); err != nil {
		return err
	}
	if err := checkFile("rename to", to); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.rename(from, to); err != nil {
		return fail("rename", from+" to "+to, err)
	}
	return nil
}

func (m *Mem) rename(from, to string) error {
	fromDir, fromBase, err := m.parent(from)
	if err != nil {
		return err
	}
	toDir, toBase, err := m.parent(to)
	if err != nil {
		return err
	}
	ino, old := fromDir.names[fromBase], toDir.names[toBase]
	switch {
	case ino == nil:
		return ErrNotExist
	case old != nil && old.dir:
		return ErrExist
	case old == ino:
		return nil
	case ino.dir && old != nil:
		return errNotDir
	}
	for d := toDir; d != nil; d = d.parent {
		if d == ino {
			return errInside
		}
	}
	m.change(nameOp{ino: ino, from: entry{fromDir, fromBase}, to: entry{toDir, toBase}})
	return nil
}

// Remove implements [FS].
func (m *Mem) Remove(name string) error {
	if err := checkFile("remove", name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent(name)
	if err != nil {
		return fail("remove", name, err)
	}
	ino := dir.names[base]
	switch {
	case ino == nil:
		return fail("remove", name, ErrNotExist)
	case len(ino.names) > 0:
		return fail("remove", name, errNotEmpty)
	}
	m.change(nameOp{ino: ino, from: entry{dir, base}})
	return nil
}

// MkdirAll implements [FS].
func (m *Mem) MkdirAll(dir string) error {
	if err := checkDir("mkdir", dir); err != nil || dir == "." {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.root
	for part := range strings.SplitSeq(dir, "/") {
		next := at.names[part]
		if next == nil {
			next = m.newInode(true)
			m.change(nameOp{ino: next, to: entry{at, part}})
		}
		if !next.dir {
			return fail("mkdir", dir, errNotDir)
		}
		at = next
	}
	return nil
}

// List implements [FS].
func (m *Mem) List(dir string) ([]string, error) {
	if err := checkDir("list", dir); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at, err := m.lookup(dir)
	if err == nil && !at.dir {
		err = errNotDir
	}
	if err != nil {
		return nil, fail("list", dir, err)
	}
	names := make([]string, 0, len(at.names))
	for name, ino := range at.names { // sorted below
		if ino.dir {
			name += "/"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// SyncDir implements [FS]. A name that crossed from one directory to another
// becomes durable in both when one of them is synced, because it crosses as
// one; names that this one rests upon become durable with it.
func (m *Mem) SyncDir(dir string) error { return m.BeginSync(nil, []string{dir}).Complete() }

// Free implements [FS].
func (m *Mem) Free(dir string) (uint64, error) {
	if err := checkDir("free space", dir); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.lookup(dir); err != nil {
		return 0, fail("free space", dir, err)
	}
	if m.opts.Capacity == 0 {
		return math.MaxInt64, nil
	}
	return uint64(m.freePages()) * pageSize, nil
}

// SetCapacity changes the size of the disk; see MemOptions. It may be less
// than what is used, which then only keeps files from growing.
func (m *Mem) SetCapacity(bytes uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opts.Capacity = bytes
}

// Used returns the bytes of space that files have. A removed file has its
// space until its last handle is closed.
func (m *Mem) Used() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return uint64(m.used) * pageSize
}

func (m *Mem) freePages() int64 {
	if m.opts.Capacity == 0 {
		return math.MaxInt64
	}
	return max(0, int64(min(m.opts.Capacity/pageSize, math.MaxInt64))-m.used)
}

// grown accounts for a change of a file that had before pages.
func (m *Mem) grown(ino *inode, before int64) {
	m.used += ino.cache.blocks - before
	m.note(ino)
}

// note puts a file among the dirty ones while its two views may differ.
func (m *Mem) note(ino *inode) {
	if ino.unsettled() {
		m.dirty[ino.id] = ino
	} else {
		delete(m.dirty, ino.id)
	}
}

// Lock implements [FS].
func (m *Mem) Lock(name, owner string) (io.Closer, error) {
	if err := checkFile("lock", name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	ino, err := m.openInode(name, Write|Create)
	if err != nil {
		return nil, fail("lock", name, err)
	}
	if _, held := m.locks[ino]; held {
		text := make([]byte, min(ino.cache.size, ownerMax))
		ino.cache.read(text, 0)
		return nil, &LockedError{Name: name, Owner: string(text)}
	}
	before := ino.cache.blocks
	if ino.cache.fits(0, int64(len(owner)), m.freePages()) < int64(len(owner)) {
		return nil, fail("lock", name, ErrNoSpace)
	}
	ino.truncate(0, m.nextSeq())
	ino.write([]byte(owner), 0, m.nextSeq)
	m.grown(ino, before)
	m.locks[ino] = owner
	ino.open++
	return &memLock{f: memFile{m: m, ino: ino, name: name, life: m.life}}, nil
}

// memLock is a held lock.
type memLock struct{ f memFile }

func (l *memLock) Close() error {
	l.f.m.mu.Lock()
	defer l.f.m.mu.Unlock()
	if !l.f.closed && l.f.life == l.f.m.life {
		delete(l.f.m.locks, l.f.ino)
	}
	return l.f.close("unlock")
}
