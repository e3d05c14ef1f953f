package client

import (
	"context"
	"iter"

	"github.com/google/uuid"
)

// ScanOptions say which events a scan returns. The zero value means all.
type ScanOptions struct {
	PartitionKey uuid.UUID // of the stream's events, if they were appended with one
	From         uint64    // the first version or sequence
	Before       uint64    // the version or sequence behind the last one; 0: no end
	Limit        int       // at most so many events; 0: any number
	Page         int       // at most so many events a request; 0: 1,000
}

// pageDefault is how many events a scan asks for at once. A node returns fewer
// if they are large.
const pageDefault = 1000

// Get returns an event by its id. found is false when no partition has it.
func (c *Client) Get(ctx context.Context, id uuid.UUID) (e Event, found bool, err error) {
	v, _, err := c.run(ctx, reading, newCommand("EGET", id.String()))
	if err != nil || v.IsNull() {
		return Event{}, false, err
	}
	e, err = eventFrom(v)
	return e, err == nil, err
}

// ScanStream returns an iterator over events of a stream, in the order of their
// versions. It asks for one page at a time; an error ends it.
func (c *Client) ScanStream(ctx context.Context, stream string, o ScanOptions) iter.Seq2[Event, error] {
	return scan(o, func(e *Event) uint64 { return e.Version }, func(o ScanOptions) (Page, error) {
		return c.StreamPage(ctx, stream, o)
	})
}

// ScanPartition returns an iterator over events of a partition, in the order of
// their sequences. It asks for one page at a time; an error ends it.
func (c *Client) ScanPartition(ctx context.Context, p Partition, o ScanOptions) iter.Seq2[Event, error] {
	return scan(o, func(e *Event) uint64 { return e.Sequence }, func(o ScanOptions) (Page, error) {
		return c.PartitionPage(ctx, p, o)
	})
}

// StreamPage returns one page of a stream: the first of the range of o.
func (c *Client) StreamPage(ctx context.Context, stream string, o ScanOptions) (Page, error) {
	return c.page(ctx, newCommand("ESCAN", stream), o, o.PartitionKey)
}

// PartitionPage returns one page of a partition: the first of the range of o.
func (c *Client) PartitionPage(ctx context.Context, p Partition, o ScanOptions) (Page, error) {
	return c.page(ctx, newCommand("EPSCAN", p.selector()), o, uuid.Nil)
}

func (c *Client) page(ctx context.Context, cmd *command, o ScanOptions, key uuid.UUID) (Page, error) {
	cmd.number(o.From)
	if o.Before > 0 {
		cmd.number(o.Before - 1)
	} else {
		cmd.word("+")
	}
	count := o.Page
	if count <= 0 {
		count = pageDefault
	}
	if o.Limit > 0 {
		count = min(count, o.Limit)
	}
	v, _, err := c.run(ctx, reading, cmd.key(key).word("COUNT").number(uint64(count)))
	if err != nil {
		return Page{}, err
	}
	return pageFrom(v)
}

// scan goes through the pages of a range.
func scan(o ScanOptions, position func(*Event) uint64, page func(ScanOptions) (Page, error)) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		at := o // so that the iterator can be used again
		for {
			p, err := page(at)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for i := range p.Events {
				if !yield(p.Events[i], nil) {
					return
				}
			}
			n := len(p.Events)
			if !p.More || at.Limit > 0 && n >= at.Limit {
				return
			}
			at.From = position(&p.Events[n-1]) + 1
			if at.Limit > 0 {
				at.Limit -= n
			}
		}
	}
}
