package main

import (
	"io"
	"sync"
	"time"
)

// The limits of one run. A busy machine takes long for a run, but it needs no
// more CPU time: that is what a run is judged by. The limit of real time is for
// a run that waits for ever.
const (
	cpuMax  = 2 * time.Minute
	wallMax = 30 * time.Minute
)

// fleet is the worker processes that run seeds.
type fleet struct {
	jobs    int // runs at a time
	twice   bool
	mutant  string
	without string        // classes of faults
	cpu     time.Duration // of one run
	wall    time.Duration // of one run
	stderr  io.Writer

	used time.Duration // CPU time of all workers that came to their end
}

func (f *flags) fleet(stderr io.Writer) *fleet {
	return &fleet{jobs: f.jobs, twice: f.twice, mutant: f.mutant, without: f.without, cpu: f.cpuLimit, wall: wallMax, stderr: stderr}
}

// settings are the environments of the workers of a lane. A run allocates much
// and keeps little, so that a lazy collector makes it faster.
var (
	settingsOne   = [][]string{{"GOGC=400"}}
	settingsTwice = [][]string{{"GOMAXPROCS=1", "GOGC=400"}, {"GOMAXPROCS=4", "GOGC=10"}}
)

// lane does one run at a time.
type lane struct {
	f        *fleet
	settings [][]string
	workers  []*worker // nil: to be started
	used     time.Duration
}

func (f *fleet) lane() *lane {
	settings := settingsOne
	if f.twice {
		settings = settingsTwice
	}
	return &lane{f: f, settings: settings, workers: make([]*worker, len(settings))}
}

// do runs a job on the lane's i-th worker. It starts the worker if need be; a
// failure to do so is the error.
func (l *lane) do(i int, j job) (report, error) {
	if l.workers[i] == nil {
		w, err := l.f.startWorker(l.settings[i])
		if err != nil {
			return report{}, err
		}
		l.workers[i] = w
	}
	r, alive := l.workers[i].run(j)
	if !alive {
		l.used += l.workers[i].used()
		l.workers[i] = nil
	}
	return r, nil
}

// run runs a seed; in a lane of two workers both do, and must agree.
func (l *lane) run(seed uint64) (report, error) {
	x, err := l.do(0, job{Seed: seed})
	if err != nil || len(l.workers) == 1 || x.Apart {
		return x, err
	}
	y, err := l.do(1, job{Seed: seed})
	switch {
	case err != nil || y.Apart:
		return y, err
	case x.Hash != y.Hash || x.Sums != y.Sums:
		x.Property, x.Apart = sameRun, true
		x.Violation, err = l.part(x, y)
		return x, err
	case x.Violation == "":
		x.Property, x.Violation = y.Property, y.Violation // only one second opinion came to its end
	}
	return x, nil
}

func (l *lane) stop() {
	for _, w := range l.workers {
		if w != nil {
			w.stop()
			l.used += w.used()
		}
	}
}

// each runs the seeds from first to last and hands every report to take, one at
// a time. After take has answered false no more seeds are begun; what is under
// way comes to its end and is handed over, too.
func (f *fleet) each(first, last uint64, take func(report) bool) error {
	count := uint64(0)
	return f.drain(func() (uint64, bool) {
		count++
		return first + count - 1, count-1 <= last-first
	}, take)
}

// drain is each with the seeds that next hands out until it answers false.
func (f *fleet) drain(next func() (uint64, bool), take func(report) bool) error {
	var mu sync.Mutex
	var failure error
	stop := false
	claim := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		if stop {
			return 0, false
		}
		seed, ok := next()
		stop = !ok
		return seed, ok
	}
	give := func(r report, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failure, stop = err, true
		} else if !take(r) {
			stop = true
		}
	}
	var done sync.WaitGroup
	for range f.jobs {
		done.Add(1)
		go func() {
			defer done.Done()
			l := f.lane()
			for seed, ok := claim(); ok; seed, ok = claim() {
				give(l.run(seed))
			}
			l.stop()
			mu.Lock()
			f.used += l.used
			mu.Unlock()
		}()
	}
	done.Wait()
	return failure
}
