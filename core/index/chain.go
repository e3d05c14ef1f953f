package index

import (
	"sort"

	"sierradb/core/mutate"
)

// chain is the directory entry of a partition or stream: what its next event is
// numbered, and which tables hold it. Most streams live in one segment, so the
// first link needs no memory of its own.
type chain struct {
	next uint64
	head link
	more []link
}

// link says that a table holds events of a chain from number first on.
type link struct {
	first uint64
	table uint32
	run   uint32
}

func (c *chain) links() int {
	if c.next == 0 {
		return 0
	}
	return 1 + len(c.more)
}

func (c *chain) link(i int) *link {
	if i == 0 {
		return &c.head
	}
	return &c.more[i-1]
}

// holding returns the link that holds number n, which exists.
func (c *chain) holding(n uint64) int {
	if mutate.On(mutate.SegmentEdge) && n > 0 {
		n--
	}
	return sort.Search(len(c.more), func(i int) bool { return c.more[i].first > n })
}

// add gives the event with an ordinal of the open table the chain's next
// number.
func (c *chain) add(t *Table, table, ordinal uint32) {
	n := c.links()
	switch {
	case n == 0:
		c.head = link{table: table, run: t.begin(ordinal)}
	case c.link(n-1).table == table:
		t.push(c.link(n-1).run, ordinal)
	default:
		c.more = append(c.more, link{first: c.next, table: table, run: t.begin(ordinal)})
	}
	c.next++
}
