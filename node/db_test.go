package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"sierradb/core"
	"sierradb/core/event"
	"sierradb/vfs"
)

// TestOpen_Refused wants one clear line for everything that commonly keeps a
// directory from being opened, and the cause to be found by programs.
func TestOpen_Refused(t *testing.T) {
	t.Chdir(t.TempDir())
	db, err := Open("d", Options{Buckets: 2, Partitions: 8, SegmentSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	f := func(dir string, o Options, want string, is error) {
		t.Helper()
		got, err := Open(dir, o)
		if err == nil {
			got.Close()
			t.Fatalf("%s was opened, want %q", dir, want)
		}
		if err.Error() != want || !errors.Is(err, is) {
			t.Errorf("open %s: %q (%#v)\nwant %q", dir, err, err, want)
		}
	}
	var locked *vfs.LockedError
	_, err = Open("d", Options{Buckets: 2, Partitions: 8})
	want := fmt.Sprintf("directory d is locked by process %d: one process serves it at a time", os.Getpid())
	if !errors.As(err, &locked) || err.Error() != want {
		t.Errorf("open a locked directory: %v, want %s", err, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var fixed *core.FixedError
	f("d", Options{Buckets: 4, Partitions: 8}, "bucket.count is 4, but this data directory was made with 2, which can't be changed; start with bucket.count = 2", event.ErrInvalid)
	if _, err := Open("d", Options{Buckets: 2}); !errors.As(err, &fixed) || fixed.Setting != "partition.count" || fixed.Asked != 32 || fixed.Made != 8 {
		t.Errorf("open with another partition.count: %v", err)
	}
	if err := os.WriteFile("afile", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f("afile", Options{}, "afile is not a directory", syscall.ENOTDIR)
	f(filepath.Join("afile", "sub", "d"), Options{}, "afile is not a directory", syscall.ENOTDIR)
	if err := os.Remove(filepath.Join("d", "store.state")); err != nil {
		t.Fatal(err)
	}
	f("d", Options{}, "open directory d: store.state: damaged at offset 0: the file is missing, but there are buckets", event.ErrDamaged)
}

// TestOpenError shows what an ordinary test can't bring about on a real disk.
func TestOpenError(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		got := openError("data", err)
		if got.Error() != want || !errors.Is(got, err) {
			t.Errorf("%v: %q\nwant %q", err, got, want)
		}
	}
	f(fmt.Errorf("lock LOCK: %w", syscall.EROFS), "directory data can't be written: read-only file system")
	f(fmt.Errorf("make store.state: %w", errors.Join(vfs.ErrNoSpace, syscall.ENOSPC)), "directory data can't be written: no space left on device")
	f(fmt.Errorf("reserve: %w", vfs.ErrNoSpace), "directory data can't be written: no space left on device")
	f(fmt.Errorf("lock LOCK: %w", syscall.EACCES), "directory data can't be written: permission denied (lock LOCK)")
	f(fmt.Errorf("open root data: %w", syscall.EACCES), "directory data can't be written: permission denied")
	f(fmt.Errorf("read store.state: %w", vfs.ErrIO), "open directory data: read store.state: input/output error")
}

// TestOpen_SegmentSizeLeftOut: the size that a directory was made with needs
// not be given again.
func TestOpen_SegmentSizeLeftOut(t *testing.T) {
	dir := t.TempDir()
	for _, given := range []int64{64 << 10, 0} {
		db, err := Open(dir, Options{SegmentSize: given})
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Append(context.Background(), event.Transaction{Events: []event.New{{Stream: "s", Name: "Happened"}}})
		if r := db.Report(); err != nil || r.SegmentSize != 64<<10 || len(r.Warnings) != 0 {
			t.Errorf("given %d: segment size %d, warnings %q, %v", given, r.SegmentSize, r.Warnings, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
