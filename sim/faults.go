package sim

import (
	"fmt"
	"strings"

	"sierradb/core/actor"
	"sierradb/sim/sched"
	"sierradb/vfs"
)

// schedule takes a fault of the plan.
func (b *box) schedule(f *Fault) {
	switch f.Kind {
	case OpKill, OpPower, OpWrite, OpRead:
		b.byOp[opKey{f.Life, f.Op}] = f
	case RollKill:
		b.byRoll[f.Op] = f
	case SyncPower:
		b.byAny[f.Op] = f
	case SyncFail, SyncStall:
		b.bySync[opKey{f.Life, f.Op}] = f
	default:
		b.w.s.At(f.At, func() {
			if !b.w.healed && b.w.found == nil {
				b.strike(f)
			}
		})
	}
}

// strike carries out a fault of time.
func (b *box) strike(f *Fault) {
	w := b.w
	switch f.Kind {
	case Wall:
		b.m.JumpWall(f.Arg)
		w.tell("the wall clock jumps by %d ms", f.Arg)
		w.count.Add("clock jumps", 1)
		return
	case Full:
		b.fill(f)
		return
	case NoRoom:
		b.refuseRoom(f)
		return
	case Cut:
		w.clients[int(f.Arg)%w.k.Clients].cut()
		return
	case Deaf:
		w.clients[int(f.Arg)%w.k.Clients].deafen(f.For)
		return
	}
	if !b.m.Up() {
		return // it is down already
	}
	switch f.Kind {
	case Kill:
		b.die("killed")
		b.rebootIn(b.pause())
	case KillPower:
		b.die("killed, power will follow")
		b.next = f
		b.rebootIn(b.pause())
	case Power:
		b.power(f, "")
	case Shutdown:
		b.shutdown()
	case Flip:
		b.die("killed for a bit flip")
		b.flip(f)
		b.rebootIn(b.pause())
	default:
		panic("sim: unknown fault " + string(f.Kind))
	}
}

// fill leaves little room on the disk for a while.
func (b *box) fill(f *Fault) {
	w := b.w
	b.mem.SetCapacity(b.mem.Used() + uint64(f.Arg))
	b.limited++
	b.full, b.filled = true, w.s.Now()
	w.tell("the disk has room for %d bytes more", f.Arg)
	w.count.Add("full disks", 1)
	w.s.After(f.For, func() {
		if b.limited--; b.limited == 0 {
			b.mem.SetCapacity(0)
			w.tell("the disk has room again")
		}
		b.full, b.filled = b.crampedNow(), w.s.Now()
	})
}

// refuseRoom refuses reservations for a while.
func (b *box) refuseRoom(f *Fault) {
	w := b.w
	b.noRoom++
	b.full, b.filled = true, w.s.Now()
	w.tell("no more space can be reserved")
	w.count.Add("refused reservations", 1)
	w.s.After(f.For, func() {
		if b.noRoom--; b.noRoom == 0 {
			w.tell("space can be reserved again")
		}
		b.full, b.filled = b.crampedNow(), w.s.Now()
	})
}

// crampedNow says whether a fault limits space.
func (b *box) crampedNow() bool { return !b.w.healed && b.limited+b.noRoom > 0 }

// crowded says whether an operation finds no room.
func (b *box) crowded(op vfs.Op) bool {
	if b.noRoom == 0 || b.w.healed {
		return false
	}
	return op.Kind == vfs.OpPreallocate || op.Kind == vfs.OpWrite && strings.HasSuffix(op.Name, "raft.state") && b.rand.Chance(1, 4)
}

// Before implements [vfs.Injector]: it is asked about every file operation of
// the node.
func (b *box) Before(op vfs.Op) vfs.Verdict {
	b.ops++
	b.w.count.Add("file operations", 1)
	if b.w.o.Text != nil {
		b.w.s.Note(func() string { return fmt.Sprintf("n%d.%d op %d %v", b.m.ID, b.m.Life, b.ops, op) }, 7, uint64(b.ops), uint64(op.Kind), uint64(op.Offset), uint64(op.Size))
	} else {
		b.w.s.Note(nil, 7, uint64(b.ops), uint64(op.Kind), uint64(op.Offset), uint64(op.Size))
	}
	f := b.byOp[opKey{b.m.Life, b.ops}]
	if f == nil || b.w.healed {
		if b.crowded(op) {
			return vfs.Verdict{Err: vfs.ErrNoSpace}
		}
		return vfs.Verdict{}
	}
	switch f.Kind {
	case OpWrite:
		if !changes(op.Kind) {
			b.byOp[opKey{b.m.Life, b.ops + 1}] = f // strike the next one that fits
			return vfs.Verdict{}
		}
		b.upset = true
		b.w.count.Add("write errors", 1)
		b.w.tell("%v fails", op)
		return vfs.Verdict{Err: vfs.ErrIO, Short: b.rand.Intn(op.Size + 1)}
	case OpRead:
		if op.Kind != vfs.OpRead {
			b.byOp[opKey{b.m.Life, b.ops + 1}] = f
			return vfs.Verdict{}
		}
		b.upset = true
		b.w.count.Add("read errors", 1)
		b.w.tell("%v fails", op)
		return vfs.Verdict{Err: vfs.ErrIO}
	}
	c := &sched.Crash{Why: f.String(), Plan: f}
	switch {
	case f.Where == "before":
		panic(c)
	case f.Where == "mid" && op.Kind == vfs.OpWrite && op.Size > 0:
		return vfs.Verdict{Short: b.rand.Intn(op.Size + 1), Crash: true, Panic: c}
	}
	return vfs.Verdict{} // After is asked
}

// After implements [vfs.Injector].
func (b *box) After(vfs.Op) {
	f := b.byOp[opKey{b.m.Life, b.ops}]
	if f == nil || b.w.healed || f.Where == "before" || f.Kind != OpKill && f.Kind != OpPower {
		return
	}
	panic(&sched.Crash{Why: f.String(), Plan: f})
}

// changes says whether an operation changes what is on the disk.
func changes(k vfs.OpKind) bool {
	switch k {
	case vfs.OpWrite, vfs.OpTruncate, vfs.OpPreallocate, vfs.OpRename, vfs.OpRemove:
		return true
	}
	return false
}

// sync decides how long a barrier takes and how it ends.
func (b *box) sync(id actor.ID, br *actor.Barrier) sched.Sync {
	w := b.w
	b.barriers++
	w.count.Add("barriers", 1)
	p := b.mem.BeginSync(br.Files, br.Dirs)
	after := w.k.SyncMin + actor.Instant(b.rand.Uint64n(uint64(w.k.SyncMax-w.k.SyncMin)+1))
	if len(br.Dirs) > 0 {
		b.rolls++
		if f := b.byRoll[b.rolls]; f != nil && !w.healed {
			b.during(after, func() {
				w.count.Add("deaths while a new file is synced", 1)
				b.die("killed while a new name is synced, power will follow")
				b.next = f
				b.rebootIn(b.pause())
			})
		}
	}
	b.syncs++
	if f := b.byAny[b.syncs]; f != nil && !w.healed {
		b.during(after, func() { b.power(f, "while a sync is in flight") })
	}
	done := p.Complete
	f := b.bySync[opKey{b.m.Life, b.barriers}]
	switch {
	case f == nil || w.healed:
	case f.Kind == SyncStall:
		after += f.For
		b.stalled = max(b.stalled, w.s.Now()+after)
		w.count.Add("stalled syncs", 1)
		w.tell("a sync of %s stalls for %s", id, clock(after))
	default:
		b.upset = true
		w.count.Add("failed syncs", 1)
		done = func() error {
			w.tell("a sync of %s fails, pages dropped: %v", id, f.Drop)
			return p.Fail(f.Drop)
		}
	}
	return sched.Sync{After: after, Done: done}
}

// during lets a death strike while a sync that takes so long is in flight.
func (b *box) during(within actor.Instant, strike func()) {
	life := b.m.Life
	b.w.s.After(actor.Instant(b.rand.Uint64n(uint64(within)+1)), func() {
		if b.m.Life == life && b.m.Up() && !b.w.healed && b.w.found == nil {
			strike()
		}
	})
}
