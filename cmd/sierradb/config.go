package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sierradb/commands"
	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/node"
)

// Config is what the server does, after all sources of settings were heard.
// The table of keys says what each field means and where it comes from.
type Config struct {
	Dir     string
	Network struct {
		ClientAddress   string
		ClusterAddress  string
		MDNS            bool
		DefaultProtocol string // auto, 2 or 3
	}
	Node struct{ Count, Index int }

	Bucket struct {
		Count      int
		QueueBytes int64
	}
	Partition struct{ Count int }
	Segment   struct{ SizeBytes int64 }

	Append struct {
		StrictVersioning bool
		Timeout          time.Duration
	}
	Replication struct {
		Factor        int
		BufferSize    int
		BufferTimeout time.Duration
	}

	Limits struct {
		Connections, Arguments               int
		OutputBytes                          int64
		BulkBytes, CommandBytes, InlineBytes int64
	}
	Session struct {
		Inflight                 int
		InflightBytes, OutputMax int64
		OutputTimeout            time.Duration
		Subscriptions            int
	}
	Reply struct{ MaxBytes int64 }
	Scan  struct{ Count int }

	Log     struct{ Level, Format string }
	Threads struct{ Read, Write int }

	// File is the configuration file that was read, "" for none.
	File string
	// Warnings are what the user should know, one line each.
	Warnings []string

	origins map[string]origin // by key; a key that is missing has its default
}

// source is a kind of place where settings are written; a later one wins.
type source uint8

const (
	byDefault source = iota
	byFile
	byEnv
	byFlag
)

// origin says where a value was written.
type origin struct {
	source       source
	name         string // the file, the variable or the flag
	line, column int    // in the file, from 1; 0 elsewhere
}

// String names the origin up to its line: "sierradb.toml:3".
func (o origin) String() string {
	if o.line == 0 {
		return o.name
	}
	return fmt.Sprintf("%s:%d", o.name, o.line)
}

// place names the origin up to its column: "sierradb.toml:3:9".
func (o origin) place() string {
	if o.line == 0 {
		return o.name
	}
	return fmt.Sprintf("%s:%d:%d", o.name, o.line, o.column)
}

// entry is a value for a key as one source gives it, not yet checked.
type entry struct {
	key   *key
	value any // plain, or a type of TOML
	from  origin
}

// problem is one thing that the user has to change, in one line.
type problem struct {
	from origin
	text string
}

func (p problem) String() string { return p.from.place() + ": " + p.text }

// inOrder sorts problems by source, and those of a file as they stand there.
func inOrder(problems []problem) []problem {
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.from.source, b.from.source),
			cmp.Compare(a.from.line, b.from.line), cmp.Compare(a.from.column, b.from.column))
	})
	return problems
}

// newConfig turns entries, those of the weakest source first, into a
// configuration. An entry that is overridden later has to be right too: else
// taking the flag away tomorrow would break the server.
func newConfig(entries []entry) (*Config, []problem) {
	c := &Config{origins: make(map[string]origin)}
	for i := range keys {
		if err := keys[i].set(c, plain(keys[i].def)); err != nil {
			panic("config: the default of a key is refused: " + err.Error())
		}
	}
	var problems []problem
	for _, e := range entries {
		if err := e.key.set(c, e.value); err != nil {
			problems = append(problems, problem{e.from, err.Error()})
			continue
		}
		c.origins[e.key.name] = e.from
	}
	if len(problems) == 0 {
		problems = c.agree()
	}
	if len(problems) > 0 {
		return nil, problems
	}
	c.adapt()
	return c, nil
}

// agree reports values that contradict each other.
func (c *Config) agree() []problem {
	var problems []problem
	refuse := func(key, format string, args ...any) {
		problems = append(problems, problem{c.from(key), fmt.Sprintf(format, args...)})
	}
	if c.Node.Count > 1 {
		refuse("node.count", "node.count must be 1, got %d: this version serves a single node; start it without a node count and index", c.Node.Count)
	} else if c.Node.Index >= c.Node.Count {
		refuse("node.index", "node.index must be below node.count (%d), got %d", c.Node.Count, c.Node.Index)
	}
	if c.Partition.Count < c.Bucket.Count {
		refuse(c.given("partition.count", "bucket.count"),
			"partition.count (%d) must be at least bucket.count (%d)", c.Partition.Count, c.Bucket.Count)
	}
	if c.Limits.BulkBytes > c.Limits.CommandBytes {
		refuse(c.given("limits.bulk_bytes", "limits.command_bytes"),
			"limits.bulk_bytes (%s) must be at most limits.command_bytes (%s)",
			sizeText(c.Limits.BulkBytes), sizeText(c.Limits.CommandBytes))
	}
	return problems
}

// given returns the first of two keys that someone has set.
func (c *Config) given(a, b string) string {
	if _, set := c.origins[a]; set {
		return a
	}
	return b
}

// from says where the value of a key comes from.
func (c *Config) from(key string) origin {
	if o, set := c.origins[key]; set {
		return o
	}
	return origin{name: "default"}
}

// adapt lowers what can't be had and warns of what does nothing.
func (c *Config) adapt() {
	if o, set := c.origins["replication.factor"]; set && c.Replication.Factor > c.Node.Count {
		c.Warnings = append(c.Warnings, fmt.Sprintf(
			"replication.factor %d is more than the number of nodes: %d is used (%s)", c.Replication.Factor, c.Node.Count, o))
		c.origins["replication.factor"] = origin{source: o.source, name: fmt.Sprintf("lowered from %d of %s", c.Replication.Factor, o)}
		c.Replication.Factor = c.Node.Count
	}
	var idle []string
	for i := range keys {
		if o, set := c.origins[keys[i].name]; set && keys[i].idle {
			idle = append(idle, fmt.Sprintf("%s (%s)", keys[i].name, o))
		}
	}
	if len(idle) > 0 {
		c.Warnings = append(c.Warnings, "settings that do nothing in this version: "+strings.Join(idle, ", "))
	}
}

// protocols are the values of network.default_protocol; 0 lets the node guess.
var protocols = map[string]int{"auto": 0, "2": 2, "3": 3}

// nodeOptions are the settings of the node.
func (c *Config) nodeOptions() node.Options {
	segmentSize := c.Segment.SizeBytes
	if _, set := c.origins["segment.size_bytes"]; !set {
		segmentSize = 0 // that of the directory, without a warning
	}
	return node.Options{
		Buckets:     c.Bucket.Count,
		Partitions:  c.Partition.Count,
		SegmentSize: segmentSize,
		QueueBytes:  c.Bucket.QueueBytes,
		Timeout:     c.Append.Timeout,
		Session: commands.Options{
			Strict:        c.Append.StrictVersioning,
			Inflight:      c.Session.Inflight,
			InflightBytes: int(c.Session.InflightBytes),
			OutputMax:     int(c.Session.OutputMax),
			OutputTimeout: actor.Instant(c.Session.OutputTimeout),
			Subscriptions: c.Session.Subscriptions,
			ReplyMax:      int(c.Reply.MaxBytes),
			Count:         c.Scan.Count,
			Proto:         protocols[c.Network.DefaultProtocol],
			Limits: resp3.Limits{
				Args:    c.Limits.Arguments,
				Bulk:    int(c.Limits.BulkBytes),
				Command: int(c.Limits.CommandBytes),
				Inline:  int(c.Limits.InlineBytes),
			},
		},
	}
}
