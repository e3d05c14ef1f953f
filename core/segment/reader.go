package segment

import (
	"errors"
	"fmt"
	"io"

	"sierradb/core/event"
	"sierradb/vfs"
)

// Reader reads the frames of one segment file and believes none that does not
// check. It never changes, so that any number of goroutines may use it at once,
// for positions of applied events.
type Reader struct {
	file   vfs.File
	name   string
	number uint64
	seed   uint32
}

// NewReader returns a reader of a file, which stays the caller's to close.
func NewReader(file vfs.File, name string, number uint64, seed uint32) *Reader {
	return &Reader{file: file, name: name, number: number, seed: seed}
}

// Name is the file's name.
func (r *Reader) Name() string { return r.name }

// Number is the segment's number in its bucket.
func (r *Reader) Number() uint64 { return r.number }

// guess is how much is read of a frame whose size is not known yet.
const guess = 4 << 10

// ReadFrame reads the frame at off. buf is memory that it may use; the entry's
// Data aliases what is returned as the second result, which is meant to be the
// next call's buf. Bytes that do not check give a *event.DamageError.
func (r *Reader) ReadFrame(off int64, buf []byte) (Entry, []byte, error) {
	if cap(buf) < guess {
		buf = make([]byte, guess)
	}
	buf = buf[:guess]
	n, err := r.read(buf, off)
	if err != nil {
		return Entry{}, buf, err
	}
	size, err := frameSizeAt(buf[:n], DataMax+FrameHead)
	if err != nil {
		return Entry{}, buf, r.damage(off, err)
	}
	if size > int64(n) {
		if buf, n, err = r.readMore(buf, off, size); err != nil {
			return Entry{}, buf, err
		}
	}
	f, err := DecodeFrame(r.seed, buf[:n])
	if err != nil {
		return Entry{}, buf, r.damage(off, err)
	}
	return f.Entry, buf, nil
}

// readMore reads a frame that is longer than the guess. The length is not
// believed before the file is known to be that long: a flipped bit must not
// allocate a gigabyte.
func (r *Reader) readMore(buf []byte, off, size int64) ([]byte, int, error) {
	if int64(cap(buf)) < size {
		end, err := r.file.Size()
		if err != nil {
			return buf, 0, fmt.Errorf("size of %s: %w", r.name, err)
		}
		if size > end-off {
			return buf, 0, r.damage(off, flawShort)
		}
		buf = make([]byte, size)
	}
	buf = buf[:size]
	n, err := r.read(buf, off)
	return buf, n, err
}

// read fills p from off as far as the file goes.
func (r *Reader) read(p []byte, off int64) (int, error) {
	n, err := r.file.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read %s at %d: %w", r.name, off, err)
	}
	return n, nil
}

func (r *Reader) damage(off int64, err error) error {
	return &event.DamageError{File: r.name, Offset: off, Reason: err.Error()}
}
