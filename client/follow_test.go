package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"sierradb/client"
)

// Whatever becomes of the node, each event comes once and in order: those from
// before the subscription, those appended meanwhile, and those around restarts.
// The appends don't notice either.
func TestFollow_ThroughRestarts(t *testing.T) {
	node := serve(t)
	c := open(t, node.addr, func(o *client.Options) { o.Connections = 2 })
	ctx := within(t)
	const streams, each = 20, 60
	var appended sync.WaitGroup
	append1 := func(from, to int) {
		for s := range streams {
			appended.Go(func() {
				for v := from; v < to; v++ {
					a, err := c.Append(ctx, client.NewEvent{Stream: fmt.Sprint("stream-", s), Name: "N", Payload: fmt.Append(nil, v)})
					if err != nil || a.Version != uint64(v) {
						t.Errorf("append %d to stream %d: %+v, %v", v, s, a, err)
						return
					}
				}
			})
		}
	}
	append1(0, each/3)
	appended.Wait()
	append1(each/3, each)
	for _, window := range []int{1, 7, 0} {
		next := make(map[client.PartitionID]uint64)
		versions := make(map[string]uint64)
		n := 0
		sub := c.SubscribeAll(client.SubscribeOptions{From: client.Start, Window: window})
		for e, err := range sub.Events(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Sequence != next[e.Partition] || e.Version != versions[e.Stream] || string(e.Payload) != fmt.Sprint(e.Version) {
				t.Fatalf("window %d: got %+v, want sequence %d, version %d", window, e, next[e.Partition], versions[e.Stream])
			}
			next[e.Partition]++
			versions[e.Stream]++
			if n++; n == streams*each {
				break
			}
			if n%400 == 0 {
				node.stop()
				node.start()
			}
		}
		if n != streams*each {
			t.Errorf("window %d: %d events, want %d", window, n, streams*each)
		}
	}
	appended.Wait()
}

// What is appended once a subscription is open comes, from LATEST too.
func TestFollow_Latest(t *testing.T) {
	node := serve(t)
	c := open(t, node.addr)
	ctx := within(t)
	put := func(stream string, key uuid.UUID) {
		t.Helper()
		if _, err := c.Append(ctx, client.NewEvent{Stream: stream, Name: "N", PartitionKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	key := uuid.New()
	put("a", uuid.Nil)
	put("a", key)
	put("a", key)
	put("FROM", uuid.Nil)
	sub := c.SubscribeStreams([]client.StreamID{{ID: "a"}, {ID: "FROM"}, {ID: "a", PartitionKey: key}, {ID: "new"}}, client.SubscribeOptions{})
	if err := sub.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	put("a", uuid.Nil)
	put("b", uuid.Nil)
	node.stop()
	node.start()
	put("a", key)
	put("FROM", uuid.Nil)
	put("new", uuid.Nil)
	var got []string
	for _, e := range collect(t, sub, 4) {
		keyed := ""
		if e.PartitionKey == key {
			keyed = " keyed"
		}
		got = append(got, fmt.Sprint(e.Stream, " ", e.Version, keyed))
	}
	slices.Sort(got)
	if want := []string{"FROM 1", "a 1", "a 2 keyed", "new 0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// A loop that comes later goes on behind these.
	put("b", uuid.Nil)
	put("new", uuid.Nil)
	if e := collect(t, sub, 1)[0]; e.Stream != "new" || e.Version != 1 {
		t.Errorf("got %+v", e)
	}
}

// Thousands of streams are one subscription. Their places are found before it
// begins, all together.
func TestFollow_ManyStreams(t *testing.T) {
	node := serve(t)
	c := open(t, node.addr, func(o *client.Options) { o.Connections = 2 })
	ctx := within(t)
	const n = 2000
	var streams []client.StreamID
	for i := range n {
		streams = append(streams, client.StreamID{ID: fmt.Sprint("stream-", i)})
	}
	put := func(from int) {
		t.Helper()
		var all sync.WaitGroup
		for worker := range 100 {
			all.Go(func() {
				for i := from + worker; i < n; i += 100 {
					if _, err := c.Append(ctx, client.NewEvent{Stream: streams[i].ID, Name: "N"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
	}
	put(n / 2) // the second half is at version 0
	sub := c.SubscribeStreams(streams, client.SubscribeOptions{Window: 10})
	if err := sub.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	put(0)
	seen := make(map[string]bool)
	for i, e := range collect(t, sub, n) {
		var number int
		fmt.Sscanf(e.Stream, "stream-%d", &number)
		if want := uint64(number / (n / 2)); seen[e.Stream] || e.Version != want {
			t.Fatalf("event %d is version %d of %s, want %d, once", i, e.Version, e.Stream, want)
		}
		seen[e.Stream] = true
	}
}

func TestFollow_Partition(t *testing.T) {
	c := open(t, serve(t).addr)
	ctx := within(t)
	key := uuid.New()
	for i := range 10 {
		if _, err := c.AppendTransaction(ctx, key, client.NewEvent{Stream: "a", Name: "N"}, client.NewEvent{Stream: fmt.Sprint("b", i), Name: "N"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, window := range []int{1, 2, 100} {
		for i, e := range collect(t, c.SubscribePartition(client.PartitionKey(key), client.SubscribeOptions{From: client.At(3), Window: window}), 17) {
			if e.Sequence != uint64(3+i) {
				t.Fatalf("window %d: sequence %d, want %d", window, e.Sequence, 3+i)
			}
		}
	}
	// An id that the node does not have is an error, and no silence.
	for _, err := range c.SubscribePartition(client.PartitionID(32), client.SubscribeOptions{From: client.Start}).Events(ctx) {
		if !errors.Is(err, client.ErrInvalidArg) {
			t.Errorf("partition 32: %v", err)
		}
	}
	waiting, cancel := context.WithCancel(ctx)
	for e, err := range c.SubscribePartition(client.PartitionKey(key), client.SubscribeOptions{From: client.At(19)}).Events(waiting) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			break
		}
		if e.Sequence != 19 {
			t.Errorf("sequence %d", e.Sequence)
		}
		cancel() // while it has an event; the loop ends behind it
	}
	cancel()
}
