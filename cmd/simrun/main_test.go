package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sierradb/core/mutate"
)

// TestMain lets the test binary be the worker that simrun starts.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "--worker") {
		os.Exit(workerMain())
	}
	os.Exit(m.Run())
}

// call runs simrun and returns its exit status and what it printed.
func call(args ...string) (int, string) {
	var stdout, stderr bytes.Buffer
	status := run(args, strings.NewReader(""), &stdout, &stderr)
	return status, stdout.String() + stderr.String()
}

func TestUsage(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		status, out := call(args...)
		if status != exitUsage || !strings.Contains(out, want) {
			t.Errorf("simrun %v: status %d, %q; expected status %d and %q", args, status, out, exitUsage, want)
		}
	}
	f("give one of")
	f("give one of", "--seed", "1", "--seeds", "1..2")
	f("give one of", "--seed", "1", "--crash-states")
	f("must be A..B", "--seeds", "5")
	f("must be A..B", "--seeds", "5..4")
	f("unexpected argument", "--seed", "1", "more")
	f("unknown flag", "--sede", "1")
	f("--jobs must be", "--seeds", "1..2", "--jobs", "0")
	f("--expect-found goes with", "--seeds", "1..2", "--expect-found")
	f("--list goes with", "--list", "--seed", "1")
	f("a trace level is world, requests, actors or files", "--seed", "1", "--trace=all")
	f("--timeline must be", "--seed", "1", "--timeline", "-1")
	f("--html goes with", "--seeds", "1..2", "--html", "run.html")
	f("--require-all goes with", "--require-all", "--seed", "1")
	f("no such file", "--plan", "does-not-exist.json")
	f("--twice goes with", "--seed", "1", "--twice")
	f("--hours and --tally go with", "--seeds", "1..2", "--hours", "1")
	f("--hours and --tally go with", "--seeds", "1..2", "--tally", "page.md")
	f("takes no --hours", "--long", "dir", "--tally", "page.md", "--hours", "1")
	f("--cpu-limit must be", "--seeds", "1..2", "--cpu-limit", "10ms")
	f("takes no --without", "--long", "dir", "--without", "pause")
	f("--without: ", "--seeds", "1..2", "--without", "no-such-class")
	f("does not know its own", "--long", "dir")
	if !mutate.Built {
		f("go run -tags mutants ./cmd/simrun --mutant skip-crc --seeds 1..5", "--mutant", "skip-crc", "--seeds", "1..5")
	}
}

func TestOneSeed(t *testing.T) {
	status, first := call("--seed", "7")
	if status != exitClean || !strings.Contains(first, "PASS") || !strings.Contains(first, "trace hash ") || !strings.Contains(first, "events acknowledged") {
		t.Fatalf("status %d:\n%s", status, first)
	}
	hash := func(out string) string {
		_, rest, _ := strings.Cut(out, "trace hash ")
		return rest[:16]
	}
	_, text := call("--seed", "7", "--trace")
	if hash(text) != hash(first) || !strings.Contains(text, " applies 1 term 1") {
		t.Errorf("the printed run has hash %s, the quiet one %s", hash(text), hash(first))
	}
	_, text = call("--seed", "7", "--trace=world")
	if hash(text) != hash(first) || !strings.Contains(text, "n1 boots, life 1") || strings.Contains(text, " applies 1 term 1") {
		t.Errorf("the trace of the world has hash %s, the quiet run %s:\n%s", hash(text), hash(first), text)
	}
	_, plan := call("--seed", "7", "--show-plan")
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out := call("--plan", file); hash(out) != hash(first) {
		t.Errorf("the plan of the seed has hash %s, the seed %s", hash(out), hash(first))
	}
}

// TestTimeline: a clean run shows its timeline when it is asked to.
func TestTimeline(t *testing.T) {
	_, quiet := call("--seed", "7")
	if strings.Contains(quiet, "t(ms)") {
		t.Errorf("a clean run prints a timeline that nobody asked for:\n%s", quiet)
	}
	status, short := call("--seed", "7", "--timeline", "5")
	_, whole := call("--seed", "7", "--timeline", "0")
	_, rows, _ := strings.Cut(short, "event\n")
	if status != exitClean || strings.Count(rows, "\n") != 6 || strings.Count(whole, "\n") < strings.Count(short, "\n")+20 { // and PASS
		t.Errorf("status %d, five lines:\n%s\nall:\n%s", status, short, whole)
	}
	file := filepath.Join(t.TempDir(), "run.html")
	status, out := call("--seed", "7", "--html", file)
	page, err := os.ReadFile(file)
	if status != exitClean || err != nil || !strings.Contains(out, "wrote "+file) || !bytes.Contains(page, []byte("</html>")) || strings.Contains(out, "t(ms)") {
		t.Errorf("status %d, %v, a page of %d bytes: %s", status, err, len(page), out)
	}
	if status, out := call("--seed", "7", "--html", filepath.Join(t.TempDir(), "no", "folder")); status != exitUsage {
		t.Errorf("a page that can't be written: status %d, %s", status, out)
	}
}

func TestSweep(t *testing.T) {
	status, out := call("--seeds", "1..8", "--jobs", "2")
	for _, want := range []string{"8 runs in", "seeds a second", "runs for a second of CPU time", "violations 0", "states worth reaching", "log rolled", "power cuts"} {
		if status != exitClean || !strings.Contains(out, want) {
			t.Errorf("status %d, expected %q in:\n%s", status, want, out)
		}
	}
}

// TestSweep_Without: a class that is left out is left out in the workers, too.
func TestSweep_Without(t *testing.T) {
	for without, want := range map[string]bool{"": true, "process-death,clock": false} {
		status, out := call("--seeds", "1..8", "--without", without)
		if status != exitClean || strings.Contains(out, "clock jumps") != want {
			t.Errorf("without %q: status %d:\n%s", without, status, out)
		}
	}
}

func TestListOfMutants(t *testing.T) {
	status, out := call("--mutants", "--list")
	if status != exitClean || strings.Count(out, "\n") != len(mutate.About) || !strings.Contains(out, "skip-fsync") {
		t.Errorf("status %d: %s", status, out)
	}
}

func TestMutant(t *testing.T) {
	if !mutate.Built {
		t.Skip("planted bugs need -tags mutants")
	}
	defer mutate.Set("")
	status, out := call("--mutant", "skip-fsync", "--seeds", "1..20", "--expect-found")
	if status != exitClean || !strings.Contains(out, "skip-fsync found by seed") {
		t.Errorf("status %d: %s", status, out)
	}
	_, seed, _ := strings.Cut(out, "found by seed ")
	seed, _, _ = strings.Cut(seed, " ")
	status, out = call("--seed", seed, "--mutant", "skip-fsync")
	for _, want := range []string{"VIOLATION of", "t(ms)", "!! ", "replay: go run -tags mutants ./cmd/simrun --seed " + seed + " --mutant skip-fsync"} {
		if status != exitViolation || !strings.Contains(out, want) {
			t.Errorf("status %d, expected %q in:\n%s", status, want, out)
		}
	}
}
