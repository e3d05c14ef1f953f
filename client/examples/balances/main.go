// Command balances keeps a table of what is on all accounts, in a file: a
// projection. It catches up with what it does not know, follows what is
// appended, goes on when the node was away, and begins where it was when it is
// started again.
//
//	balances -address 127.0.0.1:9090 -file balances.json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"log"
	"os"
	"os/signal"

	"sierradb/client"
)

// A table is the projection: balances, and the positions up to which they are
// right. Both are in one file, which is replaced as a whole, so that each event
// counts once even if the program is killed.
type table struct {
	file     string
	Balances map[string]int    `json:"balances"`
	Position []client.Position `json:"position"`
}

// Load reads the file. It is a method of [client.Positions].
func (t *table) Load(context.Context) ([]client.Position, error) {
	data, err := os.ReadFile(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(data, t)
	return t.Position, err
}

// Store writes the file. It is called between two events: the balances are those
// behind the positions. It is a method of [client.Positions].
func (t *table) Store(_ context.Context, position []client.Position) error {
	t.Position = position
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := os.WriteFile(t.file+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(t.file+".new", t.file)
}

// apply counts an event.
func (t *table) apply(e *client.Event) error {
	if e.Name != "MoneyMoved" {
		return nil
	}
	var m struct {
		Amount int `json:"amount"`
	}
	if err := json.Unmarshal(e.Payload, &m); err != nil {
		return err
	}
	t.Balances[e.Stream] += m.Amount
	return nil
}

// follow keeps the table until ctx ends.
func follow(ctx context.Context, db *client.Client, t *table) error {
	sub := db.SubscribeAll(client.SubscribeOptions{
		From:        client.Start,
		Positions:   t,
		Interrupted: func(err error) { log.Print(err, "; trying again") },
	})
	for e, err := range sub.Events(ctx) {
		if err != nil {
			return err
		}
		if err := t.apply(&e); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	log.SetFlags(0)
	address := flag.String("address", "127.0.0.1:9090", "`host:port` of the node")
	file := flag.String("file", "balances.json", "where the table is kept")
	flag.Parse()
	db, err := client.New(client.Options{Addr: *address})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err = follow(ctx, db, &table{file: *file, Balances: make(map[string]int)})
	if err != nil && ctx.Err() == nil {
		log.Print(err)
		os.Exit(1)
	}
}
