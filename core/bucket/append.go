package bucket

import (
	"errors"
	"fmt"

	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// bufferKeep is the most memory of a large batch that is kept for the next.
const bufferKeep = 4 << 20

// DataMax is the largest Data an entry may have: it must fit one segment.
func (b *Bucket) DataMax() int {
	room := (b.o.SegmentSize - segment.HeaderSize) &^ (segment.FrameAlign - 1)
	return int(min(room-segment.FrameHead, segment.DataMax))
}

// Append writes entries. The first continues the log, or replaces what is there
// from its index on (never an applied entry). An entry that does not fit starts
// a new segment. On vfs.ErrNoSpace the log is as it was before; any other error
// poisons the log. Append keeps nothing of the entries.
func (b *Bucket) Append(entries []segment.Entry) error {
	if err := b.writable("append"); err != nil || len(entries) == 0 {
		return err
	}
	if err := b.append(entries); errors.Is(err, vfs.ErrNoSpace) {
		return fmt.Errorf("append to bucket %d: %w", b.o.Bucket, err)
	} else if err != nil {
		return b.poison(fmt.Errorf("append to bucket %d: %w", b.o.Bucket, err))
	}
	return nil
}

func (b *Bucket) append(entries []segment.Entry) error {
	if err := b.check(entries); err != nil {
		return err
	}
	first, replaces := entries[0].Index, entries[0].Index <= b.last
	if replaces {
		if err := b.reserveOver(entries); err != nil {
			return err
		}
		if err := b.cut(first); err != nil {
			return err
		}
		b.o.Hooks.Sometimes("log truncated")
	}
	err := b.write(entries)
	if errors.Is(err, vfs.ErrNoSpace) {
		b.o.Hooks.Sometimes("append: disk full")
		if undo := errors.Join(b.cut(first), b.trim()); undo != nil {
			return fmt.Errorf("undo after a full disk: %w", hideNoSpace(undo))
		}
		if replaces {
			// What stood there is gone: the log is not as it was before.
			return fmt.Errorf("replace entries from %d on: %w", first, hideNoSpace(err))
		}
		return err
	}
	if err != nil {
		return err
	}
	return b.indexEarly(entries)
}

// hideNoSpace keeps the text of err and drops what it is.
func hideNoSpace(err error) error {
	if errors.Is(err, vfs.ErrNoSpace) {
		return errors.New(err.Error())
	}
	return err
}

// indexEarly is the planted bug index-before-commit, and a part of
// push-before-commit.
func (b *Bucket) indexEarly(entries []segment.Entry) error {
	if !mutate.On(mutate.IndexBeforeCommit) && !mutate.On(mutate.PushBeforeCommit) {
		return nil
	}
	for _, e := range entries {
		if e.Index <= b.early {
			continue
		}
		if err := b.addEvents(e); err != nil {
			return err
		}
		b.early = e.Index
	}
	return nil
}

// check refuses entries that no log can hold, before a byte is written.
func (b *Bucket) check(entries []segment.Entry) error {
	first := entries[0].Index
	if first <= b.applied || first > b.last+1 {
		return fmt.Errorf("entry %d does not continue a log that ends at %d and is applied to %d", first, b.last, b.applied)
	}
	term, _ := b.Term(first - 1)
	for i, e := range entries {
		switch {
		case e.Index != first+uint64(i):
			return fmt.Errorf("entry %d stands where %d is expected", e.Index, first+uint64(i))
		case e.Term < term || e.Term > segment.TermMax:
			return fmt.Errorf("entry %d: its term %d does not follow %d", e.Index, e.Term, term)
		case !e.Kind.Known():
			return fmt.Errorf("entry %d: its kind %d is unknown", e.Index, e.Kind)
		case len(e.Data) > b.DataMax():
			return fmt.Errorf("entry %d: %w: its data may have %d bytes, got %d", e.Index, event.ErrTooLarge, b.DataMax(), len(e.Data))
		}
		term = e.Term
		if e.Kind != segment.Transaction {
			continue
		}
		h, err := segment.DecodeHead(e.Index, e.Data)
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.Index, err)
		}
		if int(h.Partition) >= b.o.Partitions {
			return fmt.Errorf("entry %d: partition %d is not below the count of %d", e.Index, h.Partition, b.o.Partitions)
		}
	}
	return nil
}

// write appends checked entries that continue the log: one WriteAt a segment.
func (b *Bucket) write(entries []segment.Entry) error {
	buf := b.buf[:0]
	defer func() {
		if b.buf = buf; cap(buf) > bufferKeep {
			b.buf = nil
		}
	}()
	var s *logFile
	if len(b.segs) > 0 {
		s = b.segs[len(b.segs)-1]
	}
	for _, e := range entries {
		size := segment.FrameSize(len(e.Data))
		if s == nil || !s.room(s.end+int64(len(buf)), size, b.o.SegmentSize) || b.rollsEarly(s, len(buf)) {
			if s != nil {
				if err := b.flush(s, buf); err != nil {
					return err
				}
				if err := b.trim(); err != nil {
					return err
				}
			}
			next, err := b.roll()
			if err != nil {
				return err
			}
			s = next
			buf = segment.AppendHeader(buf[:0], b.header(s))
			s.start = int64(len(buf))
		}
		off := s.end + int64(len(buf))
		var crc uint32
		buf, crc = segment.AppendFrame(buf, s.seed, b.lastCRC, e)
		if err := b.note(s, e, off, crc); err != nil {
			return err
		}
	}
	if err := b.flush(s, buf); err != nil {
		return err
	}
	if s.stale {
		return s.resize(s.end)
	}
	return nil
}

// rollsEarly says whether the simulator wants a new segment before s is full; s
// has to hold a frame by then, of which unwritten bytes are part.
func (b *Bucket) rollsEarly(s *logFile, unwritten int) bool {
	return s.end+int64(unwritten) > s.start && b.o.Hooks.Buggify("bucket/early-roll")
}

// flush writes buf behind the frames of s.
func (b *Bucket) flush(s *logFile, buf []byte) error {
	if len(buf) == 0 {
		return nil
	}
	s.dirty = true
	_, err := s.file.WriteAt(buf, s.end)
	if err != nil {
		s.stale = true // any part of it may be there
		s.length = max(s.length, s.end+int64(len(buf)))
		return fmt.Errorf("write %s at %d: %w", s.reader.Name(), s.end, err)
	}
	s.end += int64(len(buf))
	s.length, s.space = max(s.length, s.end), max(s.space, s.end)
	if b.o.Hooks.Buggify("bucket/no-zeros-ahead") {
		return nil
	}
	return s.zeroAhead(len(buf))
}

const (
	// zeroWindow is how far zeros are written ahead into reserved space. A sync
	// of bytes that were written before is cheaper than one of space that is only
	// reserved, since the file system need not note that it is in use now.
	zeroWindow = 256 << 10
	// zeroBatch is the largest batch that is worth it: for larger ones the bytes
	// themselves cost more than the note.
	zeroBatch = 64 << 10
)

var zeros [zeroWindow]byte

// zeroAhead writes the next window of zeros behind the frames, once the last
// one is used up by small batches.
func (s *logFile) zeroAhead(batch int) error {
	n := min(s.space-s.end, zeroWindow)
	if s.end <= s.zeroed || batch > zeroBatch || n <= 0 || s.stale {
		return nil
	}
	if _, err := s.file.WriteAt(zeros[:n], s.end); err != nil {
		return fmt.Errorf("write zeros to %s at %d: %w", s.reader.Name(), s.end, err)
	}
	s.zeroed = s.end + n
	return nil
}

// trim cuts the last segment behind its frames: a segment that is followed by
// another ends with its last frame, so that every bit of it is covered by a
// checksum.
func (b *Bucket) trim() error {
	if len(b.segs) == 0 {
		return nil
	}
	s := b.segs[len(b.segs)-1]
	if s.length == s.end && !s.stale {
		return nil
	}
	return s.resize(s.end)
}

// note keeps in memory what the log must know of an entry at its end. A
// transaction whose sequences don't continue its partition must not get into
// the log: it could never be applied.
func (b *Bucket) note(s *logFile, e segment.Entry, off int64, crc uint32) error {
	p := pending{crc: crc}
	if e.Kind == segment.Transaction {
		h, err := segment.DecodeHead(e.Index, e.Data)
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.Index, err)
		}
		if int(h.Partition) >= len(b.next) || h.First != b.next[h.Partition] {
			return fmt.Errorf("entry %d does not continue partition %d: its first sequence is %d", e.Index, h.Partition, h.First)
		}
		p.events, p.partition, p.first = true, h.Partition, h.First
		b.next[h.Partition] = h.First + event.Sequence(h.Count)
	}
	s.offs = append(s.offs, uint32(off/segment.FrameAlign))
	b.pend = append(b.pend, p)
	if len(b.terms) == 0 || b.terms[len(b.terms)-1].term != e.Term {
		b.terms = append(b.terms, termRun{e.Index, e.Term})
	}
	b.last, b.lastTerm, b.lastCRC = e.Index, e.Term, crc
	return nil
}

// roll makes the next segment the last of the log. Its header goes to disk with
// its first frames.
func (b *Bucket) roll() (*logFile, error) {
	number := uint64(len(b.segs)) + 1
	var s *logFile
	if len(b.ready) > 0 {
		s, b.ready = b.ready[0], b.ready[1:]
	} else {
		var err error
		if s, err = b.openSegment(number, vfs.Write|vfs.Create|vfs.Excl); err != nil {
			return nil, err
		}
	}
	b.dirDirty = true
	s.base = b.last + 1
	b.segs = append(b.segs, s)
	if number > 1 {
		b.o.Hooks.Sometimes("log rolled")
	}
	return s, nil
}

// header describes the segment that continues the log as it is.
func (b *Bucket) header(s *logFile) segment.Header {
	h := segment.Header{Seed: s.seed, Number: s.number, Base: b.last + 1, PrevTerm: b.lastTerm, PrevCRC: b.lastCRC}
	for p, n := range b.next {
		if mutate.On(mutate.TableOfApplied) {
			n = b.index.NextSequence(event.PartitionID(p))
		}
		if n > 0 {
			h.Next = append(h.Next, segment.Next{Partition: event.PartitionID(p), Sequence: n})
		}
	}
	return h
}

// cut takes the entries from index first on out of the log: newer segments are
// removed, newest first; in the one that stays, the bytes are stale until they
// are written over or trimmed. None of the entries is applied.
func (b *Bucket) cut(first uint64) error {
	for i := len(b.ready) - 1; i >= 0; i-- {
		if err := b.drop(b.ready[i]); err != nil {
			return err
		}
		b.ready = b.ready[:i]
	}
	for n := len(b.segs) - 1; n >= 0 && b.segs[n].base >= first; n-- {
		s := b.segs[n]
		b.segs = b.segs[:n]
		if err := b.drop(s); err != nil {
			return err
		}
	}
	if len(b.segs) > 0 {
		if s := b.segs[len(b.segs)-1]; first < s.next() {
			s.stale = true
			s.end = s.offset(first)
			s.offs = s.offs[:first-s.base]
		}
	}
	for len(b.pend) > b.done+int(first-b.applied-1) {
		n := len(b.pend) - 1
		if p := b.pend[n]; p.events && !mutate.On(mutate.UndoKeepsSequences) {
			b.next[p.partition] = p.first
		}
		b.pend = b.pend[:n]
	}
	for len(b.terms) > 0 && b.terms[len(b.terms)-1].first >= first {
		b.terms = b.terms[:len(b.terms)-1]
	}
	b.last, b.lastTerm, b.lastCRC = first-1, 0, b.appliedCRC
	if n := len(b.terms); n > 0 {
		b.lastTerm = b.terms[n-1].term
	}
	if n := len(b.pend); n > b.done {
		b.lastCRC = b.pend[n-1].crc
	}
	b.appliedSeg = min(b.appliedSeg, max(0, len(b.segs)-1))
	if len(b.tail) > 0 && b.tail[len(b.tail)-1].Index >= first {
		b.tail = b.tail[:max(0, int(first)-int(b.tail[0].Index))]
	}
	return nil
}

// Pending adds to files and dirs what was touched since the last call and must
// become durable, older segment first.
func (b *Bucket) Pending(files []vfs.File, dirs []string) ([]vfs.File, []string) {
	for i, s := range b.segs {
		if s.dirty && (i == len(b.segs)-1 || !mutate.On(mutate.SyncLastOnly)) {
			files = append(files, s.file)
			s.dirty = false
		}
	}
	if b.dirDirty && !mutate.On(mutate.SkipSyncDir) {
		dirs = append(dirs, b.dir)
	}
	b.dirDirty = false
	return files, dirs
}
