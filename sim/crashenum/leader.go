package crashenum

import (
	"errors"

	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/node/replica"
	"sierradb/vfs"
)

// leader is the replica of production over the bucket of a life, driven one
// batch of events at a time. What it applies is promised: it tells it to
// clients and readers.
type leader struct {
	l       *life
	r       *replica.Replica
	env     actor.Env
	failing bool // the next barrier fails, and its pages are dropped
	failed  bool
}

// lead starts the replica, which elects itself.
func lead(l *life) *leader {
	r, err := replica.New(&recorder{l.b, l}, replica.Options{Partitions: partitions, QueueBytes: 1 << 20, Timeout: actor.Second})
	l.must("make the replica", err)
	d := &leader{l: l, r: r, env: actor.Env{Self: replica.ID(0), Rand: actor.NewRand(1), FS: l.fs, Hooks: actor.Quiet{}}}
	d.turn(actor.Event{Kind: actor.Start})
	return d
}

// turn gives the replica events and does what it asks for, until there is
// nothing left to do.
func (d *leader) turn(events ...actor.Event) {
	for len(events) > 0 {
		for i := range events {
			d.r.Step(&d.env, &events[i])
		}
		d.r.Flush(&d.env)
		events = events[:0:0]
		for _, t := range d.env.Out.Tells {
			if t.To == d.env.Self {
				events = append(events, t.Ev)
			}
		}
		barriers := append([]actor.Barrier(nil), d.env.Out.Barriers...)
		d.env.Out.Reset()
		for _, b := range barriers {
			events = append(events, actor.Event{Kind: actor.BarrierDone, Token: b.Token, Err: d.barrier(b)})
		}
	}
}

// barrier makes durable what the replica asks for, or fails to.
func (d *leader) barrier(b actor.Barrier) error {
	if d.failing {
		d.failing, d.failed = false, true
		return d.l.disk.BeginSync(b.Files, b.Dirs).Fail(true)
	}
	return syncAll(d.l.fs, b.Files, b.Dirs)
}

// submit gives the replica a batch of appends. They succeed, but after a sync
// that failed.
func (d *leader) submit(b batch) {
	key := event.KeyOf("stream")
	var appends []*event.Append
	var events []actor.Event
	for _, t := range b {
		a := &event.Append{Transaction: event.Transaction{Key: key, Partition: event.PartitionOf(key, partitions)}}
		for range t.events {
			payload := make([]byte, t.size)
			d.l.rand.Read(payload)
			a.Transaction.Events = append(a.Transaction.Events, event.New{
				ID: event.NewID(d.l.rand, 1_700_000_000_000, key), Stream: "stream", Name: "Happened", Payload: payload,
			})
		}
		a.Transaction.ID = a.Transaction.Events[0].ID
		appends = append(appends, a)
		events = append(events, actor.Event{From: actor.ID{Role: actor.Session, N: 1}, Kind: event.Appending, Body: a})
	}
	d.turn(events...)
	d.l.point(func() string { return "the script dies when the replica has answered" })
	for _, a := range appends {
		switch {
		case a.Err == nil && len(a.Placed) != len(a.Transaction.Events) && !d.failed:
			d.l.must("append", errors.New("the replica did not answer"))
		case a.Err != nil && !d.failed:
			d.l.must("append", a.Err)
		}
	}
}

// stop closes the replica in order.
func (d *leader) stop() { d.turn(actor.Event{Kind: actor.Stop}) }

// recorder is the bucket as its replica uses it, with a record of what the
// replica wrote and what it relies on.
type recorder struct {
	*bucket.Bucket
	l *life
}

var _ replica.Log = (*recorder)(nil)

// Append implements replica.Log.
func (r *recorder) Append(entries []segment.Entry) error { return r.l.put(entries) }

// SaveState implements replica.Log.
func (r *recorder) SaveState(st segment.State, sync bool) error { return r.l.saveState(st, sync) }

// Apply implements replica.Log. What is applied is visible, so it has to stay.
func (r *recorder) Apply(e segment.Entry) error {
	p := &r.l.p
	p.commit = max(p.commit, e.Index)
	if e.Index > uint64(len(p.synced)) {
		p.synced = r.l.log[:e.Index]
	}
	r.l.changed()
	r.l.point(func() string { return "the script dies when an entry is visible" })
	return r.Bucket.Apply(e)
}

// syncAll makes files and then directories durable, as the barrier of a replica
// does.
func syncAll(fs vfs.FS, files []vfs.File, dirs []string) error {
	for _, f := range files {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	for _, d := range dirs {
		if err := fs.SyncDir(d); err != nil {
			return err
		}
	}
	return nil
}
