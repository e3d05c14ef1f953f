package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"sierradb/core/actor"
	"sierradb/sim"
)

// simulate runs one plan in this process and judges it. o needs no Entropy and
// no Stack. crypto/rand.Reader belongs to the simulation while it runs: that is
// why a process runs one at a time.
func simulate(p *sim.Plan, o sim.Options) *sim.Result {
	r := play(p, o)
	judge(r)
	return r
}

// play runs a plan; all that it comes to depends on the plan alone.
func play(p *sim.Plan, o sim.Options) *sim.Result {
	genuine := rand.Reader
	defer func() { rand.Reader = genuine }()
	before := runtime.NumGoroutine()
	o.Entropy = func(r *actor.Rand) { rand.Reader = r }
	o.Stack = debug.Stack
	r := sim.Run(p, o)
	// A goroutine that outlives its run would disturb the next one.
	if after := runtime.NumGoroutine(); after > before && r.Violation == nil && !settles(before) {
		r.Violation = &sim.Violation{Property: sameRun, Text: fmt.Sprintf("the run left %d goroutines behind", after-before)}
	}
	return r
}

// judge asks for the second opinion, whose patience is measured in real time.
func judge(r *sim.Result) {
	if r.Violation != nil {
		return
	}
	before := runtime.NumGoroutine()
	var undecided int
	r.Violation, undecided = r.CheckLinear()
	r.Counters.Add("partitions that porcupine gave up", uint64(undecided))
	settles(before)
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

// lastWords passes on what a process says and remembers the end of it.
type lastWords struct {
	w    io.Writer
	kept []byte
}

func (l *lastWords) Write(p []byte) (int, error) {
	const most = 16 << 10
	l.kept = append(l.kept, p...)
	if len(l.kept) > most {
		l.kept = append(l.kept[:0], l.kept[len(l.kept)-most:]...)
	}
	return l.w.Write(p)
}

// worker is a worker process.
type worker struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	jobs *json.Encoder
	out  *json.Decoder
	said *lastWords
	wall time.Duration
}

// startWorker starts a process of this program.
func (f *fleet) startWorker(env []string) (*worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"--worker", "--cpu-limit", f.cpu.String()}
	if f.mutant != "" {
		args = append(args, "--mutant", f.mutant)
	}
	if f.without != "" {
		args = append(args, "--without", f.without)
	}
	w := &worker{cmd: exec.Command(self, args...), said: &lastWords{w: f.stderr}, wall: f.wall}
	w.cmd.Env = append(os.Environ(), env...)
	w.cmd.Stderr = w.said
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	w.jobs = json.NewEncoder(w.in)
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = json.NewDecoder(out)
	return w, w.cmd.Start()
}

// run gives the worker a job and waits for its report. A worker that dies or
// hangs makes a violation of it, and has to be started again.
func (w *worker) run(j job) (rep report, alive bool) {
	if err := w.jobs.Encode(j); err != nil {
		rep = report{Seed: j.Seed, Property: noPanic, Violation: "the process of the run is gone: " + err.Error(), Apart: true}
		w.stop()
		return rep, false
	}
	timer := time.AfterFunc(w.wall, func() { _ = w.cmd.Process.Kill() })
	err := w.out.Decode(&rep)
	intime := timer.Stop()
	if err == nil && rep.Property != runEnds {
		return rep, true
	}
	w.stop()
	switch {
	case err == nil:
	case !intime:
		rep = report{Seed: j.Seed, Property: runEnds, Apart: true,
			Violation: fmt.Sprintf("%s violated: the run did not end within %s of real time, though it did not use up its CPU time", runEnds, w.wall)}
	default:
		if errors.Is(err, io.EOF) {
			err = errors.New(w.cmd.ProcessState.String())
		}
		rep = report{Seed: j.Seed, Property: noPanic, Apart: true, Stack: string(w.said.kept),
			Violation: fmt.Sprintf("%s violated: the process of the run died: %v", noPanic, err)}
	}
	return rep, false
}

// stop lets the process come to its end; w.cmd tells what it used.
func (w *worker) stop() {
	_ = w.in.Close()
	_ = w.cmd.Wait()
}

// used is the CPU time that the process took, once it has stopped.
func (w *worker) used() time.Duration {
	if s := w.cmd.ProcessState; s != nil {
		return s.UserTime() + s.SystemTime()
	}
	return 0
}
