package client

import (
	"context"

	"github.com/google/uuid"
)

// StreamVersion returns the version of a stream's last event. found is false
// when the stream has none.
func (c *Client) StreamVersion(ctx context.Context, stream string) (version uint64, found bool, err error) {
	return c.KeyedStreamVersion(ctx, stream, uuid.Nil)
}

// KeyedStreamVersion is [Client.StreamVersion] for a stream whose events were
// appended with a partition key of their own.
func (c *Client) KeyedStreamVersion(ctx context.Context, stream string, key uuid.UUID) (version uint64, found bool, err error) {
	return c.position(ctx, newCommand("ESVER", stream).key(key))
}

// PartitionSequence returns the sequence of a partition's last event. found is
// false when the partition is empty.
func (c *Client) PartitionSequence(ctx context.Context, p Partition) (sequence uint64, found bool, err error) {
	return c.position(ctx, newCommand("EPSEQ", p.selector()))
}

func (c *Client) position(ctx context.Context, cmd *command) (uint64, bool, error) {
	v, _, err := c.run(ctx, reading, cmd)
	if err != nil {
		return 0, false, err
	}
	return positionFrom(v)
}

// positionFrom reads the reply to a question for the last event: a number, or
// null.
func positionFrom(v Value) (n uint64, found bool, err error) {
	if v.IsNull() {
		return 0, false, nil
	}
	n, ok := countFrom(&v)
	if !ok {
		return 0, false, unexpected("a number or null", v)
	}
	return n, true, nil
}
