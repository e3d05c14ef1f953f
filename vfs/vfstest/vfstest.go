// Package vfstest is the conformance suite of vfs: what every file system must
// do that claims to be one. An implementation proves itself with
//
//	func TestConformance(t *testing.T) {
//		vfstest.Test(t, func(t *testing.T) vfs.FS { return vfs.NewMem(vfs.MemOptions{}) })
//	}
//
// The suite sees what a living process sees. What survives a power cut cannot
// be asked of a real disk; package vfs tests it for its disk in memory.
package vfstest

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"sierradb/vfs"
)

// Test runs the suite. open returns an empty file system that lives as long
// as the test it is given.
func Test(t *testing.T, open func(t *testing.T) vfs.FS) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(disk{t, open(t)}) })
	}
}

var cases = []struct {
	name string
	run  func(d disk)
}{
	{"open flags", testOpenFlags},
	{"exclusive create", testExclusive},
	{"missing things", testMissing},
	{"names refused", testNames},
	{"read to the end", testReadEnd},
	{"write extends with zeros", testWriteExtends},
	{"write over", testWriteOver},
	{"truncate", testTruncate},
	{"preallocate", testPreallocate},
	{"bad offsets", testBadOffsets},
	{"sync and evict", testSync},
	{"closed file", testClosed},
	{"two handles", testTwoHandles},
	{"rename", testRename},
	{"rename onto directory", testRenameDirectory},
	{"remove", testRemove},
	{"remove while open", testRemoveOpen},
	{"directories", testDirectories},
	{"list order", testListOrder},
	{"lock", testLock},
	{"free", testFree},
}

// disk is a file system under test with the calls that must not fail.
type disk struct {
	*testing.T
	vfs.FS
}

func (d disk) ok(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d disk) open(name string, flag vfs.Flag) vfs.File {
	d.Helper()
	f, err := d.Open(name, flag)
	d.ok(err)
	d.Cleanup(func() { f.Close() })
	return f
}

// put makes a file with a content.
func (d disk) put(name, text string) vfs.File {
	d.Helper()
	f := d.open(name, vfs.Write|vfs.Create)
	d.ok(f.Truncate(0))
	d.write(f, text, 0)
	return f
}

func (d disk) write(f vfs.File, text string, off int64) {
	d.Helper()
	if n, err := f.WriteAt([]byte(text), off); n != len(text) || err != nil {
		d.Fatalf("WriteAt(%d bytes, %d) = %d, %v", len(text), off, n, err)
	}
}

// has demands the whole content of a file.
func (d disk) has(f vfs.File, want string) {
	d.Helper()
	size, err := f.Size()
	d.ok(err)
	p := make([]byte, size)
	if n, err := f.ReadAt(p, 0); n != len(p) || err != nil {
		d.Fatalf("ReadAt(%d bytes, 0) = %d, %v", len(p), n, err)
	}
	if string(p) != want {
		d.Fatalf("file has %q, want %q", p, want)
	}
}

// read demands what a read returns.
func (d disk) read(f vfs.File, n int, off int64, want string, wantErr error) {
	d.Helper()
	p := bytes.Repeat([]byte{'?'}, n)
	got, err := f.ReadAt(p, off)
	if string(p[:got]) != want || err != wantErr {
		d.Fatalf("ReadAt(%d bytes, %d) = %q, %v; want %q, %v", n, off, p[:got], err, want, wantErr)
	}
}

func (d disk) lists(dir string, want ...string) {
	d.Helper()
	got, err := d.List(dir)
	d.ok(err)
	if !slices.Equal(got, want) {
		d.Fatalf("List(%q) = %q, want %q", dir, got, want)
	}
}

// wrong demands an error of a class; nil stands for one of no class.
func (d disk) wrong(what string, err, class error) {
	d.Helper()
	if err == nil {
		d.Fatalf("%s: no error", what)
	}
	for _, c := range []error{vfs.ErrNotExist, vfs.ErrExist, vfs.ErrNoSpace, vfs.ErrIO} {
		if errors.Is(err, c) != (c == class) {
			d.Fatalf("%s: error %q, want class %v", what, err, class)
		}
	}
}

func testOpenFlags(d disk) {
	d.put("f", "abc")
	for _, flag := range []vfs.Flag{0, vfs.Create, vfs.Excl, vfs.Read | vfs.Create, vfs.Write | vfs.Excl, vfs.Read | vfs.Excl, 1 << 7, vfs.Read | 1<<6} {
		_, err := d.Open("f", flag)
		d.wrong("open with odd flags", err, nil)
	}
	r := d.open("f", vfs.Read)
	d.has(r, "abc")
	_, err := r.WriteAt([]byte("x"), 0)
	d.wrong("write to a file opened for reading", err, nil)
	d.wrong("truncate of a file opened for reading", r.Truncate(1), nil)
	d.wrong("preallocate of a file opened for reading", r.Preallocate(8), nil)
	w := d.open("f", vfs.Write)
	d.has(w, "abc")
	d.has(d.open("f", vfs.Write|vfs.Create), "abc")
}

func testExclusive(d disk) {
	f := d.open("f", vfs.Read|vfs.Write|vfs.Create|vfs.Excl)
	d.write(f, "first", 0)
	_, err := d.Open("f", vfs.Write|vfs.Create|vfs.Excl)
	d.wrong("second exclusive create", err, vfs.ErrExist)
	d.ok(d.MkdirAll("d"))
	_, err = d.Open("d", vfs.Write|vfs.Create|vfs.Excl)
	d.wrong("exclusive create of a directory's name", err, vfs.ErrExist)
	d.has(f, "first")
}

func testMissing(d disk) {
	_, err := d.Open("no", vfs.Read)
	d.wrong("open", err, vfs.ErrNotExist)
	_, err = d.Open("no", vfs.Read|vfs.Write)
	d.wrong("open for writing", err, vfs.ErrNotExist)
	_, err = d.Open("no/f", vfs.Write|vfs.Create)
	d.wrong("create in a missing directory", err, vfs.ErrNotExist)
	d.wrong("remove", d.Remove("no"), vfs.ErrNotExist)
	d.wrong("rename", d.Rename("no", "yes"), vfs.ErrNotExist)
	d.put("f", "")
	d.wrong("rename into a missing directory", d.Rename("f", "no/f"), vfs.ErrNotExist)
	_, err = d.List("no")
	d.wrong("list", err, vfs.ErrNotExist)
	d.wrong("sync of a directory", d.SyncDir("no"), vfs.ErrNotExist)
	_, err = d.Free("no")
	d.wrong("free", err, vfs.ErrNotExist)
	_, err = d.Lock("no/lock", "me")
	d.wrong("lock", err, vfs.ErrNotExist)
	d.lists(".", "f")
}

func testNames(d disk) {
	d.put("f", "")
	d.ok(d.MkdirAll("d"))
	for _, name := range []string{"", "/f", "../f", "d/../f", "./f", "d//f", "d/", "d/.", "..", "f\x00", "d/..", "\xff"} {
		_, err := d.Open(name, vfs.Read)
		d.wrong("open "+name, err, nil)
		_, err = d.Open(name, vfs.Write|vfs.Create)
		d.wrong("create "+name, err, nil)
		d.wrong("rename from "+name, d.Rename(name, "g"), nil)
		d.wrong("rename to "+name, d.Rename("f", name), nil)
		d.wrong("remove "+name, d.Remove(name), nil)
		d.wrong("mkdir "+name, d.MkdirAll(name), nil)
		_, err = d.List(name)
		d.wrong("list "+name, err, nil)
		d.wrong("sync of directory "+name, d.SyncDir(name), nil)
		_, err = d.Free(name)
		d.wrong("free "+name, err, nil)
		_, err = d.Lock(name, "me")
		d.wrong("lock "+name, err, nil)
	}
	_, err := d.Open(".", vfs.Read)
	d.wrong("open of the root", err, nil)
	d.wrong("remove of the root", d.Remove("."), nil)
	d.wrong("rename of the root", d.Rename(".", "g"), nil)
	d.lists(".", "d/", "f")
}

func testReadEnd(d disk) {
	f := d.put("f", "abcdef")
	d.read(f, 6, 0, "abcdef", nil)
	d.read(f, 3, 3, "def", nil)
	d.read(f, 4, 3, "def", io.EOF)
	d.read(f, 1, 6, "", io.EOF)
	d.read(f, 1, 1<<40, "", io.EOF)
	d.read(f, 0, 0, "", nil)
	d.read(f, 0, 9, "", nil)
}

func testWriteExtends(d disk) {
	f := d.put("f", "abc")
	d.write(f, "x", 6)
	d.has(f, "abc\x00\x00\x00x")
	d.write(f, "", 100)
	d.has(f, "abc\x00\x00\x00x")
	d.write(f, "far", 10_000)
	d.read(f, 5, 9_998, "\x00\x00far", nil)
	if n, err := f.Size(); n != 10_003 || err != nil {
		d.Fatalf("Size() = %d, %v; want 10003", n, err)
	}
}

func testWriteOver(d disk) {
	long := bytes.Repeat([]byte("0123456789"), 2_000)
	f := d.put("f", string(long))
	d.write(f, "abcdefgh", 4_092) // over the edge of a page
	copy(long[4_092:], "abcdefgh")
	d.has(f, string(long))
	p := []byte("mine")
	d.write(f, string(p), 0)
	if string(p) != "mine" {
		d.Fatalf("WriteAt changed the bytes it was given to %q", p)
	}
}

func testTruncate(d disk) {
	f := d.put("f", "abcdef")
	d.ok(f.Truncate(3))
	d.has(f, "abc")
	d.ok(f.Truncate(5))
	d.has(f, "abc\x00\x00")
	d.ok(f.Truncate(0))
	d.has(f, "")
	d.write(f, "z", 2)
	d.has(f, "\x00\x00z")
	d.ok(f.Truncate(10_000))
	d.ok(f.Truncate(3))
	d.ok(f.Truncate(3))
	d.has(f, "\x00\x00z")
}

func testPreallocate(d disk) {
	f := d.put("f", "abc")
	d.ok(f.Preallocate(0))
	d.ok(f.Preallocate(2))
	d.has(f, "abc")
	d.ok(f.Preallocate(6))
	d.has(f, "abc\x00\x00\x00")
	d.ok(f.Preallocate(100_000))
	if n, err := f.Size(); n != 100_000 || err != nil {
		d.Fatalf("Size() = %d, %v; want 100000", n, err)
	}
	d.read(f, 4, 99_998, "\x00\x00", io.EOF)
	d.write(f, "xyz", 50_000)
	d.ok(f.Preallocate(100_000))
	d.read(f, 5, 49_999, "\x00xyz\x00", nil)
}

func testBadOffsets(d disk) {
	f := d.put("f", "abc")
	_, err := f.ReadAt(make([]byte, 1), -1)
	d.wrong("read at -1", err, nil)
	_, err = f.WriteAt([]byte("x"), -1)
	d.wrong("write at -1", err, nil)
	_, err = f.WriteAt([]byte("xy"), 1<<63-2)
	d.wrong("write at the largest offset", err, nil)
	d.wrong("truncate to -1", f.Truncate(-1), nil)
	d.wrong("preallocate -1", f.Preallocate(-1), nil)
	d.has(f, "abc")
}

func testSync(d disk) {
	f := d.put("f", "abc")
	d.ok(f.Evict()) // dirty pages stay
	d.has(f, "abc")
	d.ok(f.Sync())
	d.ok(f.Sync())
	d.ok(f.Evict())
	d.has(f, "abc")
	d.ok(d.SyncDir("."))
	r := d.open("f", vfs.Read)
	d.ok(r.Sync())
	d.ok(r.Evict())
	d.has(r, "abc")
	d.wrong("sync of a file as a directory", d.SyncDir("f"), nil)
}

func testClosed(d disk) {
	f := d.put("f", "abc")
	d.ok(f.Close())
	_, err := f.ReadAt(make([]byte, 1), 0)
	d.wrong("read", err, nil)
	_, err = f.WriteAt([]byte("x"), 0)
	d.wrong("write", err, nil)
	_, err = f.Size()
	d.wrong("size", err, nil)
	d.wrong("truncate", f.Truncate(0), nil)
	d.wrong("preallocate", f.Preallocate(8), nil)
	d.wrong("sync", f.Sync(), nil)
	d.wrong("evict", f.Evict(), nil)
	d.wrong("close", f.Close(), nil)
	d.has(d.open("f", vfs.Read), "abc")
}

func testTwoHandles(d disk) {
	a := d.put("f", "abc")
	b := d.open("f", vfs.Write)
	d.write(b, "X", 1)
	d.has(a, "aXc")
	d.ok(a.Truncate(2))
	d.has(b, "aX")
	d.ok(a.Close())
	d.write(b, "Y", 2)
	d.has(b, "aXY")
}
