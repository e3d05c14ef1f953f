package crashenum

import (
	"bytes"
	"errors"
	"fmt"

	"sierradb/core"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// life is what a script drives: the system, its disk, and the record of what
// was promised. Its methods end the enumeration when something goes wrong that
// the script did not ask for.
type life struct {
	x    *explorer
	disk *vfs.Mem
	fs   vfs.FS // the disk as the process sees it, with the tap
	*running

	log  []*node // as it is in memory
	p    promise // the promise as it stands, copied when it is handed out
	last *promise
	rand *actor.Rand
	term uint64

	given bool // what happens now is not explored
}

func newLife(x *explorer) *life {
	l := &life{x: x, disk: vfs.NewMem(vfs.MemOptions{}), rand: actor.NewRand(1)}
	l.p.ever = make(map[uint64][]*node)
	l.p.states = []segment.State{{}}
	l.fs = vfs.Inject(l.disk, &tap{disk: l.disk, point: func(c *vfs.Mem, what func() string) {
		l.die(c, func() string { return "the script dies " + what() })
	}})
	return l
}

// die explores the death of the process with a disk.
func (l *life) die(disk *vfs.Mem, step func() string) {
	if l.given {
		return
	}
	if l.last == nil {
		p := l.p
		p.number++
		l.p.number = p.number
		l.last = &p
	}
	l.x.point(disk, l.last, l.x.depth.Recoveries, step)
}

// point is a point between operations.
func (l *life) point(what func() string) { l.die(l.disk.Clone(), what) }

// changed is called when a promise was given or taken back.
func (l *life) changed() { l.last = nil }

// before does what happened before the part of the script that is explored;
// other scripts explore it.
func (l *life) before(what func()) {
	l.given = true
	what()
	l.given = false
}

// begun is a bucket with a term and with a batch that is committed, if there is
// one.
func (l *life) begun(b batch) {
	l.before(func() {
		l.open()
		l.save()
		if len(b) > 0 {
			l.all(b)
		}
	})
}

// must ends the enumeration on an error.
func (l *life) must(doing string, err error) {
	if err == nil {
		return
	}
	l.x.push(func() string { return "the script, in " + doing })
	property := "the script runs"
	if isDamage(err) {
		property = "D6 no false damage"
	}
	l.x.violate(property, "%s: %v", doing, err)
}

// open starts the process; what it finds is promised from then on.
func (l *life) open() {
	r, err := l.x.system(l.fs, 1)
	l.must("open", err)
	f, err := r.look()
	l.must("open", err)
	l.x.check(f, &l.p)
	l.running = r
	var log []*node
	var prev *node
	for _, e := range f.log {
		for _, n := range l.p.ever[e.Index] {
			if n.prev == prev && equal(n.entry, e) {
				prev = n
				break
			}
		}
		log = append(log, prev)
	}
	l.log, l.p.synced = log, log
	l.p.states = []segment.State{f.state}
	l.p.id = f.id
	l.term = max(l.term, f.state.Term)
	l.changed()
}

// kill ends the process; the next one starts with open.
func (l *life) kill() {
	l.disk.Kill()
	l.running = nil
}

// save makes the next term durable, with a vote.
func (l *life) save() {
	l.term++
	l.state(segment.State{Term: l.term, Vote: 1 + l.term%3, Commit: l.b.Applied()}, true)
}

// hint writes the commit index.
func (l *life) hint(sync bool) {
	st := l.b.HardState()
	st.Commit = l.b.Applied()
	l.state(st, sync)
}

func (l *life) state(st segment.State, sync bool) { l.must("save the state", l.saveState(st, sync)) }

// saveState keeps the record of what raft.state may hold.
func (l *life) saveState(st segment.State, sync bool) error {
	l.p.states = append(l.p.states[:len(l.p.states):len(l.p.states)], st)
	l.changed()
	err := l.b.SaveState(st, sync)
	if err == nil && sync {
		l.p.states = []segment.State{st}
		l.p.hint = max(l.p.hint, st.Commit)
		l.changed()
	}
	return err
}

// txn makes the entry that follows the log: n events with size bytes each.
func (l *life) txn(log []*node, n, size int) segment.Entry {
	key := event.KeyOf("stream")
	txn := event.Transaction{Key: key, Partition: event.PartitionOf(key, partitions)}
	seq, version, index := event.Sequence(0), event.Version(0), uint64(len(log))+1
	for _, old := range log {
		for range eventsOf(old.entry) {
			seq++
			version++
		}
	}
	var placed []event.Placed
	for i := range n {
		payload := make([]byte, size)
		l.rand.Read(payload)
		placed = append(placed, event.Placed{ID: event.NewID(l.rand, 1_700_000_000_000, key), Version: version + event.Version(i), Timestamp: int64(index)})
		txn.Events = append(txn.Events, event.New{Stream: "stream", Name: "Happened", Payload: payload})
	}
	txn.ID = placed[0].ID
	if n > 1 {
		txn.ID = event.NewTransactionID(l.rand)
	}
	data := segment.AppendBody(nil, &txn, seq, placed, index, min(l.p.commit, index-1))
	return segment.Entry{Kind: segment.Transaction, Term: l.term, Index: index, Data: data}
}

// batch is the entries of one append, each a transaction: how many events, and
// how many bytes they have.
type batch []struct{ events, size int }

// one is a batch of n transactions of one event.
func one(n, size int) batch {
	b := make(batch, n)
	for i := range b {
		b[i].events, b[i].size = 1, size
	}
	return b
}

// append writes a batch behind the log.
func (l *life) append(b batch) { l.must("append", l.write(uint64(len(l.log))+1, b)) }

// replace writes a batch from index first on, in place of what is there.
func (l *life) replace(first uint64, b batch) { l.must("replace", l.write(first, b)) }

// write appends a batch. After an error the log is as before.
func (l *life) write(first uint64, b batch) error {
	log := l.log[: first-1 : first-1]
	var entries []segment.Entry
	for _, t := range b {
		e := l.txn(log, t.events, t.size)
		log = append(log, &node{entry: e})
		entries = append(entries, e)
	}
	return l.put(entries)
}

// put appends entries and keeps the record.
func (l *life) put(entries []segment.Entry) error {
	first := entries[0].Index
	log := l.log[: first-1 : first-1]
	for _, e := range entries {
		e.Data = bytes.Clone(e.Data)
		n := &node{entry: e}
		if len(log) > 0 {
			n.prev = log[len(log)-1]
		}
		l.p.ever[e.Index] = append(l.p.ever[e.Index], n)
		log = append(log, n)
	}
	if len(l.p.synced) >= int(first) {
		l.p.synced = l.p.synced[:first-1]
	}
	l.changed()
	if err := l.b.Append(entries); err != nil {
		return err
	}
	l.log = log
	return nil
}

// reserve asks for space as a leader does before it proposes.
func (l *life) reserve(n, bytes int) { l.must("reserve", l.b.Reserve(n, int64(bytes))) }

// sync makes the log durable.
func (l *life) sync() {
	l.must("sync", syncPending(l.fs, l.running))
	l.p.synced = l.log
	l.changed()
}

// begin begins a barrier over what was written so far. Its end promises that.
func (l *life) begin() (end func()) {
	p := l.disk.BeginSync(l.b.Pending(nil, nil))
	covered := l.log
	return func() {
		l.point(func() string { return "the script dies before its barrier ends" })
		l.must("barrier", p.Complete())
		l.p.synced = covered
		l.changed()
		l.point(func() string { return "the script dies when its barrier has ended" })
	}
}

// fail lets a barrier fail, with or without its pages dropped.
func (l *life) fail(drop bool) {
	p := l.disk.BeginSync(l.b.Pending(nil, nil))
	if err := p.Fail(drop); !errors.Is(err, vfs.ErrIO) {
		panic(fmt.Sprintf("crashenum: a failed barrier says %v", err))
	}
	l.point(func() string {
		return fmt.Sprintf("the script dies when its barrier has failed, dropped pages: %v", drop)
	})
}

// commit applies the entries up to index, which are synced.
func (l *life) commit(index uint64) {
	l.p.commit = max(l.p.commit, index)
	l.changed()
	for l.b.Applied() < index {
		l.must("apply", l.b.Apply(l.log[l.b.Applied()].entry))
	}
}

// all appends a batch, syncs and commits it.
func (l *life) all(b batch) {
	l.append(b)
	l.sync()
	l.commit(uint64(len(l.log)))
}

// fill leaves so many pages of the disk free.
func (l *life) fill(pages int) {
	l.disk.SetCapacity(l.disk.Used() + uint64(pages)*4096)
	l.p.full = true
	l.changed()
}

// free makes the disk endless again.
func (l *life) free() {
	l.disk.SetCapacity(0)
	l.p.full = false
	l.changed()
}

// noSpace appends a batch for which there is no room.
func (l *life) noSpace(b batch) {
	err := l.write(uint64(len(l.log))+1, b)
	if !errors.Is(err, vfs.ErrNoSpace) {
		l.must("append to a full disk", fmt.Errorf("the answer is %v", err))
	}
	if got := l.b.LastIndex(); got != uint64(len(l.log)) {
		l.must("append to a full disk", fmt.Errorf("the log ends at %d, before it ended at %d", got, len(l.log)))
	}
}

// refused starts a store with other settings: they are refused by name.
func (l *life) refused(change func(*core.Options)) {
	o := settings(1)
	change(&o)
	s, err := core.Open(lockless{l.fs}, o)
	var fixed *core.FixedError
	if !errors.As(err, &fixed) {
		l.must("start with other settings", fmt.Errorf("the answer is %v, %v", s, err))
	}
}

// damage flips a bit of a file at rest; from then on it has to be reported.
func (l *life) damage(file string, off int64) {
	name := bucketDir + "/" + file
	l.must("flip a bit", l.disk.FlipBit(name, off, 3))
	l.p.damaged = name
	l.changed()
}
