package bucket_test

import (
	"testing"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/segment"
	"sierradb/vfs"

	"pgregory.net/rapid"
)

// machine drives a bucket and a plain model of it: a slice of entries, how many
// are durable whatever happens, and which are committed.
type machine struct {
	t  *rapid.T
	fs *vfs.Mem
	b  *bucket.Bucket

	log    []segment.Entry            // as appended
	ever   map[uint64][]segment.Entry // every entry ever appended, by index
	floor  uint64                     // entries up to here are synced and were not replaced since
	synced uint64
	commit uint64
	term   uint64
	vote   uint64
	saved  segment.State // the last state that was synced
	seed   uint64
}

// TestBucket_Model lets Raft-like histories run against the model, with killed
// processes and power cuts of every kind.
func TestBucket_Model(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{t: t, fs: vfs.NewMem(vfs.MemOptions{SyncNames: rapid.Bool().Draw(t, "journal")}), ever: map[uint64][]segment.Entry{}}
		m.b = open(t, m.fs)
		m.campaign()
		t.Repeat(map[string]func(*rapid.T){
			"append":   func(t *rapid.T) { m.append(uint64(len(m.log)) + 1) },
			"append2":  func(t *rapid.T) { m.append(uint64(len(m.log)) + 1) },
			"conflict": m.conflict,
			"sync":     func(t *rapid.T) { m.sync() },
			"commit":   m.doCommit,
			"hint":     m.hint,
			"campaign": func(*rapid.T) { m.campaign() },
			"reserve": func(t *rapid.T) {
				must(t, m.b.Reserve(rapid.IntRange(1, 4).Draw(t, "n"), int64(rapid.IntRange(0, 9000).Draw(t, "bytes"))))
			},
			"kill":  func(t *rapid.T) { m.fs.Kill(); m.reopen() },
			"power": m.power,
			"":      func(*rapid.T) { m.check() },
		})
	})
}

func (m *machine) rand() *actor.Rand {
	m.seed++
	return actor.NewRand(m.seed)
}

func (m *machine) append(first uint64) {
	n := rapid.IntRange(1, 6).Draw(m.t, "entries")
	s := newScript(m.seed, m.log[:first-1])
	m.seed++
	var batch []segment.Entry
	for i := range uint64(n) {
		index := first + i
		var e segment.Entry
		switch rapid.IntRange(0, 9).Draw(m.t, "kind") {
		case 0:
			e = segment.Entry{Kind: segment.Empty, Term: m.term, Index: index}
		case 1:
			e = segment.Entry{Kind: segment.ConfChange, Term: m.term, Index: index, Data: []byte("conf")}
		default:
			size := rapid.SampledFrom([]int{0, 1, 7, 50, 100, 511, 900}).Draw(m.t, "size")
			e = s.txn(m.term, index, min(m.commit, index-1), rapid.IntRange(1, 3).Draw(m.t, "events"), size)
		}
		batch = append(batch, e)
	}
	must(m.t, m.b.Append(batch))
	m.log = append(m.log[:first-1:first-1], batch...)
	m.floor = min(m.floor, first-1)
	m.synced = min(m.synced, first-1)
	for _, e := range batch {
		m.ever[e.Index] = append(m.ever[e.Index], e)
	}
}

// conflict replaces uncommitted entries, as a new leader does.
func (m *machine) conflict(t *rapid.T) {
	if m.commit == uint64(len(m.log)) {
		t.Skip("everything is committed")
	}
	first := rapid.Uint64Range(m.commit+1, uint64(len(m.log))).Draw(t, "first")
	m.campaign()
	m.append(first)
}

func (m *machine) campaign() {
	m.term++
	m.vote = 1 + m.term%3
	m.saved = segment.State{Term: m.term, Vote: m.vote, Commit: m.commit}
	must(m.t, m.b.SaveState(m.saved, true))
}

func (m *machine) sync() {
	syncAll(m.t, m.fs, m.b)
	m.synced, m.floor = uint64(len(m.log)), uint64(len(m.log))
}

func (m *machine) doCommit(t *rapid.T) {
	if m.commit >= m.synced {
		t.Skip("nothing to commit")
	}
	to := rapid.Uint64Range(m.commit+1, m.synced).Draw(t, "commit")
	for m.commit < to {
		must(t, m.b.Apply(m.log[m.commit]))
		m.commit++
	}
}

func (m *machine) hint(*rapid.T) {
	must(m.t, m.b.SaveState(segment.State{Term: m.term, Vote: m.vote, Commit: m.commit}, false))
}

func (m *machine) power(t *rapid.T) {
	mode := vfs.CutMode(rapid.Uint64Range(0, vfs.CutModes-1).Draw(t, "mode"))
	m.fs.PowerCut(m.rand(), mode)
	m.reopen()
}

// reopen recovers and checks what is left against what was promised.
func (m *machine) reopen() {
	t := m.t
	m.b = open(t, m.fs)
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
	if st.Term != m.term || st.Vote != m.vote {
		t.Fatalf("state is %+v, term %d and vote %d were synced", st, m.term, m.vote)
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
	m.log = got
	m.synced, m.floor = uint64(len(got)), uint64(len(got))
	// A leader knows of the commits again when it hears of them.
	for i := m.b.Applied(); i < m.commit; i++ {
		must(t, m.b.Apply(m.log[i]))
	}
	m.again()
}

// again checks that what recovery returned survives a power cut at once, and
// that a second recovery finds the same.
func (m *machine) again() {
	fs := m.fs.Clone()
	fs.PowerCut(m.rand(), vfs.CutMode(m.rand().Uint64n(vfs.CutModes)))
	b := open(m.t, fs)
	if b.LastIndex() != uint64(len(m.log)) {

		m.t.Fatalf("recovery returned %d entries; after a power cut there are %d", len(m.log), b.LastIndex())
	}
	for i, e := range entries(m.t, b) {
		if !equal(e, m.log[i]) {
			m.t.Fatalf("entry %d differs after a power cut that followed recovery", i+1)
		}
	}
	if st, was := b.HardState(), m.b.HardState(); st.Term != was.Term || st.Vote != was.Vote {
		m.t.Fatalf("state %+v became %+v", was, st)
	}
}

func (m *machine) check() {
	if m.b.LastIndex() != uint64(len(m.log)) || m.b.Applied() != m.commit {
		m.t.Fatalf("last %d applied %d, want %d and %d", m.b.LastIndex(), m.b.Applied(), len(m.log), m.commit)
	}
	for i, e := range entries(m.t, m.b) {
		if !equal(e, m.log[i]) {
			m.t.Fatalf("entry %d is %+v, want %+v", i+1, e, m.log[i])
		}
	}
	checkReads(m.t, m.b, m.log)
}
