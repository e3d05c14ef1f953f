// Package node composes a member of the cluster: the store of a data directory,
// one replica for each of its buckets, and sessions for its clients.
//
// The same composition runs in production and in the simulator. [New] opens the
// store in any vfs.FS and puts the replicas on any [Host]; [Open] does so with
// real files and a [Runner], which is also how a program embeds the database.
package node

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"sierradb/commands"
	"sierradb/core"
	"sierradb/core/actor"
	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/node/replica"
	"sierradb/vfs"
)

var _ replica.Log = (*bucket.Bucket)(nil)

// World is what a node is told about the outside when it starts.
type World struct {
	Rand    *actor.Rand // seeds all randomness of this life of the node
	Owner   string      // written into the lock file, "pid 4711"
	Hooks   actor.Hooks // nil in production
	Version string      // of the program, for HELLO and INFO

	// Phase is told as each phase of start-up ends; it may be nil.
	Phase func(name, detail string)
}

// Node is an open store with its actors. It is not safe for concurrent use:
// whoever runs the host serialises the calls.
type Node struct {
	host     Host
	o        Options
	store    *core.Store
	replicas []bool  // by bucket: has a replica
	damaged  []error // by bucket: why it has none
	info     commands.Info
	set      *commands.Set
	nextConn uint32
}

// New recovers the store in fs and adds one replica for each bucket to host. A
// bucket with damaged files gets none: requests for it are refused with the
// file and the offset, the others are served.
func New(host Host, fs vfs.FS, o Options, w World) (*Node, error) {
	o = o.withDefaults()
	if w.Hooks == nil {
		w.Hooks = actor.Quiet{}
	}
	if w.Phase == nil {
		w.Phase = func(string, string) {}
	}
	store, err := core.Open(fs, core.Options{
		Buckets: o.Buckets, Partitions: o.Partitions, SegmentSize: o.SegmentSize,
		Rand: w.Rand, Owner: w.Owner, Hooks: w.Hooks,
	})
	if err != nil {
		return nil, err
	}
	w.Phase("recover the store", recovered(store))
	n := &Node{host: host, o: o, store: store, set: o.Commands,
		replicas: make([]bool, o.Buckets), damaged: make([]error, o.Buckets)}
	for i := range o.Buckets {
		if err := n.start(event.BucketID(i)); err != nil {
			store.Close()
			return nil, err
		}
	}
	w.Phase("start the replicas", "")
	n.info = commands.Info{Version: w.Version, PeerID: store.ID().String(), Partitions: o.Partitions,
		Buckets: o.Buckets, Mode: "standalone", Sections: n.sections()}
	return n, nil
}

// recovered says what recovery found, for the operator.
func recovered(store *core.Store) string {
	var segments int
	var entries, events uint64
	var cut int64
	for i := range store.Buckets() {
		b, err := store.Bucket(event.BucketID(i))
		if err != nil {
			continue // reported as damaged
		}
		r := b.Report()
		segments, entries, events, cut = segments+r.Segments, entries+r.Entries, events+r.Events, cut+r.Cut
	}
	if entries == 0 {
		return fmt.Sprintf("%d buckets, no events yet", store.Buckets())
	}
	text := fmt.Sprintf("%d buckets, %d events known to be committed, %d log entries in %d segments", store.Buckets(), events, entries, segments)
	if cut > 0 {
		text += fmt.Sprintf(", %d bytes of an unfinished write cut off", cut)
	}
	return text
}

// start puts the replica of one bucket to work.
func (n *Node) start(id event.BucketID) error {
	b, err := n.store.Bucket(id)
	if err != nil {
		n.damaged[id] = err
		return nil
	}
	r, err := replica.New(b, replica.Options{Bucket: id, Partitions: n.o.Partitions,
		QueueBytes: n.o.QueueBytes, Timeout: actor.Instant(n.o.Timeout)})
	if err != nil {
		return err
	}
	n.replicas[id] = true
	n.host.Add(replica.ID(id), r)
	return nil
}

// sections are the parts of INFO that the node knows.
func (n *Node) sections() []commands.InfoSection {
	damaged := 0
	for _, err := range n.damaged {
		if err != nil {
			damaged++
		}
	}
	return []commands.InfoSection{{Name: "store", Fields: [][2]string{
		{"node_id", n.store.ID().String()},
		{"buckets", strconv.Itoa(n.o.Buckets)},
		{"partitions", strconv.Itoa(n.o.Partitions)},
		{"segment_size_bytes", strconv.FormatInt(n.store.SegmentSize(), 10)},
		{"buckets_damaged", strconv.Itoa(damaged)},
	}}}
}

// ID identifies the node; it is the same in every life of a data directory.
func (n *Node) ID() uuid.UUID { return n.store.ID() }

// Store gives read access to what recovery found, for reports.
func (n *Node) Store() *core.Store { return n.store }

// Damaged returns, by bucket, why a bucket is not served; nil for the others.
func (n *Node) Damaged() []error { return n.damaged }

// Connect adds a session for a new client connection and returns its id.
func (n *Node) Connect() actor.ID {
	id, s := n.session()
	n.host.Add(id, s)
	return id
}

// session makes the actor of a new connection.
func (n *Node) session() (actor.ID, *commands.Session) {
	n.nextConn++
	return actor.ID{Role: actor.Session, N: n.nextConn}, commands.NewSession(n.set, n.router(), n.o.Session)
}

// Disconnect removes a session. Appends that it left under way run on, its
// subscriptions end.
func (n *Node) Disconnect(id actor.ID) {
	n.host.Remove(id)
	for b := range n.replicas {
		if n.replicas[b] {
			n.host.Post(replica.ID(event.BucketID(b)), actor.Event{From: id, Kind: replica.Leaving})
		}
	}
}

// Close releases the files and the lock of the directory. All actors must have
// stopped.
func (n *Node) Close() error { return n.store.Close() }

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.Buckets == 0 {
		o.Buckets = DefaultBuckets
	}
	if o.Partitions == 0 {
		o.Partitions = DefaultPartitions
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = DefaultQueueBytes
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Commands == nil {
		o.Commands = commands.Builtin()
	}
	return o
}

// Check says what is wrong with options that were given.
func (o Options) Check() error {
	o = o.withDefaults()
	switch {
	case o.Buckets < 1 || o.Buckets > 1<<16-1:
		return fmt.Errorf("%w: bucket.count must be 1 to 65535, got %d", event.ErrInvalid, o.Buckets)
	case o.Partitions < o.Buckets || o.Partitions > 1<<16-1:
		return fmt.Errorf("%w: partition.count must be at least bucket.count (%d) and at most 65535, got %d", event.ErrInvalid, o.Buckets, o.Partitions)
	case o.SegmentSize != 0 && o.SegmentSize < SegmentSizeMin || o.SegmentSize > SegmentSizeMax:
		return fmt.Errorf("%w: segment.size_bytes must be %d to %d, got %d", event.ErrInvalid, SegmentSizeMin, int64(SegmentSizeMax), o.SegmentSize)
	case o.QueueBytes < 1 || o.QueueBytes > QueueBytesMax:
		return fmt.Errorf("%w: bucket.queue_bytes must be 1 to %d, got %d", event.ErrInvalid, int64(QueueBytesMax), o.QueueBytes)
	case o.Timeout < time.Millisecond:
		return fmt.Errorf("%w: append.timeout_ms must be at least 1", event.ErrInvalid)
	}
	return nil
}
