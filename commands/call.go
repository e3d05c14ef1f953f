package commands

import (
	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
)

// Call is one command in flight: what it may ask, and where its reply is built.
// It belongs to the session and is valid in Run, Done and the calls of a Sink.
//
// A reply is one frame. Building it in several steps is fine, in Run and from a
// Sink too; [Call.Fail] replaces what was built so far.
type Call struct {
	s      *Session
	seq    uint64 // commands of a connection are numbered from 0
	module int
	cmd    Command
	proto  resp3.Proto // when the command came: HELLO does not change replies to earlier ones
	state  callState
	req    request
	opens  *subscription // begins behind the reply
	after  resp3.Proto   // what the connection speaks behind the command
	bytes  int           // of the command on the wire
	buf    []byte
	start  int // of the reply in buf
}

type callState uint8

const (
	callRunning callState = iota // Run has not returned
	callWaiting                  // its request waits for earlier ones
	callAsked                    // the store has its request
	callDone                     // the reply is complete
)

// request is what a command asks of the store: one of the two.
type request struct {
	append *event.Append
	query  *event.Query
	bucket int // or everyBucket
}

// everyBucket is the bucket of a request that concerns all of them.
const everyBucket = -1

func (r *request) none() bool { return r.append == nil && r.query == nil }

// heavy says whether the answer may be large.
func (r *request) heavy() bool { return r.query != nil && r.query.Sink != nil }

// Append starts an append; Done is called when it is answered. The session
// fills in Token and empties the answer, the store fills in the partition,
// missing ids and timestamps. a and what it refers to must stay alone until
// then. A command starts at most one request.
func (c *Call) Append(a *event.Append) {
	a.Token, a.Err, a.First, a.Placed, a.Repeated = c.seq, nil, 0, a.Placed[:0], false
	p := event.PartitionOf(a.Transaction.Key, c.s.partitions)
	c.ask(request{append: a, bucket: int(c.s.store.Bucket(p))})
}

// Query starts a query; Done is called when it is answered. The session fills
// in Token and empties the answer. q must stay alone until then. A command
// starts at most one request.
func (c *Call) Query(q *event.Query) {
	q.Token, q.Err, q.Found, q.Last, q.More = c.seq, nil, false, 0, false
	bucket := everyBucket
	switch q.Kind {
	case event.GetEvent:
	case event.OpenFollow:
		bucket = c.s.bucketOf(q.Follow)
	default:
		bucket = int(c.s.store.Bucket(q.Partition))
	}
	c.ask(request{query: q, bucket: bucket})
}

func (c *Call) ask(r request) {
	if c.state != callRunning || !c.req.none() {
		panic("commands: " + c.s.set.modules[c.module].Spec.Name + " starts more than one request")
	}
	c.req = r
}

// Partitions is the number of partitions of the node.
func (c *Call) Partitions() int { return c.s.partitions }

// Options are the session's settings, with defaults filled in. They are the
// session's: don't change them.
func (c *Call) Options() *Options { return &c.s.o }

// Conn is the state of the connection.
func (c *Call) Conn() *Conn { return &c.s.conn }

// Set is the list of commands that the session knows.
func (c *Call) Set() *Set { return c.s.set }

// Info describes the node.
func (c *Call) Info() Info { return c.s.store.Info() }

// Env is the environment of the session.
func (c *Call) Env() *actor.Env { return c.s.env }

// Quit closes the connection once this command and those before it are
// answered; commands behind it are not run.
func (c *Call) Quit() { c.s.closing = true }

// reset makes c the call of command number seq.
func (c *Call) reset(s *Session, seq uint64) {
	*c = Call{s: s, seq: seq, proto: s.conn.Proto, buf: c.buf[:0]}
}

// keepReply is the size up to which a reply's memory is kept for the next
// reply. Those of commands in steady state are well below.
const keepReply = 2048
