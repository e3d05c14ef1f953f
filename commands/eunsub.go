package commands

import "github.com/google/uuid"

// EUnsub is the EUNSUB module: it ends a subscription.
var EUnsub = Module{
	Spec: Spec{
		Name:     "EUNSUB",
		Usage:    "<subscription_id>",
		Summary:  "End a subscription.",
		Group:    "subscription",
		Since:    "0.1.0",
		Flags:    Connection,
		Args:     []Arg{argSubscription},
		Notes:    []string{"Nothing of it is pushed behind the reply."},
		Returns:  "OK.",
		Examples: []string{"EUNSUB 550e8400-e29b-41d4-a716-446655440000"},
		Errors:   []Code{Syntax, InvalidArg, NotFound},
	},
	New: func() Command { return new(eunsub) },
}

type eunsub struct{ id uuid.UUID }

func (c *eunsub) Parse(a *Args) error {
	c.id = a.UUID("subscription id")
	return a.End()
}

func (c *eunsub) Run(call *Call) {
	u := call.s.subs.byID[c.id]
	if u == nil {
		call.Fail(errNoSubscription)
		return
	}
	call.s.unsubscribe(u)
	call.OK()
}

func (c *eunsub) Done(*Call) {}
