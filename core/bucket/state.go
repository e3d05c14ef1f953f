package bucket

import (
	"errors"
	"fmt"
	"io"

	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
	"sierradb/vfs"
)

const stateName = "raft.state"

// stateFile is raft.state. Its two slots obey one rule: the slot that holds
// the newest synced write is never written; every write goes to the other one.
// So whatever a crash does to a write, synced or not, the newest term and vote
// that anyone was promised stay readable.
type stateFile struct {
	file vfs.File
	name string
	seed uint32
	seq  uint64 // of the newest write
	safe int    // slot of the newest synced write, -1 for none
	st   segment.State
	odd  bool // at load: the other slot does not hold the same term and vote
}

// load reads the slots and takes the newer valid one; found is false when none
// is valid. torn says that a slot was written but does not check.
func (f *stateFile) load() (found, torn bool, err error) {
	b := make([]byte, segment.StateSize)
	n, err := f.file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, false, fmt.Errorf("read %s: %w", f.name, err)
	}
	clear(b[n:])
	f.safe = -1
	var states [2]segment.State
	for i := range 2 {
		slot := b[i*segment.SlotSize:][:segment.SlotSize]
		seq, st, ok := segment.DecodeSlot(f.seed, slot)
		states[i] = st
		newer := seq > f.seq
		if mutate.On(mutate.OlderSlot) {
			newer = f.safe < 0 || seq < f.seq
		}
		if ok && newer {
			f.seq, f.st, f.safe = seq, st, i
		}
		torn = torn || !ok && !segment.Blank(slot)
	}
	f.odd = states[0].Term != states[1].Term || states[0].Vote != states[1].Vote
	return f.safe >= 0, torn, nil
}

// confirm reads the slots once more, past the page cache: a bad read must not
// bring back an older term and vote, or none, which makes a log look new.
func (f *stateFile) confirm() error {
	if mutate.On(mutate.ReadOnce) {
		return nil
	}
	if err := f.file.Evict(); err != nil {
		return fmt.Errorf("evict %s: %w", f.name, err)
	}
	again := stateFile{file: f.file, name: f.name, seed: f.seed}
	if _, _, err := again.load(); err != nil {
		return err
	}
	if again.seq != f.seq || again.safe != f.safe || again.st != f.st {
		return unsteady(f.name, 0)
	}
	return nil
}

// save writes st to the slot that may be written.
func (f *stateFile) save(st segment.State, sync bool) error {
	slot := f.target()
	if err := f.write(st); err != nil || !sync {
		return err
	}
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", f.name, hideNoSpace(err)) // a failed sync, whatever it says
	}
	f.safe = slot
	// A copy in the other slot: a bit that rots in one of them later costs
	// nothing then. It need not be durable.
	return f.write(st)
}

// target is the slot that may be written.
func (f *stateFile) target() int {
	if mutate.On(mutate.SlotsAlternate) {
		return int(f.seq+1) & 1
	}
	if f.safe == 0 {
		return 1
	}
	return 0
}

func (f *stateFile) write(st segment.State) error {
	b := segment.AppendSlot(nil, f.seed, f.seq+1, st)
	if _, err := f.file.WriteAt(b, int64(f.target())*segment.SlotSize); err != nil {
		return fmt.Errorf("write %s: %w", f.name, err)
	}
	f.seq++
	f.st = st
	return nil
}

func (f *stateFile) close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// HardState is what raft.state holds: the last term and vote, and a commit
// index at or below the last index. All zero for a new log. After Open the
// commit index may be higher than the file's, where frames name a higher one.
func (b *Bucket) HardState() segment.State { return b.state.st }

// SaveState writes term, vote and commit to raft.state, and syncs it when sync
// is set. commit must not name an entry that is not synced here, and the term
// never goes back.
func (b *Bucket) SaveState(st segment.State, sync bool) error {
	if mutate.On(mutate.NoHardState) {
		return nil
	}
	if err := b.writable("save the state"); err != nil {
		return err
	}
	if st.Commit > b.last || st.Term < b.state.st.Term {
		return fmt.Errorf("%w: state %+v of bucket %d does not follow %+v with a log that ends at %d", event.ErrInvalid, st, b.o.Bucket, b.state.st, b.last)
	}
	if err := b.state.save(st, sync); errors.Is(err, vfs.ErrNoSpace) {
		return fmt.Errorf("bucket %d: %w", b.o.Bucket, err)
	} else if err != nil {
		return b.poison(fmt.Errorf("bucket %d: %w", b.o.Bucket, err))
	}
	return nil
}
