package vfs_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"sierradb/vfs"
)

// lockerRoot names the environment variable that turns this test binary into
// another process that takes a lock.
const lockerRoot = "VFS_TEST_LOCKER_ROOT"

func TestMain(m *testing.M) {
	if root := os.Getenv(lockerRoot); root != "" {
		locker(root)
	}
	os.Exit(m.Run())
}

// locker takes the lock, says so, and waits for its end.
func locker(root string) {
	fs, err := vfs.OpenOS(root)
	if err == nil {
		_, err = fs.Lock("lock", "the other process")
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("locked")
	os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

// TestOS_LockAndOtherProcess: another process keeps us out, and its death by
// SIGKILL lets us in.
func TestOS_LockAndOtherProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("os_other.go does not promise to exclude other processes")
	}
	root := t.TempDir()
	fs, err := vfs.OpenOS(root)
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), lockerRoot+"="+root)
	if _, err = other.StdinPipe(); err != nil { // never closed by us: it waits
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	_, lockErr := fs.Lock("lock", "this process")
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	other.Wait() // the error is that it was killed
	var held *vfs.LockedError
	if line != "locked\n" || !errors.As(lockErr, &held) || held.Error() != "lock is locked by the other process" {
		t.Fatalf("the other process said %q, Lock said %v", line, lockErr)
	}
	l, err := fs.Lock("lock", "this process")
	if err != nil {
		t.Fatalf("Lock after the holder died: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOS_Modes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	root := filepath.Join(t.TempDir(), "new", "root")
	fs, err := vfs.OpenOS(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := fs.MkdirAll("d"); err != nil {
		t.Fatal(err)
	}
	f, err := fs.Open("d/f", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string]os.FileMode{"": 0o700, "d": 0o700, "d/f": 0o600} {
		st, err := os.Stat(filepath.Join(root, name))
		if err != nil || st.Mode().Perm() != want {
			t.Errorf("%q has mode %v (%v), want %v", name, st.Mode(), err, want)
		}
	}
}

func TestOS_Errors(t *testing.T) {
	if _, err := vfs.OpenOS(""); err == nil {
		t.Error("an empty root was opened")
	}
	root := t.TempDir()
	file := filepath.Join(root, "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vfs.OpenOS(file); err == nil {
		t.Error("a file was opened as a root")
	}
	fs, err := vfs.OpenOS(root)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fs.Open("no/f", vfs.Read)
	if err == nil || strings.Contains(err.Error(), root) || !strings.HasPrefix(err.Error(), "open no/f: ") {
		t.Errorf("error %v, want operation and name, and no absolute path", err)
	}
	if err = fs.Rename("no", "f"); err == nil || strings.Contains(err.Error(), root) || !strings.HasPrefix(err.Error(), "rename no to f: ") {
		t.Errorf("error %v, want operation and names, and no absolute path", err)
	}
}

// TestOS_DiskFull writes to a device that is always full.
func TestOS_DiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	root := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(root, "f")); err != nil {
		t.Fatal(err)
	}
	fs, err := vfs.OpenOS(root)
	if err != nil {
		t.Fatal(err)
	}
	f, err := fs.Open("f", vfs.Write)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("write to a full device: %v", err)
	}
}

func TestOS_Sentinels(t *testing.T) {
	same := func(err, want error) {
		t.Helper()
		if got := vfs.Sentinel(&os.PathError{Op: "x", Path: "y", Err: err}); got != want {
			t.Errorf("%v counts as %v, want %v", err, got, want)
		}
	}
	same(syscall.ENOSPC, vfs.ErrNoSpace)
	same(syscall.EDQUOT, vfs.ErrNoSpace)
	same(syscall.EIO, vfs.ErrIO)
	same(syscall.ENOENT, vfs.ErrNotExist)
	same(syscall.EEXIST, vfs.ErrExist)
	same(syscall.ENOTEMPTY, nil)
	same(syscall.ENOTDIR, nil)
	same(syscall.EROFS, nil)
}

// TestOS_WriteZeros is Preallocate where the system has no call for it.
func TestOS_WriteZeros(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("abc"); err != nil {
		t.Fatal(err)
	}
	if err := vfs.WriteZeros(f, 3, 3<<20+17); err != nil {
		t.Fatal(err)
	}
	if err := vfs.WriteZeros(f, 3, 2); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if got := runs(p); got != fmt.Sprintf("a*1 b*1 c*1 0*%d", 3<<20+14) {
		t.Fatalf("the file has %s", got)
	}
}

// TestOS_SyncDirAfterRename: a directory that was synced and went elsewhere with
// the one above it is not there any more.
func TestOS_SyncDirAfterRename(t *testing.T) {
	fs, err := vfs.OpenOS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{fs.MkdirAll("d/e"), fs.SyncDir("d"), fs.SyncDir("d/e"), fs.Rename("d", "b"), fs.SyncDir("b/e")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"d", "d/e"} {
		if err := fs.SyncDir(dir); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("sync of %s, which was renamed: %v", dir, err)
		}
	}
}
