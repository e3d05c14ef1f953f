package main

import (
	"strings"
	"testing"
)

// TestTwice runs seeds in two processes with other GOMAXPROCS and GOGC.
func TestTwice(t *testing.T) {
	status, out := call("--seeds", "1..4", "--twice")
	if status != exitClean || !strings.Contains(out, "4 runs in") || !strings.Contains(out, "each seed ran twice (GOMAXPROCS=1 GOGC=400; GOMAXPROCS=4 GOGC=10)") {
		t.Errorf("status %d: %s", status, out)
	}
}

// TestTwice_FindsWhereRunsPart: a run that depends on its process is found, and
// the first record that differs is the one that the difference made.
func TestTwice_FindsWhereRunsPart(t *testing.T) {
	t.Setenv(plant, "procs")
	status, out := call("--seeds", "1..9", "--twice", "--jobs", "1")
	if status != exitDiverged {
		t.Fatalf("status %d: %s", status, out)
	}
	for _, want := range []string{"violations of determinism", "seed 3 gives two runs", "they part at record ", "replay: go run ./cmd/simrun --seeds 3..3 --twice"} {
		if !strings.Contains(out, want) {
			t.Errorf("expected %q in:\n%s", want, out)
		}
	}
	_, place, _ := strings.Cut(out, "they part at record ")
	lines := strings.Split(place, "\n")
	at := -1
	for i, line := range lines {
		if strings.HasPrefix(line, "  A ") {
			at = i
		}
	}
	if at < 2 || !strings.Contains(lines[at], "0.301000  -- ") || !strings.HasPrefix(lines[at+1], "  B ") || strings.Contains(lines[at+1], "0.301000  -- ") {
		t.Errorf("the first record that differs is not that of the planted fault:\n%s", place)
	}
	if strings.Contains(out, "4 runs in") || strings.Contains(out, "each seed ran twice") {
		t.Errorf("the sweep went on:\n%s", out)
	}
}

// TestTwice_FindsMapOrder: what differs from run to run, and not from process to
// process, shows too; and its cause, though the hash leaves out its text.
func TestTwice_FindsMapOrder(t *testing.T) {
	fl := planted(t, "map")
	fl.twice = true
	r := fl.reports(t, 13, 13)[13]
	for seed := uint64(23); r.Violation == "" && seed < 100; seed += 10 {
		r = fl.reports(t, seed, seed)[seed] // the two maps told the same first
	}
	_, cause, _ := strings.Cut(r.Violation, "differed already")
	if r.Property != sameRun || !strings.Contains(r.Violation, "they part at record ") || !strings.Contains(cause, "  A     0.300000  -- ") || !strings.Contains(cause, "  B     0.300000  -- ") {
		t.Errorf("%q: %s", r.Property, r.Violation)
	}
}

func TestWhere(t *testing.T) {
	f := func(x, y []uint64, want string) {
		t.Helper()
		if got := where(x, y); got != want {
			t.Errorf("where(%v, %v) = %q, want %q", x, y, got, want)
		}
	}
	f([]uint64{1, 2, 3}, []uint64{1, 2, 4}, "after record 2048 and before record 3072")
	f([]uint64{1}, []uint64{2}, "after record 0 and before record 1024")
	f(nil, nil, "after record 0 and before record 1024")
}

func TestShowApart(t *testing.T) {
	f := func(x, y []record, n int, want string) {
		t.Helper()
		if got := firstApart(x, y); got != n {
			t.Fatalf("the windows part at %d, expected %d", got, n)
		}
		if n < 0 {
			return
		}
		if got := showApart(x, y, n); got != want {
			t.Errorf("got:\n%swant:\n%s", got, want)
		}
	}
	one, two, three := record{1, "one"}, record{2, "two"}, record{3, "three"}
	f([]record{one, two}, []record{one, two}, -1, "")
	f([]record{one, two}, []record{one, three}, 1, "    one\n  A two\n  B three\n")
	f([]record{one, two}, []record{one}, 1, "    one\n  A two\n  B (the run has ended)\n")
	f([]record{two}, []record{{9, "two"}}, 0, "  A two\n  B two\n    (the text is the same: they differ in bytes that it leaves out)\n")
	long := strings.Repeat("x", 1000)
	if got := showApart([]record{{1, long + "A"}}, []record{{2, long + "B"}}, 0); len(got) > 700 || !strings.Contains(got, "xA\n") || !strings.Contains(got, "xB\n") {
		t.Errorf("a long line is clipped to %q", got)
	}
}

// TestCountersApart: two runs of the same records may still count differently.
func TestCountersApart(t *testing.T) {
	x := report{Counters: map[string]uint64{"a": 1, "b": 2, "c": 3}}
	y := report{Counters: map[string]uint64{"a": 1, "b": 3, "d": 4}, Violation: "v"}
	got := countersApart(x, y)
	for _, want := range []string{"b ", "A 2, B 3", "c ", "A 3, B 0", "d ", "A 0, B 4", "verdict", "A , B v"} {
		if !strings.Contains(got, want) {
			t.Errorf("expected %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "a ") {
		t.Errorf("a is the same in both:\n%s", got)
	}
}
