package sim

import (
	"fmt"
	"strings"

	"sierradb/core/actor"
	"sierradb/vfs"
)

// Plan is a run as data: all that is decided before it begins. Removing a fault
// from it shifts nothing else.
type Plan struct {
	Seed   uint64
	Mode   string // "all", "swarm" or "calm"
	Knobs  Knobs
	Faults []Fault
}

// Knobs are the settings of a run.
type Knobs struct {
	// The node's own.
	Buckets, Partitions int
	SegmentSize         int64
	QueueBytes          int64
	Timeout             actor.Instant // of appends
	Inflight            int           // of a session
	InflightBytes       int
	OutputMax, ReplyMax int
	OutputTimeout       actor.Instant
	Count               int // of a scan that names none

	// Of the scheduler.
	TellMax, RunMax actor.Instant
	BatchMax        int
	LateOne         int
	Hold            bool // effects leave at the end of a batch

	// Of the disk.
	Sector           int
	SyncMin, SyncMax actor.Instant

	// Of the clients.
	Clients    int
	Ops        int // of each client
	Depth      int // requests in flight on a connection
	Streams    int // ids that clients write to
	Keys       int // explicit partition keys
	Think      actor.Instant
	PayloadMax int
	Chunk      int           // bytes of a piece of input, at most; 0: whole
	ReadRate   int           // bytes that a client takes at a time; 0: all
	Transit    actor.Instant // a piece of bytes takes 0 to so long
	Malformed  int           // one request in so many; 0: none
	Retries    int           // of an append with an unknown outcome
	Weights    []int         // by workload
}

// Kind is what a fault does.
type Kind string

// The faults. Those of time strike at At; those of an operation at the Op-th
// operation of life Life; those of a sync at the Op-th barrier of life Life.
// Power follows a death and a start after For.
const (
	Kill      Kind = "kill"       // the process dies; what it wrote stays pending
	KillPower Kind = "kill+power" // it dies, starts again, and soon after power is lost (S3)
	RollKill  Kind = "roll-kill"  // as kill+power, while the Op-th sync that covers a new name is in flight
	SyncPower Kind = "sync-power" // power is lost while the Op-th sync of the run is in flight
	Power     Kind = "power"      // power is lost
	Shutdown  Kind = "shutdown"   // an orderly stop

	OpKill  Kind = "op-kill"  // the process dies at an operation
	OpPower Kind = "op-power" // power is lost at an operation
	OpWrite Kind = "op-eio-write"
	OpRead  Kind = "op-eio-read"

	SyncFail  Kind = "sync-fail" // a barrier fails; with Drop its pages are gone
	SyncStall Kind = "sync-stall"

	Full Kind = "disk-full" // for For, with Arg bytes of room
	// NoRoom refuses to reserve space for For, and now and then to write
	// raft.state, as a quota or a copy-on-write file system does.
	NoRoom Kind = "no-room"
	Flip   Kind = "bit-flip"  // the process dies, one bit flips, it starts again
	Wall   Kind = "wall-jump" // by Arg milliseconds
	Cut    Kind = "conn-cut"  // client Arg loses its connection
	Deaf   Kind = "conn-deaf" // client Arg reads nothing for For
)

// Fault is one thing that goes wrong.
type Fault struct {
	Kind  Kind
	At    actor.Instant `json:",omitempty"`
	Life  int           `json:",omitempty"`
	Op    int           `json:",omitempty"`
	Where string        `json:",omitempty"` // "before", "mid" or "after" the operation
	Mode  int           `json:",omitempty"` // of a power cut: index into cutModes
	For   actor.Instant `json:",omitempty"`
	Drop  bool          `json:",omitempty"`
	Arg   int64         `json:",omitempty"`
}

func (f *Fault) String() string {
	s := string(f.Kind)
	switch {
	case f.Op > 0 && f.Life == 0:
		s += fmt.Sprintf(" number %d", f.Op)
	case f.Op > 0:
		s += fmt.Sprintf(" life %d op %d %s", f.Life, f.Op, f.Where)
	default:
		s += " at " + clock(f.At)
	}
	switch f.Kind {
	case Power, KillPower, OpPower, RollKill, SyncPower:
		s += fmt.Sprintf(" %v", cutModes[f.Mode])
	case SyncFail:
		s += fmt.Sprintf(" drop=%v", f.Drop)
	case Full, NoRoom, SyncStall, Deaf:
		s += " for " + clock(f.For)
	}
	return strings.TrimSpace(s)
}

// cutModes are what a power cut may leave, the harshest more than once.
var cutModes = []vfs.CutMode{vfs.CutLosesAll, vfs.CutLosesAll, vfs.CutKeepsSubset, vfs.CutKeepsSubset, vfs.CutKeepsSubset, vfs.CutKeepsPrefix, vfs.CutKeepsAll, vfs.CutKeepsLast}

// span is how long clients work at most, in virtual time.
const span = 30 * actor.Second

// NewPlan draws the plan of a seed: a third of the seeds with all faults, half
// with a part of them (a fault may mask what another would show), a sixth with
// none.
func NewPlan(seed uint64) *Plan {
	r := actor.NewRand(actor.Mix(seed) + 0x914)
	p := &Plan{Seed: seed, Mode: "all"}
	switch r.Intn(6) {
	case 0:
		p.Mode = "calm"
	case 1, 2, 3:
		p.Mode = "swarm"
	}
	p.Knobs = drawKnobs(r.Fork(1), p.Mode == "calm")
	if p.Mode != "calm" {
		d := dice{r.Fork(2), &p.Knobs}
		on := r.Fork(3)
		for _, class := range classes {
			keep := on.Chance(1, 2)
			draw := class(dice{d.Fork(7), d.k})
			if p.Mode == "all" || keep {
				p.Faults = append(p.Faults, draw...)
			}
		}
	}
	return p
}

// choose returns one of the values.
func choose[T any](r *actor.Rand, values ...T) T { return values[r.Intn(len(values))] }

func drawKnobs(r *actor.Rand, calm bool) Knobs {
	k := Knobs{
		Buckets:       choose(r, 1, 1, 2, 2, 4),
		SegmentSize:   choose[int64](r, 4<<10, 4<<10, 5000, 8<<10, 16<<10),
		QueueBytes:    choose[int64](r, 64<<20, 64<<20, 1<<10, 8<<10),
		Timeout:       choose(r, 10*actor.Second, 10*actor.Second, 2*actor.Second, 300*actor.Millisecond),
		Inflight:      choose(r, 1024, 1024, 4, 1),
		InflightBytes: choose(r, 8<<20, 8<<20, 700),
		OutputMax:     choose(r, 1<<20, 1<<20, 500),
		ReplyMax:      choose(r, 8<<20, 8<<20, 1500),
		OutputTimeout: choose(r, 60*actor.Second, 60*actor.Second, actor.Second),
		Count:         choose(r, 100, 3),
		TellMax:       choose(r, 0, 20*actor.Microsecond, 200*actor.Microsecond, 2*actor.Millisecond),
		RunMax:        choose(r, 0, 10*actor.Microsecond, 100*actor.Microsecond, actor.Millisecond),
		BatchMax:      choose(r, 1, 2, 8, 64, 64),
		LateOne:       choose(r, 0, 0, 20, 200),
		Hold:          r.Chance(1, 2),
		Sector:        choose(r, 512, 512, 4096),
		SyncMin:       choose(r, 0, 50*actor.Microsecond, actor.Millisecond),
		SyncMax:       choose(r, 100*actor.Microsecond, 2*actor.Millisecond, 20*actor.Millisecond),
		Clients:       r.Range(2, 5),
		Depth:         choose(r, 1, 4, 16, 40),
		Streams:       choose(r, 1, 3, 8, 30),
		Keys:          choose(r, 1, 2, 5),
		Think:         choose(r, 0, actor.Millisecond, 20*actor.Millisecond, 100*actor.Millisecond),
		PayloadMax:    choose(r, 0, 20, 200, 800),
		Chunk:         choose(r, 0, 0, 1, 7, 100),
		ReadRate:      choose(r, 0, 0, 50, 400),
		Transit:       choose(r, 0, 100*actor.Microsecond, 5*actor.Millisecond),
		Malformed:     choose(r, 0, 20, 60),
		Retries:       choose(r, 0, 3, 6),
	}
	k.Partitions = k.Buckets * choose(r, 1, 2, 4)
	k.Ops = r.Range(60, 160)
	k.SyncMax += k.SyncMin
	for _, wl := range Workloads() {
		n := wl.Weight
		if wl.Optional && r.Chance(1, 3) {
			n = 0
		}
		k.Weights = append(k.Weights, n*r.Range(1, 4))
	}
	if calm {
		k.QueueBytes, k.Timeout, k.OutputTimeout = 64<<20, 10*actor.Second, 60*actor.Second
	}
	return k
}

// dice draw faults.
type dice struct {
	*actor.Rand
	k *Knobs
}

func (d dice) when() actor.Instant {
	// Early more often than late: clients are done long before the span when
	// nothing slows them down.
	t := d.Uint64n(uint64(span))
	for range d.Intn(4) {
		t /= 4
	}
	return actor.Instant(t)
}

// soon is a time after a start in which there is something to lose.
func (d dice) soon() actor.Instant {
	return actor.Instant(d.Uint64n(uint64(choose(d.Rand, actor.Millisecond, 50*actor.Millisecond, 300*actor.Millisecond, actor.Second))))
}

func (d dice) mode() int { return d.Intn(len(cutModes)) }

// classes draw the faults of one class each. Their order is part of what a seed
// means.
var classes = []func(d dice) []Fault{
	func(d dice) (out []Fault) {
		for range d.Intn(3) {
			out = append(out, Fault{Kind: Kill, At: d.when()})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(4) {
			out = append(out, Fault{Kind: Power, At: d.when(), Mode: d.mode()})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(5) {
			out = append(out, Fault{Kind: KillPower, At: d.when(), Mode: d.mode(), For: d.soon()})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(5) {
			out = append(out, Fault{Kind: SyncPower, Op: d.Range(1, 120), Mode: d.mode()})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(5) {
			out = append(out, Fault{Kind: RollKill, Op: d.Range(d.k.Buckets, d.k.Buckets+12), Mode: d.mode(), For: d.soon()})
		}
		return out
	},
	func(d dice) (out []Fault) {
		if d.Chance(1, 2) {
			out = append(out, Fault{Kind: Shutdown, At: d.when()})
		}
		return out
	},
	opCrashes,
	func(d dice) (out []Fault) {
		if d.Chance(1, 3) {
			out = append(out, Fault{Kind: OpWrite, Life: d.Range(1, 6), Op: d.Range(1, 400)})
		}
		if d.Chance(1, 3) {
			out = append(out, Fault{Kind: OpRead, Life: d.Range(1, 6), Op: d.Range(1, 400)})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(4) {
			out = append(out, Fault{Kind: SyncFail, Life: d.Range(1, 5), Op: d.Range(1, 60), Drop: d.Chance(1, 2)})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(3) {
			out = append(out, Fault{Kind: SyncStall, Life: d.Range(1, 5), Op: d.Range(1, 60),
				For: choose(d.Rand, 100*actor.Millisecond, actor.Second, 15*actor.Second)})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(3) {
			out = append(out, Fault{Kind: Full, At: d.when(), Arg: int64(d.Intn(3 * int(d.k.SegmentSize))),
				For: actor.Instant(d.Range(1, 3000)) * actor.Millisecond})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(4) {
			out = append(out, Fault{Kind: NoRoom, At: d.when(), For: actor.Instant(d.Range(1, 2000)) * actor.Millisecond})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(3) {
			out = append(out, Fault{Kind: Flip, At: d.when(), Arg: int64(d.Uint64() >> 1)})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(3) {
			out = append(out, Fault{Kind: Wall, At: d.when(), Arg: int64(d.Range(-100_000, 100_000)) * choose[int64](d.Rand, 1, 1000, 10_000_000)})
		}
		return out
	},
	func(d dice) (out []Fault) {
		for range d.Intn(8) {
			out = append(out, Fault{Kind: Cut, At: d.when(), Arg: int64(d.Intn(8))})
		}
		for range d.Intn(3) {
			out = append(out, Fault{Kind: Deaf, At: d.when(), Arg: int64(d.Intn(8)), For: choose(d.Rand, 100*actor.Millisecond, 5*actor.Second)})
		}
		return out
	},
}

// opCrashes are deaths at an operation: many at the first ones of a life, which
// are recovery's, so that a recovery dies in the middle and the next one too.
func opCrashes(d dice) (out []Fault) {
	for life := 1; life <= 8; life++ {
		if !d.Chance(1, 2) {
			continue
		}
		f := Fault{Kind: OpPower, Life: life, Op: d.Range(1, 300), Mode: d.mode(), Where: choose(d.Rand, "before", "mid", "mid", "after")}
		if d.Chance(1, 3) {
			f.Kind = OpKill
		}
		if d.Chance(1, 3) {
			f.Op = d.Range(1, 40)
		}
		out = append(out, f)
	}
	return out
}
