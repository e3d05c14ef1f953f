package crashenum

import (
	"errors"

	"sierradb/core/segment"
	"sierradb/vfs"
)

// node is an entry of some log that the script wrote, with the one before it.
type node struct {
	entry segment.Entry
	prev  *node
}

// promise is what a script may rely on at one point of its life. A script
// makes a new one whenever that changes; it is not written afterwards.
type promise struct {
	number  int // counts the promises of a script
	synced  []*node
	ever    map[uint64][]*node // all entries that were ever written, by index
	commit  uint64             // the highest index that Raft committed
	hint    uint64             // the highest commit index that was synced
	states  []segment.State    // the last that was synced, and those that were being written since
	id      string             // of the store, once it was told
	damaged string             // a file with acknowledged bytes that were changed at rest
	full    bool               // the disk may be full
}

// check holds what a recovery found against a promise.
func (x *explorer) check(f *found, p *promise) {
	if p.id != "" && f.id != p.id {
		x.violate("the identity stays", "found %s, promised %s", f.id, p.id)
	}
	if len(f.log) < len(p.synced) {
		x.violate("D1 synced entries", "found %v, %d entries were synced", f, len(p.synced))
	}
	var prev *node
	for i, e := range f.log {
		var n *node
		for _, old := range p.ever[e.Index] {
			if old.prev == prev && equal(old.entry, e) {
				n = old
			}
		}
		if n == nil {
			x.violate("D3 the log is what was written", "entry %d of %v was not written in this place", i+1, f)
		}
		if i < len(p.synced) && n != p.synced[i] {
			x.violate("D1 synced entries", "entry %d of %v is not the one that was synced, which has term %d", i+1, f, p.synced[i].entry.Term)
		}
		prev = n
	}
	if f.applied > p.commit || f.applied < p.hint || f.applied != f.state.Commit {
		x.violate("D3 what is applied is committed", "found %v; %d entries are committed, and a synced hint says %d", f, p.commit, p.hint)
	}
	known := false
	for _, st := range p.states {
		known = known || st.Term == f.state.Term && st.Vote == f.state.Vote
	}
	if !known {
		x.violate("D1 term and vote", "found %v; term and vote are one of %+v", f, p.states)
	}
}

// goOn uses what a recovery left, a copy of disk: the bucket takes a term and
// two entries, behind the log and in place of what is not committed, and the
// power cut that follows takes nothing of it.
func (x *explorer) goOn(disk *vfs.Mem, f *found) {
	x.takes(disk, f, uint64(len(f.log)))
	if f.applied < uint64(len(f.log)) {
		x.takes(disk, f, f.applied)
	}
}

// takes adds entries behind the one of index last.
func (x *explorer) takes(disk *vfs.Mem, f *found, last uint64) {
	c := disk.Clone()
	c.SetCapacity(0)
	st := segment.State{Term: f.state.Term + 1, Vote: 2, Commit: f.state.Commit}
	more := []segment.Entry{
		{Kind: segment.Empty, Term: st.Term, Index: last + 1},
		{Kind: segment.ConfChange, Term: st.Term, Index: last + 2, Data: make([]byte, 40)},
	}
	err := func() error {
		r, err := x.system(c, 4)
		if err != nil {
			return err
		}
		if err := errors.Join(r.b.SaveState(st, true), r.b.Append(more)); err != nil {
			return err
		}
		return syncPending(c, r)
	}()
	if err != nil {
		x.violate("D8 takes entries", "%v after entry %d, where %v was found", err, last, f)
	}
	c.CutKeeping(func(int) bool { return false })
	x.result.Recoveries += 2
	got, err := start(x.system, c, 5)
	if err != nil {
		x.violate("D8 takes entries", "recovery after two entries were added behind entry %d: %v", last, err)
	}
	want := *f
	want.log = append(f.log[:last:last], more...)
	want.state = st
	if got.digest() != want.digest() {
		x.violate("D8 takes entries", "found %v after two entries were added behind entry %d of %v", got, last, f)
	}
}

// syncPending makes durable what is pending in a bucket.
func syncPending(fs vfs.FS, r *running) error {
	files, dirs := r.b.Pending(nil, nil)
	return syncAll(fs, files, dirs)
}
