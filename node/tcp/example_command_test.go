package tcp_test

import (
	"context"
	"errors"
	"log"
	"net"
	"os"
	"os/signal"
	"time"

	"sierradb/commands"
	"sierradb/core/event"
	"sierradb/node"
	"sierradb/node/tcp"
)

// Order is the SHOP.ORDER module: it places an order, once.
var Order = commands.Module{
	Spec: commands.Spec{
		Name:    "SHOP.ORDER",
		Usage:   "<order_id> <payload>",
		Summary: "Place an order, unless it is placed already.",
		Group:   "shop",
		Since:   "0.1.0",
		Flags:   commands.Write,
		Args: []commands.Arg{
			{Name: "order_id", Type: "string", About: "UUID of the order"},
			{Name: "payload", Type: "string", About: "what is ordered"},
		},
		Returns:  "The id of the event.",
		Examples: []string{`SHOP.ORDER 550e8400-e29b-41d4-a716-446655440000 '{"total":99.99}'`},
		Errors: []commands.Code{commands.Syntax, commands.InvalidArg, commands.WrongVer, commands.TooLarge, commands.Busy,
			commands.DiskFull, commands.ReadOnly, commands.Unavailable, commands.Timeout, commands.DBOpFailed},
	},
	New: func() commands.Command { return new(order) },
}

type order struct {
	req event.Append
	ev  [1]event.New
}

// Parse reads the arguments and sets every field: the object is used again.
func (c *order) Parse(a *commands.Args) error {
	stream := "order-" + a.UUID("order id").String()
	c.ev[0] = event.New{
		Stream:   stream,
		Name:     "OrderPlaced",
		Expected: event.Expected{Kind: event.Empty},
		Payload:  a.Bytes("payload"),
	}
	c.req.Transaction = event.Transaction{Key: event.KeyOf(stream), Derived: true, Events: c.ev[:]}
	return a.End()
}

// Run starts the append; the session decides when it may go.
func (c *order) Run(call *commands.Call) { call.Append(&c.req) }

// Done replies, and lets go of the client's input.
func (c *order) Done(call *commands.Call) {
	if !call.Failed(c.req.Err) {
		call.UUID(c.req.Placed[0].ID)
	}
	c.ev[0] = event.New{}
}

func main() {
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:9090")
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(stop, "data", ln); err != nil {
		log.Fatal(err)
	}
}

// serve serves the database in dir on ln until stop is done.
func serve(stop context.Context, dir string, ln net.Listener) error {
	set := commands.Builtin()
	set.Add(Order)
	db, err := node.Open(dir, node.Options{Commands: set})
	if err != nil {
		ln.Close()
		return err
	}
	server := tcp.Serve(db, ln, tcp.Options{})
	<-stop.Done()
	patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(patience), db.Close())
}
