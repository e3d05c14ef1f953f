package sim

import (
	"fmt"
	"strings"

	"sierradb/core/actor"
	"sierradb/vfs"
)

// Kind is what a fault does.
type Kind string

// The faults. Those of time strike at At; those of an operation at the Op-th
// operation of life Life; those of a sync at the Op-th barrier of life Life, or
// without Op at the first barrier after At.
// Power follows a death and a start after For.
const (
	Kill      Kind = "kill"       // the process dies; what it wrote stays pending
	KillPower Kind = "kill+power" // it dies, starts again, and soon after power is lost (S3)
	RollKill  Kind = "roll-kill"  // as kill+power, while the Op-th sync that covers a new name is in flight
	SyncPower Kind = "sync-power" // power is lost while the Op-th sync of the run is in flight
	// BatchPower is power lost while the Op-th sync of the run that covers two
	// sectors or more is in flight: a batch of entries of which some are there.
	BatchPower Kind = "batch-power"
	Power      Kind = "power"    // power is lost
	Shutdown   Kind = "shutdown" // an orderly stop

	OpKill  Kind = "op-kill"  // the process dies at an operation
	OpPower Kind = "op-power" // power is lost at an operation

	OpWrite  Kind = "op-eio-write" // a change of a file fails
	OpRead   Kind = "op-eio-read"  // a read fails
	DiskSick Kind = "disk-sick"    // for For every change of a file fails, with Drop every read, too

	ReadSick Kind = "read-sick" // for For many reads of a running process fail

	SyncFail  Kind = "sync-fail" // a barrier fails; with Drop its pages are gone
	SyncSick  Kind = "sync-sick" // for For every sync fails
	SyncStall Kind = "sync-stall"
	SyncHang  Kind = "sync-hang" // a barrier never ends; after For somebody kills the process
	SlowDisk  Kind = "slow-disk" // for For syncs take Arg times as long

	Full Kind = "disk-full" // for For, with Arg bytes of room
	// NoRoom refuses to reserve space for For, and now and then to write
	// raft.state, as a quota or a copy-on-write file system does.
	NoRoom Kind = "no-room"

	// Latent faults: the device says that all is well. With Live they strike
	// under a running process, else between its death and the next start. Arg
	// chooses file and place.
	Flip      Kind = "bit-flip"    // one bit of a file
	Zero      Kind = "zero-sector" // a sector reads as zeros
	LostWrite Kind = "lost-write"  // a write that a completed barrier covered never reached the medium
	Misplaced Kind = "misdirected-write"
	Misread   Kind = "misdirected-read" // one read returns bytes from another place
	// One read returns a wrong bit; with Where "end" it is one of recovery's, and
	// the bit lies in the last frame of a log.
	FlipRead Kind = "flip-read"
	Misreads Kind = "misdirected-reads" // for For, of a running process's reads one in four

	Wall  Kind = "wall-jump"  // by Arg milliseconds
	Drift Kind = "wall-drift" // the wall clock gains Arg milliseconds a second from now on
	Pause Kind = "pause"      // the process stands still for For, as under SIGSTOP
	Cut   Kind = "conn-cut"   // client Arg loses its connection
	Deaf  Kind = "conn-deaf"  // client Arg reads nothing for For
)

// Fault is one thing that goes wrong.
type Fault struct {
	Kind  Kind
	Class string // that drew it
	At    actor.Instant
	Life  int
	Op    int
	Where string // "before", "mid" or "after" the operation; "end": see FlipRead
	Cut   string // what a power cut leaves: a name of cutModes
	For   actor.Instant
	Drop  bool
	Live  bool
	Arg   int64
}

func (f *Fault) String() string {
	s := string(f.Kind)
	switch {
	case f.Op > 0 && f.Life == 0:
		s += fmt.Sprintf(" number %d", f.Op)
	case f.Op > 0:
		s += strings.TrimRight(fmt.Sprintf(" life %d number %d %s", f.Life, f.Op, f.Where), " ")
	default:
		s += " at " + clock(f.At)
	}
	if f.Cut != "" {
		s += " " + f.Cut
	}
	if f.For > 0 {
		s += " for " + clock(f.For)
	}
	if f.Drop {
		s += " drop"
	}
	if f.Live {
		s += " live"
	}
	return s
}

// traits are what plans need to know of a kind of fault.
type traits struct {
	cuts  bool // it draws what a power cut leaves
	kills bool // it ends the process
}

// kinds are all kinds of faults.
var kinds = map[Kind]traits{
	Kill: {kills: true}, KillPower: {true, true}, RollKill: {true, true}, SyncPower: {true, true}, BatchPower: {true, true},
	Power: {true, true}, Shutdown: {kills: true}, OpKill: {kills: true}, OpPower: {true, true},
	OpWrite: {}, OpRead: {}, DiskSick: {}, ReadSick: {},
	SyncFail: {}, SyncSick: {}, SyncStall: {}, SyncHang: {kills: true}, SlowDisk: {}, Full: {}, NoRoom: {},
	Flip: {}, Zero: {}, LostWrite: {}, Misplaced: {}, Misread: {}, FlipRead: {}, Misreads: {},
	Wall: {}, Drift: {}, Pause: {}, Cut: {}, Deaf: {},
}

// cutMode reads the name of a cut mode; it answers false for an unknown one.
func cutMode(name string) (vfs.CutMode, bool) {
	for m := range vfs.CutMode(vfs.CutModes) {
		if m.String() == name {
			return m, true
		}
	}
	return 0, false
}

// mode is what the fault's power cut leaves.
func (f *Fault) mode() vfs.CutMode {
	m, _ := cutMode(f.Cut) // Plan.check has seen it
	return m
}

// cuts are what a power cut may leave, the harshest more than once.
var cuts = []vfs.CutMode{vfs.CutLosesAll, vfs.CutLosesAll, vfs.CutKeepsSubset, vfs.CutKeepsSubset, vfs.CutKeepsSubset, vfs.CutKeepsPrefix, vfs.CutKeepsAll, vfs.CutKeepsLast}

// drawCut draws what a power cut leaves.
func drawCut(r *actor.Rand) string { return choose(r, cuts...).String() }
