package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// osFS is a directory of the operating system. What differs between systems
// (syncing data, reserving space, locks, free space) is in os_linux.go and
// os_other.go.
type osFS struct {
	root string

	mu   sync.Mutex
	dirs map[string]*os.File // by path: directories that were synced
}

// OpenOS returns the files below root, which is created when missing.
// Directories are made with mode 0700, files with 0600. On Linux every promise
// of this package holds as far as kernel and device keep theirs; elsewhere see
// os_other.go.
func OpenOS(root string) (FS, error) {
	if root == "" {
		return nil, errors.New("open root: the path of a directory is expected, not an empty one")
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open root %s: %w", root, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, fail("open root", root, err)
	}
	return &osFS{root: abs, dirs: make(map[string]*os.File)}, nil
}

// path gives the place of a checked name. It refuses what is a fine name with
// slashes but means something else on this system, like `C:x` on Windows.
func (o *osFS) path(op, name string) (string, error) {
	p := filepath.FromSlash(name)
	if !filepath.IsLocal(p) {
		return "", fail(op, name, errName)
	}
	return filepath.Join(o.root, p), nil
}

func (o *osFS) file(op, name string) (string, error) {
	if err := checkFile(op, name); err != nil {
		return "", err
	}
	return o.path(op, name)
}

func (o *osFS) dir(op, name string) (string, error) {
	if err := checkDir(op, name); err != nil {
		return "", err
	}
	return o.path(op, name)
}

func (o *osFS) Open(name string, flag Flag) (File, error) {
	p, err := o.file("open", name)
	if err != nil {
		return nil, err
	}
	if err := checkFlag(name, flag); err != nil {
		return nil, err
	}
	mode := os.O_RDONLY
	if flag&Write != 0 {
		mode = os.O_RDWR
	}
	if flag&Create != 0 {
		mode |= os.O_CREATE
	}
	if flag&Excl != 0 {
		mode |= os.O_EXCL
	}
	f, err := os.OpenFile(p, mode, 0o600)
	if err != nil {
		return nil, fail("open", name, err)
	}
	// A directory opens for reading, and would fail at the first read only.
	if st, err := f.Stat(); err != nil || st.IsDir() {
		f.Close()
		if err == nil {
			err = errIsDir
		}
		return nil, fail("open", name, err)
	}
	return &osFile{f: f, name: name, writable: flag&Write != 0}, nil
}

func (o *osFS) Rename(from, to string) error {
	p, err := o.file("rename", from)
	if err != nil {
		return err
	}
	q, err := o.file("rename to", to)
	if err != nil {
		return err
	}
	if err := os.Rename(p, q); err != nil {
		var le *os.LinkError
		if errors.As(err, &le) {
			err = le.Err
		}
		return fail("rename", from+" to "+to, err)
	}
	o.forgetDir(p)
	o.forgetDir(q)
	return nil
}

func (o *osFS) Remove(name string) error {
	p, err := o.file("remove", name)
	if err != nil {
		return err
	}
	if err := os.Remove(p); err != nil {
		return fail("remove", name, err)
	}
	o.forgetDir(p)
	return nil
}

func (o *osFS) MkdirAll(dir string) error {
	p, err := o.dir("mkdir", dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p, 0o700); err != nil {
		return fail("mkdir", dir, err)
	}
	return nil
}

func (o *osFS) List(dir string) ([]string, error) {
	p, err := o.dir("list", dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(p)
	if err != nil {
		return nil, fail("list", dir, err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	slices.Sort(names) // with the slashes, which ReadDir does not know
	return names, nil
}

func (o *osFS) SyncDir(dir string) error {
	p, err := o.dir("sync directory", dir)
	if err != nil {
		return err
	}
	if err := o.syncDir(p); err != nil {
		return fail("sync directory", dir, err)
	}
	return nil
}

// forgetDir lets go of the handles of a directory that was removed or renamed,
// and of those below it.
func (o *osFS) forgetDir(p string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, d := range o.dirs {
		if name == p || strings.HasPrefix(name, p+string(filepath.Separator)) {
			d.Close()
			delete(o.dirs, name)
		}
	}
}

func (o *osFS) Free(dir string) (uint64, error) {
	p, err := o.dir("free space", dir)
	if err != nil {
		return 0, err
	}
	if _, err := os.Stat(p); err != nil {
		return 0, fail("free space", dir, err)
	}
	n, err := freeSpace(p)
	if err != nil {
		return 0, fail("free space", dir, err)
	}
	return n, nil
}

// ownerMax bounds what is read from a lock file that somebody else wrote.
const ownerMax = 1024

func (o *osFS) Lock(name, owner string) (io.Closer, error) {
	p, err := o.file("lock", name)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(p, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fail("lock", name, err)
	}
	held, unlock, err := lockFile(f)
	if err != nil || held {
		defer f.Close()
	}
	if err != nil {
		return nil, fail("lock", name, err)
	}
	if held {
		text := make([]byte, ownerMax)
		n, err := f.ReadAt(text, 0)
		if err != nil && err != io.EOF {
			return nil, fail("lock", name, err)
		}
		return nil, &LockedError{Name: name, Owner: string(text[:n])}
	}
	l := &osLock{f: f, unlock: unlock}
	if err := l.write(owner); err != nil {
		l.Close()
		return nil, fail("lock", name, err)
	}
	return l, nil
}

// osLock is a held lock. The file stays when the lock ends: removing it would
// let two holders lock two files of one name.
type osLock struct {
	f      *os.File
	unlock func()
}

// write leaves the text for whoever finds the lock held. It is a hint, so it
// is not synced; a second holder may see it empty for a moment.
func (l *osLock) write(owner string) error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err := l.f.WriteAt([]byte(owner), 0)
	return err
}

func (l *osLock) Close() error {
	l.unlock()
	return l.f.Close()
}
