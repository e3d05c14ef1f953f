package sim

import (
	"slices"
	"strings"

	"sierradb/core/actor"
)

// Shrinker makes a plan that breaks a property smaller and keeps it breaking
// that property: fewer faults, fewer requests, simpler knobs, then the requests
// by name instead of the means to draw them. Smaller plans are found by delta
// debugging (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing
// Input, 2002).
type Shrinker struct {
	// Run runs a plan.
	Run func(*Plan) *Result
	// Tell is told about each step; it may be nil.
	Tell func(step string, runs, faults, requests int)
	// Most bounds the runs.
	Most int

	property string
	runs     int
	best     *Plan
	last     *Result // of best
}

// Shrink returns the smallest plan that it found, p itself when it is clean.
func (s *Shrinker) Shrink(p *Plan) *Plan {
	s.best, s.runs = p.clone(), 0
	s.last = s.run(s.best)
	if s.last.Violation == nil {
		return p
	}
	s.property = s.last.Violation.Property
	s.tell("found")
	// What a client draws depends on all that was drawn and answered before it, so
	// that less of it is a smaller run and another one. A script comes first.
	if !s.script() {
		s.faults()
		s.opsPerClient()
		s.requests()
		s.tell("drawn")
		if !s.script() {
			s.knobs()
			s.faults()
			s.requests()
			s.tell("simplified")
			if !s.script() {
				return s.best
			}
		}
	}
	s.tell("scripted")
	s.scriptRequests()
	s.options()
	s.faults()
	s.knobs()
	s.scriptRequests()
	s.faults()
	s.times()
	s.tell("script shrunk")
	return s.best
}

func (p *Plan) clone() *Plan {
	c := *p
	c.Faults, c.Skip, c.Script = slices.Clone(p.Faults), slices.Clone(p.Skip), slices.Clone(p.Script)
	c.Knobs.Weights = slices.Clone(p.Knobs.Weights)
	return &c
}

func (s *Shrinker) run(p *Plan) *Result {
	s.runs++
	return s.Run(p)
}

func (s *Shrinker) tell(step string) {
	if s.Tell != nil {
		s.Tell(step, s.runs, len(s.best.Faults), len(s.last.units()))
	}
}

// try takes a smaller plan if it breaks the same property. The requests of a
// script come at other moments when some of them are gone, so a few other seeds
// for all that is left to chance get a try, too.
func (s *Shrinker) try(smaller func(p *Plan)) bool {
	p := s.best.clone()
	smaller(p)
	if p.check() != nil {
		return false
	}
	for range seedsTried {
		if s.runs >= s.Most {
			return false
		}
		r := s.run(p)
		if r.Violation != nil && r.Violation.Property == s.property {
			s.best, s.last = p, r
			return true
		}
		if p.Script == nil {
			return false // another seed draws another workload
		}
		p = p.clone()
		p.Seed += 1_000_003
	}
	return false
}

// seedsTried is how many seeds a smaller script gets.
const seedsTried = 4

// minimise keeps as few of n things as it can: cut takes all but the named ones
// from a plan. It returns when taking any single one away makes the violation
// vanish.
func (s *Shrinker) minimise(n int, cut func(p *Plan, keep []int)) {
	keep := make([]int, n)
	for i := range keep {
		keep[i] = i
	}
	base := s.best
	attempt := func(rest []int) bool {
		return s.try(func(p *Plan) {
			*p = *base.clone()
			cut(p, rest)
		})
	}
	for parts := 1; len(keep) > 0; {
		size := (len(keep) + parts - 1) / parts
		shrunk := false
		for from := 0; from < len(keep); from += size {
			rest := slices.Concat(keep[:from], keep[min(from+size, len(keep)):])
			if attempt(rest) {
				keep, shrunk = rest, true
				parts = max(parts-1, 1)
				break
			}
		}
		if shrunk {
			continue
		}
		if size == 1 {
			return
		}
		parts = min(parts*2, len(keep))
	}
}

func (s *Shrinker) faults() {
	s.minimise(len(s.best.Faults), func(p *Plan, keep []int) {
		var kept []Fault
		for _, i := range keep {
			kept = append(kept, p.Faults[i])
		}
		p.Faults = kept
	})
}

// opsPerClient lets clients stop early.
func (s *Shrinker) opsPerClient() {
	for s.best.Knobs.Ops > 1 && s.try(func(p *Plan) { p.Knobs.Ops /= 2 }) {
	}
	for s.best.Knobs.Ops > 1 && s.try(func(p *Plan) { p.Knobs.Ops -= max(1, p.Knobs.Ops/8) }) {
	}
}

// requests leaves out requests that are drawn.
func (s *Shrinker) requests() {
	units := s.last.units()
	s.minimise(len(units), func(p *Plan, keep []int) {
		kept := make(map[Skip]bool)
		for _, i := range keep {
			for _, one := range units[i] {
				kept[one] = true
			}
		}
		for _, unit := range units {
			for _, one := range unit {
				if !kept[one] {
					p.Skip = append(p.Skip, one)
				}
			}
		}
	})
}

// units are the requests of a run, those together that belong together.
func (r *Result) units() (units [][]Skip) {
	open := make(map[int]int) // client to the unit that goes on
	for _, op := range r.world.history {
		if op.Late || op.Client >= r.world.k.Clients {
			continue
		}
		one := Skip{op.Client, op.N}
		if u, ok := open[op.Client]; ok && op.Work != nil && op.Args != nil && op.joins() {
			units[u] = append(units[u], one)
			continue
		}
		open[op.Client] = len(units)
		units = append(units, []Skip{one})
	}
	return units
}

// joins says whether the request makes sense only with the one before it.
func (op *Op) joins() bool { return !slices.Contains(workloads, op.Work) }

// script replaces the means to draw requests by the requests.
func (s *Shrinker) script() bool {
	scripted := s.last.Scripted()
	for n := range uint64(10) {
		if s.try(func(p *Plan) {
			*p = *scripted.clone()
			p.Seed += n * seedsTried * 1_000_003
		}) {
			return true
		}
	}
	return false
}

func (s *Shrinker) scriptRequests() {
	var units [][]int
	for i := range s.best.Script {
		if r := &s.best.Script[i]; r.Work != "" && len(units) > 0 {
			// MULTI and what stands behind it, of one client without others between.
			if at := units[len(units)-1]; s.best.Script[at[0]].Client == r.Client {
				units[len(units)-1] = append(at, i)
				continue
			}
		}
		units = append(units, []int{i})
	}
	s.minimise(len(units), func(p *Plan, keep []int) {
		kept := []Request{}
		for _, u := range keep {
			for _, i := range units[u] {
				kept = append(kept, p.Script[i])
			}
		}
		p.Script = kept
	})
}

// options takes options from the requests that are left. A retry stays one: what
// decides whether an append repeats another is taken from neither.
func (s *Shrinker) options() {
	type option struct{ request, at int }
	var all []option
	for i := range s.best.Script {
		args := s.best.Script[i].Args
		for at := 3; at+1 < len(args); at++ {
			switch strings.ToUpper(string(args[at])) {
			case "EVENT_ID", "TIMESTAMP", "PAYLOAD", "METADATA":
				if !s.best.repeated(i) {
					all = append(all, option{i, at})
				}
			case "COUNT":
				all = append(all, option{i, at})
			}
		}
	}
	s.minimise(len(all), func(p *Plan, keep []int) {
		for n := len(all) - 1; n >= 0; n-- { // the last first, so that the others stay in place
			if o := all[n]; !slices.Contains(keep, n) {
				args := p.Script[o.request].Args
				p.Script[o.request].Args = slices.Concat(args[:o.at], args[o.at+2:])
			}
		}
	})
}

// repeated says whether another request of the script appends an event with a
// name that a request appends.
func (p *Plan) repeated(request int) bool {
	for i := range p.Script {
		if i == request {
			continue
		}
		for _, name := range p.Script[request].Args {
			if _, _, ok := intentOf(string(name)); ok && slices.ContainsFunc(p.Script[i].Args, func(a []byte) bool { return string(a) == string(name) }) {
				return true
			}
		}
	}
	return false
}

// times rounds all times, so that people can read them.
func (s *Shrinker) times() {
	for _, unit := range []actor.Instant{10 * actor.Millisecond, actor.Millisecond, 100 * actor.Microsecond, 10 * actor.Microsecond} {
		if s.try(func(p *Plan) {
			for i := range p.Script {
				p.Script[i].At -= p.Script[i].At % unit
			}
			for i := range p.Faults {
				p.Faults[i].At -= p.Faults[i].At % unit
			}
		}) {
			return
		}
	}
}

// knobs sets one knob after the other to what makes the least trouble.
func (s *Shrinker) knobs() {
	for _, simple := range []func(k *Knobs){
		func(k *Knobs) { k.Chunk = 0 },
		func(k *Knobs) { k.ReadRate = 0 },
		func(k *Knobs) { k.Malformed = 0 },
		func(k *Knobs) { k.Talks, k.HalfClose = 0, 0 },
		func(k *Knobs) { k.Mute = false },
		func(k *Knobs) { k.Follows, k.Dozes, k.Subscriptions = 0, 0, 0 },
		func(k *Knobs) { k.Idle, k.Skew, k.Inline = 0, 0, 0 },
		func(k *Knobs) { k.BulkMax, k.ArgsMax = 0, 0 },
		func(k *Knobs) { k.LateOne = 0 },
		func(k *Knobs) { k.TellMax, k.RunMax = 0, 0 },
		func(k *Knobs) { k.Transit = 0 },
		func(k *Knobs) { k.SyncMin, k.SyncMax = 0, 100*actor.Microsecond },
		func(k *Knobs) { k.BatchMax, k.Hold = 64, true },
		func(k *Knobs) { k.Depth = 1 },
		func(k *Knobs) { k.Inflight, k.InflightBytes = 1024, 8<<20 },
		func(k *Knobs) { k.OutputMax, k.ReplyMax, k.OutputTimeout = 1<<20, 8<<20, 60*actor.Second },
		func(k *Knobs) { k.QueueBytes, k.Timeout = 64<<20, 10*actor.Second },
		func(k *Knobs) { k.Sector = 512 },
		func(k *Knobs) { k.Buckets, k.Partitions = 1, 1 },
		func(k *Knobs) { k.Partitions = k.Buckets },
		func(k *Knobs) { k.SegmentSize = 1 << 20 },
		func(k *Knobs) { k.NoDrill = true },
		func(k *Knobs) { k.Clients = max(1, s.clients()) },
	} {
		before := s.best.Knobs
		after := before
		if simple(&after); !slices.Equal(pairs(&before), pairs(&after)) {
			s.try(func(p *Plan) { p.Knobs = after })
		}
	}
}

// clients is how many clients the script needs, counted from the first.
func (s *Shrinker) clients() int {
	if s.best.Script == nil {
		return s.best.Knobs.Clients
	}
	n := 0
	for i := range s.best.Script {
		n = max(n, s.best.Script[i].Client+1)
	}
	return n
}
