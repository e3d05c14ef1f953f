package main

import (
	"fmt"
	"io"
	"sort"
	"sync"
	"time"

	"sierradb/core/mutate"
)

func listMutants(out io.Writer) {
	for _, a := range mutate.About {
		fmt.Fprintf(out, "%-22s %-9s %s\n", a.Bug, a.Group, a.Text)
	}
}

// huntOne runs seeds with a planted bug until one finds it.
func huntOne(f *flags, stdout, stderr io.Writer) int {
	began := time.Now()
	tried, hit, err := f.fleet(stderr).hunt(mutate.Bug(f.mutant), f.from, f.to)
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	if hit == nil {
		fmt.Fprintf(stdout, "%s was not found in %d seeds (%s)\n", f.mutant, tried, time.Since(began).Round(time.Millisecond))
		if f.expectFound {
			return exitViolation
		}
		return exitClean
	}
	fmt.Fprintf(stdout, "%s found by seed %d (number %d, %s): %s\n", f.mutant, hit.Seed, tried, time.Since(began).Round(time.Millisecond), hit.Violation)
	fmt.Fprintf(stdout, "replay: go run -tags mutants ./cmd/simrun --seed %d --mutant %s\n", hit.Seed, f.mutant)
	if f.expectFound {
		return exitClean
	}
	return exitViolation
}

// hunt runs the seeds from first to last until one breaks a property, and
// returns how many it took, counted from first.
func (f fleet) hunt(bug mutate.Bug, first, last uint64) (tried uint64, hit *report, err error) {
	f.mutant = string(bug)
	err = f.each(first, last, func(r report) bool {
		if r.Violation != "" && (hit == nil || r.Seed < hit.Seed) {
			hit = &r
		}
		return hit == nil
	})
	if hit != nil {
		return hit.Seed - first + 1, hit, err
	}
	return last - first + 1, nil, err
}

// huntAll looks for each planted bug from several first seeds.
func huntAll(f *flags, stdout, stderr io.Writer) int {
	budget := f.to - f.from + 1
	fmt.Fprintf(stdout, "seeds until found, from %d starts, at most %d seeds each (-: not found)\n", f.starts, budget)
	fmt.Fprintf(stdout, "%-22s %-9s %7s %6s  %-40s %s\n", "planted bug", "group", "median", "worst", "each start", "first found as")
	status := exitClean
	for _, a := range mutate.About {
		counts, as, err := huntFrom(a.Bug, f, budget, stderr)
		if err != nil {
			fmt.Fprintln(stderr, "simrun:", err)
			return exitUsage
		}
		sorted := append([]uint64(nil), counts...)
		sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
		show := func(n uint64) string {
			if n > budget {
				return "-"
			}
			return fmt.Sprint(n)
		}
		all := ""
		for _, n := range counts {
			all += show(n) + " "
		}
		worst := sorted[len(sorted)-1]
		if worst > budget {
			status = exitViolation
		}
		fmt.Fprintf(stdout, "%-22s %-9s %7s %6s  %-40s %s\n", a.Bug, a.Group, show(sorted[len(sorted)/2]), show(worst), all, as)
	}
	return status
}

// huntFrom hunts one bug from all starts, several at a time.
func huntFrom(bug mutate.Bug, f *flags, budget uint64, stderr io.Writer) (counts []uint64, as string, failure error) {
	counts = make([]uint64, f.starts)
	found := make([]string, f.starts)
	one := *f.fleet(stderr)
	one.jobs = 1
	var mu sync.Mutex
	next := 0
	var done sync.WaitGroup
	for range min(f.jobs, f.starts) {
		done.Add(1)
		go func() {
			defer done.Done()
			for {
				mu.Lock()
				at := next
				next++
				mu.Unlock()
				if at >= f.starts {
					return
				}
				first := f.from + uint64(at)*budget
				tried, hit, err := one.hunt(bug, first, first+budget-1)
				if hit == nil {
					tried = budget + 1
				} else {
					found[at] = hit.Property
				}
				mu.Lock()
				counts[at] = tried
				if err != nil {
					failure = err
				}
				mu.Unlock()
			}
		}()
	}
	done.Wait()
	for _, s := range found {
		if s != "" {
			return counts, s, failure
		}
	}
	return counts, "", failure
}
