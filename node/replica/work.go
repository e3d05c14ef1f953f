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
	"sierradb/vfs"
)

// disk is what a replica has under way on its disk.
type disk struct {
	queued   []*pb.Message // MsgStorageAppend that wait, in order
	barrier  []*pb.Message // those that the barrier in flight covers
	inFlight bool
	token    uint64 // of the barrier in flight
	written  uint64 // last index in the log
	covered  uint64 // last index that the barrier in flight covers
	synced   uint64 // last index that a completed barrier covered
	commit   uint64 // Raft's commit index
	saved    segment.State
	full     bool // the last write found no space
	retry    bool // try it again
	cramped  bool // the last append found no room

	applies []*pb.Message   // MsgStorageApply that wait for their turn
	entries []segment.Entry // scratch
	files   []vfs.File      // of the barrier in flight
	dirs    []string
}

// work does what Raft has ready until there is nothing left to do at once.
func (r *Replica) work(env *actor.Env) {
	for r.halted == "" {
		switch {
		case r.rn.HasReady():
			r.handle(env, r.rn.Ready())
		case len(r.disk.queued) > 0 && !r.disk.inFlight && (!r.disk.full || r.disk.retry):
			if env.Hooks.Buggify("replica/delay-write") {
				r.resume(env)
				return
			}
			r.write(env)
		case len(r.disk.applies) > 0:
			if r.postpones(env) {
				return
			}
			m := r.disk.applies[0]
			left := copy(r.disk.applies, r.disk.applies[1:])
			r.disk.applies[left] = nil
			r.disk.applies = r.disk.applies[:left]
			r.apply(env, m)
		default:
			r.saveHint(env)
			return
		}
	}
}

// applyAtOnce is how many entries are applied in the turn that asks for a
// barrier: few enough not to keep the disk waiting.
const applyAtOnce = 32

// postpones leaves a long apply to a turn of its own when this turn asks for a
// barrier: the barrier leaves first, and the disk works while entries are
// applied.
func (r *Replica) postpones(env *actor.Env) bool {
	if len(env.Out.Barriers) == 0 {
		return false
	}
	if len(r.disk.applies[0].GetEntries()) <= applyAtOnce && !env.Hooks.Buggify("replica/postpone-apply") {
		return false
	}
	env.Hooks.Sometimes("replica: apply behind the barrier")
	r.resume(env)
	return true
}

// resume lets the replica go on in a turn of its own. A wake-up is a flag: one on
// the way does for all (architecture S21).
func (r *Replica) resume(env *actor.Env) {
	if !r.resumes {
		r.resumes = true
		env.Tell(env.Self, actor.Event{Kind: resuming})
	}
}

// handle takes one Ready.
func (r *Replica) handle(env *actor.Env, rd raft.Ready) {
	if rd.HardState != nil && !raft.IsEmptyHardState(rd.HardState) {
		r.term = rd.HardState.GetTerm()
		r.disk.commit = rd.HardState.GetCommit()
	}
	if rd.SoftState != nil {
		r.lead(rd.SoftState.RaftState == raft.StateLeader)
	}
	if n := len(rd.Entries); n > 0 {
		r.last = rd.Entries[n-1].GetIndex()
		for i := 0; r.leads && r.readyAt == 0 && i < n; i++ {
			if rd.Entries[i].GetTerm() == r.term {
				r.readyAt = rd.Entries[i].GetIndex()
			}
		}
	}
	for _, st := range rd.ReadStates {
		r.readable(st)
	}
	for _, m := range rd.Messages {
		switch m.GetTo() {
		case raft.LocalAppendThread:
			r.disk.queued = append(r.disk.queued, m)
		case raft.LocalApplyThread:
			r.disk.applies = append(r.disk.applies, m)
		default:
			panic(fmt.Sprintf("replica: a group of one sends a message to %d", m.GetTo()))
		}
	}
}

// lead begins or ends leadership.
func (r *Replica) lead(leads bool) {
	if leads == r.leads {
		return
	}
	r.leads, r.readyAt = leads, 0
	r.tail.reset()
	r.retractReads()
}

// write puts everything that waits for the disk into the log and asks for one
// barrier over it. Term and vote go first, and are synced before any entry of
// their batch is written (architecture S6).
func (r *Replica) write(env *actor.Env) {
	d := &r.disk
	d.retry = false
	durable, err := r.writeQueued(env)
	if errors.Is(err, vfs.ErrNoSpace) {
		// Raft holds these entries already, so they can't be refused any more:
		// they wait for space, and what comes after them is refused.
		env.Hooks.Sometimes("replica: write waits for space")
		d.full = true
		r.cramped(env, err)
		if mutate.On(mutate.FullRefusesProposed) {
			r.waiting.each(func(w *waiter) {
				if q := w.request; q.append != nil {
					w.append, q.size = nil, 0
					r.finish(env, q, r.diskFull(err))
				}
			})
		}
		return
	}
	if err != nil {
		r.halt(env, err)
		return
	}
	d.full = false
	d.barrier, d.queued = d.queued, d.barrier[:0]
	if mutate.On(mutate.AckBeforeSync) {
		r.stored(d.written)
	}
	if !durable {
		r.stored(d.synced)
		return
	}
	d.files, d.dirs = r.log.Pending(d.files[:0], d.dirs[:0])
	d.token++
	d.inFlight, d.covered = true, d.written
	b := actor.Barrier{Files: d.files, Dirs: d.dirs, Token: d.token}
	if mutate.On(mutate.SkipFsync) {
		b.Files = nil
	}
	env.Out.Barriers = append(env.Out.Barriers, b)
}

// writeQueued writes the queued messages and says whether anything of them
// needs a barrier.
func (r *Replica) writeQueued(env *actor.Env) (durable bool, err error) {
	d := &r.disk
	st := d.saved
	for _, m := range d.queued {
		if m.Term != nil {
			st.Term, st.Vote = m.GetTerm(), m.GetVote()
		}
	}
	if st.Term != d.saved.Term || st.Vote != d.saved.Vote {
		if err := r.log.SaveState(st, !mutate.On(mutate.TermUnsynced)); err != nil {
			return false, fmt.Errorf("save term and vote: %w", err)
		}
		d.saved = st
	}
	d.entries = d.entries[:0]
	for i := 0; i < len(d.queued); i++ {
		for _, e := range d.queued[i].GetEntries() {
			if n := len(d.entries); n > 0 && d.entries[n-1].Index+1 != e.GetIndex() {
				// A later message replaces entries of an earlier one.
				env.Hooks.Sometimes("replica: queued entries replaced")
				d.entries = d.entries[:max(0, n-int(d.entries[n-1].Index+1-e.GetIndex()))]
			}
			d.entries = append(d.entries, toLog(e))
		}
	}
	if len(d.entries) == 0 {
		return false, nil
	}
	err = r.log.Append(d.entries)
	if mutate.On(mutate.PushBeforeCommit) && err == nil {
		for _, e := range d.entries {
			r.touch(e)
		}
		r.wake(env)
	}
	clear(d.entries)
	if err != nil {
		return false, fmt.Errorf("write entries: %w", err)
	}
	for _, m := range d.queued {
		r.store.written(m.GetEntries())
	}
	d.written = r.log.LastIndex()
	return true, nil
}

// stepBarrier takes the end of a barrier. A failed sync proves nothing about
// what is on the disk, and a second one would prove nothing either: the replica
// stops (contract D9).
func (r *Replica) stepBarrier(env *actor.Env, ev *actor.Event) {
	d := &r.disk
	if !d.inFlight || ev.Token != d.token {
		return
	}
	if ev.Err != nil && !mutate.On(mutate.IgnoreSyncError) {
		r.halt(env, fmt.Errorf("sync: %w", ev.Err))
		return
	}
	d.inFlight = false
	r.stored(d.covered)
}

// stored tells Raft that the messages of the last write are done.
func (r *Replica) stored(synced uint64) {
	d := &r.disk
	d.synced = max(d.synced, synced)
	for _, m := range d.barrier {
		for _, resp := range m.GetResponses() {
			r.step(resp)
		}
	}
	clear(d.barrier)
	d.barrier = d.barrier[:0]
}

// saveHint writes the commit index to raft.state when the disk has nothing else
// to do. It is not synced: it only narrows what recovery may take for a torn
// tail (architecture S1), and never names an entry that is not durable (S2).
func (r *Replica) saveHint(env *actor.Env) {
	d := &r.disk
	if d.inFlight || len(d.queued) > 0 || d.commit <= d.saved.Commit || env.Hooks.Buggify("replica/drop-hint") {
		return
	}
	st := d.saved
	st.Commit = min(d.commit, d.synced)
	if st.Commit <= d.saved.Commit {
		return
	}
	if err := r.log.SaveState(st, false); err != nil {
		if !errors.Is(err, vfs.ErrNoSpace) {
			r.halt(env, fmt.Errorf("save commit index: %w", err))
		}
		return
	}
	d.saved = st
}

// apply makes committed entries visible and answers those who wait for them.
func (r *Replica) apply(env *actor.Env, m *pb.Message) {
	for _, e := range m.GetEntries() {
		entry := toLog(e)
		if err := r.log.Apply(entry); err != nil {
			panic(fmt.Sprintf("replica: bucket %d: apply entry %d: %v", r.o.Bucket, entry.Index, err))
		}
		r.settle(env, entry)
		r.touch(entry)
	}
	r.wake(env)
	if n := len(m.GetEntries()); n > 0 {
		r.store.applied(m.GetEntries()[n-1].GetIndex())
	}
	for _, resp := range m.GetResponses() {
		r.step(resp)
	}
}

// settle ends what rested on an entry that is applied now.
func (r *Replica) settle(env *actor.Env, e segment.Entry) {
	if e.Kind == segment.Transaction && len(r.tail.streams)+len(r.tail.ids) > 0 {
		r.settleTail(e)
	}
	for {
		w, ok := r.waiting.pop(e.Index)
		if !ok {
			return
		}
		for at := &w; at != nil; at = at.next {
			r.conclude(env, at, at.index == e.Index && at.term == e.Term)
		}
	}
}

// settleTail forgets the speculations that rested on an applied entry.
func (r *Replica) settleTail(e segment.Entry) {
	if w := r.waiting.at(e.Index); w != nil && w.append != nil && w.refusal == nil && w.term == e.Term && !mutate.On(mutate.TornTransaction) {
		// It is the append that made the entry, so there is no need to decode it.
		t := &w.append.Transaction
		for i := range t.Events {
			r.tail.settle(e.Index, t.Partition, event.StreamKey{Key: t.Key, ID: t.Events[i].Stream}, t.Events[i].ID)
		}
		return
	}
	body, err := segment.DecodeBody(e.Index, e.Data)
	if err != nil {
		panic(fmt.Sprintf("replica: bucket %d: entry %d was applied and can't be decoded: %v", r.o.Bucket, e.Index, err))
	}
	var ev event.Event
	for body.Next(&ev) {
		r.tail.settle(e.Index, body.Partition, event.StreamKey{Key: body.Key, ID: ev.Stream}, ev.ID)
	}
}

// conclude answers a waiter. When another leader's entry took the place of the
// one it waited for, that one is surely not committed and the append is
// evaluated afresh.
func (r *Replica) conclude(env *actor.Env, w *waiter, committed bool) {
	switch {
	case w.append == nil:
		r.queued -= w.size
	case !committed, w.refusal == errAgain:
		r.queue = append(r.queue, w.request)
	default:
		r.finish(env, w.request, w.refusal)
	}
}

// expire gives up appends that waited too long: what was proposed has an
// unknown outcome, what was not is surely not done.
func (r *Replica) expire(env *actor.Env) {
	r.disk.retry = r.disk.full
	kept := r.queue[:0]
	for _, q := range r.queue {
		if deadlineClock(env) < q.until {
			kept = append(kept, q)
			continue
		}
		r.finish(env, q, fmt.Errorf("bucket %d: %w: no leader took the append in time", r.o.Bucket, event.ErrUnavailable))
	}
	clear(r.queue[len(kept):])
	r.queue = kept
	asks := r.asks[:0]
	for _, q := range r.asks {
		if q.ask == nil || env.Now < q.until {
			asks = append(asks, q)
			continue
		}
		q.ask.Err = fmt.Errorf("bucket %d: %w: no leader took the question in time", r.o.Bucket, event.ErrUnavailable)
		env.Tell(q.from, actor.Event{Kind: Answered, Body: q.ask})
	}
	clear(r.asks[len(asks):])
	r.asks = asks
	r.waiting.each(func(w *waiter) {
		if w.append == nil || deadlineClock(env) < w.until {
			return
		}
		env.Hooks.Sometimes("replica: append timed out")
		q := w.request
		w.append, q.size = nil, 0 // Raft and the disk hold it on: w.size stays counted
		err := event.ErrTimeout
		if mutate.On(mutate.TimeoutRefuses) {
			err = event.ErrUnavailable
		}
		if t := &q.append.Transaction; mutate.On(mutate.TimeoutForgetsID) {
			delete(r.tail.ids, idRef{t.Partition, t.Events[0].ID})
		}
		r.finish(env, q, fmt.Errorf("bucket %d: %w: the append was not confirmed in time", r.o.Bucket, err))
	})
}
