//go:build !linux

package vfs

import (
	"errors"
	"math"
	"os"
	"runtime"
	"sync"
)

// This file serves the systems that nobody runs the database on for real data.
// It cannot promise:
//
//   - that Sync reaches the medium: os.File.Sync is what the system offers
//   - that SyncDir makes names durable: some systems cannot sync a directory,
//     and then it does nothing
//   - that Preallocate reserves holes inside the file: it writes zeros behind
//     the end only
//   - that Evict drops anything from the page cache: recovery after a failed
//     sync may read what never reached the medium
//   - that Lock keeps other processes out: it only knows this process
//   - what Free answers: the space is not known and taken for endless

func syncData(f *os.File) error { return f.Sync() }

func reserve(*os.File, int64) error { return errors.ErrUnsupported }

// evict only checks that the file is open.
func evict(f *os.File) error {
	_, err := f.Stat()
	return err
}

func (o *osFS) syncDir(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return errNotDir
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "wasip1" || runtime.GOOS == "js" {
		return nil // a directory cannot be opened for this
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// locked holds the paths of the lock files that this process holds.
var locked sync.Map

func lockFile(f *os.File) (held bool, unlock func(), err error) {
	path := f.Name() // absolute, because the root is
	if _, there := locked.LoadOrStore(path, true); there {
		return true, nil, nil
	}
	var once sync.Once
	return false, func() { once.Do(func() { locked.Delete(path) }) }, nil
}

func freeSpace(string) (uint64, error) { return math.MaxInt64, nil }
