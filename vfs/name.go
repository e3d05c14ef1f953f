package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// fileError says which operation on which name went wrong. kind is the
// sentinel that callers test for, nil when there is none; err is the cause.
type fileError struct {
	op, name  string
	kind, err error
}

func (e *fileError) Error() string { return e.op + " " + e.name + ": " + e.err.Error() }

func (e *fileError) Unwrap() []error {
	if e.kind == nil {
		return []error{e.err}
	}
	return []error{e.kind, e.err}
}

// fail wraps err with the operation and the name, and gives it the sentinel it
// deserves. The path that package os puts into its errors is dropped: it
// repeats the name, and absolute paths do not belong into replies.
func fail(op, name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &fileError{op: op, name: name, kind: sentinel(err), err: err}
}

func sentinel(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrNoSpace
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		// Nothing was made, and it may go well later: a full table of open files is
		// a lack of space too.
		return ErrNoSpace
	case errors.Is(err, syscall.EIO):
		return ErrIO
	case errors.Is(err, fs.ErrNotExist):
		return ErrNotExist
	case errors.Is(err, syscall.ENOTEMPTY):
		return nil // package os counts it as "exists", but no name was taken
	case errors.Is(err, fs.ErrExist):
		return ErrExist
	}
	return nil
}

// What is wrong with a call, apart from the sentinels. Mem uses them where a
// kernel has error numbers.
var (
	errName     = errors.New(`the name must be relative, with slashes, without "." or ".." or empty parts`)
	errFlags    = errors.New("the flags must be Read, Write, Write|Create or Write|Create|Excl")
	errNegative = errors.New("offset and size must not be negative")
	errTooLarge = errors.New("file would grow over the limit")
	errNotDir   = errors.New("not a directory")
	errIsDir    = errors.New("is a directory")
	errNotEmpty = errors.New("directory is not empty")
	errInside   = errors.New("a directory cannot move into itself")
	errReadOnly = errors.New("opened for reading only")
	errClosed   = errors.New("file is closed")
)

// checkFile refuses names that cannot be a file below the root.
func checkFile(op, name string) error {
	if name == "." || !fs.ValidPath(name) || strings.IndexByte(name, 0) >= 0 {
		return fail(op, fmt.Sprintf("%q", name), errName)
	}
	return nil
}

// checkDir does the same for directories, of which "." is the root.
func checkDir(op, name string) error {
	if name == "." {
		return nil
	}
	return checkFile(op, name)
}

func checkFlag(name string, flag Flag) error {
	ok := flag&(Read|Write) != 0 && flag&^(Read|Write|Create|Excl) == 0
	if flag&Create != 0 && flag&Write == 0 || flag&Excl != 0 && flag&Create == 0 || !ok {
		return fail("open", name, errFlags)
	}
	return nil
}
