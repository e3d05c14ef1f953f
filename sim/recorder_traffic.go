package sim

import (
	"fmt"
	"strings"

	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
	"sierradb/sim/sched"
	"sierradb/vfs"
)

// connected takes a new connection.
func (r *recorder) connected(cn *conn) {
	if r == nil {
		return
	}
	r.connections[cn] = &link{span: r.begin(Lane{LaneSession, cn.c.n}, ConnectionMoment,
		fmt.Sprintf("connection of client %d, %s", cn.c.n, cn.id), lifeTag(cn.life))}
}

// dropped takes the end of a connection.
func (r *recorder) dropped(cn *conn) {
	if r == nil || r.connections[cn] == nil {
		return
	}
	r.end(r.connections[cn].span)
	delete(r.connections, cn)
}

// asked takes a request that a client makes.
func (r *recorder) asked(op *Op) {
	if r == nil {
		return
	}
	m := r.begin(Lane{LaneClient, op.Client}, RequestMoment, whole(op.String()), op.name())
	r.requests[op] = m
	m.Outcome = MomentPending
	m.detail("request", "%s", whole(op.String()))
	if op.Bad {
		m.detail("malformed", "on purpose: only an error is right")
	}
	m.detail("connection", "%s in life %d", op.Conn.id, op.Conn.life)
	if in := op.Intent; in != nil {
		m.Tags = append(m.Tags, in.tag(), partitionTag(in.Partition))
		if len(in.Attempts) > 1 {
			m.detail("retry", "attempt %d of %s", len(in.Attempts), in.tag())
		}
		m.detail("goes to", "partition %d in bucket %d", in.Partition, r.w.model.bucketOf(in.Partition))
		for i := range in.Events {
			ev := &in.Events[i]
			m.detail("event", "%s in stream %q, which must be at %s, %d bytes", ev.Name, whole(ev.Stream), ev.Expected, len(ev.Payload))
		}
	} else if op.Ask.Kind != 0 && op.Ask.Kind != event.GetEvent {
		m.Tags = append(m.Tags, partitionTag(op.Ask.Partition))
		m.detail("reads", "partition %d in bucket %d", op.Ask.Partition, r.w.model.bucketOf(op.Ask.Partition))
	}
}

// answered takes a request whose reply was judged.
func (r *recorder) answered(op *Op) {
	if r == nil {
		return
	}
	m := r.requests[op]
	r.end(m)
	reply := whole(op.Reply.String())
	m.detail("reply", "%s", reply)
	switch op.Outcome {
	case Done:
		m.Outcome = MomentDone
	case NotDone:
		m.Outcome = MomentRefused
	default:
		m.Outcome = MomentUnknown
	}
	if op.Intent != nil && op.Outcome == Unknown {
		m.detail("so", "the client can't know whether it happened")
	}
	m.Text += " -> " + brief(&op.Reply)
}

// whole is shorten without a half character at the end.
func whole(s string) string { return strings.ToValidUTF8(shorten(s), "") }

// brief shows a reply in few characters.
func brief(v *resp3.Value) string {
	if v.IsError() {
		return strings.ToValidUTF8(string(v.Str), "?")
	}
	if v.IsNull() {
		return "nothing (null)"
	}
	if events, ok := v.Get("events"); ok {
		return fmt.Sprintf("%d events", len(events.Elems))
	}
	if seq, ok := v.Get("partition_sequence"); ok {
		return "OK, sequence " + strings.TrimPrefix(seq.String(), ":")
	}
	if s := v.String(); len(s) <= 60 {
		return s
	}
	return fmt.Sprintf("%.60s...", v.String())
}

// gone takes a request whose connection was lost before the reply came.
func (r *recorder) gone(op *Op) {
	if r == nil {
		return
	}
	m := r.requests[op]
	r.end(m)
	m.Outcome = MomentUnknown
	m.Text += " -> no reply: the connection is lost"
	m.detail("reply", "none: the connection is lost, and the client can't know whether it happened")
}

// output notes when a session put out bytes.
func (r *recorder) output(cn *conn) {
	if r != nil && r.connections[cn] != nil {
		r.connections[cn].left = r.w.s.Now()
	}
}

// delivered takes bytes of a session that reach its client.
func (r *recorder) delivered(cn *conn, piece []byte) {
	if r == nil || r.connections[cn] == nil {
		return
	}
	m := r.add(Lane{LaneClient, cn.c.n}, BytesMoment, fmt.Sprintf("%d bytes of replies: %.80q", len(piece), piece))
	if len(cn.waiting) > 0 {
		m.Tags = append(m.Tags, cn.waiting[0].name())
	}
	m.From, m.Sent = Lane{LaneSession, cn.c.n}, min(r.connections[cn].left, m.At)
}

// laneOf is where an actor's moments stand. Sessions stand with the client of
// their connection.
func (r *recorder) laneOf(id actor.ID) (Lane, bool) {
	switch id.Role {
	case actor.Replica:
		return Lane{LaneBucket, int(id.N)}, true
	case actor.Session:
		if cn := r.w.conns[id]; cn != nil {
			return Lane{LaneSession, cn.c.n}, true
		}
	}
	return Lane{}, false
}

// Handled implements [sched.Watcher].
func (r *recorder) Handled(_ *sched.Machine, to actor.ID, ev *actor.Event, sent actor.Instant) {
	lane, ok := r.laneOf(to)
	if !ok {
		return
	}
	kind, text := MessageMoment, ""
	from, known := r.laneOf(ev.From)
	switch ev.Kind {
	case actor.Start, actor.Tick, actor.Sent, actor.BarrierDone:
		return // they say little; a barrier has a span of its own
	case actor.Input:
		kind, from, known = BytesMoment, Lane{LaneClient, lane.N}, true
		piece, _ := ev.Body.([]byte)
		text = fmt.Sprintf("%d bytes of requests: %.80q", len(piece), piece)
	case actor.Closed:
		text, from, known = "the connection is gone", Lane{LaneClient, lane.N}, true
	case actor.Stop:
		text, from, known = "stop: finish what is in flight", Lane{Role: LaneNode}, true
	case event.Appending:
		text = "please append: " + describe(ev)
	case event.Appended:
		text = "answer: " + describe(ev)
	case replica.Asking:
		text = "please read: " + describe(ev)
	case replica.Answered:
		text = "positions: " + describe(ev)
	default:
		text = strings.TrimSpace(fmt.Sprintf("kind %d %s", ev.Kind, describe(ev)))
	}
	if !known {
		from = lane
	}
	m := r.add(lane, kind, text)
	m.From, m.Sent = from, sent
	r.tag(m, to, ev)
	if ev.Err != nil {
		m.detail("failed", "%v", ev.Err)
	}
}

// tag ties a message to the request that it serves.
func (r *recorder) tag(m *Moment, to actor.ID, ev *actor.Event) {
	session := to
	if ev.From.Role == actor.Session {
		session = ev.From
	}
	switch body := ev.Body.(type) {
	case *event.Append:
		if n, _, ok := intentOf(body.Transaction.Events[0].Name); ok && n < len(r.w.model.intents) {
			in := r.w.model.intents[n]
			m.Tags = append(m.Tags, in.tag(), partitionTag(in.Partition))
			for v := range in.each {
				for _, op := range v.Attempts {
					if op.Conn.id == session && op.Conn.life == r.w.box.m.Life {
						m.Tags = append(m.Tags, op.name())
					}
				}
			}
		}
	case *replica.Ask:
		op := r.asks[body]
		if cn := r.w.conns[session]; op == nil && cn != nil {
			op = r.reader(cn, body)
			r.asks[body] = op
		}
		if op != nil {
			m.Tags = append(m.Tags, op.name(), partitionTag(body.Partition))
		}
		if ev.Kind == replica.Answered {
			delete(r.asks, body)
		}
	}
}

// reader is the oldest request of a connection that an ask can serve, or nil.
func (r *recorder) reader(cn *conn, ask *replica.Ask) *Op {
	for _, op := range cn.waiting {
		if op.Ask.Kind == ask.Kind && (op.Ask.Kind == event.GetEvent && op.Ask.ID == ask.ID || op.Ask.Partition == ask.Partition) {
			return op
		}
	}
	return nil
}

// injector watches what in decides about file operations.
func (r *recorder) injector(in vfs.Injector) vfs.Injector {
	if r == nil {
		return in
	}
	return &fileWatch{in: in, r: r}
}

// fileWatch makes moments of file operations.
type fileWatch struct {
	in   vfs.Injector
	r    *recorder
	last *Moment
}

// Before implements [vfs.Injector].
func (f *fileWatch) Before(op vfs.Op) vfs.Verdict {
	b := f.r.w.box
	m := f.r.add(Lane{LaneDisk, diskOf(op.Name)}, FileMoment, op.String(), lifeTag(b.m.Life))
	if b.booting {
		m.detail("during", "recovery")
	}
	f.last = m
	m.Outcome = MomentDied
	v := f.in.Before(op)
	m.Outcome = ""
	switch {
	case v.Crash:
		m.Outcome = MomentDied
		m.Text += fmt.Sprintf(": the process dies after %d bytes of it", v.Short)
	case v.Err != nil:
		m.Outcome = MomentFailed
		m.Text += fmt.Sprintf(" fails after %d bytes: %v", v.Short, v.Err)
	case v.Shift != 0:
		m.Outcome = MomentFailed
		m.Text += fmt.Sprintf(": returns what stands %d bytes further", v.Shift)
	case len(v.Flip) > 0:
		m.Outcome = MomentFailed
		m.Text += fmt.Sprintf(": %d bits flip on the way", len(v.Flip))
	}
	if m.Outcome != "" {
		f.r.blame(m)
	}
	m.detail("operation", "number %d of life %d", b.ops, b.m.Life)
	return v
}

// After implements [vfs.Injector].
func (f *fileWatch) After(op vfs.Op) {
	before := f.last.Outcome
	f.last.Outcome = MomentDied
	f.in.After(op)
	f.last.Outcome = before
}

// diskOf is the bucket whose file or folder a name is, or -1.
func diskOf(name string) int {
	rest, ok := strings.CutPrefix(name, "buckets/")
	var n int
	if _, err := fmt.Sscanf(rest, "%d", &n); !ok || err != nil {
		return -1
	}
	return n
}
