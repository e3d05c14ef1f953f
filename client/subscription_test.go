package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"sierradb/client"
	"sierradb/core/event"
)

// of is an event of stream s as a fakeNode pushes it.
func of(version int) string {
	return eventFrame("s", event.KeyOf("s"), 1, 100+version, version, fmt.Sprint("payload ", version))
}

// in is an event of a partition.
func in(partition, sequence int) string {
	return eventFrame(fmt.Sprint("s", sequence), event.KeyOf("s"), partition, sequence, 0, "")
}

// collect takes n events and leaves, with the last one finished.
func collect(t *testing.T, sub *client.Subscription, n int) []client.Event {
	t.Helper()
	var got []client.Event
	for e, err := range sub.Events(within(t)) {
		if err != nil {
			t.Fatalf("behind %d events: %v", len(got), err)
		}
		if got = append(got, e); len(got) == n {
			sub.Ack()
			return got
		}
	}
	t.Fatalf("the loop ended behind %d events", len(got))
	return nil
}

func versions(events []client.Event) (list []uint64) {
	for _, e := range events {
		list = append(list, e.Version)
	}
	return list
}

func TestSubscription_ResumesBehindTheLastEvent(t *testing.T) {
	node := play(t, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "3", "WINDOW", "1024")
		c.subscribed()
		for v := 3; v < 6; v++ {
			c.message(v, of(v))
		}
	}, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "6", "WINDOW", "1024")
		c.write("-UNAVAILABLE bucket 1 starts\r\n")
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "6", "WINDOW", "1024")
		c.subscribed()
		c.message(6, of(6))
		c.closed("UNAVAILABLE the node is closing")
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "7", "WINDOW", "1024")
		c.subscribed()
		c.message(5, of(5)) // a node that repeats itself
		c.message(6, of(6))
		c.message(7, of(7))
		c.awaitClose()
	})
	var told []string
	sub := node.client().SubscribeStream("s", client.SubscribeOptions{
		From:        client.At(3),
		Interrupted: func(err error) { told = append(told, err.Error()) },
	})
	got := collect(t, sub, 5)
	if !slices.Equal(versions(got), []uint64{3, 4, 5, 6, 7}) {
		t.Errorf("got versions %v", versions(got))
	}
	if e := got[1]; e.Stream != "s" || e.Sequence != 104 || string(e.Payload) != "payload 4" || string(e.Metadata) != "m" || e.Time.UnixMilli() != 1000 {
		t.Errorf("got %+v", e)
	}
	if len(told) != 3 || !strings.HasPrefix(told[0], "connection to ") || !strings.Contains(told[1], "starts") || !strings.Contains(told[2], "closing") {
		t.Errorf("interruptions: %q", told)
	}
	if p := sub.Positions(); len(p) != 1 || p[0] != (client.Position{Stream: "s", Next: 8}) {
		t.Errorf("positions: %+v", p)
	}
}

// LATEST is asked for once. A subscription that has got nothing yet begins, after
// an interruption, where it would have begun.
func TestSubscription_LatestIsOnePlace(t *testing.T) {
	node := play(t, func(c *fakeConn) {
		c.want("ESVER", "a")
		c.want("ESVER", "b", "PARTITION_KEY", uuid.UUID{7}.String())
		c.write(":9\r\n_\r\n")
		c.want("ESUB", "a", "b", "PARTITION_KEY", uuid.UUID{7}.String(), "FROM", "MAP", "a=10", "b=0", "WINDOW", "5")
		c.subscribed()
	}, func(c *fakeConn) {
		c.want("ESUB", "a", "b", "PARTITION_KEY", uuid.UUID{7}.String(), "FROM", "MAP", "a=10", "b=0", "WINDOW", "5")
		c.subscribed()
		c.message(0, eventFrame("b", uuid.UUID{7}, 1, 0, 0, ""))
		c.message(1, eventFrame("a", event.KeyOf("a"), 2, 0, 10, ""))
	}, func(c *fakeConn) {
		c.want("ESUB", "a", "b", "PARTITION_KEY", uuid.UUID{7}.String(), "FROM", "MAP", "a=11", "b=1", "WINDOW", "5")
		c.subscribed()
		c.message(0, eventFrame("a", event.KeyOf("a"), 2, 1, 11, ""))
		c.awaitClose()
	})
	sub := node.client().SubscribeStreams([]client.StreamID{{ID: "a"}, {ID: "a", PartitionKey: event.KeyOf("a")}, {ID: "b", PartitionKey: uuid.UUID{7}}},
		client.SubscribeOptions{Window: 5})
	if err := sub.Open(within(t)); err != nil {
		t.Fatal(err)
	}
	if got := versions(collect(t, sub, 3)); !slices.Equal(got, []uint64{0, 10, 11}) {
		t.Errorf("got versions %v", got)
	}
}

// Positions know a stream by either name of its key; the stored ones count more
// than From, and that more than its default.
func TestSubscription_From(t *testing.T) {
	key := uuid.UUID{7}
	node := play(t, func(c *fakeConn) {
		c.want("ESUB", "a", "b", "PARTITION_KEY", key.String(), "c", "d", "FROM", "MAP", "a=1", "b=2", "c=30", "d=9", "WINDOW", "1024")
		c.subscribed()
		c.message(0, eventFrame("d", event.KeyOf("d"), 0, 0, 9, ""))
		c.awaitClose()
	})
	positions := []client.Position{
		{Stream: "a", PartitionKey: event.KeyOf("a"), Next: 1},
		{Stream: "b", PartitionKey: key, Next: 2},
		{Stream: "b", Next: 99},
		{Stream: "c", Next: 3},
	}
	sub := node.client().SubscribeStreams([]client.StreamID{{ID: "a"}, {ID: "b", PartitionKey: key}, {ID: "c"}, {ID: "d"}}, client.SubscribeOptions{
		From:      client.AtPositions(positions).Default(9),
		Positions: &memory{stored: [][]client.Position{{{Stream: "c", Next: 30}}}},
	})
	collect(t, sub, 1)
	want := []client.Position{{Stream: "a", Next: 1}, {Stream: "b", PartitionKey: key, Next: 2}, {Stream: "c", Next: 30}, {Stream: "d", Next: 10}}
	if got := sub.Positions(); !slices.Equal(got, want) {
		t.Errorf("positions %+v, want %+v", got, want)
	}
}

func TestSubscription_Partitions(t *testing.T) {
	key := uuid.UUID{9}
	p := int(event.PartitionOf(key, fakePartitions))
	other := (p + 1) % fakePartitions
	node := play(t, func(c *fakeConn) {
		c.want("EPSEQ", fmt.Sprint(other))
		c.write("_\r\n")
		c.want("EPSUB", fmt.Sprintf("%d,%d", p, other), "FROM", "MAP", fmt.Sprintf("%d=40", p), fmt.Sprintf("%d=0", other), "WINDOW", "1024")
		c.subscribed()
		c.message(0, in(p, 40))
		c.message(1, in(other, 0))
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("EPSUB", "*", "FROM", "MAP", "0=5", "1=5", "2=6", "3=5", "WINDOW", "1024")
		c.subscribed()
		c.message(0, in(2, 6))
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("EPSUB", "3", "FROM", "0", "WINDOW", "1024")
		c.subscribed()
		c.message(0, in(3, 0))
		c.awaitClose()
	})
	c := node.client()
	f := func(sub *client.Subscription, want ...uint64) {
		t.Helper()
		var got []uint64
		for _, e := range collect(t, sub, len(want)) {
			got = append(got, e.Sequence)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got sequences %v, want %v", got, want)
		}
	}
	from := client.AtPositions([]client.Position{{Partition: client.PartitionID(p), Next: 40}, {Partition: 99, Next: 1}})
	f(c.SubscribePartitions([]client.Partition{client.PartitionKey(key), client.PartitionID(other), client.PartitionID(p)}, client.SubscribeOptions{From: from}), 40, 0)
	f(c.SubscribeAll(client.SubscribeOptions{From: client.AtPositions([]client.Position{{Partition: 2, Next: 6}}).Default(5)}), 6)
	f(c.SubscribePartition(client.PartitionID(3), client.SubscribeOptions{From: client.Start}), 0)
}

// Acknowledgements come when half the window is worked off and before the loop
// waits, and never for what is not finished.
func TestSubscription_Acks(t *testing.T) {
	acked := make(chan struct{})
	node := play(t, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "0", "WINDOW", "8")
		c.subscribed()
		var burst strings.Builder
		for v := range 8 {
			fmt.Fprintf(&burst, ">4\r\n+message\r\n+%s\r\n:%d\r\n%s", subscription, v, of(v))
		}
		c.write(burst.String())
		last := -1
		for last < 7 {
			cmd := c.want("EACK", subscription, "")
			var n int
			fmt.Sscan(cmd[2], &n)
			if n <= last || n > 7 || last < 0 && n == 7 {
				t.Errorf("EACK %d after %d", n, last)
			}
			last = n
			c.write("+OK\r\n")
		}
		c.message(8, of(8))
		c.want("EACK", subscription, "8")
		c.write("+OK\r\n")
		close(acked)
		c.awaitClose()
	})
	ctx, cancel := context.WithCancel(within(t))
	go func() {
		<-acked
		cancel()
	}()
	n := 0
	for e, err := range node.client().SubscribeStream("s", client.SubscribeOptions{From: client.Start, Window: 8}).Events(ctx) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			break
		}
		if e.Version != uint64(n) {
			t.Errorf("version %d, want %d", e.Version, n)
		}
		n++
	}
	if n != 9 {
		t.Errorf("%d events, want 9", n)
	}
}

// A hole is looked at once more, and then reported: no event is passed over in
// silence.
func TestSubscription_Gap(t *testing.T) {
	hole := func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "1", "WINDOW", "1024")
		c.subscribed()
		c.message(2, of(2))
		c.awaitClose()
	}
	begin := func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "0", "WINDOW", "1024")
		c.subscribed()
		c.message(0, of(0))
		c.message(2, of(2))
		c.awaitClose()
	}
	follow := func(script ...func(*fakeConn)) (got []uint64, err error) {
		c := play(t, script...).client()
		defer c.Close()
		sub := c.SubscribeStream("s", client.SubscribeOptions{From: client.Start})
		for e, err := range sub.Events(within(t)) {
			if err != nil {
				return got, err
			}
			if got = append(got, e.Version); len(got) == 2 {
				break
			}
		}
		return got, nil
	}
	if got, err := follow(begin, hole); !errors.Is(err, client.ErrGap) || len(got) != 1 {
		t.Errorf("a hole that stays: %v, %v", got, err)
	}
	mended := func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "1", "WINDOW", "1024")
		c.subscribed()
		c.message(1, of(1))
		c.awaitClose()
	}
	if got, err := follow(begin, mended); err != nil || !slices.Equal(got, []uint64{0, 1}) {
		t.Errorf("a hole that was of the connection: %v, %v", got, err)
	}
}

// What no waiting mends ends the loop, behind the events before it.
func TestSubscription_Ends(t *testing.T) {
	f := func(want error, script func(*fakeConn), o client.SubscribeOptions) {
		t.Helper()
		c := play(t, script).client()
		defer c.Close()
		sub := c.SubscribeStream("s", o)
		n := 0
		for _, err := range sub.Events(within(t)) {
			if err == nil {
				n++
			} else if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		if n > 1 {
			t.Errorf("%d events", n)
		}
	}
	start := client.SubscribeOptions{From: client.Start}
	f(client.ErrRead, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "0", "WINDOW", "1024")
		c.subscribed()
		c.message(0, of(0))
		c.closed("READERR segment 3: damaged")
		c.awaitClose()
	}, start)
	f(client.ErrInvalidArg, func(c *fakeConn) {
		c.want("ESVER", "s")
		c.write("-INVALIDARG what a name\r\n")
		c.awaitClose()
	}, client.SubscribeOptions{})
	f(client.ErrConnection, func(c *fakeConn) {}, client.SubscribeOptions{From: client.Start, RetryFor: 50 * time.Millisecond})
	f(client.ErrInvalidArg, nil, client.SubscribeOptions{Window: -1})
}

// memory is Positions in memory.
type memory struct {
	stored [][]client.Position
	fails  error
}

func (m *memory) Load(context.Context) ([]client.Position, error) {
	if len(m.stored) == 0 {
		return nil, nil
	}
	return m.stored[len(m.stored)-1], nil
}

func (m *memory) Store(_ context.Context, p []client.Position) error {
	m.stored = append(m.stored, p)
	return m.fails
}

// What is stored never lies behind an event that is not finished, and LATEST is
// stored as soon as it is known.
func TestSubscription_Positions(t *testing.T) {
	m := new(memory)
	node := play(t, func(c *fakeConn) {
		c.want("ESVER", "s")
		c.write(":3\r\n")
		c.want("ESUB", "s", "FROM", "4", "WINDOW", "1024")
		c.subscribed()
		for v := 4; v < 7; v++ {
			c.message(v, of(v))
		}
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "6", "WINDOW", "1024")
		c.subscribed()
		c.message(6, of(6))
		c.awaitClose()
	}, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "6", "WINDOW", "1024")
		c.subscribed()
		c.message(6, of(6))
	}, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "7", "WINDOW", "1024")
		c.subscribed()
		c.message(7, of(7))
		c.awaitClose()
	})
	c := node.client()
	sub := c.SubscribeStream("s", client.SubscribeOptions{Positions: m})
	next := func(n uint64) {
		t.Helper()
		if p, _ := m.Load(context.Background()); len(p) != 1 || p[0] != (client.Position{Stream: "s", Next: n}) {
			t.Errorf("stored: %+v, want %d", p, n)
		}
	}
	if err := sub.Open(within(t)); err != nil {
		t.Fatal(err)
	}
	next(4)
	for e, err := range sub.Events(within(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if p, _ := m.Load(context.Background()); p[0].Next > e.Version {
			t.Errorf("stored %d while %d is worked at", p[0].Next, e.Version)
		}
		if e.Version == 6 {
			break // not finished
		}
	}
	next(6)
	// The same loop again, and a program that was started again, begin with it.
	for e, err := range sub.Events(within(t)) {
		if e.Version != 6 || err != nil {
			t.Errorf("got %d, %v", e.Version, err)
		}
		break
	}
	if got := collect(t, c.SubscribeStream("s", client.SubscribeOptions{Positions: m, From: client.Start}), 2); got[0].Version != 6 || got[1].Version != 7 {
		t.Errorf("got %v", versions(got))
	}
	next(8)
}

func TestSubscription_StoreFails(t *testing.T) {
	m := &memory{fails: errors.New("no room")}
	node := play(t, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "0", "WINDOW", "1024")
		c.subscribed()
		c.message(0, of(0))
		c.awaitClose()
	})
	var last error
	for _, err := range node.client().SubscribeStream("s", client.SubscribeOptions{Positions: m, From: client.Start}).Events(within(t)) {
		last = err
	}
	if !errors.Is(last, m.fails) {
		t.Errorf("the loop ended with %v", last)
	}
}

// One loop at a time; Close of the client ends it; a context that has ended
// begins none.
func TestSubscription_Loops(t *testing.T) {
	node := play(t, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "0", "WINDOW", "1024")
		c.subscribed()
		c.message(0, of(0))
		c.awaitClose()
	})
	c := node.client()
	sub := c.SubscribeStream("s", client.SubscribeOptions{From: client.Start})
	gone, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	cancel(why)
	for _, err := range sub.Events(gone) {
		if !errors.Is(err, why) {
			t.Errorf("a context that has ended: %v", err)
		}
	}
	var last error
	for _, err := range sub.Events(within(t)) {
		if last = err; err != nil {
			break
		}
		for _, err := range sub.Events(within(t)) {
			if err == nil {
				t.Error("a second loop got an event")
			}
		}
		go c.Close()
	}
	if !errors.Is(last, client.ErrClosed) {
		t.Errorf("the loop ended with %v", last)
	}
}
