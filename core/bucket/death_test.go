package bucket_test

import (
	"errors"

	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/vfs"

	"pgregory.net/rapid"
)

// die ends the process in some way, and some recoveries after it.
func (m *machine) die(t *rapid.T) {
	m.end(t)
	for range rapid.IntRange(0, 2).Draw(t, "recoveries that die too") {
		n, when := rapid.IntRange(1, 12).Draw(t, "operation"), vfs.Moment(rapid.IntRange(0, 2).Draw(t, "moment"))
		until(func() {
			b, err := bucket.Open(vfs.Inject(m.fs, vfs.On(changes...).Crash(n, when, crashed{})), dir, m.o)
			if err == nil {
				must(t, b.Close())
			} else if !errors.Is(err, vfs.ErrNoSpace) {
				t.Fatalf("open: %v", err)
			}
		})
		m.end(t)
	}
	m.reopen(t)
}

// end closes the bucket, which syncs nothing, kills the process, or lets power
// go.
func (m *machine) end(t *rapid.T) {
	mode := rapid.IntRange(-2, int(vfs.CutModes)-1).Draw(t, "power")
	if mode < 0 {
		if m.disk.trouble = nil; mode < -1 {
			m.b.Close() // after a crash in the middle of it, a mere try
		}
		m.fs.Kill()
		return
	}
	m.fs.PowerCut(drawDice(t), vfs.CutMode(mode))
}

// open opens the bucket in a new life.
func (m *machine) open() {
	m.disk, m.halted, m.barrier, m.held = &disk{}, false, nil, nil
	m.room.entries = 0
	fs := vfs.Inject(m.fs, m.disk)
	b, err := bucket.Open(fs, dir, m.o)
	if errors.Is(err, vfs.ErrNoSpace) {
		m.free()
		b, err = bucket.Open(fs, dir, m.o)
	}
	if err != nil {
		m.t.Fatalf("open: %v", err)
	}
	m.b = b
}

// reopen recovers and checks what is left against what was promised.
func (m *machine) reopen(t *rapid.T) {
	m.open()
	got := entries(t, m.b)
	if uint64(len(got)) < m.floor {
		t.Fatalf("the log ends at %d, %d entries were synced", len(got), m.floor)
	}
	for i, e := range got {
		known := uint64(i) < m.floor && equal(e, m.log[i])
		for _, old := range m.ever[e.Index] {
			known = known || uint64(i) >= m.floor && equal(e, old)
		}
		if !known {
			t.Fatalf("entry %d is %+v, which was not appended", i+1, e)
		}
	}
	st := m.b.HardState()
	known := st.Term == m.saved.Term && st.Vote == m.saved.Vote
	for _, tried := range m.tried {
		known = known || st.Term == tried.Term && st.Vote == tried.Vote
	}
	if !known {
		t.Fatalf("state is %+v; %+v was synced and then %+v written", st, m.saved, m.tried)
	}
	if st.Commit < m.saved.Commit || st.Commit > m.commit || m.b.Applied() != st.Commit {
		t.Fatalf("commit is %d, applied %d; %d was synced, %d is committed", st.Commit, m.b.Applied(), m.saved.Commit, m.commit)
	}
	if n := uint64(len(m.b.Tail())); n != m.b.LastIndex()-m.b.Applied() {
		t.Fatalf("the tail has %d entries, the log %d above the %d applied", n, m.b.LastIndex(), m.b.Applied())
	}
	for i, e := range m.b.Tail() {
		if !equal(e, got[int(m.b.Applied())+i]) {
			t.Fatalf("tail entry %d is %+v", i, e)
		}
	}
	// Recovery has synced all of it.
	m.log, m.floor = got, uint64(len(got))
	m.term, m.vote, m.tried = st.Term, st.Vote, nil
	m.saved.Term, m.saved.Vote = st.Term, st.Vote
	m.hinted = m.saved.Commit
	// A leader knows of the commits again when it hears of them.
	for i := m.b.Applied(); i < m.commit; i++ {
		must(t, m.b.Apply(m.log[i]))
	}
	m.again(t)
}

// again checks that what recovery returned survives a power cut at once, and
// that a second recovery finds the same.
func (m *machine) again(t *rapid.T) {
	fs := m.fs.Clone()
	fs.SetCapacity(0)
	fs.PowerCut(drawDice(t), vfs.CutMode(rapid.Uint64Range(0, vfs.CutModes-1).Draw(t, "power")))
	b, err := bucket.Open(fs, dir, m.o)
	if err != nil {
		t.Fatalf("open after a power cut that followed recovery: %v", err)
	}
	m.compare(t, b, "after a power cut that followed recovery")
	if st, was := b.HardState(), m.b.HardState(); st.Term != was.Term || st.Vote != was.Vote {
		t.Fatalf("state %+v became %+v", was, st)
	}
	must(t, b.Close())
}

// look opens a copy of the disk for reading: it shows the same log, and changes
// nothing.
func (m *machine) look(t *rapid.T) {
	m.living(t)
	fs, o := m.fs.Clone(), m.o
	o.ReadOnly = true
	before := image(fs)
	b, err := bucket.Open(fs, dir, o)
	must(t, err)
	m.compare(t, b, "opened for reading")
	must(t, b.Close())
	if image(fs) != before {
		t.Fatalf("who only reads has changed the disk")
	}
}

// rot turns one bit over on a copy of the disk. It is reported, or no commit
// index behind it or in raft.state names what is lost.
func (m *machine) rot(t *rapid.T) {
	m.living(t)
	segments := len(m.layout())
	if segments == 0 {
		t.Skip("there is no segment")
	}
	fs := m.fs.Clone()
	fs.SetCapacity(0)
	fs.PowerCut(nil, vfs.CutKeepsAll)
	name := dir + "/" + segmentName(rapid.IntRange(1, segments).Draw(t, "segment"))
	data, err := fs.ReadFile(name)
	must(t, err)
	bit := rapid.IntRange(0, 8*len(data)-1).Draw(t, "bit")
	must(t, fs.FlipBit(name, int64(bit/8), uint8(bit%8)))
	before := image(fs)
	b, err := bucket.Open(fs, dir, m.o)
	if err != nil {
		var d *event.DamageError
		if !errors.As(err, &d) || image(fs) != before {
			t.Fatalf("bit %d of %s is wrong, the disk has changed or the error is of another kind: %v", bit, name, err)
		}
		return
	}
	next := b.LastIndex() + 1
	for i, e := range entries(t, b) {
		if !equal(e, m.log[i]) {
			t.Fatalf("bit %d of %s is wrong: entry %d is %+v, want %+v", bit, name, i+1, e, m.log[i])
		}
	}
	named := m.hinted
	for _, e := range m.log[min(next, uint64(len(m.log))):] {
		named = max(named, names(e))
	}
	if named >= next && next <= uint64(len(m.log)) {
		t.Fatalf("bit %d of %s is wrong: entries from %d on are lost and %d is named as committed", bit, name, next, named)
	}
	must(t, b.Close())
}
