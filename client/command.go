package client

import (
	"strconv"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
)

// A command is what is sent: an array of bulk strings.
type command struct {
	n    int
	body []byte
}

func newCommand(words ...string) *command {
	c := new(command)
	for _, w := range words {
		c.word(w)
	}
	return c
}

func (c *command) word(s string) *command {
	c.n++
	c.body = resp3.AppendBulkString(c.body, s)
	return c
}

func (c *command) bytes(p []byte) *command {
	c.n++
	c.body = resp3.AppendBulk(c.body, p)
	return c
}

func (c *command) number(n uint64) *command { return c.word(strconv.FormatUint(n, 10)) }

// key adds PARTITION_KEY, unless it is the Nil one.
func (c *command) key(key uuid.UUID) *command {
	if key != uuid.Nil {
		c.word("PARTITION_KEY").word(key.String())
	}
	return c
}

// appendTo appends the command as it is sent.
func (c *command) appendTo(b []byte) []byte {
	return append(resp3.AppendArray(b, c.n), c.body...)
}
