package main

import (
	"fmt"
	"strings"
)

// checkpointEvery is how many records of a trace lie between two checkpoints.
const checkpointEvery = 1024

// partTries bounds how often two runs are repeated to see them part: what
// leaked into them may part them elsewhere, or not at all, the next time.
const partTries = 8

// Of the records before the first that differs some are told. More are looked
// at: where only their text differs, which the hash leaves out in part, the
// cause may stand.
const (
	before   = 12
	lookBack = 512
)

// part tells where two runs of a seed part. It repeats both with the text of
// the records in question.
func (l *lane) part(x, y report) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s violated: seed %d gives two runs: hash %016x with %s, %016x with %s\n", sameRun, x.Seed,
		x.Hash, strings.Join(l.settings[0], " "), y.Hash, strings.Join(l.settings[1], " "))
	for range partTries {
		if x.Hash == y.Hash && x.Sums != y.Sums {
			fmt.Fprintf(&b, "the records are the same, the counters or the verdicts are not:\n%s", countersApart(x, y))
			return b.String(), nil
		}
		j := job{Seed: x.Seed, To: ^uint64(0)}
		if x.Hash != y.Hash {
			same := sharedPrefix(x.Checkpoints, y.Checkpoints) * checkpointEvery
			j.After, j.To = same-min(same, lookBack), same+checkpointEvery
		}
		var err error
		if x, err = l.do(0, j); err != nil {
			return "", err
		}
		if y, err = l.do(1, j); err != nil {
			return "", err
		}
		// A window that differs from its beginning on lies behind the place.
		if n := firstApart(x.Window, y.Window); n > 0 || n == 0 && j.After == 0 {
			fmt.Fprintf(&b, "they part at record %d of %d and %d:\n%s", j.After+uint64(n)+1, x.Records, y.Records, showApart(x.Window, y.Window, n))
			if m := firstOther(x.Window[:n], y.Window[:n]); m >= 0 {
				fmt.Fprintf(&b, "the text of record %d differed already:\n%s", j.After+uint64(m)+1, showApart(x.Window, y.Window, m))
			}
			return b.String(), nil
		}
	}
	fmt.Fprintf(&b, "they parted %s; %d more pairs of runs did not show it", where(x.Checkpoints, y.Checkpoints), partTries)
	return b.String(), nil
}

// sharedPrefix is how many elements two lists begin with that are the same.
func sharedPrefix(x, y []uint64) uint64 {
	n := uint64(0)
	for int(n) < min(len(x), len(y)) && x[n] == y[n] {
		n++
	}
	return n
}

// where says between which records two lists of checkpoints part.
func where(x, y []uint64) string {
	n := sharedPrefix(x, y)
	return fmt.Sprintf("after record %d and before record %d", n*checkpointEvery, (n+1)*checkpointEvery)
}

// firstApart is the first record in which two windows differ, or -1.
func firstApart(x, y []record) int {
	for i := range max(len(x), len(y)) {
		if i >= len(x) || i >= len(y) || x[i].Hash != y[i].Hash {
			return i
		}
	}
	return -1
}

// firstOther is the first record of two windows of one length whose text
// differs, or -1.
func firstOther(x, y []record) int {
	for i := range x {
		if x[i].Line != y[i].Line {
			return i
		}
	}
	return -1
}

// showApart shows the records before the n-th, and the n-th of both windows.
func showApart(x, y []record, n int) string {
	var b strings.Builder
	for _, r := range x[max(0, n-before):n] {
		fmt.Fprintf(&b, "    %s\n", clip(r.Line, 0))
	}
	line := func(w []record) string {
		if n >= len(w) {
			return "(the run has ended)"
		}
		return w[n].Line
	}
	a, c := line(x), line(y)
	same := 0
	for same < min(len(a), len(c)) && a[same] == c[same] {
		same++
	}
	fmt.Fprintf(&b, "  A %s\n  B %s\n", clip(a, same), clip(c, same))
	if a == c {
		b.WriteString("    (the text is the same: they differ in bytes that it leaves out)\n")
	}
	return b.String()
}

// clip shortens a line to what is around byte number at.
func clip(line string, at int) string {
	const most = 300
	if at > most/2 && len(line) > most {
		line = "... " + line[at-most/2:]
	}
	if len(line) > most {
		line = line[:most] + " ..."
	}
	return line
}

// countersApart lists the counters and verdicts in which two runs differ.
func countersApart(x, y report) string {
	var b strings.Builder
	line := func(name string, p, q any) {
		if p != q {
			fmt.Fprintf(&b, "  %-44s A %v, B %v\n", name, p, q)
		}
	}
	for _, name := range x.Counters.Names() {
		line(name, x.Counters[name], y.Counters[name])
	}
	for _, name := range y.Counters.Names() {
		if x.Counters[name] == 0 {
			line(name, 0, y.Counters[name])
		}
	}
	line("verdict", x.Violation, y.Violation)
	return b.String()
}
