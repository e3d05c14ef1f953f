package main

import (
	"fmt"
	"io"
)

// checkDeterminism runs each seed in two processes that schedule and collect
// garbage differently. Anything that leaks into a run shows in its hash.
func checkDeterminism(f *flags, stdout, stderr io.Writer) int {
	first, last := uint64(1), uint64(f.determinism)
	if f.seeds != "" {
		first, last = f.from, f.to
	}
	a, err := startWorker(f.mutant, stderr, "GOMAXPROCS=1", "GOGC=400")
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	defer a.stop()
	b, err := startWorker(f.mutant, stderr, "GOMAXPROCS=4", "GOGC=10")
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	defer b.stop()
	for seed := first; seed <= last; seed++ {
		done := make(chan report, 1)
		go func() {
			r, _ := a.run(seed)
			done <- r
		}()
		y, _ := b.run(seed)
		x := <-done
		if x.Hash != y.Hash || x.Violation != y.Violation {
			fmt.Fprintf(stdout, "seed %d gives two runs: hash %016x and %016x\n", seed, x.Hash, y.Hash)
			fmt.Fprintf(stdout, "they part %s\n", where(x.Checkpoints, y.Checkpoints))
			fmt.Fprintf(stdout, "compare: GOMAXPROCS=1 GOGC=400 go run ./cmd/simrun --seed %d --trace   and   GOMAXPROCS=4 GOGC=10 the same\n", seed)
			return exitDiverged
		}
	}
	fmt.Fprintf(stdout, "%d seeds, each in two processes (GOMAXPROCS=1 GOGC=400 and GOMAXPROCS=4 GOGC=10): all hashes equal\n", last-first+1)
	return exitClean
}

// where says between which records two lists of checkpoints part.
func where(x, y []uint64) string {
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return fmt.Sprintf("after record %d and before record %d", n*1024, (n+1)*1024)
}
