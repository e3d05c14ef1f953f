// Command account moves money on an account that is a stream of events. It
// shows an append with optimistic concurrency: what was decided from a state is
// stored only if the state is still the same, else it is decided again.
//
//	account -address 127.0.0.1:9090 account-1 100    pays in
//	account -address 127.0.0.1:9090 account-1 -30    pays out, if there is enough
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"strconv"
	"time"

	"sierradb/client"
)

// moved is the payload of an event: the amount, negative for what was paid out.
type moved struct {
	Amount int `json:"amount"`
}

// account is the state that the events of a stream add up to.
type account struct {
	balance  int
	next     uint64          // version of the event that would come next
	expected client.Expected // that nobody appended since
}

// read applies the events that the account does not know yet.
func (a *account) read(ctx context.Context, db *client.Client, stream string) error {
	for e, err := range db.ScanStream(ctx, stream, client.ScanOptions{From: a.next}) {
		if err != nil {
			return err
		}
		var m moved
		if err := json.Unmarshal(e.Payload, &m); err != nil {
			return err
		}
		a.balance += m.Amount
		a.next = e.Version + 1
		a.expected = client.Exactly(e.Version)
	}
	return nil
}

var errTooLittle = errors.New("there is too little on the account")

// move pays in or out and returns the new balance.
func move(ctx context.Context, db *client.Client, stream string, amount int) (int, error) {
	payload, err := json.Marshal(moved{amount})
	if err != nil {
		return 0, err
	}
	a := account{expected: client.Empty}
	for {
		if err := a.read(ctx, db, stream); err != nil {
			return 0, err
		}
		if a.balance+amount < 0 {
			return a.balance, errTooLittle
		}
		_, err := db.Append(ctx, client.NewEvent{Stream: stream, Name: "MoneyMoved", Expected: a.expected, Payload: payload})
		if errors.Is(err, client.ErrWrongVersion) && !errors.Is(err, client.ErrUnknown) {
			continue // somebody was faster: look again
		}
		return a.balance + amount, err
	}
}

func main() {
	log.SetFlags(0)
	address := flag.String("address", "127.0.0.1:9090", "`host:port` of the node")
	flag.Parse()
	amount, err := strconv.Atoi(flag.Arg(1))
	if err != nil || flag.NArg() != 2 {
		log.Fatal("usage: account [-address host:port] STREAM AMOUNT")
	}
	db, err := client.New(client.Options{Addr: *address})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	balance, err := move(ctx, db, flag.Arg(0), amount)
	cancel()
	db.Close()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(balance)
}
