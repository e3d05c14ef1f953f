package node

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"sierradb/commands"
	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
)

// talker is a client whose connection is memory.
type talker struct {
	t  testing.TB
	db *DB
	id actor.ID

	mu     sync.Mutex
	more   sync.Cond
	frames resp3.Decoder
	ended  bool
}

func connect(t testing.TB, db *DB) *talker {
	c := &talker{t: t, db: db}
	c.more.L = &c.mu
	var err error
	if c.id, err = db.Connect(c); err != nil {
		t.Fatal(err)
	}
	c.do("HELLO", "3")
	return c
}

func (c *talker) Write(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames.Feed(append([]byte(nil), p...))
	c.more.Signal()
	return nil
}

func (c *talker) Consumed(int) {}
func (c *talker) Abort()       { c.Hangup() }
func (c *talker) Hangup() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.more.Signal()
}

// next waits for a frame.
func (c *talker) next() resp3.Value {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		v, ok, err := c.frames.Next()
		if err != nil || !ok && c.ended {
			c.t.Fatalf("no more frames: %v", err)
		}
		if ok {
			return v
		}
		c.more.Wait()
	}
}

func (c *talker) send(words ...string) {
	c.db.Input(c.id, resp3.AppendCommand(nil, words...))
}

// do sends a command and returns the next frame.
func (c *talker) do(words ...string) resp3.Value {
	c.t.Helper()
	c.send(words...)
	v := c.next()
	if v.IsError() {
		c.t.Fatalf("%q: %s", words, v.Text())
	}
	return v
}

// subscribe returns the id of a subscription.
func (c *talker) subscribe(words ...string) string {
	c.t.Helper()
	id := c.do(words...).Text()
	if v := c.next(); v.Kind != resp3.KindPush || v.Elems[0].Text() != "subscribe" || v.Elems[1].Text() != id {
		c.t.Fatalf("behind the reply to %q comes %s", words, v)
	}
	return id
}

// watches counts what the replicas watch for subscribers.
func watches(db *DB) (n int) {
	db.runner.Quiesce()
	db.runner.mu.RLock()
	defer db.runner.mu.RUnlock()
	for b := range db.report.Buckets {
		n += db.runner.actors[replica.ID(event.BucketID(b))].a.(*replica.Replica).Watches()
	}
	return n
}

// idleMax is how much memory an idle subscription may take, in bytes.
const idleMax = 4 << 10

// TestFollow_Idle opens 10,000 subscriptions on one connection that have
// nothing to deliver: each must take little memory, and nothing of them may be
// left when the connection is gone.
func TestFollow_Idle(t *testing.T) {
	for _, kind := range []string{"ESUB", "EPSUB"} {
		t.Run(kind, func(t *testing.T) {
			db, err := Open(t.TempDir(), Options{SegmentSize: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			c := connect(t, db)
			heap := func() uint64 {
				db.runner.Quiesce()
				var m runtime.MemStats
				runtime.GC()
				runtime.GC()
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			const n = 10_000
			before := heap()
			for i := range n {
				if kind == "ESUB" {
					c.subscribe("ESUB", "stream-"+strconv.Itoa(i), "FROM", "0")
				} else {
					c.subscribe("EPSUB", "*", "WINDOW", "100")
				}
			}
			each := (heap() - before) / n
			t.Logf("%d bytes for each idle %s", each, kind)
			if each > idleMax {
				t.Errorf("an idle %s takes %d bytes, want at most %d", kind, each, idleMax)
			}
			if got := watches(db); got < n {
				t.Errorf("%d watches for %d subscriptions", got, n)
			}
			db.Disconnect(c.id)
			if got := watches(db); got != 0 {
				t.Errorf("%d watches are left when the connection is gone", got)
			}
		})
	}
}

// TestFollow_CatchesUp subscribes in the middle of appends from several
// goroutines and wants each event once and in order.
func TestFollow_CatchesUp(t *testing.T) {
	db, err := Open(t.TempDir(), Options{SegmentSize: 64 << 10, Session: commands.Options{OutputMax: 4 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const writers, each = 4, 500
	var appends sync.WaitGroup
	for w := range writers {
		appends.Go(func() {
			for i := range each {
				ev := event.New{Stream: fmt.Sprintf("s%d", (w*each+i)%40), Name: "Made", Payload: make([]byte, i%300)}
				if _, err := db.Append(context.Background(), event.Transaction{Events: []event.New{ev}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	c := connect(t, db)
	c.subscribe("EPSUB", "*", "FROM", "0")
	next := map[int64]int64{}
	for n := range writers * each {
		v := c.next()
		if v.Kind != resp3.KindPush || v.Elems[0].Text() != "message" || v.Elems[2].Int != int64(n) {
			t.Fatalf("push %d is %s", n, v)
		}
		p, _ := v.Elems[3].Get("partition_id")
		s, _ := v.Elems[3].Get("partition_sequence")
		if s.Int != next[p.Int] {
			t.Fatalf("partition %d: sequence %d, want %d", p.Int, s.Int, next[p.Int])
		}
		next[p.Int]++
	}
	appends.Wait()
	if got := c.do("PING"); got.Text() != "PONG" {
		t.Errorf("behind the last push comes %s", got)
	}
	db.Disconnect(c.id)
}

// BenchmarkAppend_IdleSubscriptions appends to a stream while subscriptions wait
// for others: they must cost nothing.
func BenchmarkAppend_IdleSubscriptions(b *testing.B) {
	for _, n := range []int{0, 1, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			db, err := Open(b.TempDir(), Options{Buckets: 1, Partitions: 32})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			c := connect(b, db)
			for i := range n {
				c.subscribe("ESUB", "idle-"+strconv.Itoa(i))
			}
			const depth = 64
			var pipeline []byte
			for range depth {
				pipeline = resp3.AppendCommand(pipeline, "EAPPEND", "busy", "Made", "PAYLOAD", "0123456789")
			}
			w := connect(b, db)
			for b.Loop() {
				db.Input(w.id, pipeline)
				for range depth {
					w.next()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/depth, "ns/append")
			db.Disconnect(c.id)
			db.Disconnect(w.id)
		})
	}
}

// BenchmarkPush appends to a stream that some follow, and waits for the pushes.
func BenchmarkPush(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			db, err := Open(b.TempDir(), Options{Buckets: 1, Partitions: 32})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			counters := make([]*counter, n)
			for i := range counters {
				c := &counter{db: db, got: make(chan struct{}, 1)}
				if c.id, err = db.Connect(c); err != nil {
					b.Fatal(err)
				}
				db.Input(c.id, resp3.AppendCommand(nil, "ESUB", "busy"))
				<-c.got
				counters[i] = c
			}
			w := &counter{db: db, got: make(chan struct{}, 1)}
			if w.id, err = db.Connect(w); err != nil {
				b.Fatal(err)
			}
			command := resp3.AppendCommand(nil, "EAPPEND", "busy", "Made", "PAYLOAD", "0123456789")
			b.ReportAllocs()
			for b.Loop() {
				db.Input(w.id, command)
				<-w.got
				for _, c := range counters {
					<-c.got
				}
			}
			for _, c := range append(counters, w) {
				db.Disconnect(c.id)
			}
		})
	}
}

// counter is a client that takes no notice of what it gets, only that.
type counter struct {
	db  *DB
	id  actor.ID
	got chan struct{}
}

func (c *counter) Write([]byte) error {
	c.got <- struct{}{}
	return nil
}

func (c *counter) Consumed(int) {}
func (c *counter) Hangup()      {}
func (c *counter) Abort()       {}
