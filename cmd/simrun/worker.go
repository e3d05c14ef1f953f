package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"sierradb/sim"
	"sierradb/sim/sched"
)

// memoryMax is how many bytes a worker may map; a run needs some tens of
// megabytes.
const memoryMax = 4 << 30

// job asks a worker for a run. With a window the report tells the records
// behind number After, up to number To.
type job struct {
	Seed  uint64
	After uint64 `json:",omitempty"`
	To    uint64 `json:",omitempty"`
}

// report is a result as a worker sends it.
type report struct {
	Seed        uint64
	Hash        uint64
	Checkpoints []uint64
	Records     uint64
	Virtual     int64
	Counters    sim.Counters
	Sums        uint64 // stands for counters and verdict, but for what depends on real time
	Property    string `json:",omitempty"`
	Violation   string `json:",omitempty"`
	Stack       string `json:",omitempty"` // of a panic or a hang; what a dead worker said last
	Apart       bool   `json:",omitempty"` // the violation is not the run's own: it hung, died or differed

	Window []record `json:",omitempty"`
}

// record is one of the trace.
type record struct {
	Hash uint64
	Line string
}

// workerLife is a worker process: jobs in, reports out.
type workerLife struct {
	draw func(seed uint64) *sim.Plan
	cpu  time.Duration

	mu      sync.Mutex // guards what follows
	out     *json.Encoder
	running bool
	seed    uint64
}

// work serves jobs until stdin ends. draw makes the plan of a seed; cpu is how
// much CPU time a run may take.
func work(stdin io.Reader, stdout, stderr io.Writer, draw func(seed uint64) *sim.Plan, cpu time.Duration) int {
	// A terminal sends its interrupt to all processes of a job. A worker ends
	// when its run is reported and its input closed.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	if err := limitMemory(memoryMax); err != nil {
		fmt.Fprintln(stderr, "simrun: no limit of memory:", err)
		return exitUsage
	}
	w := &workerLife{draw: draw, cpu: cpu, out: json.NewEncoder(stdout)}
	late := make(chan os.Signal, 1)
	signal.Notify(late, overtime)
	go w.watch(late)
	in := json.NewDecoder(bufio.NewReader(stdin))
	for {
		var j job
		err := in.Decode(&j)
		if errors.Is(err, io.EOF) {
			return exitClean
		}
		if err == nil {
			err = w.serve(j)
		}
		if err != nil {
			fmt.Fprintln(stderr, "simrun: worker:", err)
			return exitUsage
		}
	}
}

func (w *workerLife) serve(j job) error {
	if err := limitCPU(w.cpu); err != nil {
		return fmt.Errorf("no limit of CPU time: %w", err)
	}
	w.mu.Lock()
	w.running, w.seed = true, j.Seed
	w.mu.Unlock()
	r := w.run(j)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = false
	return w.out.Encode(r)
}

// watch ends the process when a run uses up its CPU time: with a report that
// says where it hangs.
func (w *workerLife) watch(late <-chan os.Signal) {
	for range late {
		w.mu.Lock()
		if !w.running {
			w.mu.Unlock()
			continue
		}
		stack := make([]byte, 64<<10)
		stack = stack[:runtime.Stack(stack, true)]
		_ = w.out.Encode(report{Seed: w.seed, Property: runEnds, Apart: true, Stack: string(stack),
			Violation: fmt.Sprintf("%s violated: the run used %s of CPU time and did not end", runEnds, w.cpu)})
		os.Exit(exitHang)
	}
}

func (w *workerLife) run(j job) report {
	var window []record
	var o sim.Options
	if j.To > 0 {
		n := uint64(0)
		o.Record = func(hash uint64) {
			if n++; n > j.After && n <= j.To {
				window = append(window, record{Hash: hash})
			}
		}
		o.Text = func(line string) {
			if n > j.After && n <= j.To {
				window[len(window)-1].Line = line
			}
		}
	}
	r := play(w.draw(j.Seed), o)
	sums := sumsOf(r)
	judge(r)
	out := report{Seed: j.Seed, Hash: r.Hash, Checkpoints: r.Checkpoints, Records: r.Records, Virtual: int64(r.Virtual),
		Counters: r.Counters, Sums: sums, Stack: string(r.Stack), Window: window}
	if r.Violation != nil {
		out.Property, out.Violation = r.Violation.Property, r.Violation.Error()
	}
	return out
}

// sumsOf folds counters and verdict into a number.
func sumsOf(r *sim.Result) uint64 {
	h := uint64(0)
	for _, name := range r.Counters.Names() {
		h = sched.Digest(sched.DigestBytes(h, []byte(name)), r.Counters[name])
	}
	if r.Violation != nil {
		h = sched.DigestBytes(h, []byte(r.Violation.Error()))
	}
	return h
}
