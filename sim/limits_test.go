package sim

import (
	"testing"

	"sierradb/commands"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
)

// TestCheck_Mail: each sender may have as many events in a mailbox as its
// credits allow, and not one more.
func TestCheck_Mail(t *testing.T) {
	re, se := actor.ID{Role: actor.Replica, N: 0}, actor.ID{Role: actor.Session, N: 3}
	f := func(to, from actor.ID, n int, property string) {
		t.Helper()
		m := newMade(t)
		m.w.k.Inflight, m.w.k.Depth, m.w.k.Buckets = 4, 16, 2
		m.w.mail(m.w.box.m, to, from, n)
		verdict(t, m.w.found, property)
	}
	f(re, se, 17, "")
	f(re, se, 18, "D7 limits")
	f(se, re, 8, "")
	f(se, re, 9, "D7 limits")
	f(se, se, 8, "")
	f(se, se, 9, "D7 limits")
	f(re, actor.ID{}, 4, "")
	f(re, actor.ID{}, 5, "D7 limits")
	f(re, re, 1, "")
	f(re, re, 2, "D7 limits")
}

// queuing is a replica that is given appends and never gets its barrier done.
func queuing(t *testing.T, m *made, limit int64, payloads ...int) *replica.Replica {
	t.Helper()
	m.w.box.boot()
	b, err := m.w.box.node.Store().Bucket(0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := replica.New(b, replica.Options{Bucket: 0, Partitions: 1, QueueBytes: limit, Timeout: actor.Second})
	if err != nil {
		t.Fatal(err)
	}
	env := &actor.Env{Rand: actor.NewRand(1), Hooks: actor.Quiet{}}
	for i, n := range payloads {
		in := m.want("a")
		in.Events[0].Payload = make([]byte, n)
		m.w.model.sizes.add(in)
		r.Step(env, &actor.Event{Kind: event.Appending, Token: uint64(i), Body: &event.Append{Transaction: event.Transaction{Key: in.Key, Events: in.Events}}})
	}
	return r
}

// TestCheck_Queue: a replica holds its limit, or a single append.
func TestCheck_Queue(t *testing.T) {
	f := func(limit int64, property string, payloads ...int) {
		t.Helper()
		m := newMade(t)
		m.w.k.QueueBytes = 1024
		r := queuing(t, m, limit, payloads...)
		id := actor.ID{Role: actor.Replica, N: 7}
		m.w.box.m.Add(id, r)
		verdict(t, m.w.checkQueue(m.w.box.m, id), property)
		verdict(t, m.w.checkHeld(id, r), "")
	}
	f(1024, "", 100, 100, 100)
	f(1024, "", 2000)
	f(1024, "", 2000, 1)                   // the second is refused
	f(1<<20, "D7 limits", 500, 500)        // a replica with another limit
	f(1<<20, "D7 limits", 2000, 1)         // together with the large one
	f(1<<20, "D7 limits", 300, 300, 1, 30) // by many small ones
}

// TestCheck_Session: a session takes a command only while it has room, and what
// it holds beyond its limits was taken before.
func TestCheck_Session(t *testing.T) {
	m := newMade(t)
	k := m.w.k
	k.OutputMax, k.Inflight, k.Depth, k.ReplyMax, k.InflightBytes = 500, 2, 16, 1500, 700
	m.w.model.sizes.add(m.want("a")) // of about 600 bytes in a reply
	push := m.w.pushMax(m.cn)
	most := 500 + 2*lightMax + 2*(m.w.model.sizes.rendered+128) + push
	f := func(before, after commands.Held, sent int, property string) {
		t.Helper()
		m.cn.held = before
		verdict(t, m.w.checkSession(m.cn, &after, sent), property)
	}
	f(commands.Held{}, commands.Held{Open: 2}, 0, "")
	f(commands.Held{}, commands.Held{Open: 3}, 0, "D7 limits")
	f(commands.Held{}, commands.Held{Bytes: 1699, Newest: 1000}, 0, "")
	f(commands.Held{}, commands.Held{Bytes: 1700, Newest: 1000}, 0, "D7 limits")
	f(commands.Held{Complete: 300, Unsent: 200}, commands.Held{Taken: 1}, 0, "")
	f(commands.Held{Complete: 301, Unsent: 200}, commands.Held{Taken: 1}, 0, "D7 limits")
	f(commands.Held{Complete: 301, Unsent: 200}, commands.Held{Taken: 1}, 1, "")
	f(commands.Held{Complete: 301, Unsent: 200}, commands.Held{Complete: 400}, 0, "")
	f(commands.Held{}, commands.Held{Taken: 1, Complete: 500 + push, Unsent: lightMax}, 0, "")
	f(commands.Held{}, commands.Held{Taken: 1, Complete: 501 + push, Unsent: lightMax}, 0, "D7 limits")
	f(commands.Held{}, commands.Held{Complete: 1, Unsent: most - 1}, 0, "")
	f(commands.Held{}, commands.Held{Complete: 1, Unsent: most}, 0, "D7 limits")

	m.cn.held, m.cn.unsent = commands.Held{Complete: 9, Unsent: 5}, 5
	verdict(t, m.w.checkUnsent(m.cn), "")
	m.cn.unsent = 4
	verdict(t, m.w.checkUnsent(m.cn), "D7 limits")
}

func TestCheck_Size(t *testing.T) {
	m := newMade(t)
	m.w.k.ReplyMax = 2000
	f := func(op *Op, size int, property string) {
		t.Helper()
		op.Size = size
		verdict(t, m.w.checkSize(op), property)
	}
	f(m.scan(1, 2, ""), 2000, "")
	f(m.scan(1, 2, ""), 3000, "D7 limits")
	f(m.op(1, 2, "PING"), lightMax+1, "D7 limits")
	large := m.want("a")
	large.Events[0].Payload = make([]byte, 3000)
	m.w.model.sizes.add(large)
	f(m.scan(1, 2, ""), 3000, "") // one event is always returned
}

func TestCheck_IndexMemory(t *testing.T) {
	w, b := finished(t)
	scan, err := scanBucket(w.box.mem, "buckets/00000", 0, w.box.salt, w.k.Partitions, b.Applied())
	if err != nil {
		t.Fatal(err)
	}
	verdict(t, w.checkIndexMemory(0, b.IndexBytes(), scan, scan.segments), "")
	verdict(t, w.checkIndexMemory(0, 3*b.IndexBytes(), scan, scan.segments), "D7 limits")
}

// TestPeak keeps the most, in percent, rounded up.
func TestPeak(t *testing.T) {
	m := newMade(t)
	for _, n := range []uint64{1, 26, 25} {
		m.w.peak("of it", n, 50)
	}
	if got := m.w.count["most of it"]; got != 52 {
		t.Errorf("the most of 50 is %d %%, expected 52", got)
	}
}
