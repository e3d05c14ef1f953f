package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"sierradb/client"
)

const tailHead = `Print events as they are appended.

Usage:
  sierradb tail [flags] STREAM...            of streams
  sierradb tail [flags] --partition LIST     of partitions: 3, or 0-7,12, or a UUID key
  sierradb tail [flags] --all                of all partitions

Flags:
`

const tailTail = `
A line is time, stream, version, name, payload, metadata, and in brackets the
partition and the sequence in it. Bytes that are no text are shown as \x escapes;
with --json as base64, under payload_base64 and metadata_base64.

A lost connection is opened again and the events go on behind the last one. The
end comes with SIGINT or SIGTERM, with the reader of the output, or after --count.

Examples:
  sierradb tail user-123
  sierradb tail --from start --count 10 user-123 user-124
  sierradb tail --all --json | jq .event_name
`

// following is what tail is asked to do.
type following struct {
	address    string
	from       string
	key        string
	partitions string
	all        bool
	json       bool
	count      uint64
	help       bool
	streams    []string
}

func (f *following) flags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("sierradb tail", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.SortFlags = false
	fs.StringVarP(&f.address, "address", "a", "127.0.0.1:9090", "`HOST:PORT` of the node")
	fs.StringVarP(&f.from, "from", "f", "latest", "`WHERE` to begin: latest, start, or a version of each stream or sequence of each partition")
	fs.StringVarP(&f.partitions, "partition", "p", "", "follow partitions; `LIST` holds ids, ranges and UUID keys")
	fs.BoolVar(&f.all, "all", false, "follow all partitions")
	fs.StringVarP(&f.key, "key", "k", "", "partition key of the streams, if they were appended with one: a `UUID`")
	fs.BoolVarP(&f.json, "json", "j", false, "print each event as a line of JSON, with the names that the protocol has")
	fs.Uint64VarP(&f.count, "count", "n", 0, "end after `N` events")
	fs.BoolVarP(&f.help, "help", "h", false, "print this help and exit")
	return fs
}

func writeTailHelp(w io.Writer) {
	fmt.Fprint(w, tailHead, new(following).flags().FlagUsagesWrapped(columns), tailTail)
}

// tail is the subcommand. It runs until ctx ends.
func tail(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := new(following)
	fs := f.flags()
	if err := fs.Parse(args); err != nil {
		return misusedTail(stderr, usageError(fs, err))
	}
	if f.help {
		writeTailHelp(stdout)
		return exitOK
	}
	f.streams = fs.Args()
	c, err := client.New(client.Options{Addr: f.address, Name: "sierradb-tail"})
	if err != nil {
		return misusedTail(stderr, fmt.Errorf("--address %q: HOST:PORT is expected", f.address))
	}
	defer c.Close()
	seen := notices{w: stderr}
	out := &printer{w: newWriter(stdout), json: f.json}
	sub, err := f.subscription(c, client.SubscribeOptions{Positions: out, Interrupted: seen.tell})
	if err != nil {
		return misusedTail(stderr, err)
	}
	// A node that was never there is rather a mistake than a lost connection.
	if err := reach(ctx, f.address); err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "sierradb tail:", err)
		return exitError
	}
	n := uint64(0)
	for e, err := range sub.Events(ctx) {
		switch {
		case err == nil:
			out.print(&e)
		case ctx.Err() != nil || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe):
			return exitOK
		default:
			fmt.Fprintln(stderr, "sierradb tail:", err)
			return exitError
		}
		if n++; n == f.count {
			break
		}
	}
	if err := out.w.Flush(); err != nil && !errors.Is(err, syscall.EPIPE) {
		fmt.Fprintln(stderr, "sierradb tail:", err)
		return exitError
	}
	return exitOK
}

// reach connects once.
func reach(ctx context.Context, address string) error {
	c, err := client.New(client.Options{Addr: address, Name: "sierradb-tail", Retry: client.Retry{For: -1}})
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Ping(ctx)
}

// subscription makes the subscription that is asked for.
func (f *following) subscription(c *client.Client, o client.SubscribeOptions) (*client.Subscription, error) {
	switch f.from {
	case "latest":
		o.From = client.Latest
	case "start":
		o.From = client.Start
	default:
		n, err := strconv.ParseUint(f.from, 10, 63)
		if err != nil {
			return nil, fmt.Errorf("--from %q: latest, start or a number is expected", f.from)
		}
		o.From = client.At(n)
	}
	var key uuid.UUID
	if f.key != "" {
		var err error
		if key, err = uuid.Parse(f.key); err != nil {
			return nil, fmt.Errorf("--key %q: a UUID is expected", f.key)
		}
	}
	switch {
	case !f.all && f.partitions == "" && len(f.streams) == 0:
		return nil, errors.New("a stream, --partition or --all is expected")
	case f.all && f.partitions != "", len(f.streams) > 0 && (f.all || f.partitions != ""):
		return nil, errors.New("streams, --partition and --all exclude each other")
	case f.key != "" && len(f.streams) == 0:
		return nil, errors.New("--key is for streams")
	case f.all:
		return c.SubscribeAll(o), nil
	case f.partitions != "":
		list, err := client.ParsePartitions(f.partitions)
		if err != nil {
			return nil, fmt.Errorf("--partition: %w", err)
		}
		return c.SubscribePartitions(list, o), nil
	}
	var streams []client.StreamID
	for _, id := range f.streams {
		streams = append(streams, client.StreamID{ID: id, PartitionKey: key})
	}
	return c.SubscribeStreams(streams, o), nil
}

func misusedTail(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "sierradb tail: %s\nRun 'sierradb tail --help' for usage.\n", strings.TrimSpace(err.Error()))
	return exitUsage
}

// tailUntilSignal is tail of the real program.
func tailUntilSignal(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // writing says it
	return tail(ctx, args, stdout, stderr)
}

// notices are what the user is told of interruptions: each kind once in a
// while, however often it is tried again.
type notices struct {
	w    io.Writer
	last string
	when time.Time
}

const noticeEvery = 30 * time.Second

func (n *notices) tell(err error) {
	if text := err.Error(); text != n.last || time.Since(n.when) > noticeEvery {
		fmt.Fprintf(n.w, "sierradb tail: %s; trying again\n", text)
		n.last, n.when = text, time.Now()
	}
}
