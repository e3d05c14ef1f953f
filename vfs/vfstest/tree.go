package vfstest

import (
	"errors"

	"sierradb/vfs"
)

func testRename(d disk) {
	f := d.put("a", "new")
	d.put("b", "old")
	d.ok(d.Rename("a", "b"))
	d.lists(".", "b")
	d.has(d.open("b", vfs.Read), "new")
	d.write(f, "NEW", 0) // the handle follows the file
	d.has(d.open("b", vfs.Read), "NEW")
	d.ok(d.Rename("b", "b"))
	d.has(d.open("b", vfs.Read), "NEW")
	d.ok(d.MkdirAll("d/e"))
	d.ok(d.Rename("b", "d/e/c"))
	d.lists(".", "d/")
	d.lists("d/e", "c")
	d.ok(d.Rename("d/e", "g"))
	d.lists("g", "c")
	d.lists("d")
	d.has(d.open("g/c", vfs.Read), "NEW")
}

func testRenameDirectory(d disk) {
	d.put("f", "file")
	d.ok(d.MkdirAll("d"))
	d.ok(d.MkdirAll("e/x"))
	d.wrong("rename of a file onto a directory", d.Rename("f", "d"), vfs.ErrExist)
	d.wrong("rename of a directory onto a directory", d.Rename("d", "e"), vfs.ErrExist)
	d.wrong("rename of a directory onto itself", d.Rename("d", "d"), vfs.ErrExist)
	d.wrong("rename of a missing file onto a directory", d.Rename("no", "d"), vfs.ErrNotExist)
	d.wrong("rename of a directory onto a file", d.Rename("d", "f"), nil)
	d.wrong("rename of a directory into itself", d.Rename("e", "e/x/y"), nil)
	d.wrong("rename to below a file", d.Rename("d", "f/d"), nil)
	d.lists(".", "d/", "e/", "f")
	d.lists("e", "x/")
}

func testRemove(d disk) {
	d.put("f", "abc")
	d.ok(d.MkdirAll("d"))
	d.put("d/f", "abc")
	d.wrong("remove of a directory with a file", d.Remove("d"), nil)
	d.wrong("remove below a file", d.Remove("f/x"), nil)
	d.ok(d.Remove("d/f"))
	d.ok(d.Remove("d"))
	d.ok(d.Remove("f"))
	d.lists(".")
	d.wrong("second remove", d.Remove("f"), vfs.ErrNotExist)
	d.put("f", "again")
	d.has(d.open("f", vfs.Read), "again")
}

func testRemoveOpen(d disk) {
	f := d.put("f", "abc")
	d.ok(d.Remove("f"))
	d.lists(".")
	d.write(f, "de", 3)
	d.has(f, "abcde")
	d.has(d.put("f", "other"), "other")
	d.has(f, "abcde")
	d.put("g", "third")
	d.ok(d.Rename("g", "f"))
	d.ok(f.Sync())
	d.has(f, "abcde")
}

func testDirectories(d disk) {
	d.ok(d.MkdirAll("."))
	d.ok(d.MkdirAll("a/b/c"))
	d.ok(d.MkdirAll("a/b"))
	d.lists("a", "b/")
	d.put("f", "")
	d.wrong("mkdir over a file", d.MkdirAll("f"), nil)
	d.wrong("mkdir below a file", d.MkdirAll("f/x/y"), nil)
	_, err := d.Open("a", vfs.Read)
	d.wrong("open of a directory", err, nil)
	_, err = d.Open("a", vfs.Write)
	d.wrong("open of a directory for writing", err, nil)
	_, err = d.Open("a", vfs.Write|vfs.Create)
	d.wrong("create of a directory's name", err, nil)
	_, err = d.Open("f/x", vfs.Write|vfs.Create)
	d.wrong("create below a file", err, nil)
	_, err = d.List("f")
	d.wrong("list of a file", err, nil)
	d.ok(d.SyncDir("."))
	d.ok(d.SyncDir("a/b"))
}

func testListOrder(d disk) {
	d.lists(".")
	for _, name := range []string{"b", "a-", "a.seg", "B", "10", "9", "é"} {
		d.put(name, "")
	}
	d.ok(d.MkdirAll("a"))
	d.ok(d.MkdirAll("c/d"))
	d.lists(".", "10", "9", "B", "a-", "a.seg", "a/", "b", "c/", "é")
}

func testLock(d disk) {
	l, err := d.Lock("lock", "node one, pid 17")
	d.ok(err)
	_, err = d.Lock("lock", "node two")
	var held *vfs.LockedError
	if !errors.As(err, &held) || held.Name != "lock" || held.Owner != "node one, pid 17" {
		d.Fatalf("second Lock: %v, want it held by node one", err)
	}
	other, err := d.Lock("other", "x")
	d.ok(err)
	d.ok(other.Close())
	d.ok(l.Close())
	d.wrong("second Close of a lock", l.Close(), nil)
	l, err = d.Lock("lock", "three") // shorter text, nothing left of the longer
	d.ok(err)
	_, err = d.Lock("lock", "four")
	if !errors.As(err, &held) || held.Owner != "three" {
		d.Fatalf("Lock after Close and Lock: %v, want it held by three", err)
	}
	d.ok(l.Close())
	d.ok(d.MkdirAll("d"))
	_, err = d.Lock("d", "x")
	d.wrong("lock of a directory", err, nil)
	d.lists(".", "d/", "lock", "other")
}

func testFree(d disk) {
	for _, dir := range []string{".", "d"} {
		d.ok(d.MkdirAll(dir))
		if n, err := d.Free(dir); n == 0 || err != nil {
			d.Fatalf("Free(%q) = %d, %v; want space", dir, n, err)
		}
	}
}
