package node

import (
	"context"
	"fmt"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// calling is the kind in which an embedding program's requests reach the caller.
const calling actor.Kind = 64

// caller is the actor between the goroutines of an embedding program and the
// replicas: what a session is for a connection. Its Step closes the channel
// that the program waits on, which is all it does to the outside.
type caller struct {
	router  *router
	appends map[*event.Append]*call
	queries map[*event.Query]*call
}

// call is one request of the embedding program.
type call struct {
	append *event.Append
	query  *event.Query
	done   chan struct{}
}

func newCaller(n *Node) *caller {
	return &caller{router: n.router(), appends: make(map[*event.Append]*call), queries: make(map[*event.Query]*call)}
}

func (c *caller) Step(env *actor.Env, ev *actor.Event) {
	switch ev.Kind {
	case actor.Start, actor.Stop:
	case calling:
		req := ev.Body.(*call)
		if req.append != nil {
			c.appends[req.append] = req
			c.router.Append(env, req.append)
		} else {
			c.queries[req.query] = req
			c.router.Query(env, req.query)
		}
	default:
		a, q := c.router.Deliver(env, ev)
		if a != nil {
			close(c.appends[a].done)
			delete(c.appends, a)
		}
		if q != nil {
			close(c.queries[q].done)
			delete(c.queries, q)
		}
	}
}

func (c *caller) Flush(*actor.Env) {}

// do runs one request and waits for its answer or the end of ctx.
func (db *DB) do(ctx context.Context, req *call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return event.ErrClosed
	}
	db.calls.Add(1)
	db.mu.Unlock()
	defer db.calls.Done()
	req.done = make(chan struct{})
	db.runner.Post(callerID, actor.Event{Kind: calling, Body: req})
	select {
	case <-req.done:
		return nil
	case <-ctx.Done():
		if req.append != nil {
			return fmt.Errorf("%w: %w", event.ErrTimeout, ctx.Err())
		}
		return ctx.Err()
	}
}

var callerID = actor.ID{Role: actor.Caller}
