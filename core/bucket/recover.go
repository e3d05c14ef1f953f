package bucket

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"

	"sierradb/core/mutate"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// recovery brings a bucket from what a crash left to a log that can be written.
// It reads first, then judges, and only then changes anything; what makes it
// stop or change anything is read twice. The rules are numbered in
// docs/format.md.
type recovery struct {
	b       *Bucket
	numbers []uint64 // of the segment files there are, ascending
	hint    segment.State
	found   bool            // raft.state has a valid slot
	commit  uint64          // the highest commit index that is named
	tail    []segment.Entry // read, not known to be committed; cloned
	bad     place           // X: where no frame continues the log
	frames  bool            // whole frames stand behind X
	scan    *segment.Scanner
	garbage int64 // end of the bytes behind the last frame that are not zero
}

// place is where something is wrong.
type place struct {
	file   string
	off    int64
	reason error
	soft   bool // only zeros or the end of the file: no trace of a frame
}

func (b *Bucket) recover() error {
	r := &recovery{b: b}
	for _, step := range []func() error{r.list, r.loadState, r.walk, r.steady, r.judge, r.confirm, r.mend, r.settle} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// list finds the segment files and makes the directory when it is missing.
func (r *recovery) list() error {
	b := r.b
	names, err := b.fs.List(b.dir)
	if errors.Is(err, vfs.ErrNotExist) {
		if b.o.Existing {
			return damage(b.dir, 0, "the directory is missing")
		}
		if b.o.ReadOnly {
			return err
		}
		err = b.fs.MkdirAll(b.dir)
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if n, ok := segmentNumber(name); ok {
			r.numbers = append(r.numbers, n)
		}
	}
	slices.Sort(r.numbers)
	return nil
}

// access is how files are opened.
func (r *recovery) access() vfs.Flag {
	if r.b.o.ReadOnly {
		return vfs.Read
	}
	return vfs.Write
}

func (r *recovery) loadState() error {
	b := r.b
	f := &b.state
	f.name, f.seed, f.safe = b.name(stateName), segment.Seed(b.o.Salt, b.o.Bucket, 0), -1
	file, err := b.fs.Open(f.name, r.access())
	if errors.Is(err, vfs.ErrNotExist) {
		if b.o.Existing {
			return damage(f.name, 0, "the file is missing")
		}
		return nil
	}
	if err != nil {
		return err
	}
	f.file = file
	if err := file.Evict(); err != nil {
		return fmt.Errorf("evict %s: %w", f.name, err)
	}
	found, torn, err := f.load()
	if torn {
		b.o.Hooks.Sometimes("state: slot torn")
	}
	if err == nil {
		err = f.confirm()
	}
	r.found, r.hint, r.commit = found, f.st, f.st.Commit
	return err
}

// walk reads frames in index order over all segments up to the first place
// where no valid frame with the next index and the right chain stands.
func (r *recovery) walk() error {
	b := r.b
	missing := func(number uint64) place {
		return place{file: b.name(segmentName(number)), reason: errors.New("the file is missing"), soft: true}
	}
	r.bad = missing(1)
	for i, number := range r.numbers {
		if number != uint64(i)+1 {
			if r.bad.soft {
				r.bad = missing(uint64(i) + 1)
			}
			break
		}
		s, err := b.openSegment(number, r.access())
		if err != nil {
			return err
		}
		more, err := r.segment(s)
		if len(b.segs) == i { // s was not adopted
			err = errors.Join(err, s.file.Close())
		}
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	b.tail = r.tail
	b.report.Segments, b.report.Entries = len(b.segs), b.last
	return nil
}

// segment reads one segment. It becomes part of the log when its first frame
// does; only then more may follow.
func (r *recovery) segment(s *logFile) (more bool, err error) {
	b, name := r.b, s.reader.Name()
	if !mutate.On(mutate.NoEvict) {
		if err := s.file.Evict(); err != nil {
			return false, fmt.Errorf("evict %s: %w", name, err)
		}
	}
	// The limit is that of a frame alone in a segment.
	scan, err := segment.NewScanner(s.reader, int64(segment.FrameHead+b.DataMax()))
	if err != nil {
		return false, err
	}
	h, size, flaw, err := scan.Header()
	if err != nil {
		return false, err
	}
	if segment.Foreign(flaw) {
		return false, damage(name, 0, flaw.Error())
	}
	if flaw == nil && !slices.Equal(h.Next, b.header(s).Next) {
		flaw = errors.New("the segment's table of sequences does not continue the log")
	}
	if flaw == nil && (h.Base != b.last+1 || h.PrevTerm != b.lastTerm || h.PrevCRC != b.lastCRC) {
		flaw = errors.New("the segment's header does not continue the log")
	}
	if flaw != nil {
		if r.bad.soft {
			r.bad = place{file: name, reason: flaw}
		}
		return false, nil
	}
	s.base, s.start, s.end, s.length = h.Base, size, size, scan.Size()
	for {
		f, flaw, err := scan.Frame(s.end)
		if err != nil {
			return false, err
		}
		if flaw = r.continues(s, f, flaw); flaw != nil {
			soft := flaw == segment.ErrZeros || flaw == segment.ErrEnd
			r.bad = place{file: name, off: s.end, reason: flaw, soft: soft}
			return len(s.offs) > 0, nil
		}
		if len(s.offs) == 0 {
			b.segs = append(b.segs, s)
			r.scan = scan
		}
		if err := r.adopt(s, f); err != nil {
			return false, err
		}
	}
}

// continues says why a frame does not continue the log.
func (r *recovery) continues(s *logFile, f segment.Frame, flaw error) error {
	b, e := r.b, f.Entry
	switch {
	case flaw != nil:
		return flaw
	case e.Index != b.last+1:
		return fmt.Errorf("a frame has index %d", e.Index)
	case f.Prev != b.lastCRC:
		return errors.New("a frame continues another log")
	case e.Term < b.lastTerm:
		return fmt.Errorf("a frame has term %d after %d", e.Term, b.lastTerm)
	case !s.room(s.end, f.Size, b.o.SegmentSize):
		return errors.New("a frame reaches over the end of its segment")
	}
	return nil
}

// adopt takes a frame into the log and applies what is known to be committed.
// A frame names its leader's commit index, and being in the same chain is proof
// that the entries up to there are the committed ones.
func (r *recovery) adopt(s *logFile, f segment.Frame) error {
	b, e := r.b, f.Entry
	if err := b.note(s, e, s.end, f.CRC); err != nil {
		return damage(s.reader.Name(), s.end, err.Error())
	}
	s.end += f.Size
	s.space = s.end
	b.report.Bytes += f.Size
	if e.Kind == segment.Transaction {
		if h, err := segment.DecodeHead(e.Index, e.Data); err == nil {
			r.commit = max(r.commit, h.Commit)
		}
	}
	for len(r.tail) > 0 && r.tail[0].Index <= r.commit {
		if err := r.apply(r.tail[0]); err != nil {
			return err
		}
		r.tail = r.tail[1:]
	}
	if e.Index <= r.commit {
		return r.apply(e)
	}
	e.Data = bytes.Clone(e.Data)
	r.tail = append(r.tail, e)
	return nil
}

func (r *recovery) apply(e segment.Entry) error {
	b := r.b
	if err := b.Apply(e); err != nil {
		s := b.segs[b.segmentOf(e.Index)]
		return damage(s.reader.Name(), s.offset(e.Index), err.Error())
	}
	if h, err := segment.DecodeHead(e.Index, e.Data); err == nil && e.Kind == segment.Transaction {
		b.report.Events += uint64(h.Count)
	}
	return nil
}

// mend cuts what a crash tore. Each step can be the last one before another
// crash: what is left then is judged the same way again.
func (r *recovery) mend() error {
	b := r.b
	rest := r.rest()
	torn := len(rest) > 0 && !r.bad.soft
	if n := len(b.segs); n > 0 && r.garbage > b.segs[n-1].end {
		torn = true
		b.report.Cut = r.garbage - b.segs[n-1].end
	}
	b.report.Removed = len(rest)
	if b.o.ReadOnly {
		return nil
	}
	if mutate.On(mutate.CutTooLittle) {
		if n := len(b.segs); n > 0 && torn {
			s := b.segs[n-1]
			s.end = max(s.end, (r.garbage+segment.FrameAlign-1)&^(segment.FrameAlign-1))
		}
		return nil
	}
	for i := len(rest) - 1; i >= 0; i-- {
		if err := b.fs.Remove(b.name(segmentName(rest[i]))); err != nil {
			return err
		}
		b.o.Hooks.Sometimes("recovery: later segment removed")
	}
	for i, s := range b.segs {
		last := i == len(b.segs)-1
		if s.length == s.end || last && r.garbage <= s.end {
			continue // or reserved space, all zeros
		}
		if err := s.resize(s.end); err != nil {
			return err
		}
		if last {
			b.o.Hooks.Sometimes("recovery: torn tail cut")
		}
	}
	if mutate.On(mutate.CutTooMuch) && torn && b.last > b.applied {
		return errors.Join(b.cut(b.last), b.trim())
	}
	if mutate.On(mutate.CutUncommitted) && b.last > b.applied {
		return errors.Join(b.cut(b.applied+1), b.trim())
	}
	return nil
}

// settle makes durable what was read: a killed process may have left it in the
// page cache only, and from here on Raft relies on it.
func (r *recovery) settle() error {
	b := r.b
	if b.o.ReadOnly {
		return nil
	}
	f := &b.state
	if f.file == nil {
		file, err := b.fs.Open(f.name, vfs.Write|vfs.Create)
		if err != nil {
			return err
		}
		f.file = file
	}
	if err := f.file.Preallocate(segment.StateSize); err != nil {
		return fmt.Errorf("reserve %s: %w", f.name, err)
	}
	if !mutate.On(mutate.RecoverWithoutSync) {
		for i, s := range b.segs {
			// What the hint names was synced before it was written, and with the
			// first entry of a segment the cut that ended the segment before it: if
			// that cut were lost, a replaced frame would stand there again, with the
			// right chain.
			if i < len(b.segs)-2 && s.next() <= r.hint.Commit && !s.dirty {
				continue
			}
			if mutate.On(mutate.SettleLastOnly) && i < len(b.segs)-1 {
				continue
			}
			if err := s.file.Sync(); err != nil {
				return fmt.Errorf("sync %s: %w", s.reader.Name(), err)
			}
			s.dirty = false
		}
		if err := f.file.Sync(); err != nil {
			return fmt.Errorf("sync %s: %w", f.name, err)
		}
		if err := r.settleNames(); err != nil {
			return err
		}
	}
	b.dirDirty = false
	if r.found && f.odd && !mutate.On(mutate.NoHardState) {
		return f.write(segment.State{Term: f.st.Term, Vote: f.st.Vote, Commit: f.st.Commit})
	}
	return nil
}

// settleNames makes the names in the bucket's directory durable, and those of
// a new directory and its parents.
func (r *recovery) settleNames() error {
	for dir := r.b.dir; ; dir = path.Dir(dir) {
		if err := r.b.fs.SyncDir(dir); err != nil {
			return fmt.Errorf("sync directory %s: %w", dir, err)
		}
		if r.b.o.Existing || dir == "." {
			return nil
		}
	}
}
