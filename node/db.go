package node

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"sierradb/core"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
	"sierradb/vfs"
)

// Version is the version of the program.
const Version = "0.1.0"

// DB is a database that this process serves: real files, actors on goroutines,
// no listener. The server puts its listener on top (node/tcp); a program that
// embeds the database calls the methods. They may be called from any goroutine.
type DB struct {
	runner *Runner
	node   *Node
	report Report
	calls  sync.WaitGroup // of Append and the reads

	mu     sync.Mutex // guards closed and the calls into node
	closed bool
}

// Report says what opening did.
type Report struct {
	ID          uuid.UUID
	Buckets     int
	Partitions  int
	SegmentSize int64
	Phases      []Phase
	Warnings    []string
	Damaged     []error // buckets that are not served, with file and offset
}

// Phase is one step of start-up.
type Phase struct {
	Name   string
	Took   time.Duration
	Detail string
}

// Open opens or creates the database in dir. A second process that opens it is
// refused with a *vfs.LockedError that names the first one's pid, and another
// number of buckets or partitions than dir was made with by a *core.FixedError.
// Damaged buckets don't keep the others from being served: see [DB.Report].
func Open(dir string, o Options) (*DB, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	begin := time.Now()
	files, err := vfs.OpenOS(dir)
	if err != nil {
		return nil, openError(dir, err)
	}
	seed, err := newSeed()
	if err != nil {
		return nil, err
	}
	db := &DB{}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	hooks := newJournal(o.Logger)
	db.runner = NewRunner(files, seed.Fork(1), hooks, func(reason string) { panic("node: stopped: " + reason) })
	world := World{Rand: seed, Owner: fmt.Sprintf("process %d", os.Getpid()), Version: Version, Hooks: hooks}
	world.Phase = func(name, detail string) {
		db.report.Phases = append(db.report.Phases, Phase{Name: name, Took: time.Since(begin), Detail: detail})
		begin = time.Now()
	}
	if db.node, err = New(db.runner, files, o, world); err != nil {
		db.runner.Close()
		return nil, openError(dir, err)
	}
	db.runner.Add(callerID, newCaller(db.node))
	db.describe()
	return db, nil
}

// refusal is why a directory can't be opened, in one line for a person.
type refusal struct {
	text  string
	cause error
}

func (e *refusal) Error() string { return e.text }
func (e *refusal) Unwrap() error { return e.cause }

// openError says in one line why a directory can't be opened.
func openError(dir string, err error) error {
	because := func(format string, args ...any) error {
		return &refusal{fmt.Sprintf(format, args...), err}
	}
	var locked *vfs.LockedError
	var fixed *core.FixedError
	cause := rootCause(err)
	switch {
	case errors.As(err, &locked):
		return because("directory %s is locked by %s: one process serves it at a time", dir, locked.Owner)
	case errors.As(err, &fixed):
		return because("%v", fixed)
	case errors.Is(err, syscall.ENOTDIR):
		return because("%s is not a directory", notDirectory(dir))
	case errors.Is(err, syscall.EROFS), errors.Is(err, vfs.ErrNoSpace):
		return because("directory %s can't be written: %v", dir, cause)
	case errors.Is(err, fs.ErrPermission):
		text := fmt.Sprintf("directory %s can't be written: %v", dir, cause)
		// One file may be another user's where the directory is not: name it.
		if what := strings.TrimSuffix(err.Error(), ": "+cause.Error()); what != "open root "+dir {
			text += " (" + what + ")"
		}
		return because("%s", text)
	}
	return fmt.Errorf("open directory %s: %w", dir, err)
}

// rootCause is what the operating system said, or else err.
func rootCause(err error) error {
	var number syscall.Errno
	switch {
	case errors.As(err, &number):
		return number
	case errors.Is(err, vfs.ErrNoSpace):
		return vfs.ErrNoSpace
	}
	return err
}

// notDirectory finds what stands where dir or one of its parents should.
func notDirectory(dir string) string {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if st, err := os.Stat(at); err == nil && !st.IsDir() {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// newSeed draws the randomness of this life of the node (architecture S24).
func newSeed() (*actor.Rand, error) {
	var b [8]byte
	if _, err := crand.Read(b[:]); err != nil {
		return nil, fmt.Errorf("draw a random seed: %w", err)
	}
	return actor.NewRand(binary.LittleEndian.Uint64(b[:])), nil
}

func (db *DB) describe() {
	s := db.node.Store()
	db.report.ID, db.report.Buckets, db.report.Partitions, db.report.SegmentSize = s.ID(), s.Buckets(), s.Partitions(), s.SegmentSize()
	db.report.Warnings = s.Warnings
	for _, err := range db.node.Damaged() {
		if err != nil {
			db.report.Damaged = append(db.report.Damaged, err)
		}
	}
}

// Report says what opening did.
func (db *DB) Report() Report { return db.report }

// Appended is the result of an append.
type Appended struct {
	Partition event.PartitionID
	First     event.Sequence // of the first event; the others follow
	Events    []event.Placed // in the order of the transaction
	Repeated  bool           // the same event ids had been appended before
}

// Append appends a transaction: all of its events or none. Key is its partition
// key; with a zero Key and one event it is derived from the stream id. It
// returns once the events are durable and visible. After event.ErrTimeout the
// outcome is unknown; call again with the same event ids to find out.
//
// An event with an ID keeps it, one without gets one. t must not be changed
// until Append returns, and not at all after an error of ctx.
func (db *DB) Append(ctx context.Context, t event.Transaction) (Appended, error) {
	a := &event.Append{Transaction: t}
	if err := prepare(&a.Transaction); err != nil {
		return Appended{}, err
	}
	if err := db.do(ctx, &call{append: a}); err != nil {
		return Appended{}, err
	}
	if a.Err != nil {
		return Appended{}, a.Err
	}
	return Appended{Partition: a.Transaction.Partition, First: a.First, Events: a.Placed, Repeated: a.Repeated}, nil
}

// prepare checks a program's transaction as commands check a client's.
func prepare(t *event.Transaction) error {
	if len(t.Events) == 0 {
		return fmt.Errorf("%w: a transaction needs at least one event", event.ErrInvalid)
	}
	t.Events = append([]event.New(nil), t.Events...)
	t.Derived = false
	for i := range t.Events {
		ev := &t.Events[i]
		if err := event.CheckStream(ev.Stream); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		if err := event.CheckName(ev.Name); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		ev.GivenID = ev.ID != uuid.Nil
		ev.GivenTime = ev.GivenTime || ev.Timestamp != 0
		if ev.Timestamp < 0 || ev.Timestamp > event.TimestampMax {
			return fmt.Errorf("%w: event %d: timestamp must be 0 to %d ms, got %d", event.ErrInvalid, i, int64(event.TimestampMax), ev.Timestamp)
		}
	}
	if t.Key == uuid.Nil {
		if len(t.Events) > 1 {
			return fmt.Errorf("%w: a transaction of several events needs a partition key", event.ErrInvalid)
		}
		t.Key, t.Derived = event.KeyOf(t.Events[0].Stream), true
	}
	return nil
}

// Get returns the event with an id, and whether there is one.
func (db *DB) Get(ctx context.Context, id uuid.UUID) (event.Event, bool, error) {
	got := &collected{}
	q := &event.Query{Kind: event.GetEvent, ID: id, Limit: 1, Sink: got}
	if err := db.ask(ctx, q); err != nil || !q.Found {
		return event.Event{}, false, err
	}
	return got.events[0], true, nil
}

// Range asks for a run of events.
type Range struct {
	From, To uint64 // inclusive bounds; event.NoVersion is the end
	Limit    int    // at most so many events
	Reverse  bool   // from To down to From
}

// All is the range of every event, a page of limit.
func All(limit int) Range { return Range{To: event.NoVersion, Limit: limit} }

// ScanStream returns a page of a stream's events by version, and whether more
// lie in the range. A zero key is the one derived from the stream id.
func (db *DB) ScanStream(ctx context.Context, stream event.StreamKey, r Range) ([]event.Event, bool, error) {
	if stream.Key == uuid.Nil {
		stream.Key = event.KeyOf(stream.ID)
	}
	return db.scan(ctx, &event.Query{Kind: event.ScanStream, Stream: stream}, r)
}

// ScanPartition returns a page of a partition's events by sequence, and whether
// more lie in the range.
func (db *DB) ScanPartition(ctx context.Context, p event.PartitionID, r Range) ([]event.Event, bool, error) {
	if int(p) >= db.report.Partitions {
		return nil, false, fmt.Errorf("%w: partition %d is out of range 0..%d", event.ErrInvalid, p, db.report.Partitions-1)
	}
	return db.scan(ctx, &event.Query{Kind: event.ScanPartition, Partition: p}, r)
}

func (db *DB) scan(ctx context.Context, q *event.Query, r Range) ([]event.Event, bool, error) {
	got := &collected{}
	q.From, q.To, q.Limit, q.Reverse, q.Sink = r.From, r.To, r.Limit, r.Reverse, got
	if err := db.ask(ctx, q); err != nil {
		return nil, false, err
	}
	return got.events, q.More, nil
}

func (db *DB) ask(ctx context.Context, q *event.Query) error {
	if err := db.do(ctx, &call{query: q}); err != nil {
		return err
	}
	return q.Err
}

// collected gathers copies of events.
type collected struct{ events []event.Event }

func (c *collected) Event(ev *event.Event) bool {
	c.events = append(c.events, ev.Clone())
	return true
}

// Connect adds a session that talks over conn; Input and Closed feed it.
func (db *DB) Connect(conn Conn) (actor.ID, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return actor.ID{}, event.ErrClosed
	}
	id, s := db.node.session()
	db.runner.add(id, s, conn)
	return id, nil
}

// Input hands bytes from the connection to its session, which keeps them. It may
// run the session, and so block while the client takes its replies.
func (db *DB) Input(id actor.ID, p []byte) {
	db.runner.input(id, p)
}

// Ended tells a session that its client has closed its side: it finishes what it
// was sent and hangs up.
func (db *DB) Ended(id actor.ID) { db.runner.Post(id, actor.Event{Kind: actor.Closed}) }

// Drain asks a session to finish what is in flight and hang up.
func (db *DB) Drain(id actor.ID) { db.runner.Post(id, actor.Event{Kind: actor.Stop}) }

// Disconnect ends a session whose connection is gone.
func (db *DB) Disconnect(id actor.ID) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.node.Disconnect(id)
}

// Close finishes the calls in flight, stops the actors and releases the
// directory. Sessions must have been disconnected.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	db.calls.Wait()
	for b := range db.report.Buckets {
		db.runner.Post(replica.ID(event.BucketID(b)), actor.Event{Kind: actor.Stop})
	}
	db.runner.Quiesce()
	db.runner.Close()
	return db.node.Close()
}
