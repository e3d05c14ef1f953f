package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"sierradb/core/actor"
	"sierradb/sim"
)

// hangAfter is how much real time one run may take. Runs take a fraction of a
// second; one that does not end is a finding.
const hangAfter = 2 * time.Minute

// simulate runs one plan in this process. crypto/rand.Reader belongs to the
// simulation while it runs: that is why a process runs one at a time.
func simulate(p *sim.Plan, text func(string)) *sim.Result {
	genuine := rand.Reader
	defer func() { rand.Reader = genuine }()
	before := runtime.NumGoroutine()
	r := sim.Run(p, sim.Options{
		Entropy: func(r *actor.Rand) { rand.Reader = r },
		Stack:   debug.Stack,
		Text:    text,
	})
	// A goroutine that outlives its run would disturb the next one.
	if after := runtime.NumGoroutine(); after > before && r.Violation == nil && !settles(before) {
		r.Violation = &sim.Violation{Property: "determinism", Text: fmt.Sprintf("the run left %d goroutines behind", after-before)}
	}
	if r.Violation == nil {
		var undecided int
		r.Violation, undecided = r.CheckLinear()
		r.Counters.Add("partitions that porcupine gave up", uint64(undecided))
		settles(before)
	}
	return r
}

// settles waits a little for goroutines that are on their way out.
func settles(n int) bool {
	for range 1000 {
		if runtime.NumGoroutine() <= n {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// report is a result as a worker sends it.
type report struct {
	Seed        uint64
	Hash        uint64
	Checkpoints []uint64
	Virtual     int64
	Counters    sim.Counters
	Property    string `json:",omitempty"`
	Violation   string `json:",omitempty"`
}

func reportOf(r *sim.Result) report {
	out := report{Seed: r.Seed, Hash: r.Hash, Checkpoints: r.Checkpoints, Virtual: int64(r.Virtual), Counters: r.Counters}
	if r.Violation != nil {
		out.Property, out.Violation = r.Violation.Property, r.Violation.Error()
	}
	return out
}

// work is the life of a worker: a seed per line in, a report per line out.
func work(stdin io.Reader, stdout, stderr io.Writer) int {
	in := bufio.NewScanner(stdin)
	out := json.NewEncoder(stdout)
	for in.Scan() {
		seed, err := strconv.ParseUint(in.Text(), 10, 64)
		if err != nil {
			fmt.Fprintln(stderr, "simrun: a worker reads seeds, got", strconv.Quote(in.Text()))
			return exitUsage
		}
		if err := out.Encode(reportOf(simulate(sim.NewPlan(seed), nil))); err != nil {
			return exitUsage
		}
	}
	return exitClean
}

// shared is a writer that several processes may write to.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// worker is a worker process.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// startWorker starts a process of this program. mutant may be empty.
func startWorker(mutant string, stderr io.Writer, env ...string) (*worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"--worker"}
	if mutant != "" {
		args = append(args, "--mutant", mutant)
	}
	w := &worker{cmd: exec.Command(self, args...)}
	w.cmd.Env = append(os.Environ(), env...)
	w.cmd.Stderr = stderr
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = json.NewDecoder(out)
	return w, w.cmd.Start()
}

// run gives the worker a seed and waits for its report. A worker that dies or
// hangs makes a violation of it, and has to be started again.
func (w *worker) run(seed uint64) (rep report, alive bool) {
	fmt.Fprintln(w.in, seed)
	timer := time.AfterFunc(hangAfter, func() { _ = w.cmd.Process.Kill() })
	err := w.out.Decode(&rep)
	intime := timer.Stop()
	switch {
	case err == nil:
		return rep, true
	case !intime:
		rep = report{Seed: seed, Property: "liveness", Violation: fmt.Sprintf("the run did not end within %s of real time", hangAfter)}
	default:
		rep = report{Seed: seed, Property: "D7 no panic", Violation: "the process of the run died: " + err.Error()}
	}
	w.stop()
	return rep, false
}

func (w *worker) stop() {
	_ = w.in.Close()
	_ = w.cmd.Wait()
}
