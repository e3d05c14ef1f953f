package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Retry says how long a command is tried again. What is tried again: any
// command that did not reach the node; reads and appends whose connection was
// lost; what was answered BUSY, UNAVAILABLE, NOTLEADER or TIMEOUT; appends that
// were answered DBOPFAILED. Everything else is final.
type Retry struct {
	// For is how long, counted from the first attempt: 30 s by default. A
	// negative one means that each command is tried once. The context of a
	// command may end it sooner.
	For time.Duration
	// Min and Max bound the pauses, 10 ms and 1 s. Each is up to twice as long
	// as the one before, and shortened by a random part of up to one half.
	Min, Max time.Duration
}

func (r Retry) withDefaults() Retry {
	r.For = orDefault(r.For, 30*time.Second)
	r.Min = orDefault(r.Min, 10*time.Millisecond)
	r.Max = max(orDefault(r.Max, time.Second), r.Min)
	return r
}

// A backoff is the pauses between the attempts at one thing.
type backoff struct {
	r     Retry
	until time.Time // zero: for ever
	pause time.Duration
}

// begin starts counting.
func (r Retry) begin() backoff { return backoff{r: r, until: time.Now().Add(r.For)} }

// forever counts pauses without an end.
func (r Retry) forever() backoff { return backoff{r: r} }

// reset makes the next pause a short one again.
func (b *backoff) reset() { b.pause = 0 }

// next returns the next pause; ok is false when there is no time for it.
func (b *backoff) next() (pause time.Duration, ok bool) {
	b.pause = min(max(2*b.pause, b.r.Min), b.r.Max)
	pause = b.pause - rand.N(b.pause/2+1)
	return pause, b.until.IsZero() || time.Now().Add(pause).Before(b.until)
}

// wait makes a pause, unless ctx or the client ends before.
func (c *Client) wait(ctx context.Context, pause time.Duration) error {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.life.Done():
		return ErrClosed
	}
}

// A kind says which failures of a command are tried again.
type kind uint8

const (
	once      kind = iota // anything: only if it did not reach the node
	reading               // changes nothing
	appending             // may be repeated, since it has event ids
)

// again says whether a command of the kind may be tried again after err. sent
// says that it may have reached the node.
func (k kind) again(err error, sent bool) bool {
	switch code := codeOf(err); {
	case code == "" && !errors.Is(err, ErrConnection):
		return false // the context, Close, a reply that makes no sense
	case code == "":
		return !sent || k != once
	case k == once:
		return false
	case code == "DBOPFAILED":
		return k == appending
	default:
		return passing(code)
	}
}

// passing says whether an error of a node may be gone after a while.
func passing(code string) bool {
	switch code {
	case "BUSY", "UNAVAILABLE", "NOTLEADER", "TIMEOUT":
		return true
	}
	return false
}

// attempts is what became of the attempts at a command.
type attempts struct {
	n         int
	uncertain bool // one of them may have been carried out
}

// run sends a command until it is answered, or failed for good.
func (c *Client) run(ctx context.Context, k kind, cmd *command) (Value, attempts, error) {
	return c.runBy(ctx, k, func() (Value, bool, error) { return c.pool.do(ctx, cmd) })
}

func (c *Client) runBy(ctx context.Context, k kind, do func() (v Value, sent bool, err error)) (Value, attempts, error) {
	var a attempts
	b := c.o.Retry.begin()
	for {
		v, sent, err := do()
		a.n++
		if err == nil && v.IsError() {
			err = parseError(v.Text())
			sent = sent && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrDatabase))
		}
		if err == nil {
			return v, a, nil
		}
		a.uncertain = a.uncertain || sent
		if !k.again(err, sent) {
			return Value{}, a, err
		}
		pause, ok := b.next()
		if !ok {
			return Value{}, a, err
		}
		if ended := c.wait(ctx, pause); ended != nil {
			return Value{}, a, fmt.Errorf("%w (the last attempt: %w)", ended, err)
		}
	}
}
