package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sierradb/sim"
	"sierradb/vfs"
)

// longFor runs so many seeds in a folder.
func longFor(t *testing.T, dir, commit string, seeds uint64, f *fleet) (*long, []report) {
	t.Helper()
	l := &long{dir: dir, commit: commit, fleet: f, first: 1, limit: seeds, stderr: &shared{w: new(bytes.Buffer)}}
	found, err := l.run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l, found
}

// sums is an era without its times.
func sums(e *era) era {
	out := *e
	out.Began, out.Ended = time.Time{}, time.Time{}
	delete(out.Counters, "partitions that porcupine gave up") // by real time
	delete(out.Hits, "partitions that porcupine gave up")
	return out
}

// TestLong_StopAndResume: a run in pieces comes to the same sums as one run in
// one piece, whatever the number of workers.
func TestLong_StopAndResume(t *testing.T) {
	f := planted(t, "none")
	whole, _ := longFor(t, t.TempDir(), "c1", 14, f)
	dir := t.TempDir()
	f.jobs = 3
	longFor(t, dir, "c1", 1, f)
	longFor(t, dir, "c1", 6, f)
	longFor(t, dir, "c1", 4, f)
	pieces, _ := longFor(t, dir, "c1", 3, f)
	if got, want := sums(pieces.state.Eras[0]), sums(whole.state.Eras[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("in pieces:\n%+v\nin one piece:\n%+v", got, want)
	}
	s := pieces.state
	if s.First != 1 || s.Next != 15 || len(s.Ahead) != 0 || len(s.Eras) != 1 || s.Eras[0].Seeds != 14 {
		t.Errorf("first %d, next %d, ahead %v, %d eras, %d seeds", s.First, s.Next, s.Ahead, len(s.Eras), s.Eras[0].Seeds)
	}
	if s.Eras[0].Counters["requests"] < 1000 || s.Eras[0].Virtual < 10_000_000 || s.Eras[0].crashes() == 0 {
		t.Errorf("14 seeds count %d requests, %d microseconds, %d crashes", s.Eras[0].Counters["requests"], s.Eras[0].Virtual, s.Eras[0].crashes())
	}
}

// TestLong_Signal: a stop in the middle loses no run that has ended.
func TestLong_Signal(t *testing.T) {
	dir := t.TempDir()
	f := planted(t, "none")
	f.jobs = 2
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(500*time.Millisecond, cancel)
	l := &long{dir: dir, commit: "c1", fleet: f, first: 1, stderr: &shared{w: new(bytes.Buffer)}}
	if _, err := l.run(ctx); err != nil {
		t.Fatal(err)
	}
	s, warning, err := loadState(dir)
	if err != nil || warning != "" || s.Next != 1+s.Eras[0].Seeds || len(s.Ahead) != 0 || s.Eras[0].Seeds == 0 {
		t.Fatalf("%v %q: next %d behind %d seeds, ahead %v", err, warning, s.Next, s.Eras[0].Seeds, s.Ahead)
	}
	again, _ := longFor(t, t.TempDir(), "c1", s.Eras[0].Seeds, f)
	if got, want := sums(s.Eras[0]), sums(again.state.Eras[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("stopped:\n%+v\nas many seeds in one piece:\n%+v", got, want)
	}
}

// TestLong_Findings: a seed that fails is kept as files, and the run goes on,
// also with another commit.
func TestLong_Findings(t *testing.T) {
	dir := t.TempDir()
	f := planted(t, "exit")
	l, found := longFor(t, dir, "c1", 5, f)
	if e := l.state.Eras[0]; e.Seeds != 5 || e.Findings[noPanic] != 1 || !slices.Equal(e.Failed, []uint64{3}) || worst(found) != exitCrash {
		t.Errorf("era %+v, found %v", e, found)
	}
	verdict, err := os.ReadFile(filepath.Join(dir, foundDir, "seed-3.txt"))
	for _, want := range []string{"seed     3\n", "commit   c1\n", "broke    " + noPanic, "go run ./cmd/simrun --seed 3\n", "planted panic"} {
		if err != nil || !strings.Contains(string(verdict), want) {
			t.Errorf("%v: expected %q in:\n%s", err, want, verdict)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, foundDir, "seed-3.plan"))
	if err != nil || !bytes.Equal(text, sim.NewPlan(3).Text()) {
		t.Errorf("%v: the plan is not that of the seed: %s", err, text)
	}
	l, _ = longFor(t, dir, "c2", 3, f)
	if s := l.state; len(s.Eras) != 2 || s.Eras[1].Commit != "c2" || s.Eras[1].From != 6 || s.Eras[1].Seeds != 3 || s.Eras[0].Seeds != 5 {
		t.Errorf("the second commit: %+v", l.state)
	}
}

// TestLong_TornState: a state file that is not whole is noticed, and the one
// before it used; with none left the run refuses to begin anew.
func TestLong_TornState(t *testing.T) {
	f := planted(t, "none")
	tear := func(t *testing.T, name string, at int) {
		t.Helper()
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if at < 0 {
			text = text[:len(text)/2]
		} else {
			text[at]++
		}
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []int{-1, 60} {
		dir := t.TempDir()
		longFor(t, dir, "c1", 3, f)
		longFor(t, dir, "c1", 2, f)
		tear(t, filepath.Join(dir, stateFile), at)
		s, warning, err := loadState(dir)
		if err != nil || s.Next != 4 || !strings.Contains(warning, "going on from the backup, at seed 4") {
			t.Fatalf("torn at %d: %v, %q, %+v", at, err, warning, s)
		}
		l, _ := longFor(t, dir, "c1", 2, f)
		if e := l.state.Eras[0]; e.Seeds != 5 || l.state.Next != 6 {
			t.Errorf("after the backup: %d seeds, next %d", e.Seeds, l.state.Next)
		}
		// The torn file must not have become the backup.
		tear(t, filepath.Join(dir, stateFile), at)
		if s, _, err := loadState(dir); err != nil || s.Next != 4 {
			t.Errorf("torn again: %v, %+v", err, s)
		}
		tear(t, filepath.Join(dir, backupFile), at)
		l = &long{dir: dir, commit: "c1", fleet: f, first: 1, limit: 1, stderr: new(bytes.Buffer)}
		if _, err := l.run(context.Background()); err == nil || !strings.Contains(err.Error(), "no state can be read") {
			t.Errorf("both torn: %v", err)
		}
	}
	// Between the two renames of a save only the backup stands.
	dir := t.TempDir()
	longFor(t, dir, "c1", 1, f)
	if err := os.Rename(filepath.Join(dir, stateFile), filepath.Join(dir, backupFile)); err != nil {
		t.Fatal(err)
	}
	if s, warning, err := loadState(dir); err != nil || s.Next != 2 || warning == "" {
		t.Errorf("only a backup: %v, %q, %+v", err, warning, s)
	}
}

// TestLong_OneAtATime: two processes would write one state.
func TestLong_OneAtATime(t *testing.T) {
	dir := t.TempDir()
	disk, err := vfs.OpenOS(dir)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := disk.Lock(lockFile, "another")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	l := &long{dir: dir, commit: "c1", fleet: planted(t, "none"), first: 1, limit: 1, stderr: new(bytes.Buffer)}
	var held *vfs.LockedError
	if _, err := l.run(context.Background()); !errors.As(err, &held) {
		t.Errorf("a second run in one folder: %v", err)
	}
}

// TestState_OutOfOrder: runs end in any order, and each seed is run once.
func TestState_OutOfOrder(t *testing.T) {
	s := &state{First: 10, Next: 10}
	for _, seed := range []uint64{12, 10, 15, 14} {
		s.done(seed)
	}
	if s.Next != 11 || !slices.Equal(s.Ahead, []uint64{12, 14, 15}) {
		t.Errorf("next %d, ahead %v", s.Next, s.Ahead)
	}
	next := s.seeds()
	var got []uint64
	for range 4 {
		got = append(got, next())
	}
	if !slices.Equal(got, []uint64{11, 13, 16, 17}) {
		t.Errorf("the seeds left are %v", got)
	}
	for _, seed := range []uint64{13, 11} {
		s.done(seed)
	}
	if s.Next != 16 || len(s.Ahead) != 0 {
		t.Errorf("next %d, ahead %v", s.Next, s.Ahead)
	}
}
