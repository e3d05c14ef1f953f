// Bench measures what SierraDB reaches beside the disk and beside Redis, and
// writes the tables of docs/performance.md.
//
// It starts SierraDB with one bucket and with four, and redis-server with
// appendfsync always, on loopback and on one disk, and loads them in turn from
// this process: appends with expected versions, scans of 100 events, gets by
// id. For appends there is also a bare loop that writes and syncs as many bytes
// in groups of the same size, and does nothing else: what the disk gives.
//
// Use:
//
//	go run ./cmd/bench --out docs/performance.md
//	go run ./cmd/bench --rows append --connections 16,64 --rounds 5
//
// The generator runs a closed loop on each connection: as many commands as the
// pipeline is deep are written at once, and their replies are read before the
// next ones. It checks every reply, but keeps none. Latencies are those of such
// a batch. Generator and server share the cores of the machine.
//
// The exit status is 1 when something could not be measured or a reply was not
// the expected one, and 2 for wrong flags.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// options are the flags.
type options struct {
	seconds, warmup    float64
	rounds             int
	groups             []string
	widths, depths     []int
	redisPath, binPath string
	settings           []string
	out, parent        string
	profiles           string // directory
	zeroAhead          bool
	events             int    // of the log that a subscriber reads
	subscribers        []int  // of the latency rows
	command            string // the line that repeats this run
}

func (o *options) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	f.SortFlags = false
	f.Float64Var(&o.seconds, "seconds", 3, "length of each measurement")
	f.Float64Var(&o.warmup, "warmup", 0.5, "seconds of load before each measurement")
	f.IntVar(&o.rounds, "rounds", 3, "measurements of each cell; the table has their median")
	f.StringSliceVar(&o.groups, "rows", []string{"append", "scan", "get", "subscribe"}, "which tables: append, scan, get, subscribe")
	f.IntSliceVar(&o.widths, "connections", []int{1, 16, 64, 256}, "connections of the append rows (and of the get rows, up to 64)")
	f.IntSliceVar(&o.depths, "pipeline", []int{1, 16}, "commands that a connection has in flight")
	f.IntVar(&o.events, "events", 1_000_000, "events of the log that a subscriber reads")
	f.IntSliceVar(&o.subscribers, "subscribers", []int{1, 100, 1000}, "subscribers of one stream, for the latency of pushes")
	f.StringVar(&o.redisPath, "redis", "auto", "redis-server to compare with; auto: the one in PATH, none: no comparison")
	f.StringVar(&o.binPath, "sierradb", "auto", "server binary; auto: build ./cmd/sierradb")
	f.StringArrayVar(&o.settings, "set", nil, "setting key=value for both SierraDB servers, repeatable")
	f.BoolVar(&o.zeroAhead, "zero-ahead", false, "let the bare loop write zeros ahead, so that it overwrites blocks")
	f.StringVar(&o.profiles, "profile", "", "existing directory for a processor profile of SierraDB for each row, to be read by go tool pprof")
	f.StringVar(&o.out, "out", "", "document whose tables are replaced; without it they go to standard output")
	f.StringVar(&o.parent, "dir", "", "existing directory on the disk to measure (default: that for temporary files)")
	return f
}

// run is main without the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := new(options)
	flags := o.flags()
	flags.SetOutput(stderr)
	switch err := flags.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 2
	}
	if err := o.check(flags.Args()); err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 2
	}
	o.command = commandLine(flags)
	ok, err := o.measure(ctx, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
	}
	if err != nil || !ok {
		return 1
	}
	return 0
}

// check refuses values that can't be measured.
func (o *options) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q: all settings are flags", rest[0])
	}
	if !(o.seconds > 0 && o.seconds <= 3600) || !(o.warmup >= 0 && o.warmup <= 3600) {
		return fmt.Errorf("--seconds %g, --warmup %g: expected above 0 (0 for the warm-up) up to 3600", o.seconds, o.warmup)
	}
	if o.profiles != "" && o.binPath != "auto" {
		return fmt.Errorf("--profile %s: profiles are to be had from a server that is built here; expected --sierradb auto", o.profiles)
	}
	if o.rounds < 1 {
		return fmt.Errorf("--rounds %d: expected at least 1", o.rounds)
	}
	for _, name := range o.groups {
		if name != subscribeRows && !slices.ContainsFunc(plans(nil, nil), func(g group) bool { return g.name == name }) {
			return fmt.Errorf("--rows %s: expected append, scan, get or subscribe", name)
		}
	}
	if o.events < 1 {
		return fmt.Errorf("--events %d: expected at least 1", o.events)
	}
	for _, n := range o.subscribers {
		if n < 1 || n > 4096 {
			return fmt.Errorf("--subscribers %d: expected 1 to 4096", n)
		}
	}
	for _, n := range o.widths {
		if n < 1 || n > 4096 {
			return fmt.Errorf("--connections %d: expected 1 to 4096", n)
		}
	}
	for _, n := range o.depths {
		if n < 1 || n > 1024 {
			return fmt.Errorf("--pipeline %d: expected 1 to 1024", n)
		}
	}
	return nil
}

// commandLine is how this run can be repeated. Paths of this machine are
// replaced by a word; the document is no setting of the measurement.
func commandLine(flags *pflag.FlagSet) string {
	line := "go run ./cmd/bench"
	flags.Visit(func(f *pflag.Flag) {
		switch value := strings.Trim(f.Value.String(), "[]"); f.Name {
		case "out":
		case "dir", "redis", "sierradb", "profile":
			if value != "none" && value != "auto" {
				value = strings.ToUpper(f.Name)
			}
			line += " --" + f.Name + " " + value
		case "zero-ahead":
			line += " --" + f.Name
		case "set":
			for _, setting := range f.Value.(pflag.SliceValue).GetSlice() {
				line += " --set " + setting
			}
		default:
			line += " --" + f.Name + " " + value
		}
	})
	return line
}

// measure runs the groups that were asked for and writes their tables. It
// returns false when some reply was not the expected one.
func (o *options) measure(ctx context.Context, stdout, stderr io.Writer) (ok bool, err error) {
	dir, err := os.MkdirTemp(o.parent, "sierradb-bench-")
	if err != nil {
		return false, fmt.Errorf("make a directory: %w", err)
	}
	// The servers run in directories of their own.
	if dir, err = filepath.Abs(dir); err != nil {
		return false, fmt.Errorf("make a directory: %w", err)
	}
	defer func() {
		if e := os.RemoveAll(dir); e != nil {
			err = errors.Join(err, fmt.Errorf("remove the directory of this run: %w", e))
		}
	}()
	if kind := fileSystem(dir); kind == "tmpfs" {
		fmt.Fprintln(stderr, "bench: the data lies in memory (tmpfs), where a sync costs nothing: name a directory on a disk with --dir")
	}
	b := &bench{options: *o, dir: dir, stderr: stderr}
	if b.redis, err = findRedis(o.redisPath, stderr); err != nil {
		return false, err
	}
	if b.binary, err = findSierra(ctx, o.binPath, dir, o.profiles != ""); err != nil {
		return false, err
	}
	where := machine(dir, b.redis)
	ok = true
	for _, g := range plans(o.widths, o.depths) {
		if !slices.Contains(o.groups, g.name) {
			continue
		}
		results, err := b.run(ctx, g)
		if err != nil {
			return false, fmt.Errorf("measure %s: %w", g.name, err)
		}
		ok = ok && problems(results) == ""
		if err := o.show(stdout, g.name, section(g, results, where, o.command)); err != nil {
			return false, err
		}
	}
	if !slices.Contains(o.groups, subscribeRows) {
		return ok, nil
	}
	text, err := b.subscribe(ctx, where)
	if err != nil {
		return false, fmt.Errorf("measure %s: %w", subscribeRows, err)
	}
	return ok, o.show(stdout, subscribeRows, text)
}

// show writes a section where it is wanted.
func (o *options) show(stdout io.Writer, name, text string) error {
	if o.out == "" {
		_, err := fmt.Fprintf(stdout, "### %s\n\n%s\n", name, text)
		return err
	}
	return writeSection(o.out, name, text)
}

// findRedis returns the path of redis-server, or "" when there is none.
func findRedis(asked string, stderr io.Writer) (string, error) {
	switch asked {
	case "none":
		return "", nil
	case "auto":
		path, err := exec.LookPath("redis-server")
		if err != nil {
			fmt.Fprintln(stderr, "bench: no redis-server in PATH: its columns stay empty")
			return "", nil
		}
		return path, nil
	}
	return findBinary("redis", asked)
}

// findSierra returns the path of the server, building it into dir if no other
// is asked for.
func findSierra(ctx context.Context, asked, dir string, profiled bool) (string, error) {
	if asked == "auto" {
		return buildSierra(ctx, dir, profiled)
	}
	return findBinary("sierradb", asked)
}

// findBinary makes the path that a flag gives absolute.
func findBinary(flag, asked string) (string, error) {
	path, err := exec.LookPath(asked)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flag, err)
	}
	return path, nil
}
