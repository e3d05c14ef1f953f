package sim

import (
	"crypto/rand"
	"encoding/json"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"sierradb/commands"
	"sierradb/core/actor"
	"sierradb/core/mutate"
)

// options are those of a test process, which runs one simulation at a time.
func options(t *testing.T) Options {
	genuine := rand.Reader
	t.Cleanup(func() { rand.Reader = genuine })
	return Options{Entropy: func(r *actor.Rand) { rand.Reader = r }, Stack: debug.Stack}
}

// TestSim runs a few fixed seeds; simrun runs any number.
func TestSim(t *testing.T) {
	modes := map[string]int{}
	sum := make(Counters)
	for seed := range uint64(30) {
		p := NewPlan(seed)
		r := Run(p, options(t))
		if r.Violation != nil {
			t.Fatalf("seed %d: %v\n%s\nreplay: go run ./cmd/simrun --seed %d", seed, r.Violation, r.Stack, seed)
		}
		if v, _ := r.CheckLinear(); v != nil {
			t.Fatalf("seed %d: %v", seed, v)
		}
		modes[p.Mode]++
		for _, name := range r.Counters.Names() {
			sum.Add(name, r.Counters[name])
		}
	}
	if len(modes) != 3 {
		t.Errorf("modes drawn: %v, expected all, swarm and calm", modes)
	}
	// A run in which nothing happens is clean, too.
	// The list is of what a quarter of the seeds or more counts.
	for _, name := range []string{"appends acknowledged", "events read", "power cuts", "process deaths", "crashes in recovery", "sectors torn",
		"bits flipped", "damage reported", "retries acknowledged", "connections cut", "replies WRONGVER", "replies IDCONFLICT",
		"malformed requests", "read back", "mark log rolled"} {
		if sum[name] == 0 {
			t.Errorf("30 seeds never counted %q", name)
		}
	}
}

func TestSim_SameSeedSameRun(t *testing.T) {
	for _, seed := range []uint64{3, 14, 15} {
		a, b := Run(NewPlan(seed), options(t)), Run(NewPlan(seed), options(t))
		if a.Hash != b.Hash || a.Records != b.Records {
			t.Errorf("seed %d: hash %x after %d records, then %x after %d", seed, a.Hash, a.Records, b.Hash, b.Records)
		}
		if a.Records < 1000 {
			t.Errorf("seed %d: only %d records", seed, a.Records)
		}
	}
}

// TestSim_TextChangesNothing: the run that is printed is the run that failed.
func TestSim_TextChangesNothing(t *testing.T) {
	lines := 0
	o := options(t)
	quiet := Run(NewPlan(5), o)
	o.Text = func(string) { lines++ }
	loud := Run(NewPlan(5), o)
	if quiet.Hash != loud.Hash || lines < 1000 {
		t.Errorf("hash %x without text, %x with %d lines of it", quiet.Hash, loud.Hash, lines)
	}
}

// TestSim_MomentsChangeNothing: a run that somebody listens to is the run that
// failed, and what is handed out is in order and complete.
func TestSim_MomentsChangeNothing(t *testing.T) {
	for _, seed := range []uint64{1, 5, 8, 21} {
		o := options(t)
		quiet := Run(NewPlan(seed), o)
		var moments []*Moment
		o.Moments = func(m *Moment) { moments = append(moments, m) }
		heard := Run(NewPlan(seed), o)
		if quiet.Hash != heard.Hash {
			t.Errorf("seed %d: hash %x, with a listener %x", seed, quiet.Hash, heard.Hash)
		}
		checkMoments(t, seed, heard, moments)
	}
}

// checkMoments compares moments with what the run counted.
func checkMoments(t *testing.T, seed uint64, r *Result, moments []*Moment) {
	t.Helper()
	kinds := map[MomentKind]uint64{}
	requests := map[string]bool{}
	var lost, files, deaths uint64
	for i, m := range moments {
		kinds[m.Kind]++
		switch {
		case i > 0 && m.At < moments[i-1].At:
			t.Fatalf("seed %d: moment %d at %d comes after one at %d: %s", seed, i, m.At, moments[i-1].At, m.Text)
		case m.End < m.At || m.End > r.Virtual && m.Kind != FaultMoment:
			t.Errorf("seed %d: from %d to %d in a run of %d: %s", seed, m.At, m.End, r.Virtual, m.Text)
		case m.Sent > m.At:
			t.Errorf("seed %d: sent at %d, arrives at %d: %s", seed, m.Sent, m.At, m.Text)
		case m.Text == "" || m.Lane.Role == "":
			t.Errorf("seed %d: a moment without text or lane: %+v", seed, m)
		}
		switch m.Kind {
		case RequestMoment:
			if requests[m.Tags[0]] {
				t.Errorf("seed %d: request %s has two bars", seed, m.Tags[0])
			}
			requests[m.Tags[0]] = true
			if strings.HasSuffix(m.Text, "the connection is lost") {
				lost++
			}
		case FileMoment:
			files++
		case LifeMoment:
			if !m.Open && (len(m.Details) == 0 || m.Details[0].Name != "ended by") {
				t.Errorf("seed %d: %s ends for no reason", seed, m.Text)
			}
			if !m.Open {
				deaths++
			}
		}
	}
	f := func(what string, got uint64, counter string) {
		t.Helper()
		if got != r.Counters[counter] {
			t.Errorf("seed %d: %d %s among the moments, the run counted %d %s", seed, got, what, r.Counters[counter], counter)
		}
	}
	f("requests", uint64(len(requests)), "requests")
	f("requests without a reply", lost, "requests lost")
	f("file operations", files, "file operations")
	f("lives", kinds[LifeMoment], "boots")
	f("barriers", kinds[BarrierMoment], "barriers")
	f("entries", kinds[EntryMoment]+kinds[AgainMoment], "entries applied")
	f("connections", kinds[ConnectionMoment], "connections")
	if kinds[MessageMoment] == 0 || kinds[BytesMoment] == 0 || deaths == 0 {
		t.Errorf("seed %d: %v and %d deaths: something is never recorded", seed, kinds, deaths)
	}
}

// TestTrace_Levels: each level tells what those before it tell, and more.
func TestTrace_Levels(t *testing.T) {
	var last []string
	for l := TraceWorld; l <= TraceFiles; l++ {
		var lines []string
		o := options(t)
		o.Level, o.Text = l, func(line string) { lines = append(lines, line) }
		Run(NewPlan(5), o)
		at := 0
		for _, line := range lines {
			if at < len(last) && line == last[at] {
				at++
			}
		}
		if at != len(last) || len(lines) <= len(last) {
			t.Errorf("level %d: %d lines, and only %d of the %d lines of the level below", l, len(lines), at, len(last))
		}
		last = lines
	}
	if _, err := ParseLevel("everything"); err == nil {
		t.Error("there is no level of that name")
	}
}

// TestPlan_IsData: a plan that went through JSON is the same plan, and without
// one of its faults the rest of it is the same.
func TestPlan_IsData(t *testing.T) {
	p := NewPlan(2)
	for n := uint64(3); len(p.Faults) < 5; n++ {
		p = NewPlan(n)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	copied := new(Plan)
	if err := json.Unmarshal(text, copied); err != nil {
		t.Fatal(err)
	}
	if a, b := Run(p, options(t)), Run(copied, options(t)); a.Hash != b.Hash {
		t.Errorf("a plan gives hash %x, its copy %x", a.Hash, b.Hash)
	}
	again := NewPlan(p.Seed)
	for i := range p.Faults {
		if p.Faults[i] != again.Faults[i] {
			t.Errorf("fault %d of seed %d is %v, then %v", i, p.Seed, &p.Faults[i], &again.Faults[i])
		}
	}
}

func TestPlan_Modes(t *testing.T) {
	modes := map[string]int{}
	for seed := range uint64(600) {
		p := NewPlan(seed)
		modes[p.Mode]++
		if p.Mode == "calm" && len(p.Faults) > 0 {
			t.Fatalf("seed %d is calm with %d faults", seed, len(p.Faults))
		}
	}
	if modes["all"] < 150 || modes["swarm"] < 240 || modes["calm"] < 70 {
		t.Errorf("600 seeds drew %v, expected about 200 all, 300 swarm, 100 calm", modes)
	}
}

// TestWorkloads: a command that nobody simulates is not tested.
func TestWorkloads(t *testing.T) {
	var modules, works []string
	for _, m := range commands.Builtin().All() {
		modules = append(modules, m.Spec.Name)
	}
	for _, wl := range Workloads() {
		works = append(works, wl.Name)
		if wl.Gen == nil || wl.Check == nil || wl.Weight < 1 {
			t.Errorf("the workload of %s is not complete", wl.Name)
		}
	}
	slices.Sort(modules)
	slices.Sort(works)
	if !slices.Equal(modules, works) {
		t.Errorf("commands:  %v\nworkloads: %v", modules, works)
	}
}

// TestSim_FindsPlantedBug: with the build tag mutants the simulator proves
// itself on a bug that breaks nearly every run.
func TestSim_FindsPlantedBug(t *testing.T) {
	if !mutate.Built {
		t.Skip("planted bugs need -tags mutants")
	}
	defer mutate.Set("")
	for _, bug := range []mutate.Bug{mutate.SkipFsync, mutate.TornTransaction, mutate.IndexBeforeCommit, mutate.NoDedup, mutate.CheckCommittedOnly} {
		mutate.Set(bug)
		found := false
		for seed := uint64(1); seed <= 20 && !found; seed++ {
			found = Run(NewPlan(seed), options(t)).Violation != nil
		}
		if !found {
			t.Errorf("%s was not found in 20 seeds", bug)
		}
	}
}
