package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"sierradb/sim"
	"sierradb/vfs"
)

// How often a long run saves its state, and says how far it is.
const (
	saveEvery = 5 * time.Second
	tellEvery = time.Minute
)

// runLong runs fresh seeds until time is up or a signal comes.
func runLong(f *flags, stdout, stderr io.Writer) int {
	commit, err := builtFrom()
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if f.hours > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(f.hours*float64(time.Hour)))
		defer cancel()
	}
	l := &long{dir: f.long, commit: commit, fleet: f.fleet(stderr), first: uint64(time.Now().Unix()) * 1_000_000, stderr: stderr}
	found, err := l.run(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	l.state.print(stdout)
	return worst(found)
}

// builtFrom is the commit that this program was built from.
func builtFrom() (string, error) {
	commit, dirty := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = "+changes"
			}
		}
	}
	if commit == "" {
		return "", errors.New("--long counts by commit, and this program does not know its own: build it with go build -buildvcs=true, as make sim-long does")
	}
	return commit + dirty, nil
}

// long is a run over fresh seeds that survives its process.
type long struct {
	dir    string
	commit string
	fleet  *fleet
	first  uint64 // the first seed, where no state says better
	stderr io.Writer
	limit  uint64 // seeds to run; 0: any number

	state *state
}

// run goes on from the state in dir until ctx ends or limit is reached, and
// returns what it found. Runs under way come to their end and are counted.
func (l *long) run(ctx context.Context) (found []report, err error) {
	if err := os.MkdirAll(filepath.Join(l.dir, foundDir), 0o777); err != nil {
		return nil, err
	}
	disk, err := vfs.OpenOS(l.dir)
	if err != nil {
		return nil, err
	}
	lock, err := disk.Lock(lockFile, fmt.Sprintf("process %d", os.Getpid()))
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := l.load(); err != nil {
		return nil, err
	}
	var failure error
	began := time.Now()
	saved, told, runs := began, began, uint64(0)
	era := l.state.era(l.commit, began.UTC().Truncate(time.Second))
	next, claimed := l.state.seeds(), uint64(0)
	err = l.fleet.drain(func() (uint64, bool) {
		if claimed++; ctx.Err() != nil || l.limit > 0 && claimed > l.limit {
			return 0, false
		}
		return next(), true
	}, func(r report) bool {
		now := time.Now()
		if era.add(r, now.UTC().Truncate(time.Second)) {
			failure = l.keep(r)
			fmt.Fprintf(l.stderr, "seed %d: %.400s\n", r.Seed, r.Violation)
		}
		if r.Violation != "" && len(found) < failedMax {
			found = append(found, report{Seed: r.Seed, Property: r.Property})
		}
		l.state.done(r.Seed)
		runs++
		if failure == nil && now.Sub(saved) > saveEvery {
			saved = now
			failure = l.state.save(l.dir)
		}
		if now.Sub(told) > tellEvery {
			told = now
			fmt.Fprintf(l.stderr, "%d seeds in %s, %.1f a second, next %d\n", runs, now.Sub(began).Round(time.Second), float64(runs)/now.Sub(began).Seconds(), l.state.Next)
		}
		return failure == nil
	})
	return found, errors.Join(err, failure, l.state.save(l.dir))
}

// load reads the state, or begins one.
func (l *long) load() error {
	s, warning, err := loadState(l.dir)
	if err != nil {
		return err
	}
	if warning != "" {
		fmt.Fprintln(l.stderr, "simrun:", warning)
	}
	if s == nil {
		s = &state{First: l.first, Next: l.first}
	}
	l.state = s
	return nil
}

// keep writes a finding into files: its plan, and what it broke.
func (l *long) keep(r report) error {
	name := filepath.Join(l.dir, foundDir, fmt.Sprintf("seed-%d", r.Seed))
	replay := (&flags{}).replay(r)
	verdict := fmt.Sprintf("seed     %d\ncommit   %s\nbroke    %s\nreplay   %s\nor       go run ./cmd/simrun --plan %s\n\n%s\n%s",
		r.Seed, l.commit, r.Property, replay, filepath.Base(name)+".plan", r.Violation, r.Stack)
	return errors.Join(writeSynced(name+".plan", sim.NewPlan(r.Seed).Text()), writeSynced(name+".txt", []byte(verdict)))
}
