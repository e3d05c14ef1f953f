package sim

import (
	"sierradb/core/actor"
	"sierradb/sim/sched"
	"sierradb/vfs"
)

// sync decides how long a barrier takes and how it ends.
func (b *box) sync(id actor.ID, br *actor.Barrier) sched.Sync {
	w := b.w
	b.barriers++
	w.count.Add("barriers", 1)
	p := b.mem.BeginSync(br.Files, br.Dirs)
	writes := b.takeWrites(id)
	after := w.k.SyncMin + actor.Instant(b.rand.Uint64n(uint64(w.k.SyncMax-w.k.SyncMin)+1))
	done := p.Complete
	if w.healed {
		return sched.Sync{After: after, Done: done}
	}
	if b.slow > 0 {
		after *= b.slowness
		b.stalled = max(b.stalled, w.s.Now()+after)
	}
	b.deaths(br, p.Bytes(), after)
	if b.sickSync > 0 {
		done = b.failing(id, p, b.sickDrops)
	}
	faults := b.bySync[opKey{b.m.Life, b.barriers}]
	if len(b.coming) > 0 {
		faults = append(faults, b.coming[0])
		b.coming = b.coming[1:]
	}
	for _, f := range faults {
		switch f.Kind {
		case SyncStall:
			after += f.For
			b.stalled = max(b.stalled, w.s.Now()+after)
			w.count.Add("stalled syncs", 1)
			w.rec.struck(f)
			w.tell("a sync of %s stalls for %s", id, clock(after))
		case SyncHang:
			after += span
			b.stalled = max(b.stalled, w.s.Now()+f.For)
			w.count.Add("hanging syncs", 1)
			w.rec.struck(f)
			w.tell("a sync of %s hangs", id)
			b.inLife(f.For, func() {
				b.die("killed because a sync hangs")
				b.rebootIn(b.pause())
			})
		case SyncFail:
			done = w.rec.striking(f, b.failing(id, p, f.Drop))
		}
	}
	return sched.Sync{After: after, Done: b.misplacing(done, writes)}
}

// misplacing is the end of a sync of writes that may not be where they belong.
func (b *box) misplacing(done func() error, writes []written) func() error {
	if len(b.armed) == 0 || len(writes) == 0 {
		return done
	}
	f := b.armed[0]
	b.armed = b.armed[1:]
	return func() error {
		err := done()
		if err == nil {
			b.misplace(f, writes)
		}
		return err
	}
}

// failing is the end of a sync that fails.
func (b *box) failing(id actor.ID, p *vfs.Pending, drop bool) func() error {
	b.hitSync(id)
	b.w.count.Add("failed syncs", 1)
	return func() error {
		b.w.tell("a sync of %s fails, pages dropped: %v", id, drop)
		return p.Fail(drop)
	}
}

// deaths lets those strike that wait for this barrier, while it is in flight.
func (b *box) deaths(br *actor.Barrier, bytes int64, after actor.Instant) {
	within := func() actor.Instant { return actor.Instant(b.rand.Uint64n(uint64(after) + 1)) }
	if len(br.Dirs) > 0 {
		b.rolls++
		if f := b.byRoll[b.rolls]; f != nil {
			b.inLife(within(), func() {
				b.w.count.Add("deaths while a new file is synced", 1)
				b.w.rec.struck(f)
				b.die("killed while a new name is synced, power will follow")
				b.next = f
				b.rebootIn(b.pause())
			})
		}
	}
	b.syncs++
	if f := b.byAny[b.syncs]; f != nil {
		b.inLife(within(), func() { b.power(f, "while a sync is in flight") })
	}
	if bytes < 2*int64(b.w.k.Sector) {
		return
	}
	b.batches++
	if f := b.byBatch[b.batches]; f != nil {
		b.w.count.Add("power cuts while a batch is synced", 1)
		b.inLife(within(), func() { b.power(f, "while a batch is synced") })
	}
}

// inLife does something after d, unless this life of the process or all trouble
// is over then.
func (b *box) inLife(d actor.Instant, do func()) {
	life := b.m.Life
	b.w.s.After(d, func() {
		if b.m.Life == life && b.m.Up() && !b.w.healed && b.w.found == nil {
			do()
		}
	})
}
