package sim

import (
	"errors"
	"fmt"
	"time"

	"sierradb/commands"
	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/node"
	"sierradb/sim/sched"
	"sierradb/vfs"
)

// box is one computer: a disk that outlives processes, and the process that
// lives on it now.
type box struct {
	w    *World
	mem  *vfs.Mem
	m    *sched.Machine
	node *node.Node
	rand *actor.Rand // of latencies, cuts and delays
	wall wallClock   // of m

	ops      int // file operations of this life
	barriers int
	booting  bool
	closing  bool // an orderly stop is under way

	byOp    map[opKey][]*Fault
	bySync  map[opKey][]*Fault
	byRoll  map[int]*Fault
	byAny   map[int]*Fault
	byBatch map[int]*Fault
	struck  *Fault // by the operation that is under way
	rolls   int    // barriers that named a directory, of all lives
	syncs   int    // barriers of all lives
	batches int    // those of two sectors and more
	salt    uint64
	next    *Fault // a power cut that follows the coming boot

	halt    []bool        // by bucket, in this life
	hurt    []bool        // by bucket: not served in this life, its files are damaged
	upset   []upset       // of the store's own files, then by bucket: see of
	full    bool          // space is limited now
	filled  actor.Instant // when space was last limited
	stalled actor.Instant // when the last stalled sync or pause ends
	pauses  []standstill

	// States of the world: how many faults hold them now.
	limited, noRoom, sick, sickRead, sickSync, slow, lying int
	sickReads, sickDrops                                   bool
	slowness                                               actor.Instant // a factor

	wounds []wound
	images map[int]map[string][]byte // of damaged buckets, as they were before the present life
	armed  []*Fault                  // that strike the next sync that covers a write
	coming []*Fault                  // that strike the next syncs, one each
	writes []written                 // not yet covered by a barrier
}

type opKey struct{ life, op int }

// wallStart is the wall clock at the beginning, in milliseconds.
const wallStart = 1_760_000_000_000

func newBox(w *World) *box {
	names := w.rand.Chance(1, 2)
	b := &box{w: w, mem: vfs.NewMem(vfs.MemOptions{Sector: w.k.Sector, SyncNames: names}),
		m: w.s.Machine(wallStart), rand: w.rand.Fork(11),
		byOp: make(map[opKey][]*Fault), bySync: make(map[opKey][]*Fault), byRoll: make(map[int]*Fault), byAny: make(map[int]*Fault), byBatch: make(map[int]*Fault),
		halt: make([]bool, w.k.Buckets), hurt: make([]bool, w.k.Buckets), upset: make([]upset, w.k.Buckets+1), images: make(map[int]map[string][]byte)}
	b.wall.set(0, wallStart, 0)
	return b
}

// up says whether clients can connect.
func (b *box) up() bool { return b.node != nil && !b.closing }

// boot starts the node on what the disk holds.
func (b *box) boot() {
	w := b.w
	if b.m.Up() || w.found != nil {
		return
	}
	b.ops, b.barriers, b.closing, b.writes = 0, 0, false, nil
	clear(b.upset)
	clear(w.follows)
	clear(b.halt)
	clear(b.hurt)
	b.reviewWounds()
	fs := vfs.Inject(b.mem, w.rec.injector(b))
	b.m.Boot(fs)
	w.model.begin()
	w.count.Add("boots", 1)
	b.booting = true
	var n *node.Node
	var err error
	ended := b.m.Guard(func() {
		n, err = node.New(b.m, fs, b.options(), node.World{Rand: b.m.Rand().Fork(1), Owner: fmt.Sprintf("life %d", b.m.Life), Hooks: b.m.Hooks(), Version: "sim"})
	})
	b.booting = false
	if !ended {
		return
	}
	w.judged("D8 recovery")
	if err != nil {
		b.refused(err)
		return
	}
	b.node, b.salt = n, n.Store().Salt()
	b.started()
}

func (b *box) options() node.Options {
	k := b.w.k
	return node.Options{Buckets: k.Buckets, Partitions: k.Partitions, SegmentSize: k.SegmentSize,
		QueueBytes: k.QueueBytes, Timeout: time.Duration(k.Timeout),
		Session: commands.Options{Inflight: k.Inflight, InflightBytes: k.InflightBytes, OutputMax: k.OutputMax,
			ReplyMax: k.ReplyMax, OutputTimeout: k.OutputTimeout, Subscriptions: k.Subscriptions, Count: k.Count, Limits: resp3.Limits{Args: k.ArgsMax, Bulk: k.BulkMax}}}
}

// refused deals with a node that does not start. It may refuse when an
// operation failed, when there is no space, or when store.state is damaged: a
// damaged bucket must not keep the others from being served.
func (b *box) refused(err error) {
	w := b.w
	w.tell("the node refuses to start: %v", err)
	w.count.Add("starts refused", 1)
	excused := b.excusesStart(-1) || b.full && errors.Is(err, vfs.ErrNoSpace) || b.wounded(-1)
	if !excused {
		w.violate(violated("D8 recovery", "the node refuses to start though nothing is wrong with its disk: %v", err))
		return
	}
	b.m.Down()
	b.mem.Kill()
	b.mend("refused")
	b.rebootIn(100 * actor.Millisecond)
}

// started looks at what recovery found.
func (b *box) started() {
	w := b.w
	w.rec.started(b.node.Damaged())
	damaged := 0
	for i, err := range b.node.Damaged() {
		if err == nil {
			continue
		}
		damaged++
		b.hurt[i] = true
		w.tell("bucket %d is not served: %v", i, err)
		w.violate(b.judgeDamage(i, err))
	}
	if damaged > 0 {
		// The operator looks at it for a while, then repairs the disk.
		life := b.m.Life
		w.s.After(b.pause(), func() {
			if b.m.Life == life {
				b.die("operator repairs the disk")
				b.mend("damaged")
				b.rebootIn(b.pause())
			}
		})
	}
	if f := b.next; f != nil {
		b.next = nil
		life := b.m.Life
		w.s.After(f.For, func() {
			if b.m.Life == life {
				b.power(f, "soon after the start")
			}
		})
	}
	w.checkAfterBoot()
	for _, c := range w.clients {
		c.wake(w.k.Transit)
	}
}

// pause draws how long a machine stays down or an operator waits.
func (b *box) pause() actor.Instant {
	return actor.Instant(b.rand.Uint64n(uint64(choose(b.rand, actor.Millisecond, 50*actor.Millisecond, actor.Second))))
}

func (b *box) rebootIn(d actor.Instant) { b.w.s.After(d, b.boot) }

// lose drops the process: its actors, its connections, its handles.
func (b *box) lose() {
	b.m.Down()
	b.node = nil
	b.w.dropConns()
}

// die is the end of the process; what it wrote stays pending.
func (b *box) die(why string) {
	b.w.tell("the process dies: %s", why)
	b.w.count.Add("process deaths", 1)
	b.lose()
	b.mem.Kill()
}

// crashAt is the panic that kills the process at an operation.
func (b *box) crashAt(f *Fault) *sched.Crash { return &sched.Crash{Why: f.String(), Plan: f} }

// power is the loss of power.
func (b *box) power(f *Fault, why string) {
	w := b.w
	w.rec.struck(f)
	b.lose()
	r := b.mem.PowerCut(b.rand, f.mode())
	w.tell("power is lost %s: %v", why, r)
	w.count.Add("power cuts", 1)
	w.count.Add("sectors torn", uint64(r.TornSectors))
	w.count.Add("sectors lost", uint64(r.LostSectors))
	w.count.Add("sectors kept", uint64(r.KeptSectors))
	w.count.Add("names lost", uint64(r.LostNames))
	b.reviewWounds()
	b.rebootIn(b.pause())
}

// crashed is called when an injected crash killed the process.
func (b *box) crashed(f *Fault) {
	b.w.rec.struck(f)
	where := "in a step"
	if b.booting {
		where = "in recovery"
		b.w.count.Add("crashes in recovery", 1)
	}
	b.w.count.Add("crashes at operations", 1)
	if f.Kind == OpPower {
		b.power(f, where)
		return
	}
	b.die(where)
	b.rebootIn(b.pause())
}

// halted is called when a bucket took itself out of service: an operator
// restarts the process after a while.
func (b *box) halted(bucket int) {
	b.halt[bucket] = true
	b.w.judged("D8 halts")
	if !b.of(bucket).changes {
		b.w.violate(violated("D8 halts", "bucket %d halts though no change and no sync of its files failed", bucket))
	}
	life := b.m.Life
	b.w.s.After(b.pause()+100*actor.Millisecond, func() {
		if b.m.Life == life && b.m.Up() {
			b.die("operator restarts a halted bucket")
			b.rebootIn(b.pause())
		}
	})
}

// shutdown stops the process in order: sessions drain, then the node closes.
func (b *box) shutdown() {
	if !b.up() {
		return
	}
	b.closing = true
	b.w.tell("orderly stop")
	b.w.count.Add("orderly stops", 1)
	for _, c := range b.w.openConns() {
		b.m.Post(c.id, actor.Event{Kind: actor.Stop})
	}
	life, since := b.m.Life, b.w.s.Now()
	for _, cn := range b.w.openConns() {
		b.w.s.After(b.w.prompt(cn, 100), func() { b.w.violate(cn.checkStopped(since)) })
	}
	b.w.s.After(2*actor.Second, func() {
		if b.m.Life != life || !b.m.Up() {
			return
		}
		n := b.node
		b.w.dropConns()
		var err error
		if !b.m.Guard(func() { err = n.Close() }) {
			return
		}
		b.w.judged("shutdown")
		if err != nil && b.noChange() {
			b.w.violate(violated("shutdown", "the node does not close: %v", err))
		}
		b.lose()
		b.mem.Kill()
		b.rebootIn(b.pause())
	})
}
