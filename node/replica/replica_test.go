package replica

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/vfs"
)

// bench drives one replica by hand: the test decides when a barrier completes.
type bench struct {
	t       *testing.T
	r       *Replica
	log     *fakeLog
	env     *actor.Env
	barrier []actor.Barrier
	answers []actor.Event
}

var asker = actor.ID{Role: actor.Session, N: 1}

func newBench(t *testing.T, queue int64) *bench {
	t.Helper()
	b := &bench{t: t, log: newFakeLog()}
	r, err := New(b.log, Options{Bucket: 0, Partitions: 4, QueueBytes: queue, Timeout: actor.Second})
	if err != nil {
		t.Fatal(err)
	}
	b.r = r
	b.env = &actor.Env{Rand: actor.NewRand(1), Hooks: actor.Quiet{}}
	b.turn(actor.Event{Kind: actor.Start})
	b.syncAll()
	if !r.leadable() {
		t.Fatal("a group of one does not lead after its first entry is synced")
	}
	return b
}

// turn is one batch of events.
func (b *bench) turn(events ...actor.Event) {
	for i := range events {
		b.r.Step(b.env, &events[i])
	}
	b.r.Flush(b.env)
	out := &b.env.Out
	b.barrier = append(b.barrier, out.Barriers...)
	for _, t := range out.Tells {
		b.answers = append(b.answers, t.Ev)
	}
	out.Reset()
}

// sync completes the oldest barrier.
func (b *bench) sync(err error) {
	b.t.Helper()
	if len(b.barrier) == 0 {
		b.t.Fatal("no barrier is in flight")
	}
	if len(b.barrier) > 1 {
		b.t.Fatal("two barriers of one bucket are in flight")
	}
	token := b.barrier[0].Token
	b.barrier = nil
	b.turn(actor.Event{Kind: actor.BarrierDone, Token: token, Err: err})
}

func (b *bench) syncAll() {
	for len(b.barrier) > 0 {
		b.sync(nil)
	}
}

func (b *bench) taken() []actor.Event {
	out := b.answers
	b.answers = nil
	return out
}

func appendTo(stream string, expected event.Expected, ids ...uuid.UUID) *event.Append {
	key := event.KeyOf("key")
	a := &event.Append{Transaction: event.Transaction{Key: key, Partition: 1}}
	if len(ids) == 0 {
		ids = []uuid.UUID{uuid.Nil}
	}
	for _, id := range ids {
		ev := event.New{ID: id, GivenID: id != uuid.Nil, Stream: stream, Name: "Happened", Expected: expected, Timestamp: 7, Payload: []byte("p")}
		if id == uuid.Nil {
			counter++
			ev.ID = uuid.UUID{0xff, byte(counter >> 8), byte(counter)}
		}
		a.Transaction.Events = append(a.Transaction.Events, ev)
	}
	a.Transaction.ID = a.Transaction.Events[0].ID
	return a
}

var counter int

func appending(a *event.Append) actor.Event {
	return actor.Event{From: asker, Kind: event.Appending, Body: a}
}

func TestAppend_AnsweredAfterBarrier(t *testing.T) {
	b := newBench(t, 1<<20)
	a := appendTo("s", event.Expected{Kind: event.Empty})
	b.turn(appending(a))
	if got := b.taken(); len(got) != 0 {
		t.Fatalf("answered before the barrier was done: %v", got)
	}
	if b.log.Applied() != 1 {
		t.Fatalf("applied is %d before the barrier, want 1 (the leader's first entry)", b.log.Applied())
	}
	b.sync(nil)
	if got := b.taken(); len(got) != 1 || a.Err != nil || a.Placed[0].Version != 0 || a.First != 0 {
		t.Fatalf("after the barrier: %d answers, append %+v", len(got), a)
	}
}

func TestAppend_BatchGathersWhileBarrierIsInFlight(t *testing.T) {
	b := newBench(t, 1<<20)
	b.turn(appending(appendTo("s", event.At(0))), appending(appendTo("s", event.Expected{})))
	b.turn(appending(appendTo("s", event.At(0))))
	b.turn(appending(appendTo("s", event.At(1))))
	if got := b.log.LastIndex(); got != 2 {
		t.Fatalf("%d entries are written while a barrier is in flight, want 2", got)
	}
	b.sync(nil)
	b.sync(nil)
	if got := b.log.LastIndex(); got != 4 || len(b.barrier) != 0 {
		t.Fatalf("the second batch has entries up to %d and %d barriers, want 4 and 0", got, len(b.barrier))
	}
}

func TestAppend_RefusalWaitsForWhatItRestsOn(t *testing.T) {
	b := newBench(t, 1<<20)
	first := appendTo("s", event.Expected{Kind: event.Empty})
	second := appendTo("s", event.Expected{Kind: event.Empty})
	b.turn(appending(first), appending(second))
	if got := b.taken(); len(got) != 0 {
		t.Fatalf("a refusal that rests on an uncommitted append was answered at once: %v", got)
	}
	b.sync(nil)
	if len(b.taken()) != 2 || first.Err != nil || !errors.Is(second.Err, event.ErrWrongVersion) {
		t.Fatalf("first %v, second %v; want success and a wrong version", first.Err, second.Err)
	}
	var wrong *event.VersionError
	if errors.As(second.Err, &wrong); wrong.Current() != "0" {
		t.Fatalf("the refusal says %q, want version 0", wrong.Current())
	}
	third := appendTo("s", event.At(5))
	b.turn(appending(third))
	if len(b.taken()) != 1 || !errors.Is(third.Err, event.ErrWrongVersion) {
		t.Fatalf("a refusal that rests on committed state got %v at once", third.Err)
	}
	fourth := appendTo("s", event.At(0))
	b.turn(appending(fourth))
	b.sync(nil)
	if fourth.Err != nil || fourth.Placed[0].Version != 1 {
		t.Fatalf("after refusals the stream goes on with %+v", fourth)
	}
}

// TestAppend_RefusalInsideTransaction: a transaction of two events of one stream
// is refused at the second. It rests on the last append of its batch, not on
// the one in flight before it: told earlier, it would name a version that may
// never exist. (Found by simulation.)
func TestAppend_RefusalInsideTransaction(t *testing.T) {
	b := newBench(t, 1<<20)
	inFlight, inBatch := appendTo("s", event.Expected{}), appendTo("s", event.Expected{})
	refused := appendTo("s", event.Expected{}, uuid.UUID{1}, uuid.UUID{2})
	refused.Transaction.Events[1].Expected = event.At(0)
	b.turn(appending(inFlight))
	b.turn(appending(inBatch), appending(refused))
	b.sync(nil)
	if inFlight.Err != nil || refused.Err != nil {
		t.Fatalf("after the first sync: %v, and the refusal says %v; want it to wait", inFlight.Err, refused.Err)
	}
	b.sync(nil)
	if inBatch.Err != nil || !errors.Is(refused.Err, event.ErrWrongVersion) {
		t.Fatalf("after the second sync: %v, %v; want success and a wrong version", inBatch.Err, refused.Err)
	}
}

func TestAppend_RetryLandsOnce(t *testing.T) {
	id, other := uuid.UUID{1}, uuid.UUID{2}
	b := newBench(t, 1<<20)
	original := appendTo("s", event.Expected{Kind: event.Empty}, id)
	early := appendTo("s", event.Expected{Kind: event.Empty}, id)
	b.turn(appending(original), appending(early))
	b.sync(nil)
	late := appendTo("s", event.Expected{Kind: event.Empty}, id)
	conflict := appendTo("t", event.Expected{}, id)
	whole := appendTo("s", event.Expected{}, id, other)
	b.turn(appending(late), appending(conflict), appending(whole))
	b.syncAll()
	for name, a := range map[string]*event.Append{"uncommitted": early, "committed": late} {
		if a.Err != nil || !a.Repeated || a.First != original.First || a.Placed[0] != original.Placed[0] {
			t.Errorf("retry of an %s append: %+v", name, a)
		}
	}
	for name, a := range map[string]*event.Append{"other stream": conflict, "larger transaction": whole} {
		if !errors.Is(a.Err, event.ErrIDConflict) {
			t.Errorf("a known id in an%s got %v, want a conflict", name, a.Err)
		}
	}
	if b.log.next[1] != 1 {
		t.Fatalf("%d events landed, want 1", b.log.next[1])
	}
}

func TestAppend_FailedSyncHalts(t *testing.T) {
	b := newBench(t, 1<<20)
	inFlight := appendTo("s", event.Expected{})
	b.turn(appending(inFlight))
	gathered := appendTo("s", event.Expected{})
	b.turn(appending(gathered))
	b.sync(fmt.Errorf("%w: %w", event.ErrReadOnly, vfs.ErrIO))
	later := appendTo("s", event.Expected{})
	b.turn(appending(later))
	if errors.Is(inFlight.Err, event.ErrReadOnly) {
		t.Fatalf("an unknown outcome is told as not done: %v", inFlight.Err)
	}
	if !errors.Is(inFlight.Err, event.ErrTimeout) || !errors.Is(gathered.Err, event.ErrTimeout) || !errors.Is(later.Err, event.ErrReadOnly) {
		t.Fatalf("in flight %v, gathered %v, later %v; want unknown, unknown, read-only", inFlight.Err, gathered.Err, later.Err)
	}
	ask := &Ask{Kind: event.LastSequence, Partition: 1}
	b.taken()
	b.turn(actor.Event{From: asker, Kind: Asking, Body: ask})
	if got := b.taken(); len(got) != 1 || ask.Err != nil || ask.Found {
		t.Fatalf("a halted group of one must serve reads up to its watermark: %+v", ask)
	}
	if len(b.barrier) != 0 {
		t.Fatal("a halted replica asks for another barrier")
	}
}

func TestAppend_Busy(t *testing.T) {
	b := newBench(t, 500)
	first, second, third := appendTo("s", event.Expected{}), appendTo("s", event.Expected{}), appendTo("s", event.Expected{})
	b.turn(appending(first), appending(second), appending(third))
	if !errors.Is(third.Err, event.ErrBusy) {
		t.Fatalf("the third append got %v, want busy", third.Err)
	}
	b.sync(nil)
	again := appendTo("s", event.Expected{})
	b.turn(appending(again))
	b.sync(nil)
	if first.Err != nil || second.Err != nil || again.Err != nil {
		t.Fatalf("after the queue drained: %v, %v, %v", first.Err, second.Err, again.Err)
	}
}

func TestAppend_DiskFull(t *testing.T) {
	b := newBench(t, 1<<20)
	b.log.reserveErr = vfs.ErrNoSpace
	refused := appendTo("s", event.Expected{})
	b.turn(appending(refused))
	if !errors.Is(refused.Err, event.ErrDiskFull) {
		t.Fatalf("without room: %v, want disk full", refused.Err)
	}
	b.log.reserveErr = nil
	a := appendTo("s", event.Expected{Kind: event.Empty})
	b.turn(appending(a))
	b.sync(nil)
	if a.Err != nil || a.First != 0 {
		t.Fatalf("after space came back: %+v", a)
	}
}

func TestAppend_WriteWaitsForSpace(t *testing.T) {
	b := newBench(t, 1<<20)
	b.log.appendErr = vfs.ErrNoSpace
	waits := appendTo("s", event.Expected{})
	b.turn(appending(waits))
	refused := appendTo("s", event.Expected{})
	b.turn(appending(refused))
	if waits.Err != nil || !errors.Is(refused.Err, event.ErrDiskFull) {
		t.Fatalf("proposed %v, later %v; want waiting and disk full", waits.Err, refused.Err)
	}
	b.env.Now += 2 * actor.Second
	b.turn(actor.Event{Kind: actor.Tick})
	if !errors.Is(waits.Err, event.ErrTimeout) {
		t.Fatalf("after the time limit: %v, want outcome unknown", waits.Err)
	}
	b.log.appendErr = nil
	b.turn(actor.Event{Kind: actor.Tick})
	b.sync(nil)
	if b.log.next[1] != 1 {
		t.Fatalf("%d events after space came back, want the proposed one", b.log.next[1])
	}
}

// TestAppend_RetryWhileDiskFull: a retry of what waits for space, or is stored, is
// not told that it was not done: its original may land yet, or has.
func TestAppend_RetryWhileDiskFull(t *testing.T) {
	b := newBench(t, 1<<20)
	stored, waits := uuid.New(), uuid.New()
	b.turn(appending(appendTo("s", event.Expected{}, stored)))
	b.syncAll()
	b.log.appendErr = vfs.ErrNoSpace
	b.turn(appending(appendTo("s", event.Expected{}, waits)))
	again, retry := appendTo("s", event.Expected{}, stored), appendTo("s", event.Expected{}, waits)
	b.turn(appending(again), appending(retry))
	if again.Err != nil || again.First != 0 || retry.Err != nil {
		t.Fatalf("stored: %v at %d, waiting: %v; want the first result and no answer yet", again.Err, again.First, retry.Err)
	}
	b.log.appendErr = nil
	b.turn(actor.Event{Kind: actor.Tick})
	b.syncAll()
	if retry.Err != nil || retry.First != 1 || b.log.next[1] != 2 {
		t.Fatalf("the retry: %v at %d of %d events, want 1 of 2", retry.Err, retry.First, b.log.next[1])
	}
}

// TestAppend_BrokenReserve: when the disk fails before a batch is proposed,
// nothing of it was done, and all of it is told so.
func TestAppend_BrokenReserve(t *testing.T) {
	b := newBench(t, 1<<20)
	b.log.reserved, b.log.reserveErr = 1, vfs.ErrIO
	entries := len(b.log.entries)
	first, second := appendTo("s", event.Expected{}), appendTo("s", event.Expected{})
	b.turn(appending(first), appending(second))
	if !errors.Is(first.Err, event.ErrReadOnly) || !errors.Is(second.Err, event.ErrReadOnly) {
		t.Fatalf("accepted before the disk failed: %v, at it: %v; want read-only for both", first.Err, second.Err)
	}
	if len(b.log.entries) != entries {
		t.Fatal("an append that was refused is in the log")
	}
}

func TestRead_WaitsForFirstEntry(t *testing.T) {
	b := &bench{t: t, log: newFakeLog(), env: &actor.Env{Rand: actor.NewRand(1), Hooks: actor.Quiet{}}}
	r, err := New(b.log, Options{Partitions: 4, QueueBytes: 1 << 20, Timeout: actor.Second})
	if err != nil {
		t.Fatal(err)
	}
	b.r = r
	ask := &Ask{Kind: event.LastSequence, Partition: 1}
	b.turn(actor.Event{Kind: actor.Start}, actor.Event{From: asker, Kind: Asking, Body: ask})
	if len(b.taken()) != 0 {
		t.Fatal("a read was served before the leader's first entry was applied")
	}
	b.syncAll()
	if got := b.taken(); len(got) != 1 || got[0].Body != ask {
		t.Fatalf("after the first entry: %v", got)
	}
}

// TestAppend_SequencesSurviveTimeout: an append times out while its sync hangs,
// the next one finds no space, the third must not get the first one's sequence.
func TestAppend_SequencesSurviveTimeout(t *testing.T) {
	b := newBench(t, 1<<20)
	first, second, third := appendTo("a", event.Expected{}), appendTo("b", event.Expected{}), appendTo("c", event.Expected{})
	b.turn(appending(first))
	b.env.Now += 2 * actor.Second
	b.turn(actor.Event{Kind: actor.Tick})
	b.log.reserveErr = vfs.ErrNoSpace
	b.turn(appending(second))
	b.log.reserveErr = nil
	b.turn(appending(third))
	b.syncAll()
	if !errors.Is(first.Err, event.ErrTimeout) || !errors.Is(second.Err, event.ErrDiskFull) || third.Err != nil || third.First != 1 {
		t.Fatalf("first %v, second %v, third %v at %d; want unknown, disk full, and sequence 1", first.Err, second.Err, third.Err, third.First)
	}
}

// TestAppend_TimedOutStillCounts: what timed out is held by Raft and the disk
// until it is committed, so it goes on counting in the queue.
func TestAppend_TimedOutStillCounts(t *testing.T) {
	b := newBench(t, 500)
	b.turn(appending(appendTo("a", event.Expected{})), appending(appendTo("a", event.Expected{})))
	b.env.Now += 2 * actor.Second
	b.turn(actor.Event{Kind: actor.Tick})
	late := appendTo("a", event.Expected{})
	b.turn(appending(late))
	if !errors.Is(late.Err, event.ErrBusy) {
		t.Fatalf("with a queue full of appends that timed out: %v, want busy", late.Err)
	}
	b.syncAll()
	again := appendTo("a", event.Expected{})
	b.turn(appending(again))
	b.syncAll()
	if again.Err != nil || again.First != 2 {
		t.Fatalf("after the sync: %v at %d", again.Err, again.First)
	}
}

// TestStart_DiskFull: the leader's first entry finds no space. Appends are told
// so, reads are told that the bucket is unavailable, nobody waits for ever.
func TestStart_DiskFull(t *testing.T) {
	log := newFakeLog()
	log.appendErr = vfs.ErrNoSpace
	r, err := New(log, Options{Partitions: 4, QueueBytes: 1 << 20, Timeout: actor.Second})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, log: log, r: r, env: &actor.Env{Rand: actor.NewRand(1), Hooks: actor.Quiet{}}}
	b.turn(actor.Event{Kind: actor.Start})
	ask, a := &Ask{Kind: event.LastSequence}, appendTo("a", event.Expected{})
	b.turn(actor.Event{From: asker, Kind: Asking, Body: ask}, appending(a))
	b.env.Now += 2 * actor.Second
	b.turn(actor.Event{Kind: actor.Tick})
	if !errors.Is(a.Err, event.ErrDiskFull) || !errors.Is(ask.Err, event.ErrUnavailable) {
		t.Fatalf("append %v, read %v; want disk full and unavailable", a.Err, ask.Err)
	}
	log.appendErr = nil
	b.turn(actor.Event{Kind: actor.Tick})
	b.syncAll()
	if !r.leadable() {
		t.Fatal("the replica does not lead after space came back")
	}
}

// TestRead_HaltedBeforeItCouldServe: a log whose last entries are not known to
// be committed, and a sync that fails before the new leader's first entry is
// applied. The entries may have been acknowledged, so an answer without them
// would be wrong, and one with them has no ground. (Found by simulation.)
func TestRead_HaltedBeforeItCouldServe(t *testing.T) {
	b := newBench(t, 1<<20)
	b.turn(appending(appendTo("s", event.Expected{})))
	b.sync(nil)
	again := &bench{t: t, log: newFakeLog(), env: b.env}
	again.log.entries, again.log.state = b.log.entries, b.log.state
	again.log.state.Commit = 0
	r, err := New(again.log, Options{Partitions: 4, QueueBytes: 1 << 20, Timeout: actor.Second})
	if err != nil {
		t.Fatal(err)
	}
	again.r = r
	again.turn(actor.Event{Kind: actor.Start})
	again.sync(vfs.ErrIO)
	ask := &Ask{Kind: event.LastSequence, Partition: 1}
	again.turn(actor.Event{From: asker, Kind: Asking, Body: ask})
	if got := again.taken(); len(got) != 1 || !errors.Is(ask.Err, event.ErrUnavailable) {
		t.Fatalf("got %d answers, %+v; want the bucket to be unavailable", len(got), ask)
	}
}

func BenchmarkAppend(b *testing.B) {
	log := newFakeLog()
	r, err := New(log, Options{Partitions: 4, QueueBytes: 1 << 30, Timeout: actor.Second})
	if err != nil {
		b.Fatal(err)
	}
	env := &actor.Env{Rand: actor.NewRand(1), Hooks: actor.Quiet{}}
	turn := func(events ...actor.Event) {
		for i := range events {
			r.Step(env, &events[i])
		}
		r.Flush(env)
		for len(env.Out.Barriers) > 0 {
			token := env.Out.Barriers[0].Token
			env.Out.Reset()
			r.Step(env, &actor.Event{Kind: actor.BarrierDone, Token: token})
			r.Flush(env)
		}
		env.Out.Reset()
	}
	turn(actor.Event{Kind: actor.Start})
	const group = 64
	batch := make([]actor.Event, group)
	for i := range batch {
		batch[i] = appending(appendTo("s", event.Expected{}))
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range batch {
			a := batch[i].Body.(*event.Append)
			counter++
			a.Transaction.Events[0].ID = uuid.UUID{1, byte(counter >> 24), byte(counter >> 16), byte(counter >> 8), byte(counter)}
		}
		turn(batch...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/group, "ns/append")
}
