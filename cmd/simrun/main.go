// Command simrun runs the node in the simulator: one seed, or many of them in
// worker processes, and reports what broke.
//
//	simrun --seed 17                       one run; the same every time
//	simrun --seed 17 --trace=requests      the same run with its requests in text
//	simrun --seed 17 --html run.html       the same run as a page to look at
//	simrun --seeds 1..2000 --jobs 2        many runs, with counts at the end
//	simrun --seeds 1..20 --twice           each seed in two processes that differ
//	simrun --long DIR --hours 8            fresh seeds for hours, with a tally
//	simrun --crash-states                  every crash state of short scripts
//	go run -tags mutants ./cmd/simrun --mutants --seeds 1..100
//
// Its exit status tells what it found: 0 nothing, 1 a wrong answer or lost data
// (or that a planted bug was not found), 2 wrong usage, 3 a seed that gave two
// runs, 4 a wait without end, 5 a panic or a dead process, 6 a run that hung.
// Of several findings the status is the first of 3, 1, 5, 4, 6.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"sierradb/core/mutate"
	"sierradb/sim"
	"sierradb/sim/crashenum"
)

// flags are the command line.
type flags struct {
	seed        uint64
	seeds       string
	from, to    uint64 // of seeds
	jobs        int
	plan        string
	showPlan    bool
	shrink      string
	without     string
	trace       string
	level       sim.Level // of trace
	lines       int
	html        string
	mutant      string
	mutants     bool
	list        bool
	starts      int
	requireAll  bool
	expectFound bool
	ablation    string
	twice       bool
	cpuLimit    time.Duration
	long        string
	hours       float64
	tally       string
	worker      bool
	crashStates bool
	set         *pflag.FlagSet
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// timelineLines is how many lines of a timeline a broken run prints.
const timelineLines = 60

// run is main with everything it touches.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	stderr = &shared{w: stderr} // workers write to it, too
	f, err := parse(args, stderr)
	if errors.Is(err, pflag.ErrHelp) {
		return exitClean
	}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	if f.list {
		listMutants(stdout)
		return exitClean
	}
	if f.without == "list" {
		listClasses(stdout)
		return exitClean
	}
	if (f.mutant != "" || f.mutants || f.ablation != "") && !mutate.Built {
		fmt.Fprintln(stderr, "simrun: this binary has no planted bugs; use: go run -tags mutants ./cmd/simrun "+strings.Join(args, " "))
		return exitUsage
	}
	if f.mutant != "" && !mutate.Set(mutate.Bug(f.mutant)) {
		fmt.Fprintf(stderr, "simrun: no planted bug is called %q; --mutants --list shows them\n", f.mutant)
		return exitUsage
	}
	switch {
	case f.worker:
		return work(stdin, stdout, stderr, f.draw, f.cpuLimit)
	case f.tally != "":
		return tellTally(f, stdout, stderr)
	case f.long != "":
		return runLong(f, stdout, stderr)
	case f.crashStates:
		return crashStates(stdout, crashenum.Scripts(), crashenum.Full)
	case f.ablation != "":
		return ablate(f, stdout, stderr)
	case f.mutants:
		return huntAll(f, stdout, stderr)
	case f.mutant != "" && f.seeds != "":
		return huntOne(f, stdout, stderr)
	case f.seeds != "":
		return sweep(f, stdout, stderr)
	}
	if f.shrink != "" {
		return shrink(f, stdout, stderr)
	}
	return runOne(f, stdout, stderr)
}

func parse(args []string, stderr io.Writer) (*flags, error) {
	f := &flags{set: pflag.NewFlagSet("simrun", pflag.ContinueOnError)}
	s := f.set
	s.SetOutput(stderr)
	s.SortFlags = false
	s.Uint64Var(&f.seed, "seed", 0, "run this seed")
	s.StringVar(&f.seeds, "seeds", "", "run the seeds A..B, B included")
	s.IntVar(&f.jobs, "jobs", 2, "worker processes")
	s.StringVar(&f.trace, "trace", "", "with --seed or --plan: print the events of this `LEVEL`: world, requests, actors or files; each includes the ones before")
	s.Lookup("trace").NoOptDefVal = "files"
	s.IntVar(&f.lines, "timeline", timelineLines, "with --seed or --plan: print the last `LINES` of the timeline, 0: all; a run that breaks a property prints them anyway")
	s.StringVar(&f.html, "html", "", "with --seed or --plan: write the timeline to this `FILE`, as a page for a browser")
	s.BoolVar(&f.showPlan, "show-plan", false, "with --seed: print the plan as text and run nothing")
	s.StringVar(&f.plan, "plan", "", "run the plan in this file, as --show-plan and --shrink write it")
	s.StringVar(&f.shrink, "shrink", "", "with --seed or --plan: make a failing run as small as can be and write its plan to this file")
	s.StringVar(&f.without, "without", "", "leave out this class of faults, or several separated by commas; \"list\" shows them")
	s.BoolVar(&f.twice, "twice", false, "with --seeds or --long: run each seed in two processes that differ in GOMAXPROCS and GOGC, and compare")
	s.StringVar(&f.long, "long", "", "run fresh seeds until --hours have passed or a signal comes; this folder keeps the sums and the findings, and the next run goes on from there")
	s.Float64Var(&f.hours, "hours", 0, "with --long: how long; 0: until a signal")
	s.StringVar(&f.tally, "tally", "", "with --long: run nothing, but write the sums into this page, between its two markers")
	s.DurationVar(&f.cpuLimit, "cpu-limit", cpuMax, "CPU time that one run of many may take, in whole seconds")
	s.BoolVar(&f.crashStates, "crash-states", false, "visit the crash states of all scripts, one by one")
	s.StringVar(&f.mutant, "mutant", "", "plant this bug (needs -tags mutants)")
	s.BoolVar(&f.mutants, "mutants", false, "plant each bug and count the seeds until it is found (needs -tags mutants)")
	s.BoolVar(&f.list, "list", false, "with --mutants: print the planted bugs and what they do")
	s.IntVar(&f.starts, "starts", 10, "with --mutants: look from so many first seeds")
	s.BoolVar(&f.expectFound, "expect-found", false, "with --mutant: exit with 0 when a violation is found, with 1 when none is")
	s.StringVar(&f.ablation, "ablation", "", "with --seeds: hunt planted bugs with parts of the world left out; \"needs\" checks those that need a part, \"all\" tries every part for every bug, or for --mutant")
	s.BoolVar(&f.requireAll, "require-all", false, "with --seeds: fail unless every declared error and every marked state was seen; fewer than 5000 seeds may miss the rare ones")
	s.BoolVar(&f.worker, "worker", false, "read seeds from standard input, for simrun's own use")
	if err := s.MarkHidden("worker"); err != nil {
		return nil, err
	}
	s.Usage = func() {
		fmt.Fprintf(stderr, "Usage of simrun:\n%s\n%s", s.FlagUsages(), statuses)
	}
	return f, s.Parse(args)
}

// check says what is wrong with the command line.
func (f *flags) check() error {
	given := f.set.Changed
	if f.set.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.set.Arg(0))
	}
	if f.seeds != "" {
		var err error
		if f.from, f.to, err = parseRange(f.seeds); err != nil {
			return err
		}
	}
	if f.trace != "" {
		var err error
		if f.level, err = sim.ParseLevel(f.trace); err != nil {
			return fmt.Errorf("--trace: %w", err)
		}
	}
	modes := 0
	for _, name := range []string{"seed", "seeds", "plan", "long", "crash-states", "worker"} {
		if given(name) {
			modes++
		}
	}
	if f.without != "list" {
		if err := leaveOut(sim.NewPlan(0), f.without); err != nil {
			return fmt.Errorf("--without: %w", err)
		}
	}
	switch {
	case f.lines < 0:
		return fmt.Errorf("--timeline must be 0 or more, got %d", f.lines)
	case f.html != "" && !given("seed") && !given("plan"):
		return errors.New("--html goes with --seed and --plan")
	case f.jobs < 1:
		return fmt.Errorf("--jobs must be at least 1, got %d", f.jobs)
	case f.starts < 1:
		return fmt.Errorf("--starts must be at least 1, got %d", f.starts)
	case f.requireAll && (f.seeds == "" || f.mutants || f.mutant != ""):
		return errors.New("--require-all goes with --seeds, without planted bugs")
	case f.list && !f.mutants:
		return errors.New("--list goes with --mutants")
	case f.list, f.without == "list":
		return nil
	case f.mutants && f.mutant != "":
		return errors.New("--mutant names one planted bug, --mutants means all: give one of them")
	case f.mutants && f.seeds == "":
		return errors.New("--mutants needs --seeds A..B: how many seeds to try from each start")
	case f.expectFound && (f.mutant == "" || f.seeds == ""):
		return errors.New("--expect-found goes with --mutant and --seeds")
	case f.ablation != "" && (f.ablation != "needs" && f.ablation != "all" || f.seeds == "" || f.without != "" || f.mutants):
		return errors.New("--ablation is needs or all, and goes with --seeds; it takes no --without and no --mutants")
	case modes != 1:
		return errors.New("give one of --seed, --seeds, --plan, --long and --crash-states; --help explains them")
	case f.twice && (f.seeds == "" && f.long == "" || f.mutants || f.mutant != ""):
		return errors.New("--twice goes with --seeds or --long, without planted bugs")
	case f.cpuLimit < time.Second:
		return fmt.Errorf("--cpu-limit must be at least 1s, got %s", f.cpuLimit)
	case f.long != "" && f.without != "":
		return errors.New("--long counts runs with all classes of faults: it takes no --without")
	case (given("hours") || given("tally")) && f.long == "":
		return errors.New("--hours and --tally go with --long")
	case given("hours") && given("tally"):
		return errors.New("--tally runs nothing: it takes no --hours")
	case f.hours < 0:
		return fmt.Errorf("--hours must not be negative, got %v", f.hours)
	}
	return nil
}

// parseRange reads "A..B".
func parseRange(s string) (from, to uint64, err error) {
	a, b, ok := strings.Cut(s, "..")
	from, err1 := strconv.ParseUint(a, 10, 64)
	to, err2 := strconv.ParseUint(b, 10, 64)
	if !ok || err1 != nil || err2 != nil || from > to {
		return 0, 0, fmt.Errorf("--seeds must be A..B with A at most B, got %q", s)
	}
	return from, to, nil
}
