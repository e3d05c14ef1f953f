package node_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"sierradb/core/event"
	"sierradb/node"
)

// A program opens the database directly: no server, no network. Appends are
// durable when Append returns.
func Example() {
	dir, err := os.MkdirTemp("", "sierradb-example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	db, err := node.Open(dir, node.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	ctx := context.Background()
	result, err := db.Append(ctx, event.Transaction{Events: []event.New{{
		Stream:   "user-123",
		Name:     "UserCreated",
		Expected: event.Expected{Kind: event.Empty},
		Payload:  []byte(`{"name":"john"}`),
	}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("partition %d, sequence %d, version %d\n", result.Partition, result.First, result.Events[0].Version)

	// The same expectation can't hold twice: someone else was first.
	_, err = db.Append(ctx, event.Transaction{Events: []event.New{{
		Stream:   "user-123",
		Name:     "UserCreated",
		Expected: event.Expected{Kind: event.Empty},
	}}})
	fmt.Println("wrong version:", errors.Is(err, event.ErrWrongVersion))

	events, more, err := db.ScanStream(ctx, event.StreamKey{ID: "user-123"}, node.All(100))
	if err != nil {
		log.Fatal(err)
	}
	for _, ev := range events {
		fmt.Printf("%d %s %s\n", ev.Version, ev.Name, ev.Payload)
	}
	fmt.Println("more:", more)
	// Output:
	// partition 21, sequence 0, version 0
	// wrong version: true
	// 0 UserCreated {"name":"john"}
	// more: false
}
