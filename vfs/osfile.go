package vfs

import (
	"errors"
	"io"
	"os"
)

// osFile is an open file of the operating system.
type osFile struct {
	f        *os.File
	name     string
	writable bool
}

func (f *osFile) ReadAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.f.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = fail("read", f.name, err)
	}
	return n, err
}

func (f *osFile) WriteAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !f.writable {
		return 0, fail("write", f.name, errReadOnly)
	}
	n, err := f.f.WriteAt(p, off)
	if err != nil {
		err = fail("write", f.name, err)
	}
	return n, err
}

func (f *osFile) Truncate(size int64) error {
	if err := f.f.Truncate(size); err != nil {
		return fail("truncate", f.name, err)
	}
	return nil
}

// Preallocate reserves with the system's own call where there is one, and
// otherwise writes zeros behind the end of the file.
func (f *osFile) Preallocate(size int64) error {
	if size < 0 {
		return fail("preallocate", f.name, errNegative)
	}
	if !f.writable {
		return fail("preallocate", f.name, errReadOnly)
	}
	old, err := f.Size()
	if err != nil || size == 0 {
		return err
	}
	err = reserve(f.f, size)
	if errors.Is(err, errors.ErrUnsupported) {
		err = writeZeros(f.f, old, size)
	}
	if err == nil {
		return nil
	}
	// Both ways may have grown the file before the disk was full. The promise
	// is that ErrNoSpace leaves it as it was.
	if now, sizeErr := f.f.Stat(); sizeErr != nil || now.Size() != old {
		err = errors.Join(err, f.f.Truncate(old))
	}
	return fail("preallocate", f.name, err)
}

// zeroPiece is how much writeZeros writes at a time.
const zeroPiece = 1 << 20

func writeZeros(f *os.File, from, to int64) error {
	if from >= to {
		return nil
	}
	zeros := make([]byte, min(to-from, zeroPiece))
	for from < to {
		n, err := f.WriteAt(zeros[:min(to-from, zeroPiece)], from)
		if err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

func (f *osFile) Size() (int64, error) {
	st, err := f.f.Stat()
	if err != nil {
		return 0, fail("size", f.name, err)
	}
	return st.Size(), nil
}

func (f *osFile) Sync() error {
	if err := syncData(f.f); err != nil {
		return fail("sync", f.name, err)
	}
	return nil
}

func (f *osFile) Evict() error {
	if err := evict(f.f); err != nil {
		return fail("evict", f.name, err)
	}
	return nil
}

func (f *osFile) Close() error {
	if err := f.f.Close(); err != nil {
		return fail("close", f.name, err)
	}
	return nil
}
