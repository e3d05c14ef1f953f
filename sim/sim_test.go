package sim

import (
	"crypto/rand"
	"encoding/json"
	"runtime/debug"
	"slices"
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
