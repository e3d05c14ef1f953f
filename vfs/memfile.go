package vfs

import (
	"fmt"
	"io"
)

// memFile is a handle of a file in memory. It belongs to one life of the
// process: using it after [Mem.Kill] is a bug of whoever runs the processes
// and panics.
type memFile struct {
	m        *Mem
	ino      *inode
	name     string
	writable bool
	closed   bool
	life     uint64
}

// check is called with the lock held before every operation.
func (f *memFile) check(op string) error {
	if f.life != f.m.life {
		panic(fmt.Sprintf("vfs: %s of %s by a process that was killed", op, f.name))
	}
	if f.closed {
		return fail(op, f.name, errClosed)
	}
	return nil
}

// checkChange is check for what changes the file up to the byte at end.
func (f *memFile) checkChange(op string, end int64) error {
	if err := f.check(op); err != nil {
		return err
	}
	switch {
	case end < 0:
		return fail(op, f.name, errNegative)
	case !f.writable:
		return fail(op, f.name, errReadOnly)
	case end > fileMax:
		return fail(op, f.name, errTooLarge)
	}
	return nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	if err := f.check("read"); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, fail("read", f.name, errNegative)
	}
	n := max(0, min(int64(len(p)), f.ino.cache.size-off))
	f.ino.cache.read(p[:n], off)
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	end := off
	if off >= 0 && off <= fileMax {
		end += int64(len(p))
	}
	if err := f.checkChange("write", end); err != nil {
		return 0, err
	}
	n := f.ino.cache.fits(off, int64(len(p)), f.m.freePages())
	if n > 0 {
		before := f.ino.cache.blocks
		f.ino.write(p[:n], off, f.m.nextSeq)
		f.m.grown(f.ino, before)
	}
	if n < int64(len(p)) {
		return int(n), fail("write", f.name, ErrNoSpace)
	}
	return int(n), nil
}

func (f *memFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.checkChange("truncate", size); err != nil {
		return err
	}
	before := f.ino.cache.blocks
	f.ino.truncate(size, f.m.nextSeq())
	f.m.grown(f.ino, before)
	return nil
}

func (f *memFile) Preallocate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.checkChange("preallocate", size); err != nil {
		return err
	}
	free := f.m.freePages()
	need := f.ino.cache.holes(0, size, free)
	if need > free {
		return fail("preallocate", f.name, ErrNoSpace)
	}
	if need == 0 && size <= f.ino.cache.size {
		return nil // nothing changes, nothing is pending
	}
	before := f.ino.cache.blocks
	f.ino.add(fileOp{seq: f.m.nextSeq(), kind: opReserve, size: size})
	f.m.grown(f.ino, before)
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check("size"); err != nil {
		return 0, err
	}
	return f.ino.cache.size, nil
}

func (f *memFile) Sync() error { return f.m.BeginSync([]File{f}, nil).Complete() }

// failSync lets a sync of this file fail, like [Pending.Fail].
func (f *memFile) failSync(drop bool) error { return f.m.BeginSync([]File{f}, nil).Fail(drop) }

func (f *memFile) Evict() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check("evict"); err != nil {
		return err
	}
	before := f.ino.cache.blocks
	f.ino.evict()
	f.m.grown(f.ino, before)
	return nil
}

// Close ends the use of the handle. After [Mem.Kill] it does nothing: the
// death of the process has closed it.
func (f *memFile) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.close("close")
}

func (f *memFile) close(op string) error {
	if f.closed {
		return fail(op, f.name, errClosed)
	}
	f.closed = true
	if f.life == f.m.life {
		f.ino.open--
		f.m.release(f.ino)
	}
	return nil
}

// release gives back the space of a file that has neither name nor handle.
func (m *Mem) release(ino *inode) {
	if !ino.linked && ino.open == 0 {
		m.used -= ino.cache.blocks
	}
}
