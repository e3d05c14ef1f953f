package vfs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sierradb/vfs"
)

// inject wraps the disk and opens the file f, which holds "abcdef".
func (b box) inject(in vfs.Injector) (vfs.FS, vfs.File) {
	b.Helper()
	f := b.create("f")
	b.write(f, "abcdef", 0)
	b.ok(f.Sync())
	b.ok(b.SyncDir("."))
	b.ok(f.Close())
	fs := vfs.Inject(b.Mem, in)
	f, err := fs.Open("f", vfs.Write)
	b.ok(err)
	return fs, f
}

func (b box) wrong(err, class error, text string) {
	b.Helper()
	if !errors.Is(err, class) || err.Error() != text {
		b.Fatalf("error %v, want %q", err, text)
	}
}

func TestInject_FailNth(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	fs, f := b.inject(vfs.All(
		vfs.FailNth(vfs.OpWrite, "f", 2, vfs.ErrNoSpace),
		vfs.FailNth(vfs.OpRename, "*.idx", 1, vfs.ErrIO),
	))
	b.write(f, "1", 0)
	n, err := f.WriteAt([]byte("2"), 1)
	b.wrong(err, vfs.ErrNoSpace, "write f: no space left on device")
	if n != 0 {
		t.Fatalf("%d bytes written by a write that failed", n)
	}
	b.write(f, "3", 2)
	b.has("f", "1*1 b*1 3*1 d*1 e*1 f*1")
	b.wrong(fs.Rename("f", "f.idx"), vfs.ErrIO, "rename f: input/output error")
	b.ok(fs.Rename("f", "f.idx"))
	b.names("f.idx")
}

// TestInject_EveryOperation fails each kind and demands that nothing was done.
func TestInject_EveryOperation(t *testing.T) {
	lock := func(fs vfs.FS) error {
		_, err := fs.Lock("lock", "x")
		return err
	}
	open := func(fs vfs.FS) error {
		_, err := fs.Open("new", vfs.Write|vfs.Create)
		return err
	}
	list := func(fs vfs.FS) error {
		_, err := fs.List(".")
		return err
	}
	free := func(fs vfs.FS) error {
		_, err := fs.Free(".")
		return err
	}
	size := func(f vfs.File) error {
		_, err := f.Size()
		return err
	}
	for kind, call := range map[vfs.OpKind]func(vfs.FS, vfs.File) error{
		vfs.OpOpen:        func(fs vfs.FS, _ vfs.File) error { return open(fs) },
		vfs.OpRename:      func(fs vfs.FS, _ vfs.File) error { return fs.Rename("f", "g") },
		vfs.OpRemove:      func(fs vfs.FS, _ vfs.File) error { return fs.Remove("f") },
		vfs.OpMkdir:       func(fs vfs.FS, _ vfs.File) error { return fs.MkdirAll("d") },
		vfs.OpList:        func(fs vfs.FS, _ vfs.File) error { return list(fs) },
		vfs.OpSyncDir:     func(fs vfs.FS, _ vfs.File) error { return fs.SyncDir(".") },
		vfs.OpLock:        func(fs vfs.FS, _ vfs.File) error { return lock(fs) },
		vfs.OpFree:        func(fs vfs.FS, _ vfs.File) error { return free(fs) },
		vfs.OpTruncate:    func(_ vfs.FS, f vfs.File) error { return f.Truncate(1) },
		vfs.OpPreallocate: func(_ vfs.FS, f vfs.File) error { return f.Preallocate(100) },
		vfs.OpSize:        func(_ vfs.FS, f vfs.File) error { return size(f) },
		vfs.OpSync:        func(_ vfs.FS, f vfs.File) error { return f.Sync() },
		vfs.OpEvict:       func(_ vfs.FS, f vfs.File) error { return f.Evict() },
		vfs.OpClose:       func(_ vfs.FS, f vfs.File) error { return f.Close() },
	} {
		t.Run(kind.String(), func(t *testing.T) {
			b := newBox(t, vfs.MemOptions{})
			in := vfs.On(kind).From(2, vfs.Verdict{Err: vfs.ErrIO})
			if kind != vfs.OpOpen {
				in = vfs.On(kind).From(1, vfs.Verdict{Err: vfs.ErrIO})
			}
			fs, f := b.inject(in)
			err := call(fs, f)
			if !errors.Is(err, vfs.ErrIO) || !strings.HasPrefix(err.Error(), kind.String()+" ") {
				t.Fatalf("%v gave %v", kind, err)
			}
			b.names("f")
			b.has("f", "a*1 b*1 c*1 d*1 e*1 f*1")
			if n := b.Unsynced(); n != 0 {
				t.Fatalf("%d operations are pending", n)
			}
		})
	}
}

func TestInject_CloseAndUnlockEndAllTheSame(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	fs, f := b.inject(vfs.On(vfs.OpClose, vfs.OpUnlock).From(1, vfs.Verdict{Err: vfs.ErrIO}))
	b.wrong(f.Close(), vfs.ErrIO, "close f: input/output error")
	if _, err := f.ReadAt(make([]byte, 1), 0); err == nil {
		t.Fatal("a file could be read after Close")
	}
	l, err := fs.Lock("lock", "x")
	b.ok(err)
	b.wrong(l.Close(), vfs.ErrIO, "unlock lock: input/output error")
	_, err = fs.Lock("lock", "y")
	b.ok(err)
}

// TestInject_Shift: a read answers with what stands elsewhere, zeros outside of
// the file, and is as long as the right one.
func TestInject_Shift(t *testing.T) {
	for _, c := range []struct {
		off, shift int64
		want       string
	}{{2, 3, "56"}, {2, -1, "12"}, {2, -3, "\x000"}, {2, 7, "9\x00"}, {2, 100, "\x00\x00"}} {
		fs := vfs.Inject(vfs.NewMem(vfs.MemOptions{}), vfs.On(vfs.OpRead).Nth(1, vfs.Verdict{Shift: c.shift}))
		f, err := fs.Open("a", vfs.Write|vfs.Create)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("0123456789"), 0); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 2)
		if n, err := f.ReadAt(p, c.off); n != 2 || err != nil || string(p) != c.want {
			t.Errorf("a read at %d shifted by %d gives %q, %d bytes, %v, expected %q", c.off, c.shift, p, n, err, c.want)
		}
		if n, err := f.ReadAt(p, c.off); n != 2 || err != nil || string(p) != "23" {
			t.Errorf("the read after it gives %q, %d bytes, %v", p, n, err)
		}
	}
}

func TestInject_ShortAndFlip(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	_, f := b.inject(vfs.All(
		vfs.On(vfs.OpWrite).Nth(1, vfs.Verdict{Err: vfs.ErrNoSpace, Short: 2}),
		vfs.On(vfs.OpWrite).Nth(2, vfs.Verdict{Flip: []vfs.Bit{{Byte: 1, Bit: 5}, {Byte: 9}}}),
		vfs.On(vfs.OpWrite).Nth(3, vfs.Verdict{Err: vfs.ErrIO, Short: 99}),
		vfs.On(vfs.OpRead).Nth(1, vfs.Verdict{Err: vfs.ErrIO, Short: 3}),
		vfs.On(vfs.OpRead).Nth(2, vfs.Verdict{Flip: []vfs.Bit{{Byte: 0, Bit: 5}}}),
	))
	n, err := f.WriteAt([]byte("1234"), 0)
	if n != 2 || !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("short write = %d, %v", n, err)
	}
	p := []byte("xyz")
	n, err = f.WriteAt(p, 3)
	if n != 3 || err != nil || string(p) != "xyz" {
		t.Fatalf("write with a flipped bit = %d, %v; the caller has %q", n, err, p)
	}
	b.has("f", "1*1 2*1 c*1 x*1 Y*1 z*1")
	n, err = f.WriteAt([]byte("!"), 6)
	if n != 1 || !errors.Is(err, vfs.ErrIO) {
		t.Fatalf("write that is done and fails = %d, %v", n, err)
	}
	p = []byte("??????")
	n, err = f.ReadAt(p, 0)
	if n != 3 || !errors.Is(err, vfs.ErrIO) || string(p) != "12c???" {
		t.Fatalf("short read = %d, %v, %q", n, err, p)
	}
	n, err = f.ReadAt(p, 2)
	if n != 5 || string(p[:n]) != "CxYz!" {
		t.Fatalf("read with a flipped bit = %d, %v, %q", n, err, p)
	}
	b.has("f", "1*1 2*1 c*1 x*1 Y*1 z*1 !*1")
}

func TestInject_SyncDrops(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	_, f := b.inject(vfs.On(vfs.OpSync).Nth(1, vfs.Verdict{Err: vfs.ErrIO, Drop: true}))
	b.write(f, "12", 0)
	b.wrong(f.Sync(), vfs.ErrIO, "sync f: input/output error")
	b.ok(f.Sync())
	b.has("f", "1*1 2*1 c*1 d*1 e*1 f*1")
	b.ok(f.Evict())
	b.has("f", "a*1 b*1 c*1 d*1 e*1 f*1")
}

// TestInject_Crash stops before, in and after a write, a rename and a sync.
func TestInject_Crash(t *testing.T) {
	crash := func(when vfs.Moment, kind vfs.OpKind, run func(fs vfs.FS, f vfs.File), want string) {
		t.Helper()
		b := newBox(t, vfs.MemOptions{})
		counter := new(vfs.Counter)
		fs, f := b.inject(vfs.All(vfs.On(kind).Crash(2, when, "the crash"), counter))
		before := counter.Kinds[kind]
		panics(t, "the crash", func() {
			run(fs, f)
			run(fs, f)
			t.Errorf("%v %v: no crash at the second operation", when, kind)
		})
		if done := counter.Kinds[kind] - before; when != vfs.BeforeOp && done != 2 {
			t.Errorf("%v %v: %d such operations were seen, want 2", when, kind, done)
		}
		got := fmt.Sprint(b.Names(), " ")
		for _, name := range b.Names() {
			p, _ := b.Durable(name)
			q, _ := b.ReadFile(name)
			got += string(p) + " " + string(q)
		}
		if got != want {
			t.Errorf("%v %v: the disk has %q, want %q", when, kind, got, want)
		}
	}
	write := func(_ vfs.FS, f vfs.File) {
		size, _ := f.Size()
		f.WriteAt([]byte("1234"), size)
	}
	crash(vfs.BeforeOp, vfs.OpWrite, write, "[f] abcdef abcdef1234")
	crash(vfs.MidOp, vfs.OpWrite, write, "[f] abcdef abcdef123412")
	crash(vfs.AfterOp, vfs.OpWrite, write, "[f] abcdef abcdef12341234")
	sync := func(_ vfs.FS, f vfs.File) {
		f.WriteAt([]byte("x"), 0)
		f.Sync()
		f.WriteAt([]byte("y"), 1)
	}
	crash(vfs.BeforeOp, vfs.OpSync, sync, "[f] xbcdef xycdef")
	crash(vfs.MidOp, vfs.OpSync, sync, "[f] xbcdef xycdef")
	crash(vfs.AfterOp, vfs.OpSync, sync, "[f] xycdef xycdef")
	rename := func(fs vfs.FS, _ vfs.File) {
		if fs.Rename("f", "g") != nil {
			fs.Rename("g", "h")
		}
	}
	crash(vfs.BeforeOp, vfs.OpRename, rename, "[g]  abcdef")
	crash(vfs.AfterOp, vfs.OpRename, rename, "[g]  abcdef")
}

func TestInject_Strings(t *testing.T) {
	want := func(v any, text string) {
		t.Helper()
		if got := fmt.Sprint(v); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	want(vfs.Op{Kind: vfs.OpWrite, Name: "d/f", Offset: 512, Size: 7}, "write d/f [512,+7)")
	want(vfs.Op{Kind: vfs.OpRename, Name: "a", To: "b"}, "rename a to b")
	want(vfs.Op{Kind: vfs.OpTruncate, Name: "a", Offset: 9}, "truncate a to 9")
	want(vfs.Op{Kind: vfs.OpSyncDir, Name: "."}, "syncdir .")
	want(vfs.OpKind(99), "opkind(99)")
	want(vfs.FailNth(vfs.OpSync, "*.seg", 3, vfs.ErrIO), "sync of *.seg number 3: input/output error")
	want(vfs.On().From(2, vfs.Verdict{Err: vfs.ErrIO, Short: 4, Drop: true}), "from any operation number 2 on: input/output error after 4 bytes dropping the pages")
	want(vfs.On(vfs.OpRead, vfs.OpWrite).Nth(1, vfs.Verdict{Flip: []vfs.Bit{{Byte: 3, Bit: 1}}}), "read|write number 1: flip [{3 1}]")
	want(vfs.On(vfs.OpWrite).Crash(5, vfs.MidOp, "x"), "crash in the middle of write number 5")
	want(vfs.All(vfs.On().Nth(1, vfs.Verdict{}), new(vfs.Counter)), "any operation number 1: pass; 0 operations")
	c := new(vfs.Counter)
	c.Before(vfs.Op{Kind: vfs.OpSync})
	c.Before(vfs.Op{Kind: vfs.OpRead})
	want(c, "2 operations, 1 read, 1 sync")
	panics(t, "pattern", func() { vfs.On().In("[") })
}
