package main

import (
	"strconv"
	"strings"
)

// key is one setting. The table of keys is the only place where a setting is
// described: the file reader, the environment, the flags, "sierradb config",
// "sierradb help config" and docs/config.md are made of it.
type key struct {
	name     string // "bucket.count"; the part before the dot is the section
	kind     kind
	def      string // the default, as one would write it in the environment
	min, max int64  // inclusive bounds of number, size and millis
	words    []string
	flag     string // "node-count"; empty when there is none but --set
	short    string // "n"
	metavar  string // what the flag takes: "DIR"
	brief    string // what the flag is for
	about    string // what the setting means, in sentences
	idle     bool   // it is accepted and checked, and does nothing in this version

	// field returns where the value lives: *string for text, address, peer and
	// word, *int for number, *int64 for size, *time.Duration for millis, *bool
	// for boolean.
	field func(*Config) any
}

// keys lists all settings in the order in which they are shown.
var keys = []key{
	{name: "dir", kind: text, def: "./data", flag: "dir", short: "d", metavar: "DIR",
		brief: "directory of the database, made when missing",
		about: "Directory of the database; it is made when missing. One process serves it at a time.",
		field: func(c *Config) any { return &c.Dir }},

	{name: "network.client_address", kind: address, def: "0.0.0.0:9090", flag: "client-address", metavar: "HOST:PORT",
		brief: "where Redis clients connect",
		about: "Where Redis clients connect: an IP address or a host name, and a port (0 takes a free one). There is no authentication: whoever reaches it may read and write.",
		field: func(c *Config) any { return &c.Network.ClientAddress }},
	{name: "network.cluster_address", kind: peer, def: "/ip4/0.0.0.0/tcp/0", flag: "cluster-address", metavar: "ADDRESS", idle: true,
		brief: "where other nodes connect; does nothing in this version",
		about: "Where other nodes connect: a multiaddr or host:port.",
		field: func(c *Config) any { return &c.Network.ClusterAddress }},
	{name: "network.mdns", kind: boolean, def: "false", flag: "mdns", metavar: "BOOL", idle: true,
		brief: "find other nodes, true or false; does nothing in this version",
		about: "Find other nodes by multicast DNS.",
		field: func(c *Config) any { return &c.Network.MDNS }},
	{name: "network.default_protocol", kind: word, def: "auto", words: []string{"auto", "2", "3"},
		about: "Protocol of a connection before its HELLO: RESP2, RESP3, or auto, which is RESP2 but RESP3 for a client that introduces itself as redis-rs.",
		field: func(c *Config) any { return &c.Network.DefaultProtocol }},

	{name: "node.count", kind: number, def: "1", min: 1, max: 1 << 16, flag: "node-count", short: "n", metavar: "N",
		brief: "nodes of the cluster; this version serves one",
		about: "Nodes of the cluster. This version serves a single node.",
		field: func(c *Config) any { return &c.Node.Count }},
	{name: "node.index", kind: number, def: "0", min: 0, max: 1<<16 - 1, flag: "node-index", short: "i", metavar: "N",
		brief: "which of the nodes this is",
		about: "Which of the nodes this is, from 0.",
		field: func(c *Config) any { return &c.Node.Index }},

	{name: "bucket.count", kind: number, def: "4", min: 1, max: 1<<16 - 1,
		about: "Buckets, each with a log of its own. Fixed when the directory is made; another number is refused.",
		field: func(c *Config) any { return &c.Bucket.Count }},
	{name: "bucket.queue_bytes", kind: size, def: "64MiB", min: 4 << 10, max: 512 << 20,
		about: "Appends that may wait for the disk of a bucket; more are refused with BUSY.",
		field: func(c *Config) any { return &c.Bucket.QueueBytes }},
	{name: "partition.count", kind: number, def: "32", min: 1, max: 1<<16 - 1,
		about: "Partitions, spread over the buckets: at least bucket.count. Fixed when the directory is made; another number is refused.",
		field: func(c *Config) any { return &c.Partition.Count }},
	{name: "segment.size_bytes", kind: size, def: "256MiB", min: 4 << 10, max: 10 << 30,
		about: "Size of a segment file. Fixed when the directory is made: its own size stays in use when another is set, with a warning. Space is reserved ahead in steps of up to 16 MiB per bucket while the disk has it, less when it does not.",
		field: func(c *Config) any { return &c.Segment.SizeBytes }},

	{name: "append.strict_versioning", kind: boolean, def: "false",
		about: "Refuse appends whose EXPECTED_VERSION is absent, any or exists.",
		field: func(c *Config) any { return &c.Append.StrictVersioning }},
	{name: "append.timeout_ms", kind: millis, def: "10000", min: 1, max: 3_600_000,
		about: "After this the outcome of an append is reported as unknown (TIMEOUT).",
		field: func(c *Config) any { return &c.Append.Timeout }},

	{name: "replication.factor", kind: number, def: "1", min: 1, max: 255,
		about: "Copies of each event. Above node.count it is lowered to that, with a warning.",
		field: func(c *Config) any { return &c.Replication.Factor }},
	{name: "replication.buffer_size", kind: number, def: "1000", min: 0, max: 1<<31 - 1, idle: true,
		about: "Replicated writes that may wait for an earlier one.",
		field: func(c *Config) any { return &c.Replication.BufferSize }},
	{name: "replication.buffer_timeout_ms", kind: millis, def: "8000", min: 0, max: 3_600_000, idle: true,
		about: "How long they may wait.",
		field: func(c *Config) any { return &c.Replication.BufferTimeout }},

	{name: "limits.connections", kind: number, def: "10000", min: 1, max: 1_000_000,
		about: "Client connections; more are refused with an error.",
		field: func(c *Config) any { return &c.Limits.Connections }},
	{name: "limits.output_bytes", kind: size, def: "1GiB", min: 1 << 20, max: 1 << 40,
		about: "Replies that clients have not taken, all together. Beyond it, who adds a long one is let go.",
		field: func(c *Config) any { return &c.Limits.OutputBytes }},
	{name: "limits.arguments", kind: number, def: "1048576", min: 16, max: 1 << 24,
		about: "Arguments of one command.",
		field: func(c *Config) any { return &c.Limits.Arguments }},
	{name: "limits.bulk_bytes", kind: size, def: "16MiB", min: 1 << 10, max: 512 << 20,
		about: "Size of one argument, and so of a payload.",
		field: func(c *Config) any { return &c.Limits.BulkBytes }},
	{name: "limits.command_bytes", kind: size, def: "64MiB", min: 1 << 10, max: 1 << 30,
		about: "Size of one command with all its arguments.",
		field: func(c *Config) any { return &c.Limits.CommandBytes }},
	{name: "limits.inline_bytes", kind: size, def: "64KiB", min: 1 << 10, max: 16 << 20,
		about: "Length of a command that is typed as a line of text.",
		field: func(c *Config) any { return &c.Limits.InlineBytes }},

	{name: "session.inflight", kind: number, def: "1024", min: 1, max: 1 << 16,
		about: "Commands of one connection that may wait for their answer.",
		field: func(c *Config) any { return &c.Session.Inflight }},
	{name: "session.inflight_bytes", kind: size, def: "8MiB", min: 1 << 10, max: 1 << 30,
		about: "Size of these commands; a single one may be larger.",
		field: func(c *Config) any { return &c.Session.InflightBytes }},
	{name: "session.output_max", kind: size, def: "1MiB", min: 1 << 10, max: 1 << 30,
		about: "Replies that a client has not read; above it no further command is taken from that client.",
		field: func(c *Config) any { return &c.Session.OutputMax }},
	{name: "session.output_timeout_ms", kind: millis, def: "60000", min: 100, max: 86_400_000,
		about: "A client that reads none of its replies for so long is cut off.",
		field: func(c *Config) any { return &c.Session.OutputTimeout }},
	{name: "session.subscriptions", kind: number, def: "16384", min: 1, max: 1 << 20,
		about: "Subscriptions of one connection.",
		field: func(c *Config) any { return &c.Session.Subscriptions }},

	{name: "reply.max_bytes", kind: size, def: "8MiB", min: 1 << 10, max: 512 << 20,
		about: "Size of the reply to a scan: a longer one is cut, with has_more true. A single event may be larger.",
		field: func(c *Config) any { return &c.Reply.MaxBytes }},
	{name: "scan.count", kind: number, def: "100", min: 1, max: 1_000_000,
		about: "Events in the reply to a scan that names no COUNT.",
		field: func(c *Config) any { return &c.Scan.Count }},

	{name: "log.level", kind: word, def: "info", words: []string{"debug", "info", "warn", "error"}, flag: "log", short: "l", metavar: "LEVEL",
		brief: "least important messages to log: debug, info, warn or error",
		about: "The least important messages that are logged.",
		field: func(c *Config) any { return &c.Log.Level }},
	{name: "log.format", kind: word, def: "text", words: []string{"text", "json"}, flag: "log-format", metavar: "FORMAT",
		brief: "text or json",
		about: "How log lines are written to standard error.",
		field: func(c *Config) any { return &c.Log.Format }},

	{name: "threads.read", kind: number, def: "0", min: 0, max: 1024, idle: true,
		about: "Threads for reads. Reads run on the goroutine of their connection.",
		field: func(c *Config) any { return &c.Threads.Read }},
	{name: "threads.write", kind: number, def: "0", min: 0, max: 1024, idle: true,
		about: "Threads for writes. Each bucket has a goroutine of its own.",
		field: func(c *Config) any { return &c.Threads.Write }},
}

// keyNamed finds a key by its exact name.
func keyNamed(name string) *key {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}

// section returns the part of the name before the dot, "" at the top.
func (k *key) section() string {
	section, _, found := strings.Cut(k.name, ".")
	if !found {
		return ""
	}
	return section
}

// envPrefix begins the name of every variable that is a setting.
const envPrefix = "SIERRADB_"

// env is the environment variable of the key.
func (k *key) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_"))
}

// expects says in words which values the key takes.
func (k *key) expects() string {
	switch k.kind {
	case address:
		return `host:port, such as "127.0.0.1:9090"`
	case peer:
		return `a multiaddr such as "/ip4/0.0.0.0/tcp/0", or host:port`
	case number:
		return "an integer of " + k.bounds()
	case size:
		return `a size of ` + k.bounds() + `, in bytes or such as "16MiB"`
	case millis:
		return "an integer of " + k.bounds() + " (milliseconds)"
	case boolean:
		return "true or false"
	case word:
		return "one of " + strings.Join(k.words, ", ")
	}
	return "a text that is not empty"
}

// bounds is the range of a numeric key in words, or "".
func (k *key) bounds() string {
	show := func(v int64) string { return strconv.FormatInt(v, 10) }
	switch k.kind {
	case size:
		show = sizeText
	case number, millis:
	default:
		return ""
	}
	return show(k.min) + " to " + show(k.max)
}
