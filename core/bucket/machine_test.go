package bucket_test

import (
	"errors"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/machinetest"
	"sierradb/core/segment"
	"sierradb/vfs"

	"pgregory.net/rapid"
)

// machine drives a bucket as Raft does, with several voters, on a disk that
// fails in every way. The model is a slice of entries, how many of them are
// durable whatever happens, and which are committed.
type machine struct {
	t    *rapid.T
	fs   *vfs.Mem
	disk *disk
	o    bucket.Options
	b    *bucket.Bucket

	log    []segment.Entry            // as appended
	ever   map[uint64][]segment.Entry // every entry that was ever written, by index
	floor  uint64                     // entries up to here are synced and were not replaced since
	commit uint64
	term   uint64
	vote   uint64
	saved  segment.State   // the last that was synced
	tried  []segment.State // written since: a crash may leave them
	hinted uint64          // commit index of the last write of the state in this life

	small   bool // the disk is full, or nearly
	halted  bool // something failed: nothing is written any more in this life
	barrier *vfs.Pending
	covered uint64 // entries that the barrier covers
	room    struct {
		entries int
		bytes   int64
	} // reserved
	held    []scan
	scripts uint64
}

// disk lets operations pass until one is to go wrong.
type disk struct{ trouble vfs.Injector }

func (d *disk) Before(op vfs.Op) vfs.Verdict {
	if d.trouble == nil {
		return vfs.Verdict{}
	}
	return d.trouble.Before(op)
}

func (d *disk) After(op vfs.Op) {
	if d.trouble != nil {
		d.trouble.After(op)
	}
}

func startMachine(t *rapid.T) map[string]func(*rapid.T) {
	m := &machine{t: t, ever: map[uint64][]segment.Entry{}, o: options}
	m.o.SegmentSize = rapid.SampledFrom([]int64{segment.SizeMin, segment.SizeMin + 8, 3 * segment.SizeMin}).Draw(t, "segment")
	m.fs = vfs.NewMem(vfs.MemOptions{
		SyncNames: rapid.Bool().Draw(t, "journal"),
		Sector:    rapid.SampledFrom([]int{512, 4096}).Draw(t, "sector"),
	})
	m.open()
	m.campaign(t)
	return map[string]func(*rapid.T){
		"append":   func(t *rapid.T) { m.append(t, uint64(len(m.log))+1) },
		"append2":  func(t *rapid.T) { m.append(t, uint64(len(m.log))+1) },
		"conflict": m.conflict,
		"reserve":  m.reserve,
		"promise":  m.promise,
		"sync":     m.sync,
		"barrier":  m.begin,
		"complete": m.complete,
		"fail":     m.fail,
		"commit":   m.apply,
		"hint":     m.hint,
		"campaign": m.campaign,
		"fill":     m.fill,
		"free":     func(*rapid.T) { m.free() },
		"trouble":  m.trouble,
		"die":      m.die,
		"hold":     m.hold,
		"resume":   m.resume,
		"look":     m.look,
		"rot":      m.rot,
		"":         func(*rapid.T) { m.check() },
	}
}

// TestBucket_Machine lets Raft-like histories run against the model.
func TestBucket_Machine(t *testing.T) { machinetest.Run(t, startMachine) }

func FuzzBucket(f *testing.F) { machinetest.Fuzz(f, startMachine) }

// changes are the operations that change the disk; those that check use none.
var changes = []vfs.OpKind{vfs.OpOpen, vfs.OpRemove, vfs.OpMkdir, vfs.OpSyncDir, vfs.OpWrite, vfs.OpTruncate, vfs.OpPreallocate, vfs.OpSync}

// trouble lets one of the next operations fail, or the process die at it.
func (m *machine) trouble(t *rapid.T) {
	n := rapid.IntRange(1, 6).Draw(t, "operation")
	if rapid.Bool().Draw(t, "crash") {
		m.disk.trouble = vfs.On(changes...).Crash(n, vfs.Moment(rapid.IntRange(0, 2).Draw(t, "moment")), crashed{})
		return
	}
	if rapid.Bool().Draw(t, "full") {
		m.disk.trouble = vfs.On(vfs.OpWrite, vfs.OpPreallocate, vfs.OpOpen).Nth(n, vfs.Verdict{Err: vfs.ErrNoSpace, Short: rapid.IntRange(0, 3000).Draw(t, "short")})
		return
	}
	m.disk.trouble = vfs.On(changes...).Nth(n, vfs.Verdict{Err: vfs.ErrIO, Short: rapid.IntRange(0, 3000).Draw(t, "short"), Drop: rapid.Bool().Draw(t, "drop")})
}

// fill leaves little room on the disk.
func (m *machine) fill(t *rapid.T) {
	m.small = true
	m.fs.SetCapacity(m.fs.Used() + 4096*rapid.Uint64Range(0, 3).Draw(t, "pages"))
}

func (m *machine) free() {
	m.small = false
	m.fs.SetCapacity(0)
}

// do runs an operation. When the process dies in it, the next life begins, and
// alive is false.
func (m *machine) do(t *rapid.T, f func() error) (alive bool, err error) {
	if until(func() { err = f() }) {
		return true, err
	}
	m.die(t)
	return false, nil
}

func (m *machine) living(t *rapid.T) {
	if m.halted {
		t.Skip("nothing is written any more")
	}
}

// batch draws entries from index first on.
func (m *machine) batch(t *rapid.T, first uint64) (batch []segment.Entry, bytes int64) {
	s := newScript(m.scripts, m.log[:first-1])
	m.scripts++ // its ids are new ones
	for i := range uint64(rapid.IntRange(1, 6).Draw(t, "entries")) {
		e := segment.Entry{Kind: segment.Empty, Term: m.term, Index: first + i}
		switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); kind {
		case 0:
		case 1: // of any size up to what a segment holds
			most := m.b.DataMax()
			e.Kind, e.Data = segment.ConfChange, make([]byte, rapid.SampledFrom([]int{1, most / 3, most / 2, most - 8, most}).Draw(t, "bytes"))
		default:
			size := rapid.SampledFrom([]int{0, 1, 7, 50, 100, 511, 900}).Draw(t, "size")
			e = s.txn(m.term, e.Index, min(m.commit, e.Index-1), rapid.IntRange(1, 3).Draw(t, "events"), size)
		}
		batch = append(batch, e)
		bytes += int64(len(e.Data))
	}
	return batch, bytes
}

func (m *machine) append(t *rapid.T, first uint64) {
	m.living(t)
	batch, bytes := m.batch(t, first)
	m.write(t, batch, bytes)
}

// promise reserves what a batch needs and fills the disk: the batch fits.
func (m *machine) promise(t *rapid.T) {
	if m.halted || m.disk.trouble != nil {
		t.Skip("no promise is kept now")
	}
	batch, bytes := m.batch(t, uint64(len(m.log))+1)
	if err := m.b.Reserve(len(batch), bytes); err != nil {
		if !m.small || !errors.Is(err, vfs.ErrNoSpace) {
			t.Fatal(err)
		}
		return
	}
	m.room.entries, m.room.bytes = len(batch), bytes
	m.fs.SetCapacity(m.fs.Used())
	m.write(t, batch, bytes)
	m.free()
}

func (m *machine) write(t *rapid.T, batch []segment.Entry, bytes int64) {
	first := batch[0].Index
	was := m.floor
	m.floor, m.covered = min(m.floor, first-1), min(m.covered, first-1)
	for _, e := range batch {
		m.ever[e.Index] = append(m.ever[e.Index], e)
	}
	promised := m.disk.trouble == nil && first == uint64(len(m.log))+1 && len(batch) <= m.room.entries && bytes <= m.room.bytes
	alive, err := m.do(t, func() error { return m.b.Append(batch) })
	switch {
	case !alive:
	case err == nil:
		if m.room.entries -= len(batch); first <= uint64(len(m.log)) {
			m.room.entries = 0
		}
		m.room.bytes -= bytes
		m.log = append(m.log[:first-1:first-1], batch...)
	case promised:
		t.Fatalf("%d entries with %d bytes were reserved: %v", len(batch), bytes, err)
	case errors.Is(err, vfs.ErrNoSpace): // the log is as it was
		m.floor, m.room.entries = was, 0
	default:
		m.halt(t, err)
	}
}

// halt notes that an operation failed.
func (m *machine) halt(t *rapid.T, err error) {
	if m.disk.trouble == nil && !m.small {
		t.Fatalf("failed although the disk did not: %v", err)
	}
	m.halted = true
}

// conflict replaces uncommitted entries, as a new leader does.
func (m *machine) conflict(t *rapid.T) {
	m.living(t)
	if m.commit == uint64(len(m.log)) {
		t.Skip("everything is committed")
	}
	first := rapid.Uint64Range(m.commit+1, uint64(len(m.log))).Draw(t, "first")
	term := m.term
	if m.campaign(t); m.term > term && first <= uint64(len(m.log)) && first > m.commit {
		m.append(t, first)
	}
}

func (m *machine) reserve(t *rapid.T) {
	m.living(t)
	n, bytes := rapid.IntRange(1, 6).Draw(t, "entries"), rapid.Int64Range(0, 9000).Draw(t, "bytes")
	alive, err := m.do(t, func() error { return m.b.Reserve(n, bytes) })
	switch {
	case !alive:
	case err == nil:
		m.room.entries, m.room.bytes = n, bytes
	case !errors.Is(err, vfs.ErrNoSpace):
		m.halt(t, err)
	}
}

// campaign begins a term.
func (m *machine) campaign(t *rapid.T) {
	m.living(t)
	st := segment.State{Term: m.term + 1, Vote: rapid.Uint64Range(1, 3).Draw(t, "vote"), Commit: m.commit}
	if m.save(t, st, true) {
		m.term, m.vote = st.Term, st.Vote
	}
}

func (m *machine) hint(t *rapid.T) {
	m.living(t)
	m.save(t, segment.State{Term: m.term, Vote: m.vote, Commit: m.commit}, false)
}

func (m *machine) save(t *rapid.T, st segment.State, sync bool) (done bool) {
	m.tried = append(m.tried, st)
	alive, err := m.do(t, func() error { return m.b.SaveState(st, sync) })
	if !alive {
		return false
	}
	if err != nil {
		if !errors.Is(err, vfs.ErrNoSpace) {
			m.halt(t, err)
		}
		return false
	}
	if m.hinted = st.Commit; sync {
		m.saved, m.tried = st, nil
	}
	return true
}

// begin asks for a sync of what was written; entries go on being written while
// it is under way.
func (m *machine) begin(t *rapid.T) {
	m.living(t)
	if m.barrier != nil {
		t.Skip("one is under way")
	}
	m.barrier = m.fs.BeginSync(m.b.Pending(nil, nil))
	m.covered = uint64(len(m.log))
}

func (m *machine) complete(t *rapid.T) {
	if m.barrier == nil {
		t.Skip("none is under way")
	}
	must(t, m.barrier.Complete())
	m.barrier = nil
	m.floor = max(m.floor, m.covered)
}

func (m *machine) sync(t *rapid.T) {
	m.living(t)
	if m.barrier == nil {
		m.begin(t)
	}
	m.complete(t)
}

// fail lets a sync fail: nothing is written any more in this life (D9).
func (m *machine) fail(t *rapid.T) {
	if m.barrier == nil {
		t.Skip("none is under way")
	}
	if err := m.barrier.Fail(rapid.Bool().Draw(t, "drop")); !errors.Is(err, vfs.ErrIO) {
		t.Fatal(err)
	}
	m.barrier, m.halted = nil, true
}

// apply commits entries that are durable here.
func (m *machine) apply(t *rapid.T) {
	m.living(t)
	if m.commit >= m.floor {
		t.Skip("nothing to commit")
	}
	to := rapid.Uint64Range(m.commit+1, m.floor).Draw(t, "commit")
	for m.commit < to {
		must(t, m.b.Apply(m.log[m.commit]))
		m.commit++
	}
}

func drawDice(t *rapid.T) *actor.Rand {
	return actor.NewRand(rapid.Uint64Range(0, 999).Draw(t, "dice"))
}
