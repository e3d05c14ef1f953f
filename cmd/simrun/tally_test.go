package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sierradb/sim"
)

// longState is a state made by hand: n commits of 1000 seeds each.
func longState(n int) *state {
	s := &state{First: 5000, Next: 5000}
	for i := range n {
		e := s.era(fmt.Sprintf("%040x", 0xabc0000+i), time.Date(2026, 3, 1+i, 12, 0, 0, 0, time.UTC))
		e.Seeds, e.Virtual = 1000, 86400e6*400
		e.Counters = sim.Counters{"requests": 700_000, "events acknowledged": 90_000, "process deaths": 4000, "power cuts": 3000}
		if i == 0 {
			e.Findings["D3 immutable"] = 2
			e.Findings["hang"] = 1
		}
		s.Next += 1000
	}
	return s
}

func TestTally(t *testing.T) {
	dir := t.TempDir()
	if err := longState(14).save(dir); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "page.md")
	write := func(text string) {
		if err := os.WriteFile(page, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("# Page\n\n" + tallyBegin + "\nold\n" + tallyEnd + "\n\nThe rest.\n")
	for range 2 { // the second time changes nothing
		status, out := call("--long", dir, "--tally", page)
		if status != exitClean || !strings.Contains(out, "14000 seeds, commits: 14, 15.33 years of virtual time") {
			t.Fatalf("status %d: %s", status, out)
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		got := string(text)
		for _, want := range []string{
			"# Page\n\n" + tallyBegin + "\n| | |\n",
			"| seeds, each once and in order | 14000 from 5000 on |",
			"| virtual time | 15.33 years |",
			"| requests | 9800000 |",
			"| events acknowledged | 1260000 |",
			"| crashes | 98000, of them 42000 power cuts |",
			"| seeds that found something | 2 D3 immutable, 1 hang |",
			"| commits | 14, 000000000000 to 000000000000 |",
			"| when | 2026-03-01 to 2026-03-14 |",
			"| 2 before | 5000 | 2000 | 2.19 years | 2 D3 immutable, 1 hang |",
			"| 000000000000 | 18000 | 1000 | 1.10 years | none |",
			"\n" + tallyEnd + "\n\nThe rest.\n",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("expected %q in:\n%s", want, got)
			}
		}
		if strings.Contains(got, "old") {
			t.Errorf("the old block is still there:\n%s", got)
		}
	}
	for _, text := range []string{"no markers\n", tallyBegin + "\n", tallyEnd + "\n" + tallyBegin + "\n"} {
		write(text)
		if status, out := call("--long", dir, "--tally", page); status != exitUsage || !strings.Contains(out, "needs one line") {
			t.Errorf("a page %q: status %d, %s", text, status, out)
		}
	}
	if status, out := call("--long", t.TempDir(), "--tally", page); status != exitUsage || !strings.Contains(out, "holds no long run") {
		t.Errorf("an empty folder: status %d, %s", status, out)
	}
}

func TestShort(t *testing.T) {
	f := func(commit, want string) {
		t.Helper()
		if got := short(commit); got != want {
			t.Errorf("short(%q) = %q, want %q", commit, got, want)
		}
	}
	f("0123456789abcdef0123", "0123456789ab")
	f("0123456789abcdef0123+changes", "0123456789ab with changes")
	f("c1", "c1")
}
