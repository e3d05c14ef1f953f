// Detlint keeps the deterministic packages deterministic.
//
// A simulated run is worth something only if its seed means the same run
// everywhere: the same effects in the same order in every process, under any
// number of threads. So the packages that decide (core, commands, node, netsim,
// sim) may ask the world nothing but what actor.Env gives them. Detlint reports
// what would let the world in by another door: the clock, chance, goroutines,
// channels, locks, files, sockets, the order of a map, a pointer's value.
//
// Use:
//
//	go run ./cmd/detlint ./...
//
// Packages outside the list in scope.go are passed over, and so are test files.
// A range over a map whose order can't be seen is marked, with the reason, on
// its line or on the line above:
//
//	for id := range open { //det:ok each is closed, in any order
//
// Everything else has no escape but the table of files in scope.go, each entry
// with the reason why the simulator does not need that file.
//
// The exit status is 0 when nothing was found, 1 when something was, and 2 when
// the packages could not be loaded.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run checks the packages that the patterns name and prints a line for each
// finding. It returns the exit status.
func run(patterns []string, stdout, stderr io.Writer) int {
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	packages, err := load(patterns)
	if err != nil {
		fmt.Fprintf(stderr, "detlint: %v\n", err)
		return 2
	}
	checked, found := 0, 0
	for _, p := range packages {
		if !deterministic(p.rel) {
			continue
		}
		checked++
		findings, err := p.check()
		if err != nil {
			fmt.Fprintf(stderr, "detlint: %v\n", err)
			return 2
		}
		for _, f := range findings {
			fmt.Fprintln(stdout, f)
		}
		found += len(findings)
	}
	if found > 0 {
		fmt.Fprintf(stderr, "detlint: %d findings in %d packages\n", found, checked)
		return 1
	}
	return 0
}
