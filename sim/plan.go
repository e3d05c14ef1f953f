package sim

import (
	"sierradb/core/actor"
)

// Plan is a run as data: all that is decided before it begins. Removing a fault
// from it shifts nothing else.
type Plan struct {
	Seed   uint64
	Mode   string // "all", "swarm" or "calm"
	Knobs  Knobs
	Faults []Fault
	Skip   []Skip    // requests that are drawn and not made
	Script []Request // made instead of drawing any; nil: they are drawn
	Finds  []Find    // planted bugs that it shows
	Off    []string  // properties that are not judged, to see what that hides
	Story  []string  // for people
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
	Subscriptions       int // of a connection at most; 0: the default

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
	Skew       int           // how much more often some streams are used than others; 0: all alike
	KeyShape   string        // how the explicit keys lie: see keyNumber
	Idle       actor.Instant // clients work in bursts with pauses of up to so long; 0: steadily
	Talks      int           // one request in so many begins a talk; 0: none
	HalfClose  int           // after one burst in so many a client closes its side; 0: never
	Inline     int           // one plain request in so many is sent as a line; 0: none
	Mute       bool          // one client reads nothing
	Follows    int           // subscriptions that a client keeps on its connection; 0: one
	Dozes      int           // after one push in so many a client reads nothing for a while; 0: never
	BulkMax    int           // of the node: bytes of an argument; 0: the default
	ArgsMax    int           // of the node: arguments of a command; 0: the default

	// Of the last phase; for ablations.
	Gentle  string // power cuts of the world's own: "" tear, "whole" lose all or nothing, "nothing" lose nothing
	NoDrill bool
}

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
			draw := class.draw(dice{d.Fork(7), d.k})
			if p.Mode != "all" && !keep {
				continue
			}
			for _, f := range draw {
				f.Class = class.Name
				p.Faults = append(p.Faults, f)
			}
		}
	}
	return p
}

// argsMax is a limit on arguments that the longest well-formed request keeps:
// a transaction of wideMax events, each with all options.
const argsMax = 2 + 12*wideMax

// choose returns one of the values.
func choose[T any](r *actor.Rand, values ...T) T { return values[r.Intn(len(values))] }

func drawKnobs(r *actor.Rand, calm bool) Knobs {
	k := Knobs{
		Buckets:       choose(r, 1, 1, 2, 2, 4),
		SegmentSize:   choose[int64](r, 4<<10, 4<<10, 5000, 8<<10, 16<<10),
		QueueBytes:    choose[int64](r, 64<<20, 64<<20, 1<<10, 8<<10),
		Timeout:       choose(r, 10*actor.Second, 2*actor.Second, 300*actor.Millisecond, 300*actor.Millisecond),
		Inflight:      choose(r, 1024, 1024, 4, 2, 1),
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
		Depth:         choose(r, 1, 4, 16, 40, 200),
		Streams:       choose(r, 1, 3, 8, 30),
		Keys:          choose(r, 1, 2, 5),
		Think:         choose(r, 0, actor.Millisecond, 20*actor.Millisecond, 100*actor.Millisecond),
		PayloadMax:    choose(r, 0, 20, 200, 800),
		Chunk:         choose(r, 0, 0, 1, 7, 100),
		ReadRate:      choose(r, 0, 0, 50, 400),
		Transit:       choose(r, 0, 100*actor.Microsecond, 5*actor.Millisecond),
		Malformed:     choose(r, 0, 20, 60),
		Retries:       choose(r, 0, 3, 6),
		Skew:          choose(r, 0, 1, 3),
		KeyShape:      choose(r, "apart", "together", "neighbours"),
		Idle:          choose(r, 0, 0, 300*actor.Millisecond, 2*actor.Second),
		Talks:         choose(r, 0, 10, 30),
		HalfClose:     choose(r, 0, 10, 40),
		Inline:        choose(r, 0, 5, 50),
		Mute:          r.Chance(1, 8),
		ArgsMax:       choose(r, 0, 0, argsMax),
		Follows:       choose(r, 0, 1, 2, 4, 8),
		Dozes:         choose(r, 0, 0, 30, 200),
		Subscriptions: choose(r, 0, 0, 0, 1, 3),
	}
	if k.ReadRate > 0 {
		k.Follows = min(k.Follows, 2) // what trickles takes all of the run
	}
	if r.Chance(1, 12) {
		// Large enough that space is reserved in steps. Bytes that trickle would
		// take all of the run.
		k.SegmentSize, k.Chunk, k.ReadRate = choose[int64](r, 64<<10, 128<<10), 0, 0
	}
	if r.Chance(1, 3) {
		k.BulkMax = int(k.SegmentSize) + 1024
	}
	k.Partitions = k.Buckets * choose(r, 1, 2, 4)
	k.Ops = r.Range(60, 160)
	if r.Chance(1, 4) {
		// Limits that are drawn each for itself leave few runs without any. Here
		// requests come faster than the disk syncs, and batches form.
		k.QueueBytes, k.Inflight, k.InflightBytes, k.OutputMax, k.OutputTimeout = 64<<20, 1024, 8<<20, 1<<20, 60*actor.Second
		k.Depth, k.Chunk, k.ReadRate, k.SyncMax = choose(r, 16, 40), 0, 0, 20*actor.Millisecond
	}
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
