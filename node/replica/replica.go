// Package replica is the actor that owns a bucket: a member of a Raft group
// whose log is the bucket's segments.
//
// Raft is go.etcd.io/raft's RawNode with AsyncStorageWrites: it has no
// goroutine, clock or file of its own. A replica that leads evaluates each
// append against its index and the uncommitted tail, gives it its final
// sequences and versions, and proposes it; every replica applies what is
// committed in log order, and only then it is visible.
//
// The life of an append: Step queues it; Flush evaluates what is queued,
// proposes it as one batch, writes what Raft hands out and asks for one
// barrier; when the barrier is done, Raft commits, the entries are applied and
// their waiters answered. While a barrier is in flight the next batch gathers:
// that is the group commit, and it needs no timer.
//
// A group has one voter here. Nothing in the package relies on it: acks,
// refusals and reads go through Raft's commit index and read index.
package replica

import (
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"

	pb "go.etcd.io/raft/v3/raftpb"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/core/segment"
)

// The kinds of events between a replica and those who read from it.
const (
	Asking   actor.Kind = iota + 32 // Body *Ask, to the replica
	Answered                        // the same block, answered

	resuming // the replica to itself: go on with what was postponed
)

const (
	tickEvery   = 100 * actor.Millisecond // of Raft's logical clock
	tickToken   = 1
	electTicks  = 10
	uncommitted = 1 << 30  // Raft's own cap; bucket.queue_bytes bites long before
	applyBatch  = 16 << 20 // bytes of entries applied in one turn
)

// Options are the settings of a replica. All fields are needed.
type Options struct {
	Bucket     event.BucketID
	Partitions int
	QueueBytes int64         // appends that wait for the disk; more are refused with ErrBusy
	Timeout    actor.Instant // after which a waiting append is answered with ErrTimeout
}

// Replica is the actor. It is made by New and belongs to one runner.
type Replica struct {
	o     Options
	log   Log
	store *storage
	rn    *raft.RawNode

	leads   bool
	readyAt uint64 // index of this term's first entry; the leader serves once it is applied
	last    uint64 // index of the last entry that Raft has
	term    uint64

	queue  []request // appends to evaluate, in order of arrival
	asks   []request // queries and refusals that need a read index
	queued int64     // bytes of appends that were taken and not answered
	spare  []request // an empty slice to gather asks in
	reads  []readBatch
	readID uint64

	tail    tail
	waiting waiters
	batch   batch

	followers map[actor.ID]*Follower // the newest of each session
	watches   watches
	recent    recent
	awake     []*Follower        // scratch of wake
	places    []segment.Position // scratch of look
	keys      []itemKey          // scratch of sort, with items
	items     []Item

	disk    disk
	resumes bool   // a resuming is on the way
	broken  error  // what the disk said when room for an append was asked for
	halted  string // why, when the replica has stopped for good
}

// request is an append or an ask on its way through the replica.
type request struct {
	from   actor.ID
	append *event.Append
	ask    *Ask
	size   int64         // bytes that an append counts in the queue
	until  actor.Instant // when an append is given up
}

// New returns the replica of a recovered log.
func New(log Log, o Options) (*Replica, error) {
	st := log.HardState()
	last := log.LastIndex()
	r := &Replica{o: o, log: log, last: last, term: st.Term}
	r.disk = disk{written: last, synced: last, commit: st.Commit, saved: st}
	r.store = newStorage(log)
	r.tail.init()
	r.followers = make(map[actor.ID]*Follower)
	r.watches.init()
	rn, err := raft.NewRawNode(&raft.Config{
		ID: voter, ElectionTick: electTicks, HeartbeatTick: 1,
		Storage: r.store, Applied: log.Applied(),
		AsyncStorageWrites: true, CheckQuorum: true, PreVote: true,
		DisableProposalForwarding: true, StepDownOnRemoval: true,
		MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 256, MaxInflightBytes: 64 << 20,
		MaxUncommittedEntriesSize: uncommitted, MaxCommittedSizePerReady: applyBatch,
		ReadOnlyOption: raft.ReadOnlySafe, Logger: quiet{},
	})
	if err != nil {
		return nil, fmt.Errorf("bucket %d: start raft: %w", o.Bucket, err)
	}
	r.rn = rn
	return r, nil
}

// ID is the actor id of a bucket's replica.
func ID(b event.BucketID) actor.ID { return actor.ID{Role: actor.Replica, N: uint32(b)} }

// Step takes one event.
func (r *Replica) Step(env *actor.Env, ev *actor.Event) {
	switch ev.Kind {
	case actor.Start:
		env.After(tickEvery, tickToken)
		// A group of one needs nobody's vote, so it does not wait for an election
		// timeout (architecture S6).
		if err := r.rn.Campaign(); err != nil {
			panic("replica: a group of one refused to campaign: " + err.Error())
		}
	case actor.Tick:
		r.stepTick(env)
	case actor.BarrierDone:
		r.stepBarrier(env, ev)
	case event.Appending:
		r.stepAppend(env, ev.From, ev.Body.(*event.Append))
	case Asking:
		r.asks = append(r.asks, request{from: ev.From, ask: ev.Body.(*Ask), until: env.Now + r.o.Timeout})
	case Feeding:
		r.takeFeed(env, ev.Body.(*Feed))
	case Unfollowing:
		r.unfollow(ev.Body.(*Follower))
	case Leaving:
		r.leave(ev.From)
	case resuming:
		r.resumes = false // Flush does the rest
	case actor.Stop:
		r.close(env)
	default:
		panic(fmt.Sprintf("replica: unknown event kind %d", ev.Kind))
	}
}

// Flush is the commit point of a batch of events.
func (r *Replica) Flush(env *actor.Env) {
	for r.halted == "" {
		r.propose(env)
		r.requestReads()
		r.work(env)
		// What waited for leadership, or must be evaluated again, can go on now.
		if !r.leadable() || len(r.queue)+len(r.asks) == 0 {
			break
		}
	}
	r.answerReads(env)
}

// close makes the commit index durable before the process ends in order, so
// that the next start knows all of the log to be committed.
func (r *Replica) close(env *actor.Env) {
	if r.halted != "" || r.disk.inFlight || r.disk.saved.Commit == 0 {
		return
	}
	if err := r.log.SaveState(r.disk.saved, true); err != nil {
		r.halt(env, fmt.Errorf("save state: %w", err))
	}
}

func (r *Replica) stepTick(env *actor.Env) {
	env.After(tickEvery, tickToken)
	if r.halted != "" {
		return
	}
	r.rn.Tick()
	r.expire(env)
}

// stepAppend takes an append into the queue, or refuses it at once.
func (r *Replica) stepAppend(env *actor.Env, from actor.ID, a *event.Append) {
	if r.halted != "" {
		r.refuse(env, from, a, fmt.Errorf("bucket %d: %w: %s", r.o.Bucket, event.ErrReadOnly, r.halted))
		return
	}
	size := sizeOf(a)
	if r.queued+size > r.o.QueueBytes && r.queued > 0 {
		env.Hooks.Sometimes("replica: busy")
		r.refuse(env, from, a, fmt.Errorf("bucket %d: %w: %d bytes are waiting for the disk", r.o.Bucket, event.ErrBusy, r.queued))
		return
	}
	r.queued += size
	r.queue = append(r.queue, request{from: from, append: a, size: size, until: deadlineClock(env) + r.o.Timeout})
}

// deadlineClock is the time by which appends are given up.
func deadlineClock(env *actor.Env) actor.Instant {
	if mutate.On(mutate.WallTimeout) {
		return actor.Instant(env.Wall) * actor.Millisecond
	}
	return env.Now
}

// sizeOf is what an append counts in the queue: its bytes and a little for
// each event.
func sizeOf(a *event.Append) int64 {
	n := int64(128)
	for i := range a.Transaction.Events {
		ev := &a.Transaction.Events[i]
		n += int64(len(ev.Stream) + len(ev.Name) + len(ev.Payload) + len(ev.Metadata) + 64)
	}
	return n
}

// refuse answers an append that was not done.
func (r *Replica) refuse(env *actor.Env, from actor.ID, a *event.Append, err error) {
	a.Err = err
	env.Tell(from, actor.Event{Kind: event.Appended, Token: a.Token, Body: a})
}

// finish answers an append that was in the queue.
func (r *Replica) finish(env *actor.Env, q request, err error) {
	if err == nil || !mutate.On(mutate.QueueLeak) {
		r.queued -= q.size
	}
	q.append.Err = err
	env.Tell(q.from, actor.Event{Kind: event.Appended, Token: q.append.Token, Body: q.append})
}

// halt stops the replica for the rest of this process (architecture S5, D9):
// what is in flight has an unknown outcome, what comes later is refused, reads
// go on up to the last watermark.
func (r *Replica) halt(env *actor.Env, why error) {
	r.halted = why.Error()
	env.Hooks.Sometimes("replica: halted")
	env.Hooks.Observe(&event.Halted{Bucket: r.o.Bucket, Reason: r.halted})
	// Not wrapped: what the disk said must not make "unknown" a "not done".
	unknown := fmt.Errorf("bucket %d: %w: %v", r.o.Bucket, event.ErrTimeout, why)
	if mutate.On(mutate.HaltRefuses) {
		unknown = fmt.Errorf("bucket %d: %w: %v", r.o.Bucket, event.ErrReadOnly, why)
	}
	for _, q := range r.queue {
		// Not proposed, so surely not done.
		r.finish(env, q, fmt.Errorf("bucket %d: %w: %s", r.o.Bucket, event.ErrReadOnly, r.halted))
	}
	clear(r.queue)
	r.queue = r.queue[:0]
	r.waiting.each(func(w *waiter) {
		if w.append != nil {
			r.finish(env, w.request, unknown)
		}
	})
	r.waiting.reset()
	r.disk.queued, r.disk.barrier, r.disk.inFlight = nil, nil, false
}

// leadable says whether this replica may evaluate appends and serve reads: it
// leads, and what its predecessors left is applied.
func (r *Replica) leadable() bool {
	return r.leads && r.readyAt > 0 && (r.log.Applied() >= r.readyAt || mutate.On(mutate.ServesTooEarly))
}

// step hands a message to Raft. Raft refuses a proposal when it does not lead,
// and drops responses that a change of term has made void; everything else
// would be a broken invariant.
func (r *Replica) step(m *pb.Message) error {
	err := r.rn.Step(m)
	if err != nil && !errors.Is(err, raft.ErrProposalDropped) {
		panic("replica: raft refused a local message: " + err.Error())
	}
	return err
}

// voter is the Raft id of the only member of a group of one.
const voter = 1

func ptr[T any](v T) *T { return &v }
