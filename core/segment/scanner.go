package segment

import (
	"encoding/binary"
	"fmt"
)

// Lookahead is the most that a Scanner or Cursor reads at once, unless a frame
// is larger.
const Lookahead = 256 << 10

// Scanner walks over a segment file in large reads, for recovery and repair: it
// holds one stretch of Lookahead bytes, or one frame when that is larger. Not
// safe for concurrent use.
type Scanner struct {
	r     *Reader
	size  int64 // of the file
	limit int64 // bytes of the largest frame, without padding
	at    int64 // where buf starts
	buf   []byte
}

// NewScanner returns a scanner over the file of r. No frame in it can be larger
// than limit bytes.
func NewScanner(r *Reader, limit int64) (*Scanner, error) {
	size, err := r.file.Size()
	if err != nil {
		return nil, fmt.Errorf("size of %s: %w", r.name, err)
	}
	return &Scanner{r: r, size: size, limit: min(limit, DataMax+FrameHead)}, nil
}

// Size is the length of the file.
func (s *Scanner) Size() int64 { return s.size }

// Bytes returns n bytes from off, fewer at the end of the file. They are valid
// until the next call.
func (s *Scanner) Bytes(off int64, n int) ([]byte, error) {
	if off >= s.size {
		return nil, nil
	}
	n = int(min(int64(n), s.size-off))
	if off < s.at || off+int64(n) > s.at+int64(len(s.buf)) {
		want := int(min(int64(max(n, Lookahead)), s.size-off))
		if cap(s.buf) < want {
			s.buf = make([]byte, want)
		}
		s.buf, s.at = s.buf[:want], off
		got, err := s.r.read(s.buf, off)
		s.buf = s.buf[:got]
		if err != nil {
			s.buf = s.buf[:0]
			return nil, err
		}
		n = min(n, got)
	}
	return s.buf[off-s.at:][:n], nil
}

// Header reads the file's header and table and returns their size. flaw says
// why they can't be believed.
func (s *Scanner) Header() (h Header, size int64, flaw, err error) {
	b, err := s.Bytes(0, HeaderSize+tableHead)
	if err != nil {
		return h, 0, nil, err
	}
	if len(b) == HeaderSize+tableHead {
		n := HeaderSize + TableSize(0) + int64(min(binary.LittleEndian.Uint32(b[HeaderSize:]), tableMax))
		if b, err = s.Bytes(0, int(n)); err != nil {
			return h, 0, nil, err
		}
	}
	h, size, flaw = DecodeHeader(s.r.seed, s.r.number, b)
	return h, size, flaw, nil
}

// Frame reads the frame at off. flaw says why there is none; err is a failed
// read. The entry's Data is valid until the next call.
func (s *Scanner) Frame(off int64) (f Frame, flaw, err error) {
	b, err := s.Bytes(off, FrameHead)
	if err != nil {
		return f, nil, err
	}
	size, flaw := frameSizeAt(b, s.limit)
	if flaw != nil {
		return f, flaw, nil
	}
	if size > s.size-off {
		return f, flawShort, nil
	}
	if b, err = s.Bytes(off, int(size)); err != nil {
		return f, nil, err
	}
	f, flaw = DecodeFrame(s.r.seed, b)
	return f, flaw, nil
}

// Search looks for frames at every multiple of 8 from off on, also behind
// bytes that make no sense, and hands those to found that check, until it
// answers false. likely filters by offset and index before the checksum is
// computed. The result is the end of the last bytes that are not zero, off when
// all are; it is exact only when found never answered false.
func (s *Scanner) Search(off int64, likely func(off int64, index uint64) bool, found func(off int64, f Frame) bool) (end int64, err error) {
	end = off
	off = (off + FrameAlign - 1) &^ (FrameAlign - 1)
	for off < s.size {
		b, err := s.Bytes(off, Lookahead)
		if err != nil || len(b) == 0 {
			return end, err
		}
		next := off + int64(len(b))
		for i := 0; i < len(b); i += FrameAlign {
			word := b[i:min(i+FrameAlign, len(b))]
			if zeros(word) {
				continue
			}
			at := off + int64(i)
			end = at + int64(len(word))
			if len(b)-i < FrameHead && i > 0 && next < s.size {
				next = at // the head goes on behind this stretch
				break
			}
			if len(b)-i < FrameHead || !s.plausible(b[i:], at, likely) {
				continue
			}
			f, flaw, err := s.Frame(at)
			if err != nil || flaw == nil && !found(at, f) {
				return end, err
			}
			// Frame may have read another stretch into the memory behind b.
			if b, err = s.Bytes(off, Lookahead); err != nil {
				return end, err
			}
		}
		off = next
	}
	return end, nil
}

func (s *Scanner) plausible(b []byte, off int64, likely func(off int64, index uint64) bool) bool {
	n := int64(binary.LittleEndian.Uint32(b))
	return n >= FrameHead && n <= s.limit && n <= s.size-off && EntryKind(b[frameKind]).Known() &&
		likely(off, binary.LittleEndian.Uint64(b[frameIdx:]))
}
