package sim

import (
	"errors"
	"fmt"
	"strings"

	"sierradb/core/actor"
	"sierradb/sim/sched"
	"sierradb/vfs"
)

// schedule takes a fault of the plan.
func (b *box) schedule(f *Fault) {
	switch f.Kind {
	case OpKill, OpPower, OpWrite, OpRead, Misread, FlipRead:
		b.byOp[opKey{f.Life, f.Op}] = append(b.byOp[opKey{f.Life, f.Op}], f)
	case RollKill:
		b.byRoll[free(b.byRoll, f.Op)] = f
	case SyncPower:
		b.byAny[free(b.byAny, f.Op)] = f
	case BatchPower:
		b.byBatch[free(b.byBatch, f.Op)] = f
	case SyncFail, SyncStall, SyncHang:
		if f.Op == 0 {
			b.w.s.At(f.At, func() { b.coming = append(b.coming, f) })
			return
		}
		b.bySync[opKey{f.Life, f.Op}] = append(b.bySync[opKey{f.Life, f.Op}], f)
	default:
		b.w.s.At(f.At, func() {
			if !b.w.healed && b.w.found == nil {
				b.strike(f)
			}
		})
	}
}

// free is the first number from n on that no fault has.
func free(by map[int]*Fault, n int) int {
	for by[n] != nil {
		n++
	}
	return n
}

// strike carries out a fault of time.
func (b *box) strike(f *Fault) {
	w := b.w
	w.rec.struck(f)
	switch f.Kind {
	case Wall:
		b.m.JumpWall(f.Arg)
		b.wall.jump(w.s.Now(), f.Arg)
		w.tell("the wall clock jumps by %d ms", f.Arg)
		w.count.Add("clock jumps", 1)
	case Drift:
		b.m.DriftWall(f.Arg)
		b.wall.set(w.s.Now(), b.m.Wall(), f.Arg)
		w.tell("the wall clock gains %d ms a second", f.Arg)
		w.count.Add("clock drifts", 1)
	case Full:
		b.fill(f)
	case NoRoom:
		b.during(f, &b.noRoom, "no more space can be reserved", "space can be reserved again")
		w.count.Add("refused reservations", 1)
	case DiskSick:
		b.during(f, &b.sick, "every change of a file fails", "files can be changed again")
		b.sickReads = f.Drop
		w.count.Add("sick disks", 1)
	case ReadSick:
		b.during(f, &b.sickRead, "many reads fail", "reads work again")
		w.count.Add("disks that fail reads", 1)
	case SyncSick:
		b.during(f, &b.sickSync, "every sync fails", "syncs work again")
		b.sickDrops = f.Drop
		w.count.Add("disks that fail syncs", 1)
	case Misreads:
		b.during(f, &b.lying, "reads return what stands elsewhere, now and then", "reads are right again")
	case SlowDisk:
		b.during(f, &b.slow, "the disk is slow", "the disk is as fast as before")
		b.slowness = actor.Instant(f.Arg)
		w.count.Add("slow disks", 1)
	case LostWrite, Misplaced:
		b.armed = append(b.armed, f) // for the next sync
	case Cut:
		w.clients[int(f.Arg)%w.k.Clients].cut()
	case Deaf:
		w.clients[int(f.Arg)%w.k.Clients].deafen(f.For)
	default:
		if b.m.Up() {
			b.strikeProcess(f)
		}
	}
}

// strikeProcess carries out a fault of time that needs a process.
func (b *box) strikeProcess(f *Fault) {
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
	case Pause:
		until := b.w.s.Now() + f.For
		b.m.Pause(until)
		b.stalled = max(b.stalled, until)
		b.pauses = append(b.pauses, standstill{b.w.s.Now(), until})
		b.w.tell("the process stands still for %s", clock(f.For))
		b.w.count.Add("pauses", 1)
	case Flip, Zero:
		if f.Live {
			b.latent(f)
			return
		}
		if b.die("killed for damage at rest"); b.rand.Chance(1, 2) {
			// With the commit index that was only written: what frames name counts.
			b.mem.PowerCut(b.rand, vfs.CutLosesAll)
		}
		b.latent(f)
		b.rebootIn(b.pause())
	default:
		panic("sim: unknown fault " + string(f.Kind))
	}
}

// during counts a state of the world up for as long as the fault lasts.
func (b *box) during(f *Fault, states *int, begins, ends string) {
	w := b.w
	*states++
	b.review()
	w.tell("%s for %s", begins, clock(f.For))
	w.s.After(f.For, func() {
		if *states--; *states == 0 {
			w.tell("%s", ends)
		}
		b.review()
	})
}

// review notes what the states of the world mean for the judgement of errors.
func (b *box) review() {
	now := b.w.s.Now()
	if b.limited == 0 {
		b.mem.SetCapacity(0)
	}
	full := !b.w.healed && b.limited+b.noRoom > 0
	if full || b.full {
		b.full, b.filled = full, now
	}
}

// fill leaves little room on the disk for a while.
func (b *box) fill(f *Fault) {
	b.mem.SetCapacity(b.mem.Used() + uint64(f.Arg))
	b.during(f, &b.limited, "the disk is nearly full", "the disk has room again")
	b.w.count.Add("full disks", 1)
}

// Before implements [vfs.Injector]: it is asked about every file operation of
// the node.
func (b *box) Before(op vfs.Op) vfs.Verdict {
	b.ops++
	b.w.count.Add("file operations", 1)
	b.noteOperation(op)
	if b.w.healed {
		return vfs.Verdict{}
	}
	b.keepWrite(op)
	if v := b.state(op); v.Err != nil || v.Shift != 0 {
		return v
	}
	key := opKey{b.m.Life, b.ops}
	for i, f := range b.byOp[key] {
		v, strikes := b.operation(f, op)
		if strikes {
			b.struck = f
			return v
		}
		// It strikes the next operation that fits; so do those behind it.
		next := opKey{key.life, key.op + 1}
		b.byOp[next] = append(b.byOp[next], b.byOp[key][i])
	}
	return vfs.Verdict{}
}

// state is what the world's states mean for an operation.
func (b *box) state(op vfs.Op) vfs.Verdict {
	switch {
	case b.noRoom > 0 && b.refuses(op):
		return vfs.Verdict{Err: vfs.ErrNoSpace}
	case b.sick > 0 && (changes(op.Kind) || op.Kind == vfs.OpRead && b.sickReads):
		b.w.count.Add("operations on a sick disk", 1)
		b.hit(op)
		return vfs.Verdict{Err: b.readError(op), Short: b.rand.Intn(op.Size + 1)}
	case b.sickRead > 0 && !b.booting && op.Kind == vfs.OpRead && b.dice(op, 1).Chance(1, 3):
		b.w.count.Add("read errors", 1)
		b.hit(op)
		return vfs.Verdict{Err: b.readError(op)}
	case b.lying > 0 && !b.booting && op.Kind == vfs.OpRead && op.Size > 0:
		if r := b.dice(op, 0); r.Chance(1, 4) {
			b.hit(op)
			return vfs.Verdict{Shift: b.shift(op, r)}
		}
	case b.sickSync > 0 && (op.Kind == vfs.OpSync || op.Kind == vfs.OpSyncDir):
		b.w.count.Add("failed syncs", 1)
		b.hit(op)
		return vfs.Verdict{Err: vfs.ErrIO, Drop: b.sickDrops}
	}
	return vfs.Verdict{}
}

// refuses says whether an operation finds no room though the disk has some: a
// quota, or a file system that copies what is overwritten. Such a one refuses
// reserved space, too, now and then.
func (b *box) refuses(op vfs.Op) bool {
	switch {
	case op.Kind == vfs.OpPreallocate:
		return true
	case op.Kind != vfs.OpWrite:
		return false
	case strings.HasSuffix(op.Name, "raft.state"):
		return b.rand.Chance(1, 4)
	}
	return strings.HasSuffix(op.Name, ".seg") && b.rand.Chance(2, 3)
}

// operation is how a fault of an operation strikes; false when it does not fit
// this one.
func (b *box) operation(f *Fault, op vfs.Op) (vfs.Verdict, bool) {
	w := b.w
	switch f.Kind {
	case OpWrite:
		if !changes(op.Kind) {
			return vfs.Verdict{}, false
		}
		b.hit(op)
		w.count.Add("write errors", 1)
		w.rec.struck(f)
		w.tell("%v fails", op)
		return vfs.Verdict{Err: vfs.ErrIO, Short: b.rand.Intn(op.Size + 1)}, true
	case OpRead:
		if op.Kind != vfs.OpRead {
			return vfs.Verdict{}, false
		}
		b.hit(op)
		w.count.Add("read errors", 1)
		w.rec.struck(f)
		w.tell("%v fails", op)
		return vfs.Verdict{Err: b.readError(op)}, true
	case Misread, FlipRead:
		if op.Kind != vfs.OpRead || op.Size == 0 || f.Where == "end" && !b.readsEnd(op) {
			return vfs.Verdict{}, false
		}
		return b.misread(f, op), true
	}
	if f.Where == "before" {
		panic(b.crashAt(f))
	}
	if f.Where == "mid" && op.Kind == vfs.OpWrite && op.Size > 0 {
		return vfs.Verdict{Short: b.rand.Intn(op.Size + 1), Crash: true, Panic: b.crashAt(f)}, true
	}
	return vfs.Verdict{}, true // After is asked
}

// After implements [vfs.Injector].
func (b *box) After(op vfs.Op) {
	f := b.struck
	b.struck = nil
	b.overwritten(op)
	if f != nil && !b.w.healed && f.Where != "before" && (f.Kind == OpKill || f.Kind == OpPower) {
		panic(b.crashAt(f))
	}
}

// errRemote is an error of a device for which vfs has no name, as EREMOTEIO is.
var errRemote = errors.New("remote input/output error")

// readError is what a device says that can't read.
func (b *box) readError(op vfs.Op) error {
	if b.dice(op, 2).Chance(1, 3) {
		return errRemote
	}
	return vfs.ErrIO
}

// dice draw what befalls an operation from its place, so that a run with less in
// it meets the same at the same places.
func (b *box) dice(op vfs.Op, salt uint64) *actor.Rand {
	return actor.NewRand(sched.Digest(sched.DigestBytes(b.w.plan.Seed+salt, []byte(op.Name)), uint64(op.Offset)))
}

// changes says whether an operation changes what is on the disk.
func changes(k vfs.OpKind) bool {
	switch k {
	case vfs.OpWrite, vfs.OpTruncate, vfs.OpPreallocate, vfs.OpRename, vfs.OpRemove:
		return true
	}
	return false
}

// noteOperation puts a file operation into the trace.
func (b *box) noteOperation(op vfs.Op) {
	var text func() string
	if b.w.o.Text != nil {
		text = func() string { return fmt.Sprintf("n%d.%d op %d %v", b.m.ID, b.m.Life, b.ops, op) }
	}
	b.w.s.Note(text, 7, uint64(b.ops), uint64(op.Kind), uint64(op.Offset), uint64(op.Size))
}
