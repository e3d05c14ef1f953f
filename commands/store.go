package commands

import (
	"sierradb/core/actor"
	"sierradb/core/event"
)

// Store is what commands ask of a node. It belongs to one session and is
// called in that session's Step only. Calls return at once; the answer arrives
// as an event that Deliver understands, the request block being its identity.
type Store interface {
	// Append starts an append. The transaction's Partition is filled in from its
	// Key; missing event ids, timestamps and the transaction id are filled in
	// here, once. a must stay alone until it comes back from Deliver.
	Append(env *actor.Env, a *event.Append)
	// Query starts a query. q.Sink is called during Deliver, never later than
	// the Deliver that returns q.
	Query(env *actor.Env, q *event.Query)
	// Deliver handles an event that the session does not know. It returns the
	// request that the event completed, if any: at most one is not nil.
	Deliver(env *actor.Env, ev *actor.Event) (*event.Append, *event.Query)
	// Resume lets a subscription go on that an OpenFollow has opened: at first,
	// and when its sink takes events again. Its sink is called in this call and
	// in those of Deliver.
	Resume(env *actor.Env, f *event.Follow)
	// Unfollow gives a subscription up: its sink is not called any more.
	Unfollow(env *actor.Env, f *event.Follow)
	// Hurry lets no query wait for events, now and later.
	Hurry(env *actor.Env)
	// Bucket is the bucket of a partition: requests to one bucket are answered
	// in order.
	Bucket(p event.PartitionID) event.BucketID
	// Info tells what HELLO and INFO show.
	Info() Info
}

// Info describes a node.
type Info struct {
	Version    string
	PeerID     string // stable across restarts
	Partitions int
	Buckets    int
	Mode       string // "standalone" or "cluster"
	// Sections of INFO beyond those of the session, in order.
	Sections []InfoSection
}

// InfoSection is one section of INFO.
type InfoSection struct {
	Name   string // "persistence"
	Fields [][2]string
}
