package client

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// ReadOptions say what a read returns and how long it waits.
type ReadOptions struct {
	PartitionKey uuid.UUID     // of the stream's events, if they were appended with one
	From         uint64        // the first version or sequence
	Count        int           // at most so many events; 0: 100
	Block        time.Duration // how long to wait while there is no event; negative: until the context ends
}

// ReadStream returns the events of a stream from a version on, and waits for one
// if there is none. It is a subscription for those who would rather ask: read
// from 0 on, then from the version behind the last event. A page without events
// means that none came in time.
func (c *Client) ReadStream(ctx context.Context, stream string, o ReadOptions) (Page, error) {
	return c.read(ctx, o, func() *command { return newCommand("EREAD", stream).key(o.PartitionKey) })
}

// ReadPartition is [Client.ReadStream] for a partition and its sequences.
func (c *Client) ReadPartition(ctx context.Context, p Partition, o ReadOptions) (Page, error) {
	return c.read(ctx, o, func() *command { return newCommand("EPREAD", p.selector()) })
}

// turn bounds how long one request waits, so that a node which is lost without
// a trace is noticed: it is a third of what the connection's timeout is.
func (c *Client) turn() time.Duration { return c.o.ReplyTimeout / 3 }

// read asks again and again until there is an event or the time is up.
func (c *Client) read(ctx context.Context, o ReadOptions, begin func() *command) (Page, error) {
	end := time.Now().Add(o.Block)
	pauses := c.o.Retry.forever()
	for {
		cmd := begin().word("FROM").number(o.From)
		if o.Count > 0 {
			cmd.word("COUNT").number(uint64(o.Count))
		}
		left := c.turn()
		if o.Block >= 0 {
			left = min(left, time.Until(end))
		}
		asked := time.Now()
		if left >= time.Millisecond {
			cmd.word("BLOCK").number(uint64(left.Milliseconds()))
		}
		v, _, err := c.runBy(ctx, reading, func() (Value, bool, error) {
			if left < time.Millisecond {
				return c.pool.do(ctx, cmd)
			}
			return c.doAlone(ctx, cmd)
		})
		if err != nil {
			return Page{}, err
		}
		p, err := pageFrom(v)
		if err != nil || len(p.Events) > 0 || left < time.Millisecond || o.Block >= 0 && !time.Now().Before(end) {
			return p, err
		}
		// A node that stops answers at once; it shall not be asked without end.
		if time.Since(asked) >= left/2 {
			pauses.reset()
			continue
		}
		pause, _ := pauses.next()
		if err := c.wait(ctx, pause); err != nil {
			return Page{}, err
		}
	}
}
