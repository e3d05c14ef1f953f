package bucket

import (
	"errors"
	"fmt"
	"slices"

	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// judge decides whether the log ends at X because a crash tore what follows,
// or because acknowledged bytes are damaged.
func (r *recovery) judge() error {
	b := r.b
	next := b.last + 1
	if r.hint.Commit >= next && !mutate.On(mutate.ClampHint) {
		return r.damaged(fmt.Sprintf("%s names commit index %d", b.state.name, r.hint.Commit))
	}
	if err := r.search(); err != nil {
		return err
	}
	switch {
	case !r.found && (b.last > 0 || r.frames):
		return damage(b.state.name, 0, "no slot is valid, but the log has entries")
	case r.hint.Term < b.lastTerm:
		return damage(b.state.name, 0, fmt.Sprintf("its term %d is below the log's %d", r.hint.Term, b.lastTerm))
	}
	b.state.st.Commit = min(max(r.hint.Commit, r.commit), b.last)
	return nil
}

// search looks behind X for whole frames that name a commit index at or above
// X's index. A frame counts only if as many frames fit between.
func (r *recovery) search() error {
	b := r.b
	next := b.last + 1
	fit := func(bytes int64) uint64 { return uint64(bytes / segment.FrameMin) }
	var witness string
	look := func(scan *segment.Scanner, name string, from int64, before uint64) (int64, error) {
		return scan.Search(from, func(off int64, index uint64) bool {
			return index > next && index-next <= before+fit(off-from)
		}, func(off int64, f segment.Frame) bool {
			r.frames = true
			h, err := segment.DecodeHead(f.Entry.Index, f.Entry.Data)
			if f.Entry.Kind == segment.Transaction && err == nil && h.Commit >= next && !mutate.On(mutate.DamageIsTorn) {
				witness = fmt.Sprintf("entry %d at offset %d of %s names commit index %d", f.Entry.Index, off, name, h.Commit)
			}
			return witness == ""
		})
	}
	var before uint64
	if n := len(b.segs); n > 0 {
		s := b.segs[n-1]
		end, err := look(r.scan, s.reader.Name(), s.end, 0)
		if err != nil {
			return err
		}
		if witness != "" {
			return r.damaged(witness)
		}
		r.garbage = max(r.garbage, end) // the second look may see less
		before = fit(b.o.SegmentSize + s.start - s.end)
	}
	for _, number := range r.rest() {
		if mutate.On(mutate.LaterUnread) {
			break
		}
		s, err := b.openSegment(number, vfs.Read)
		if err != nil {
			return err
		}
		err = r.searchFile(s, func(scan *segment.Scanner) error {
			_, err := look(scan, s.reader.Name(), 0, before+fit(b.o.SegmentSize)*(number-uint64(len(b.segs))-1))
			return err
		})
		if err != nil {
			return err
		}
		if witness != "" {
			return r.damaged(witness)
		}
	}
	return nil
}

// searchFile runs look over a file that is not part of the log.
func (r *recovery) searchFile(s *logFile, look func(*segment.Scanner) error) error {
	err := s.file.Evict()
	if err == nil {
		var scan *segment.Scanner
		if scan, err = segment.NewScanner(s.reader, int64(segment.FrameHead+r.b.DataMax())); err == nil {
			_, _, flaw, headerErr := scan.Header()
			if err = headerErr; err == nil && segment.Foreign(flaw) {
				err = damage(s.reader.Name(), 0, flaw.Error())
			}
			if err == nil {
				err = look(scan)
			}
		}
	}
	return errors.Join(err, s.file.Close())
}

// rest lists the segment files that are not part of the log.
func (r *recovery) rest() []uint64 {
	i, _ := slices.BinarySearch(r.numbers, uint64(len(r.b.segs))+1)
	return r.numbers[i:]
}

func (r *recovery) damaged(witness string) error {
	return damage(r.bad.file, r.bad.off, fmt.Sprintf("%s where entry %d is expected, which was committed: %s", r.bad.reason, r.b.last+1, witness))
}

func damage(file string, off int64, reason string) error {
	return &event.DamageError{File: file, Offset: off, Reason: reason}
}
