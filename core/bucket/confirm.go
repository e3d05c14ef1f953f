package bucket

import (
	"errors"
	"fmt"
	"slices"

	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
)

// steady reads once more, past the page cache, what made the log end at X. A read
// can return wrong bytes although the medium holds the right ones: to call that
// damage would send an operator to the backups, to cut the log there, or to write
// over it, would lose what was acknowledged.
func (r *recovery) steady() error {
	b := r.b
	if mutate.On(mutate.ReadOnce) {
		return nil
	}
	if n := len(b.segs); n > 0 {
		s := b.segs[n-1]
		scan, err := r.again(s)
		if err != nil {
			return err
		}
		f, flaw, err := scan.Frame(s.end)
		if err != nil {
			return err
		}
		if r.continues(s, f, flaw) == nil {
			return unsteady(s.reader.Name(), s.end)
		}
		r.scan = scan
	}
	if rest := r.rest(); len(rest) > 0 && rest[0] == uint64(len(b.segs))+1 {
		return r.confirmFile(rest[0])
	}
	return nil
}

// confirm looks a second time for frames behind X that prove that it is damage,
// before anything is cut or written over: a bad read may have hidden them.
func (r *recovery) confirm() error {
	if mutate.On(mutate.ReadOnce) {
		return nil
	}
	if n := len(r.b.segs); n > 0 {
		scan, err := r.again(r.b.segs[n-1])
		if err != nil {
			return err
		}
		r.scan = scan
	}
	return r.search()
}

// confirmFile reads the segment again that would come next: its header and
// first frame must still not continue the log.
func (r *recovery) confirmFile(number uint64) (err error) {
	b := r.b
	s, err := b.openSegment(number, r.access())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.file.Close()) }()
	scan, err := r.again(s)
	if err != nil {
		return err
	}
	h, size, flaw, err := scan.Header()
	if err != nil || flaw != nil {
		return err
	}
	if h.Base != b.last+1 || h.PrevTerm != b.lastTerm || h.PrevCRC != b.lastCRC || !slices.Equal(h.Next, b.header(s).Next) {
		return nil
	}
	s.start, s.end = size, size
	f, flaw, err := scan.Frame(size)
	if err == nil && r.continues(s, f, flaw) == nil {
		err = unsteady(s.reader.Name(), size)
	}
	return err
}

// again opens a second look at a file.
func (r *recovery) again(s *logFile) (*segment.Scanner, error) {
	if err := s.file.Evict(); err != nil {
		return nil, fmt.Errorf("evict %s: %w", s.reader.Name(), err)
	}
	return segment.NewScanner(s.reader, int64(segment.FrameHead+r.b.DataMax()))
}

// unsteady is the error for bytes that read differently twice.
func unsteady(file string, off int64) error {
	return fmt.Errorf("%w: %s reads differently twice at offset %d: the disk, its cable or the memory is failing", event.ErrUnavailable, file, off)
}
