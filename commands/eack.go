package commands

import "github.com/google/uuid"

// EAck is the EACK module: it acknowledges events of a subscription.
var EAck = Module{
	Spec: Spec{
		Name:    "EACK",
		Usage:   "<subscription_id> <sequence_or_version>",
		Summary: "Acknowledge the events of a subscription up to a cursor.",
		Group:   "subscription",
		Since:   "0.1.0",
		Flags:   Connection,
		Args: []Arg{
			argSubscription,
			{Name: "sequence_or_version", Type: "integer", About: "the cursor of the last event that was processed, and with it all before"},
		},
		Notes: []string{
			"It makes room in the window of the subscription. A cursor beyond what was delivered counts as the last one delivered, one below an earlier acknowledgement changes nothing. The node keeps no positions: a client that comes back says FROM.",
		},
		Returns:  "OK.",
		Examples: []string{"EACK 550e8400-e29b-41d4-a716-446655440000 1000"},
		Errors:   []Code{Syntax, InvalidArg, NotFound},
	},
	New: func() Command { return new(eack) },
}

var argSubscription = Arg{Name: "subscription_id", Type: "string", About: "the UUID that ESUB or EPSUB answered, on this connection"}

type eack struct {
	id     uuid.UUID
	cursor uint64
}

func (c *eack) Parse(a *Args) error {
	c.id, c.cursor = a.UUID("subscription id"), a.Uint("sequence or version")
	return a.End()
}

func (c *eack) Run(call *Call) {
	u := call.s.subs.byID[c.id]
	if u == nil {
		call.Fail(errNoSubscription)
		return
	}
	u.ack(c.cursor)
	call.OK()
	call.s.acknowledged(u)
}

// errNoSubscription is the answer about a subscription that this connection
// doesn't have.
var errNoSubscription = Errorf(NotFound, "subscription not found")

func (c *eack) Done(*Call) {}
