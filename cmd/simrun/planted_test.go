package main

import (
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"sierradb/core/actor"
	"sierradb/sim"
)

// plant is the environment variable that makes a worker of the tests a bad one,
// in the runs of seeds that end in 3.
const plant = "SIMRUN_TEST_PLANT"

// workerMain is a worker process of a test.
func workerMain() int {
	f, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		return exitUsage
	}
	if os.Getenv(plant) == "" {
		return run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	return work(os.Stdin, os.Stdout, os.Stderr, draw, f.cpuLimit)
}

// draw makes the plan of a seed, or does in the place of the run what a broken
// one would do.
func draw(seed uint64) *sim.Plan {
	p := sim.NewPlan(seed)
	if seed%10 != 3 {
		return p
	}
	p.Knobs.Think, p.Knobs.Depth = 20*actor.Millisecond, 1 // it lasts beyond plantedAt
	switch os.Getenv(plant) {
	case "procs":
		// A fault strikes at another time in a process with other settings.
		procs, err := strconv.Atoi(os.Getenv("GOMAXPROCS"))
		if err != nil {
			panic(err)
		}
		p.Faults = []sim.Fault{{Kind: sim.Wall, At: plantedAt + actor.Instant(procs)*actor.Millisecond, Arg: 1000}}
	case "map":
		// A fault is what a map tells first.
		for millis := range map[int64]bool{11: true, 12: true, 13: true, 14: true, 15: true, 16: true, 17: true, 18: true} {
			p.Faults = []sim.Fault{{Kind: sim.Wall, At: plantedAt, Arg: millis}}
			break
		}
	case "spin":
		for n := 0; ; n++ {
			spun += n
		}
	case "wait":
		<-make(chan bool)
	case "exit":
		panic("planted panic")
	case "memory":
		for {
			hoard = append(hoard, make([]byte, 256<<20))
		}
	}
	return p
}

const plantedAt = 300 * actor.Millisecond

var (
	spun  int
	hoard [][]byte
)

// planted returns a fleet of bad workers.
func planted(t *testing.T, what string) *fleet {
	t.Helper()
	t.Setenv(plant, what)
	return &fleet{jobs: 1, cpu: cpuMax, wall: time.Minute, stderr: io.Discard}
}

// reports runs seeds and returns their reports by seed.
func (f *fleet) reports(t *testing.T, first, last uint64) map[uint64]report {
	t.Helper()
	all := map[uint64]report{}
	if err := f.each(first, last, func(r report) bool {
		all[r.Seed] = r
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if want := int(last - first + 1); len(all) != want {
		t.Fatalf("%d seeds were reported, expected %d", len(all), want)
	}
	return all
}
