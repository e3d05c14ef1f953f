package bucket

import (
	"fmt"
	"strings"

	"sierradb/core/segment"
	"sierradb/vfs"
)

// logFile is a segment of the log with its open file.
type logFile struct {
	file   vfs.File
	reader *segment.Reader
	number uint64
	seed   uint32
	base   uint64   // index of its first entry
	offs   []uint32 // of the frames, by index less base, divided by 8
	start  int64    // where the first frame begins: header and table end here
	end    int64    // where the next frame goes
	length int64    // of the file; what lies between end and length is zero, unless stale
	space  int64    // up to here the disk has room for sure; after a power cut a file may be longer than that
	zeroed int64    // up to here the space was written, with frames or zeros, since it was opened
	stale  bool     // behind end are bytes of frames that were replaced
	dirty  bool     // touched since the last Pending
}

func segmentName(number uint64) string { return fmt.Sprintf("%010d.seg", number) }

// segmentNumber reads a segment's number from its file name.
func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, ".seg")
	if !ok || len(digits) != 10 {
		return 0, false
	}
	var n uint64
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, n > 0
}

// openSegment opens the file of a segment.
func (b *Bucket) openSegment(number uint64, flag vfs.Flag) (*logFile, error) {
	name := b.name(segmentName(number))
	f, err := b.fs.Open(name, flag)
	if err != nil {
		return nil, err
	}
	seed := segment.Seed(b.o.Salt, b.o.Bucket, number)
	return &logFile{file: f, reader: segment.NewReader(f, name, number, seed), number: number, seed: seed}, nil
}

// offset is where the frame of entry i is.
func (s *logFile) offset(i uint64) int64 { return int64(s.offs[i-s.base]) * segment.FrameAlign }

// next is the index of the entry that follows those of s.
func (s *logFile) next() uint64 { return s.base + uint64(len(s.offs)) }

// room says whether a frame of so many bytes fits behind end. The table does
// not count, so that what fits an empty segment does not shrink as partitions
// come into use.
func (s *logFile) room(end, size, limit int64) bool {
	return end-s.start+segment.HeaderSize+size <= limit
}

// resize cuts or extends the file.
func (s *logFile) resize(size int64) error {
	if err := s.file.Truncate(size); err != nil {
		return fmt.Errorf("cut %s at %d: %w", s.reader.Name(), size, err)
	}
	s.length, s.space, s.zeroed, s.dirty = size, min(s.space, size), min(s.zeroed, size), true
	if size <= s.end {
		s.stale = false
	}
	return nil
}

// drop closes and removes a segment's file.
func (b *Bucket) drop(s *logFile) error {
	name := s.reader.Name()
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close %s: %w", name, err)
	}
	if err := b.fs.Remove(name); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	b.dirDirty = true
	return nil
}
