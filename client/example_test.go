package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"github.com/google/uuid"

	"sierradb/client"
	"sierradb/node"
	"sierradb/node/tcp"
)

func Example() {
	addr, stop := exampleNode()
	defer stop()

	db, err := client.New(client.Options{Addr: addr})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	placed, err := db.Append(ctx, client.NewEvent{
		Stream:  "user-123",
		Name:    "UserCreated",
		Payload: []byte(`{"name":"john"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("version %d in partition %d\n", placed.Version, placed.Partition)

	for e, err := range db.ScanStream(ctx, "user-123", client.ScanOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Version, e.Name, string(e.Payload))
	}
	// Output:
	// version 0 in partition 21
	// 0 UserCreated {"name":"john"}
}

// Two decide from the same state; one of them has to decide again.
func ExampleClient_Append_conflict() {
	db, ctx, stop := exampleClient()
	defer stop()

	register := func(name string) error {
		_, err := db.Append(ctx, client.NewEvent{
			Stream:   "email-alice@example.com",
			Name:     "Taken",
			Expected: client.Empty,
			Payload:  []byte(name),
		})
		var wrong *client.VersionError
		switch {
		case errors.Is(err, client.ErrUnknown):
			return err // it may have been appended: look before trying again
		case errors.As(err, &wrong):
			return fmt.Errorf("the address is taken, at version %d", wrong.Version)
		}
		return err
	}

	fmt.Println(register("alice"))
	fmt.Println(register("mallory"))
	// Output:
	// <nil>
	// the address is taken, at version 0
}

func ExampleClient_AppendTransaction() {
	db, ctx, stop := exampleClient()
	defer stop()

	key := uuid.MustParse("550e8400-e29b-41d4-a716-446655440000")
	placed, err := db.AppendTransaction(ctx, key,
		client.NewEvent{Stream: "order-7", Name: "OrderPlaced", Expected: client.Empty},
		client.NewEvent{Stream: "stock", Name: "Reserved", Payload: []byte(`{"laptop":1}`)},
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range placed {
		fmt.Println(p.Sequence, p.Stream, p.Version)
	}
	// Output:
	// 0 order-7 0
	// 1 stock 0
}

func ExampleSubscription_Events() {
	db, ctx, stop := exampleClient()
	defer stop()
	for _, name := range []string{"Opened", "Filled", "Closed"} {
		if _, err := db.Append(ctx, client.NewEvent{Stream: "box", Name: name}); err != nil {
			log.Fatal(err)
		}
	}

	sub := db.SubscribeStream("box", client.SubscribeOptions{From: client.Start})
	for e, err := range sub.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Version, e.Name)
		if e.Name == "Closed" {
			break
		}
	}
	// Output:
	// 0 Opened
	// 1 Filled
	// 2 Closed
}

func ExampleClient_SubscribeAll() {
	db, ctx, stop := exampleClient()
	defer stop()

	sub := db.SubscribeAll(client.SubscribeOptions{From: client.Latest})
	if err := sub.Open(ctx); err != nil { // from here on nothing is missed
		log.Fatal(err)
	}
	if _, err := db.Append(ctx, client.NewEvent{Stream: "box", Name: "Opened"}); err != nil {
		log.Fatal(err)
	}
	for e, err := range sub.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Stream, e.Name)
		sub.Ack() // it is finished, though the loop is left
		break
	}
	// Output:
	// box Opened
}

func ExampleClient_ReadStream() {
	db, ctx, stop := exampleClient()
	defer stop()
	if _, err := db.Append(ctx, client.NewEvent{Stream: "box", Name: "Opened"}); err != nil {
		log.Fatal(err)
	}

	page, err := db.ReadStream(ctx, "box", client.ReadOptions{From: 0, Block: 5 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range page.Events {
		fmt.Println(e.Version, e.Name)
	}
	// Output:
	// 0 Opened
}

// exampleNode serves a new database on a loopback port.
func exampleNode() (addr string, stop func()) {
	dir, err := os.MkdirTemp("", "sierradb-client")
	if err != nil {
		log.Fatal(err)
	}
	db, err := node.Open(dir, node.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := tcp.Serve(db, ln, tcp.Options{})
	return ln.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(server.Shutdown(ctx), db.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}

// exampleClient is a client of an exampleNode.
func exampleClient() (*client.Client, context.Context, func()) {
	addr, stop := exampleNode()
	db, err := client.New(client.Options{Addr: addr})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	return db, ctx, func() {
		cancel()
		db.Close()
		stop()
	}
}
