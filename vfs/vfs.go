// Package vfs is everything the database does with files, and every way in
// which files can fail.
//
// [FS] and [File] are the only door to a disk. OpenOS gives real files, NewMem
// files in memory that know which bytes a power cut would leave, and Inject
// wraps either with errors, short writes, flipped bits and crashes. How long
// something takes is not asked here: the one operation that may take long in
// the simulator is a barrier, and [Mem.BeginSync] leaves its end to the
// scheduler.
//
// What an implementation promises: bytes written to a file are on the medium
// once [File.Sync] has returned nil; a name that was created, renamed or
// removed is on the medium once [FS.SyncDir] of its directory has returned nil.
// Until then a power cut may keep any part of it. A killed process loses
// nothing that was written, but what was pending stays pending.
package vfs

import (
	"errors"
	"io"
)

// Flag says how [FS.Open] opens a file.
type Flag uint8

const (
	// Read opens for reading.
	Read Flag = 1 << iota
	// Write opens for writing (and reading).
	Write
	// Create makes the file when it is missing; with Write only.
	Create
	// Excl makes Create fail with ErrExist when the file is there.
	Excl
)

// FS is a tree of files below one root. Names are relative, use slashes, and
// contain no ".", no ".." and no empty part; where a directory is named, "." is
// the root. Methods may be called from several goroutines.
type FS interface {
	// Open opens a file. Without Create a missing one gives ErrNotExist, and so
	// does a missing directory always. A directory cannot be opened.
	Open(name string, flag Flag) (File, error)
	// Rename gives from the name to, replacing the file that was there; atomic,
	// durable after SyncDir (of both directories, if it crosses). A directory
	// is never replaced: ErrExist.
	Rename(from, to string) error
	// Remove deletes a file or an empty directory; durable after SyncDir. An
	// open file can be read and written until it is closed.
	Remove(name string) error
	// MkdirAll makes a directory and its parents; durable after SyncDir of each
	// parent.
	MkdirAll(dir string) error
	// List returns the names in a directory, directories with a trailing slash,
	// in the ascending order of these strings. A missing directory gives
	// ErrNotExist.
	List(dir string) ([]string, error)
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
	// Lock takes an exclusive lock on a file, creating it when needed, and
	// writes owner into it. While another holder (process or handle) has it,
	// the answer is a *LockedError that carries the other's owner text. A lock
	// ends with Close or with the life of its process; the file stays.
	Lock(name, owner string) (io.Closer, error)
	// Free returns the number of bytes that can still be written below dir.
	Free(dir string) (uint64, error)
}

// File is an open file without a cursor: every call names its offset. Reads
// may run beside each other and beside writes to other bytes. A read or write
// of no bytes does nothing and cannot fail.
type File interface {
	// ReadAt fills p from offset off; at the end of the file it returns the
	// bytes there are and io.EOF.
	ReadAt(p []byte, off int64) (int, error)
	// WriteAt writes p at offset off and extends the file when needed. With an
	// error, any prefix of p may have been written.
	WriteAt(p []byte, off int64) (int, error)
	// Truncate cuts or extends (with zeros) the file to size bytes.
	Truncate(size int64) error
	// Preallocate makes sure that the first size bytes of the file have space
	// on the disk; the file grows with zeros, never shrinks. ErrNoSpace means
	// that the file is as it was.
	Preallocate(size int64) error
	// Size returns the length of the file in bytes.
	Size() (int64, error)
	// Sync makes all bytes written before the call durable, and the length that
	// is needed to read them. After an error nothing is known about them and a
	// second Sync proves nothing (contract D9).
	Sync() error
	// Evict forgets cached pages that are not dirty, so that the next read comes
	// from the medium. Recovery calls it before it believes what it reads.
	Evict() error
	// Close ends the use of the file. It does not sync.
	Close() error
}

// The errors that callers tell apart; implementations wrap them with the name
// and the operation.
var (
	// ErrNotExist is returned when a named file or directory is missing.
	ErrNotExist = errors.New("file does not exist")
	// ErrExist is returned by Open with Excl when the file is there.
	ErrExist = errors.New("file exists")
	// ErrNoSpace is returned when the disk is full.
	ErrNoSpace = errors.New("no space left on device")
	// ErrIO is returned when the device failed.
	ErrIO = errors.New("input/output error")
)

// LockedError is returned by [FS.Lock] when another holder has the lock.
type LockedError struct {
	Name  string // the lock file
	Owner string // what the holder wrote into it
}

func (e *LockedError) Error() string { return e.Name + " is locked by " + e.Owner }
