package vfs

import (
	"fmt"
	"io"
	"sync"
)

// OpKind is the kind of a file operation.
type OpKind uint8

// The operations, named after the methods of FS and File.
const (
	OpOpen OpKind = iota
	OpRename
	OpRemove
	OpMkdir
	OpList
	OpSyncDir
	OpLock
	OpUnlock
	OpFree
	OpRead
	OpWrite
	OpTruncate
	OpPreallocate
	OpSize
	OpSync
	OpEvict
	OpClose
)

var opKinds = [...]string{
	"open", "rename", "remove", "mkdir", "list", "syncdir", "lock", "unlock", "free",
	"read", "write", "truncate", "preallocate", "size", "sync", "evict", "close",
}

func (k OpKind) String() string {
	if int(k) < len(opKinds) {
		return opKinds[k]
	}
	return fmt.Sprintf("opkind(%d)", uint8(k))
}

// Op is one operation, as an [Injector] sees it.
type Op struct {
	Kind   OpKind
	Name   string // of the file or directory; a rename's old name
	To     string // a rename's new name
	Offset int64  // of a read or write; the size of a truncate or preallocate
	Size   int    // bytes that a read or write asks for
}

func (o Op) String() string {
	switch o.Kind {
	case OpRename:
		return fmt.Sprintf("rename %s to %s", o.Name, o.To)
	case OpRead, OpWrite:
		return fmt.Sprintf("%v %s [%d,+%d)", o.Kind, o.Name, o.Offset, o.Size)
	case OpTruncate, OpPreallocate:
		return fmt.Sprintf("%v %s to %d", o.Kind, o.Name, o.Offset)
	}
	return fmt.Sprintf("%v %s", o.Kind, o.Name)
}

// Injector decides how operations go wrong. The file system that [Inject]
// returns calls Before and After in pairs around each operation, whatever its
// outcome; never two calls at once, but operations of several goroutines may
// overlap. Either may panic: that is how a simulator crashes a node at an
// operation, before it is done or when it is.
type Injector interface {
	Before(op Op) Verdict
	After(op Op)
}

// Verdict says how an operation goes. The zero Verdict lets it pass. There is
// no delay in it: what takes long in the simulator is a barrier, and whoever
// calls [Mem.BeginSync] decides when that ends.
type Verdict struct {
	// Err fails the operation, wrapped with operation and name. Nothing is done
	// but what Short says. A Close or unlock that fails has closed all the same.
	Err error
	// Short is how many bytes of a read or write are done before Err or Crash.
	Short int
	// Drop makes a failed Sync of a file of [Mem] take the pages for clean, like
	// [Pending.Fail]. Elsewhere it does nothing.
	Drop bool
	// Flip turns bits over: in the bytes that a read returns, or in those that a
	// write gives to the disk.
	Flip []Bit
	// Shift moves a read to so many bytes behind the place that was asked for:
	// the device answers with another sector. What lies outside of the file
	// reads as zeros.
	Shift int64
	// Crash panics with the value Panic in the middle of the operation: after
	// Short bytes of a read or write, before anything else. After is called
	// first.
	Crash bool
	Panic any
}

// Bit names a bit in the bytes of one read or write.
type Bit struct {
	Byte int   // counted from the first byte of the operation; outside of it nothing happens
	Bit  uint8 // 0 to 7
}

func flip(p []byte, bits []Bit) {
	for _, b := range bits {
		if b.Byte >= 0 && b.Byte < len(p) {
			p[b.Byte] ^= 1 << (b.Bit & 7)
		}
	}
}

// Inject returns fs with the faults that in decides on. Handles that it returns
// have a method Unwrap() File, so that [Mem.BeginSync] finds the file.
func Inject(fs FS, in Injector) FS { return &faultFS{fs: fs, in: in} }

type faultFS struct {
	fs FS
	mu sync.Mutex // around the calls of in
	in Injector
}

func (f *faultFS) before(op Op) Verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.in.Before(op)
}

func (f *faultFS) after(op Op) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.in.After(op)
}

// do runs an operation that is done whole or not at all.
func (f *faultFS) do(op Op, run func() error) error {
	v := f.before(op)
	var err error
	switch {
	case v.Crash:
		f.after(op)
		panic(v.Panic)
	case v.Err != nil:
		err = fail(op.Kind.String(), op.Name, v.Err)
	default:
		err = run()
	}
	f.after(op)
	return err
}

func (f *faultFS) Open(name string, flag Flag) (file File, err error) {
	err = f.do(Op{Kind: OpOpen, Name: name}, func() error {
		file, err = f.fs.Open(name, flag)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultFile{fs: f, file: file, name: name}, nil
}

func (f *faultFS) Rename(from, to string) error {
	return f.do(Op{Kind: OpRename, Name: from, To: to}, func() error { return f.fs.Rename(from, to) })
}

func (f *faultFS) Remove(name string) error {
	return f.do(Op{Kind: OpRemove, Name: name}, func() error { return f.fs.Remove(name) })
}

func (f *faultFS) MkdirAll(dir string) error {
	return f.do(Op{Kind: OpMkdir, Name: dir}, func() error { return f.fs.MkdirAll(dir) })
}

func (f *faultFS) List(dir string) (names []string, err error) {
	err = f.do(Op{Kind: OpList, Name: dir}, func() error {
		names, err = f.fs.List(dir)
		return err
	})
	return names, err
}

func (f *faultFS) SyncDir(dir string) error {
	return f.do(Op{Kind: OpSyncDir, Name: dir}, func() error { return f.fs.SyncDir(dir) })
}

func (f *faultFS) Lock(name, owner string) (lock io.Closer, err error) {
	err = f.do(Op{Kind: OpLock, Name: name}, func() error {
		lock, err = f.fs.Lock(name, owner)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultLock{fs: f, lock: lock, name: name}, nil
}

func (f *faultFS) Free(dir string) (n uint64, err error) {
	err = f.do(Op{Kind: OpFree, Name: dir}, func() error {
		n, err = f.fs.Free(dir)
		return err
	})
	return n, err
}

type faultLock struct {
	fs   *faultFS
	lock io.Closer
	name string
}

func (l *faultLock) Close() error {
	return l.fs.closing(Op{Kind: OpUnlock, Name: l.name}, l.lock)
}

// closing closes c even if that is to fail: a handle does not survive Close.
func (f *faultFS) closing(op Op, c io.Closer) error {
	closed := false
	err := f.do(op, func() error {
		closed = true
		return c.Close()
	})
	if !closed {
		c.Close() // the error to report is the injected one
	}
	return err
}
