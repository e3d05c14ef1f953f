package client_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"sierradb/client"
	"sierradb/core/event"
)

func TestAppend(t *testing.T) {
	c := open(t, serve(t).addr)
	ctx := within(t)
	at := time.UnixMilli(1_700_000_000_123).UTC()
	first, err := c.Append(ctx, client.NewEvent{
		Stream: "user-1", Name: "Created", Expected: client.Empty, Time: at, Payload: []byte("a\r\n\x00b"), Metadata: []byte("m"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if first.Version != 0 || first.PartitionKey != event.KeyOf("user-1") || !first.Time.Equal(at) || first.Stream != "user-1" {
		t.Errorf("appended: %+v", first)
	}
	if event.HashOf(first.ID) != event.HashOf(first.PartitionKey) || first.ID.Version() != 7 || first.ID.Variant() != uuid.RFC4122 {
		t.Errorf("event id %s does not lead to its partition", first.ID)
	}
	got, found, err := c.Get(ctx, first.ID)
	if err != nil || !found {
		t.Fatalf("Get: %v, %v", found, err)
	}
	want := client.Event{
		ID: first.ID, TransactionID: got.TransactionID, PartitionKey: first.PartitionKey, Partition: first.Partition, Sequence: first.Sequence,
		Stream: "user-1", Version: 0, Time: at, Name: "Created", Metadata: []byte("m"), Payload: []byte("a\r\n\x00b"),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, found, err = c.Get(ctx, uuid.New()); found || err != nil {
		t.Errorf("Get of an unknown id: %v, %v", found, err)
	}

	_, err = c.Append(ctx, client.NewEvent{Stream: "user-1", Name: "Created", Expected: client.Exactly(4)})
	var wrong *client.VersionError
	if !errors.Is(err, client.ErrWrongVersion) || !errors.As(err, &wrong) || wrong.Empty || wrong.Version != 0 {
		t.Errorf("append at a wrong version: %v, %+v", err, wrong)
	}
	_, err = c.Append(ctx, client.NewEvent{Stream: "nobody", Name: "Left", Expected: client.Exists})
	if !errors.As(err, &wrong) || !wrong.Empty {
		t.Errorf("append to an empty stream: %v, %+v", err, wrong)
	}
	if errors.Is(err, client.ErrUnknown) {
		t.Errorf("%v is a known outcome", err)
	}
}

// The same event with the same id lands once.
func TestAppend_OwnID(t *testing.T) {
	c := open(t, serve(t).addr)
	ctx := within(t)
	e := client.NewEvent{Stream: "s", Name: "N", ID: uuid.New(), Payload: []byte("1")}
	first, err := c.Append(ctx, e)
	if err != nil || first.ID != e.ID {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := c.Append(ctx, e); err != nil || again != first {
		t.Errorf("the second time: %+v, %v; want %+v", again, err, first)
	}
	e.Payload = []byte("2")
	if _, err := c.Append(ctx, e); !errors.Is(err, client.ErrIDConflict) || errors.Is(err, client.ErrUnknown) {
		t.Errorf("other content: %v", err)
	}
	if v, found, err := c.StreamVersion(ctx, "s"); v != 0 || !found || err != nil {
		t.Errorf("StreamVersion: %d, %v, %v", v, found, err)
	}
	if _, found, err := c.StreamVersion(ctx, "none"); found || err != nil {
		t.Errorf("StreamVersion of no stream: %v, %v", found, err)
	}
}

func TestAppendTransaction(t *testing.T) {
	c := open(t, serve(t).addr)
	ctx := within(t)
	key := uuid.New()
	placed, err := c.AppendTransaction(ctx, key,
		client.NewEvent{Stream: "PAYLOAD", Name: "A", Expected: client.Empty},
		client.NewEvent{Stream: "b", Name: "B", Payload: []byte("x")},
		client.NewEvent{Stream: "b", Name: "C", Expected: client.Exactly(0)})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		stream  string
		version uint64
	}{{"PAYLOAD", 0}, {"b", 0}, {"b", 1}} {
		p := placed[i]
		if p.Stream != want.stream || p.Version != want.version || p.Sequence != placed[0].Sequence+uint64(i) || p.PartitionKey != key {
			t.Errorf("event %d: %+v", i, p)
		}
		if e, found, err := c.Get(ctx, p.ID); err != nil || !found || e.Sequence != p.Sequence || e.Partition != p.Partition || !e.Time.Equal(p.Time) {
			t.Errorf("event %d: got %+v, %v, %v; want %+v", i, e, found, err, p)
		}
	}
	if v, found, err := c.KeyedStreamVersion(ctx, "PAYLOAD", key); v != 0 || !found || err != nil {
		t.Errorf("KeyedStreamVersion: %d, %v, %v", v, found, err)
	}
	if n, found, err := c.PartitionSequence(ctx, client.PartitionKey(key)); n != placed[2].Sequence || !found || err != nil {
		t.Errorf("PartitionSequence: %d, %v, %v", n, found, err)
	}
	f := func(want error, key uuid.UUID, events ...client.NewEvent) {
		t.Helper()
		if _, err := c.AppendTransaction(ctx, key, events...); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	one := client.NewEvent{Stream: "a", Name: "A"}
	f(client.ErrInvalidArg, key)
	f(client.ErrInvalidArg, key, client.NewEvent{Stream: "a", Name: "A", PartitionKey: uuid.New()})
	// The node would take these words for options of the event before.
	f(client.ErrInvalidArg, key, one, client.NewEvent{Stream: "Payload", Name: "A"})
	f(client.ErrInvalidArg, key, one, client.NewEvent{Stream: "METADATA", Name: "A"})
	f(client.ErrWrongVersion, key, one, client.NewEvent{Stream: "b", Name: "B", Expected: client.Exactly(7)})
	if _, found, err := c.KeyedStreamVersion(ctx, "a", key); found || err != nil {
		t.Errorf("a refused transaction left something: %v, %v", found, err)
	}
}

func TestScan(t *testing.T) {
	c := open(t, serve(t).addr, func(o *client.Options) { o.Connections = 4 })
	ctx := within(t)
	const n = 25
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if _, err := c.Append(ctx, client.NewEvent{Stream: "s", Name: "N", Payload: fmt.Append(nil, i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f := func(o client.ScanOptions, from, to int) {
		t.Helper()
		for _, page := range []int{0, 1, 7, 25} {
			o.Page = page
			scan := c.ScanStream(ctx, "s", o)
			for range 2 { // an iterator can be used again
				at := from
				for e, err := range scan {
					if err != nil {
						t.Fatal(err)
					}
					if e.Version != uint64(at) {
						t.Fatalf("%+v: version %d, want %d", o, e.Version, at)
					}
					at++
				}
				if at != to {
					t.Errorf("%+v: ended before %d, want %d", o, at, to)
				}
			}
		}
	}
	f(client.ScanOptions{}, 0, n)
	f(client.ScanOptions{From: 5}, 5, n)
	f(client.ScanOptions{From: 5, Before: 6}, 5, 6)
	f(client.ScanOptions{From: 5, Before: 5}, 5, 5)
	f(client.ScanOptions{Limit: 8}, 0, 8)
	f(client.ScanOptions{From: 20, Limit: 8}, 20, n)
	p := client.PartitionID(event.PartitionOf(event.KeyOf("s"), 32))
	var sequences []uint64
	for e, err := range c.ScanPartition(ctx, p, client.ScanOptions{Page: 4, Limit: 10}) {
		if err != nil {
			t.Fatal(err)
		}
		sequences = append(sequences, e.Sequence)
	}
	if !slices.Equal(sequences, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("sequences %v", sequences)
	}
	page, err := c.PartitionPage(ctx, client.PartitionKey(event.KeyOf("s")), client.ScanOptions{From: 23})
	if err != nil || len(page.Events) != 2 || page.More {
		t.Errorf("a page: %+v, %v", page, err)
	}
	for _, err := range c.ScanPartition(ctx, client.PartitionID(77), client.ScanOptions{}) {
		if !errors.Is(err, client.ErrInvalidArg) {
			t.Errorf("no such partition: %v", err)
		}
	}
}

func TestNode(t *testing.T) {
	c := open(t, serve(t).addr)
	ctx := within(t)
	if err := c.Ping(ctx); err != nil {
		t.Error(err)
	}
	if n, err := c.Hello(ctx); err != nil || n.Server != "sierradb" || n.Partitions != 32 || n.PeerID == "" || n.Version == "" {
		t.Errorf("Hello: %+v, %v", n, err)
	}
	if text, err := c.Info(ctx, "server"); err != nil || len(text) < 20 {
		t.Errorf("Info: %q, %v", text, err)
	}
	if now, err := c.Time(ctx); err != nil || time.Since(now).Abs() > time.Hour {
		t.Errorf("Time: %v, %v", now, err)
	}
	if v, err := c.Do(ctx, "ECHO", 42); err != nil || v.Text() != "42" {
		t.Errorf("Do: %v, %v", v, err)
	}
	if v, err := c.Do(ctx, "CLIENT", "GETNAME"); err != nil || v.Text() != "sierradb-go" {
		t.Errorf("the name of the connection: %v, %v", v, err)
	}
	if _, err := c.Do(ctx, "NONSENSE"); !errors.Is(err, client.ErrGeneric) {
		t.Errorf("an unknown command: %v", err)
	}
	for _, refused := range []string{"ESUB", "reset", "multi"} {
		if _, err := c.Do(ctx, []byte(refused)); !errors.Is(err, client.ErrInvalidArg) {
			t.Errorf("%s on a connection that is shared: %v", refused, err)
		}
	}
}

func TestRead(t *testing.T) {
	c := open(t, serve(t).addr)
	ctx := within(t)
	if p, err := c.ReadStream(ctx, "s", client.ReadOptions{}); err != nil || len(p.Events) != 0 {
		t.Errorf("an empty stream: %+v, %v", p, err)
	}
	if p, err := c.ReadStream(ctx, "s", client.ReadOptions{Block: 5 * time.Millisecond}); err != nil || len(p.Events) != 0 {
		t.Errorf("an empty stream, later: %+v, %v", p, err)
	}
	waiting := make(chan error, 2)
	go func() {
		p, err := c.ReadStream(ctx, "s", client.ReadOptions{Block: -1})
		if err == nil && (len(p.Events) != 1 || p.Events[0].Name != "N") {
			err = fmt.Errorf("got %+v", p)
		}
		waiting <- err
	}()
	go func() {
		p, err := c.ReadPartition(ctx, client.PartitionKey(event.KeyOf("s")), client.ReadOptions{Block: time.Minute, Count: 3})
		if err == nil && (len(p.Events) != 1 || p.Events[0].Stream != "s") {
			err = fmt.Errorf("got %+v", p)
		}
		waiting <- err
	}()
	// Others don't wait for those who wait.
	if _, err := c.Append(ctx, client.NewEvent{Stream: "s", Name: "N"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-waiting; err != nil {
			t.Error(err)
		}
	}
}
