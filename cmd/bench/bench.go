package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sierradb/commands/resp3"
	"sierradb/vfs"
)

// The contenders, in the order of their columns.
const (
	bare = iota
	redisServer
	oneBucket
	fourBuckets
	contenders
)

var contenderNames = [contenders]string{"bare loop", "Redis", "bucket.count = 1", "bucket.count = 4"}

// A bench runs plans.
type bench struct {
	options
	dir    string // all data is below it, and it is the bench's to remove
	binary string // of SierraDB
	redis  string // of redis-server; "" when there is none
	stderr io.Writer
	runs   int // measurements so far
}

// A result is a row with what was measured for it, a sample a round.
type result struct {
	row
	items    bool
	samples  [contenders][]*sample
	problems [contenders]string // the first error or unexpected reply of each
}

// add keeps a sample, or the reason why there is none.
func (r *result) add(who int, s *sample, err error) {
	if err == nil {
		r.samples[who] = append(r.samples[who], s)
		if s.errors > 0 {
			err = fmt.Errorf("%d of the replies in one round were not as expected, the first: %s", s.errors, s.problem)
		}
	}
	if err != nil && r.problems[who] == "" {
		r.problems[who] = err.Error()
	}
}

// A fleet is the contenders of one row, or of a whole group.
type fleet struct {
	dir     string
	servers [contenders]*server // nil where there is none
	bare    *bareLoop           // nil where it does not contend
}

// start starts all contenders of a group, with data for those that only read.
func (b *bench) start(ctx context.Context, g group) (*fleet, error) {
	dir, err := os.MkdirTemp(b.dir, g.name+"-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for servers: %w", err)
	}
	f := &fleet{dir: dir}
	if err := b.fill(ctx, f, g); err != nil {
		return nil, errors.Join(err, f.stop())
	}
	return f, nil
}

func (b *bench) fill(ctx context.Context, f *fleet, g group) (err error) {
	if b.redis != "" {
		if f.servers[redisServer], err = startRedis(ctx, b.redis, filepath.Join(f.dir, "redis")); err != nil {
			return err
		}
	}
	for _, c := range []struct{ who, buckets int }{{oneBucket, 1}, {fourBuckets, 4}} {
		settings := append([]string{bucketCount(c.buckets)}, b.settings...)
		dir := filepath.Join(f.dir, fmt.Sprintf("sierradb-%d", c.buckets))
		if f.servers[c.who], err = startSierra(ctx, b.binary, dir, settings); err != nil {
			return err
		}
	}
	if g.bare {
		files, err := vfs.OpenOS(filepath.Join(f.dir, "bare"))
		if err != nil {
			return fmt.Errorf("bare loop: %w", err)
		}
		f.bare = &bareLoop{fs: files, size: bareFile, zeroAhead: b.zeroAhead}
	}
	for _, s := range f.servers {
		if s == nil || g.fresh {
			continue
		}
		if err := s.preload(); err != nil {
			return err
		}
	}
	return nil
}

// has says whether a contender takes part.
func (f *fleet) has(who int) bool {
	if who == bare {
		return f.bare != nil
	}
	return f.servers[who] != nil
}

// stop ends the servers and removes what they wrote.
func (f *fleet) stop() error {
	var errs []error
	for _, s := range f.servers {
		if s != nil {
			errs = append(errs, s.stop())
		}
	}
	if err := os.RemoveAll(f.dir); err != nil {
		errs = append(errs, fmt.Errorf("remove what the servers wrote: %w", err))
	}
	return errors.Join(errs...)
}

// run measures a group. Rounds go around the contenders and each round begins
// with another one, so that what else the machine does hits all of them.
func (b *bench) run(ctx context.Context, g group) ([]*result, error) {
	fleets := [][]row{g.rows}
	if g.fresh {
		fleets = slices.Collect(slices.Chunk(g.rows, 1))
	}
	var results []*result
	for _, rows := range fleets {
		more, err := b.runRows(ctx, g, rows)
		if err != nil {
			return nil, err
		}
		results = append(results, more...)
	}
	return results, nil
}

// runRows measures rows with the same servers.
func (b *bench) runRows(ctx context.Context, g group, rows []row) (results []*result, err error) {
	f, err := b.start(ctx, g)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	for _, r := range rows {
		res := &result{row: r, items: g.items}
		for turn := range b.rounds * contenders {
			round := turn / contenders
			who := (round + turn) % contenders
			if !f.has(who) {
				continue
			}
			s, err := b.measure(ctx, f, who, r, profileName(g, r, who))
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			res.add(who, s, err)
			b.progress(g, r, round, who, s, err)
		}
		results = append(results, res)
	}
	return results, nil
}

// measure takes one sample of one contender, and the profile that goes with it.
func (b *bench) measure(ctx context.Context, f *fleet, who int, r row, profile string) (*sample, error) {
	if who == bare {
		return f.bare.run(ctx, grouping(r.conns, r.depth), b.warm(), b.window())
	}
	s := f.servers[who]
	b.runs++
	l := load{
		addr: s.addr, pid: s.pid(), conns: r.conns, depth: r.depth,
		warm: b.warm(), window: b.window(), script: r.script(s, b.runs),
	}
	if s.kind == sierra {
		l.hello = resp3.AppendCommand(nil, "HELLO", "3")
	}
	finish := func() error { return nil }
	if s.kind == sierra && b.profiles != "" {
		finish = b.profile(ctx, s, profile)
	}
	sample, err := l.run(ctx)
	err = errors.Join(err, finish())
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w; the server's last words: %s", err, s.lastWords())
	}
	return sample, err
}

func (b *bench) progress(g group, r row, round, who int, s *sample, err error) {
	fmt.Fprintf(b.stderr, "%s %v, round %d, %s: ", g.name, r.labels, round+1, contenderNames[who])
	switch {
	case err != nil:
		fmt.Fprintln(b.stderr, err)
	case s.errors > 0:
		fmt.Fprintf(b.stderr, "%d errors, the first: %s\n", s.errors, s.problem)
	default:
		fmt.Fprintf(b.stderr, "%s/s\n", thousands(s.rate(g.items)))
	}
}

// rate is what a sample counted in a second: replies, or the events in them.
func (s *sample) rate(items bool) float64 {
	n := s.ops
	if items {
		n = s.items
	}
	return float64(n) / s.elapsed.Seconds()
}

func (o *options) window() time.Duration { return seconds(o.seconds) }
func (o *options) warm() time.Duration   { return seconds(o.warmup) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
