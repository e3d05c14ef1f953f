package bucket

import (
	"errors"
	"fmt"

	"sierradb/core/segment"
	"sierradb/vfs"
)

// reserveStep is how far space is reserved ahead, at most.
const reserveStep = 16 << 20

// reserveLeast is the smallest step; below it exactly what is needed is asked for.
const reserveLeast = 64 << 10

// Reserve makes sure that frames for data bytes in n entries can be written
// without running out of disk. What the last segment can't hold is reserved in
// the files of segments to come, which stay empty until they are used.
// vfs.ErrNoSpace leaves everything as it was.
func (b *Bucket) Reserve(n int, data int64) error {
	if err := b.writable("reserve space"); err != nil {
		return err
	}
	err := b.reserve(data + int64(n)*(segment.FrameSize(0)+segment.FrameAlign))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vfs.ErrNoSpace):
		b.o.Hooks.Sometimes("reserve: disk full")
		return fmt.Errorf("reserve space in bucket %d: %w", b.o.Bucket, err)
	}
	return b.poison(fmt.Errorf("reserve space in bucket %d: %w", b.o.Bucket, err))
}

func (b *Bucket) reserve(need int64) error {
	limit := b.o.SegmentSize
	if len(b.segs) > 0 {
		s := b.segs[len(b.segs)-1]
		most := s.start - segment.HeaderSize + limit // where the segment must end
		if err := b.preallocate(s, s.end+need, most); err != nil {
			return err
		}
		if s.end+need <= most {
			return nil
		}
	}
	// Two segments in a row hold more than one segment's size together, since
	// the first frame of the second did not fit the first.
	table := segment.TableSize(len(b.next))
	size := min(limit, need+segment.HeaderSize) + table
	for i := range int(2*need/(limit-segment.HeaderSize)) + 1 {
		if i == len(b.ready) {
			s, err := b.prepare()
			if err != nil {
				return err
			}
			b.ready = append(b.ready, s)
		}
		if err := b.preallocate(b.ready[i], size, limit+table); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the file of a segment to come. It has no header, so that
// recovery sees nothing in it.
func (b *Bucket) prepare() (*logFile, error) {
	return b.openSegment(uint64(len(b.segs)+len(b.ready))+1, vfs.Write|vfs.Create|vfs.Excl)
}

// preallocate makes sure that s has space up to size, in steps and not beyond
// most.
func (b *Bucket) preallocate(s *logFile, size, most int64) error {
	if size = min(size, most); size <= s.space {
		return nil
	}
	// As far ahead as the disk has room, at least what is needed now.
	for step := min(b.o.SegmentSize, reserveStep); ; step /= 8 {
		if step < reserveLeast {
			step = 1
		}
		want := min((size+step-1)/step*step, most)
		err := s.file.Preallocate(want)
		if err == nil {
			s.length, s.space = max(s.length, want), want
			return nil
		}
		if !errors.Is(err, vfs.ErrNoSpace) || step == 1 {
			return fmt.Errorf("reserve %d bytes of %s: %w", want, s.reader.Name(), err)
		}
		b.o.Hooks.Sometimes("reserve: in smaller steps")
	}
}

// reserveOver makes sure, before anything is cut, that entries which replace
// others have space in the segment where they start: after the cut there is no
// way back.
func (b *Bucket) reserveOver(entries []segment.Entry) error {
	s := b.segs[b.segmentOf(entries[0].Index)]
	end := s.offset(entries[0].Index)
	for _, e := range entries {
		size := segment.FrameSize(len(e.Data))
		if !s.room(end, size, b.o.SegmentSize) {
			break
		}
		end += size
	}
	if end <= s.space {
		return nil
	}
	if err := s.file.Preallocate(end); err != nil {
		return fmt.Errorf("reserve %d bytes of %s: %w", end, s.reader.Name(), err)
	}
	s.length, s.space = max(s.length, end), end
	return nil
}
