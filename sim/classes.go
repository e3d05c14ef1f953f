package sim

import (
	"fmt"
	"slices"

	"sierradb/core/actor"
	"sierradb/vfs"
)

// Class is a class of faults: what a plan draws together, and what an ablation
// leaves out together.
type Class struct {
	Name string
	Text string // what happens, for tables
	draw func(d dice) []Fault
}

// Classes lists the classes of faults. Their order is part of what a seed means.
func Classes() []Class { return classes }

// Without takes a class of faults out of a plan, or one of [Ablations], or the
// judgement of one of [Properties]. The rest of the plan stays as it is.
func (p *Plan) Without(name string) error {
	for _, a := range ablations {
		if a.Name == name {
			a.take(p)
			return nil
		}
	}
	if slices.ContainsFunc(properties, func(p Property) bool { return p.Name == name }) {
		p.Off = append(p.Off, name)
		return nil
	}
	i := slices.IndexFunc(classes, func(c Class) bool { return c.Name == name })
	if i < 0 {
		return fmt.Errorf("no class of faults and no property is called %q", name)
	}
	p.Faults = slices.DeleteFunc(p.Faults, func(f Fault) bool { return f.Class == name })
	return nil
}

// Ablation takes something else from a plan than a class of faults.
type Ablation struct {
	Name string
	Text string
	take func(p *Plan)
}

// Ablations lists what else can be taken from a plan: the harshness of power
// cuts, and habits of clients.
func Ablations() []Ablation { return ablations }

var ablations = []Ablation{
	{"tearing", "power cuts tear nothing: they keep all or lose all", func(p *Plan) {
		for i := range p.Faults {
			if c := p.Faults[i].Cut; c != "" && c != "keeps-all" {
				p.Faults[i].Cut = "loses-all"
			}
		}
		p.Knobs.Gentle = "whole"
	}},
	{"losing", "power cuts lose nothing", func(p *Plan) {
		for i := range p.Faults {
			if p.Faults[i].Cut != "" {
				p.Faults[i].Cut = "keeps-all"
			}
		}
		p.Knobs.Gentle = "nothing"
	}},
	{"crashes", "no death and no power cut but those of the last phase", func(p *Plan) {
		p.Faults = slices.DeleteFunc(p.Faults, func(f Fault) bool { return kinds[f.Kind].kills })
	}},
	{"drill", "no bit flips in the last phase", func(p *Plan) { p.Knobs.NoDrill = true }},
	{"pipelines", "one request in flight on a connection", func(p *Plan) { p.Knobs.Depth = 1 }},
	{"retries", "appends with an unknown outcome are not tried again", func(p *Plan) { p.Knobs.Retries = 0 }},
	{"malformed", "no malformed requests", func(p *Plan) { p.Knobs.Malformed = 0 }},
	{"chunks", "requests arrive in one piece", func(p *Plan) { p.Knobs.Chunk = 0 }},
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

// long is how long a state of the world lasts.
func (d dice) long(millis int) actor.Instant {
	return actor.Instant(d.Range(1, millis)) * actor.Millisecond
}

func (d dice) cut() string { return drawCut(d.Rand) }

// some draws up to most faults.
func (d dice) some(most int, one func() Fault) (out []Fault) {
	for range d.Intn(most + 1) {
		out = append(out, one())
	}
	return out
}

// place chooses a file and a place in it, by whatever the disk holds then.
func (d dice) place() int64 { return int64(d.Uint64() >> 1) }

var classes = []Class{
	{"process-death", "the process dies; what it wrote stays pending", func(d dice) []Fault {
		return d.some(2, func() Fault { return Fault{Kind: Kill, At: d.when()} })
	}},
	{"power-loss", "power is lost at some time", func(d dice) []Fault {
		return d.some(3, func() Fault { return Fault{Kind: Power, At: d.when(), Cut: d.cut()} })
	}},
	{"death-then-power", "the process dies, starts again, and power is lost soon after", func(d dice) []Fault {
		return d.some(4, func() Fault { return Fault{Kind: KillPower, At: d.when(), Cut: d.cut(), For: d.soon()} })
	}},
	{"power-in-sync", "power is lost while a sync is in flight", func(d dice) []Fault {
		return append(d.some(3, func() Fault { return Fault{Kind: SyncPower, Op: d.Range(1, 120), Cut: d.cut()} }),
			d.some(5, func() Fault {
				return Fault{Kind: BatchPower, Op: d.Range(1, 10), Cut: choose(d.Rand, d.cut(), vfs.CutKeepsSubset.String())}
			})...)
	}},
	{"roll-crash", "the process dies while the name of a new segment is synced; power is lost after the next start", func(d dice) []Fault {
		return d.some(4, func() Fault {
			return Fault{Kind: RollKill, Op: d.Range(d.k.Buckets, d.k.Buckets+12), Cut: d.cut(), For: d.soon()}
		})
	}},
	{"orderly-stop", "sessions drain, the node closes", func(d dice) []Fault {
		return d.some(3, func() Fault { return Fault{Kind: Shutdown, At: d.when()} })
	}},
	{"crash-at-operation", "death or power loss before, in or after the n-th file operation of a life, recovery's included", opCrashes},
	{"io-error", "a read or a change of a file fails, once or for a while", func(d dice) (out []Fault) {
		if d.Chance(1, 3) {
			out = append(out, Fault{Kind: OpWrite, Life: d.Range(1, 6), Op: d.Range(1, 400)})
		}
		if d.Chance(1, 3) {
			out = append(out, Fault{Kind: OpRead, Life: d.Range(1, 6), Op: d.Range(1, 400)})
		}
		if d.Chance(1, 6) {
			out = append(out, Fault{Kind: DiskSick, At: d.when(), For: d.long(2000), Drop: d.Chance(1, 2)})
		}
		if d.Chance(1, 4) {
			out = append(out, Fault{Kind: ReadSick, At: d.when(), For: d.long(2000)})
		}
		return out
	}},
	{"sync-failure", "a sync fails, its pages dropped or not; or all fail for a while", func(d dice) []Fault {
		out := d.some(5, func() Fault {
			return Fault{Kind: SyncFail, Life: d.Range(1, 5), Op: d.Range(1, choose(d.Rand, d.k.Buckets, 4, 60)), Drop: d.Chance(1, 2)}
		})
		if d.Chance(1, 6) {
			out = append(out, Fault{Kind: SyncSick, At: d.when(), For: d.long(2000), Drop: d.Chance(1, 2)})
		}
		return out
	}},
	{"sync-stall", "a sync takes 0.1 to 15 s, or hangs until somebody kills the process; or all are slow for a while", func(d dice) []Fault {
		out := d.some(6, func() Fault {
			f := Fault{Kind: SyncStall, Life: d.Range(1, 5), Op: d.Range(1, choose(d.Rand, 10, 60)),
				For: choose(d.Rand, 100*actor.Millisecond, d.k.Timeout*5/4, 3*d.k.Timeout, 15*actor.Second)}
			if d.Chance(1, 2) {
				f.At, f.Life, f.Op = d.when(), 0, 0
			}
			return f
		})
		if d.Chance(1, 5) {
			out = append(out, Fault{Kind: SyncHang, Life: d.Range(1, 5), Op: d.Range(1, 60), For: d.long(5000)})
		}
		if d.Chance(1, 4) {
			out = append(out, Fault{Kind: SlowDisk, At: d.when(), For: d.long(5000), Arg: int64(d.Range(2, 50))})
		}
		return out
	}},
	{"disk-full", "little or no room for a while", func(d dice) []Fault {
		return d.some(2, func() Fault {
			return Fault{Kind: Full, At: d.when(), Arg: int64(d.Intn(3 * int(d.k.SegmentSize))), For: d.long(3000)}
		})
	}},
	{"no-room", "space can't be reserved for a while, everything else works", func(d dice) []Fault {
		return d.some(3, func() Fault { return Fault{Kind: NoRoom, At: d.when(), For: d.long(2000)} })
	}},
	{"bit-flip", "one bit of a file flips, at rest or under a running process", func(d dice) []Fault {
		return d.some(2, func() Fault { return Fault{Kind: Flip, At: d.when(), Arg: d.place(), Live: d.Chance(1, 2)} })
	}},
	{"zero-sector", "a sector reads as zeros, at rest or under a running process", func(d dice) []Fault {
		return d.some(1, func() Fault { return Fault{Kind: Zero, At: d.when(), Arg: d.place(), Live: d.Chance(1, 2)} })
	}},
	{"lost-write", "a write that a completed sync made durable is not on the medium", func(d dice) []Fault {
		return d.some(1, func() Fault { return Fault{Kind: LostWrite, At: d.when(), Arg: d.place()} })
	}},
	{"misdirected-write", "a write lands in another place of this or another file", func(d dice) []Fault {
		return d.some(1, func() Fault { return Fault{Kind: Misplaced, At: d.when(), Arg: d.place()} })
	}},
	{"misdirected-read", "a read returns bytes from another place, or a wrong bit, once", func(d dice) []Fault {
		life := 0
		out := d.some(4, func() Fault {
			life += d.Range(1, 2)
			f := Fault{Kind: choose(d.Rand, Misread, FlipRead), Life: life, Op: d.Range(1, 200), Arg: d.place()}
			switch d.Intn(3) {
			case 0:
				f.Op = d.Range(1, 40) // recovery's
			case 1:
				f.Kind, f.Op, f.Where = FlipRead, d.Range(1, 20), "end"
			}
			return f
		})
		if d.Chance(1, 2) {
			out = append(out, Fault{Kind: Misreads, At: d.when(), For: d.long(2000)})
		}
		return out
	}},
	{"clock", "the wall clock jumps by milliseconds to decades, or drifts", func(d dice) []Fault {
		out := d.some(12, func() Fault {
			return Fault{Kind: Wall, At: d.when(), Arg: int64(d.Range(-100_000, 100_000)) * choose[int64](d.Rand, 1, 1000, 10_000_000)}
		})
		if d.Chance(1, 3) {
			out = append(out, Fault{Kind: Drift, At: d.when(), Arg: int64(d.Range(-1500, 1500))})
		}
		return out
	}},
	{"pause", "the process stands still for a while, as under SIGSTOP", func(d dice) []Fault {
		return d.some(2, func() Fault {
			return Fault{Kind: Pause, At: d.when(), For: d.long(choose(d.Rand, 50, 1000, 15_000))}
		})
	}},
	{"connection-loss", "a client loses its connection in mid-frame", func(d dice) []Fault {
		return d.some(7, func() Fault { return Fault{Kind: Cut, At: d.when(), Arg: int64(d.Intn(8))} })
	}},
	{"slow-reader", "a client reads nothing for a while", func(d dice) []Fault {
		return d.some(2, func() Fault {
			return Fault{Kind: Deaf, At: d.when(), Arg: int64(d.Intn(8)), For: choose(d.Rand, 100*actor.Millisecond, 5*actor.Second)}
		})
	}},
}

// opCrashes are deaths at an operation: many at the first ones of a life, which
// are recovery's, so that a recovery dies in the middle and the next one too.
func opCrashes(d dice) (out []Fault) {
	for life := 1; life <= 8; life++ {
		if !d.Chance(1, 2) {
			continue
		}
		f := Fault{Kind: OpPower, Life: life, Op: d.Range(1, 300), Cut: d.cut(), Where: choose(d.Rand, "before", "mid", "mid", "after")}
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
