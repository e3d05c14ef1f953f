package commands

import (
	"sierradb/commands/resp3"
	"sierradb/core/actor"
)

// Options are the settings of a session. The zero value of each field means
// its default.
type Options struct {
	Strict        bool          // append.strict_versioning: every append must name a version or empty
	Inflight      int           // session.inflight: commands that are not answered yet, 1024
	InflightBytes int           // session.inflight_bytes: bytes of these commands, 8 MiB; one may exceed it
	OutputMax     int           // session.output_max: bytes of replies not yet sent above which no input is taken, 1 MiB
	ReplyMax      int           // reply.max_bytes: bytes of the reply to a scan, 8 MiB; one event may exceed it
	OutputTimeout actor.Instant // session.output_timeout: a client that reads nothing for so long is cut off, 60 s
	Subscriptions int           // session.subscriptions: of one connection, 16384
	Count         int           // COUNT of a scan that names none, 100
	Proto         int           // network.default_protocol: 2, 3, or 0 to guess
	Limits        resp3.Limits  // of single commands
}

func (o Options) withDefaults() Options {
	o.Inflight = orDefault(o.Inflight, 1024)
	o.InflightBytes = orDefault(o.InflightBytes, 8<<20)
	o.OutputMax = orDefault(o.OutputMax, 1<<20)
	o.ReplyMax = orDefault(o.ReplyMax, 8<<20)
	o.OutputTimeout = orDefault(o.OutputTimeout, 60*actor.Second)
	o.Subscriptions = orDefault(o.Subscriptions, 16384)
	o.Count = orDefault(o.Count, 100)
	return o
}

func orDefault[T int | actor.Instant](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// proto is what a connection speaks before it says HELLO.
func (o *Options) proto() resp3.Proto {
	if o.Proto == 3 {
		return resp3.RESP3
	}
	return resp3.RESP2
}

// Conn is what a connection has told of itself. Commands that concern the
// connection read and change it.
type Conn struct {
	ID         uint32 // of the connection, from 0
	Proto      resp3.Proto
	Name       string // CLIENT SETNAME
	LibName    string // CLIENT SETINFO
	LibVersion string
	Greeted    bool // HELLO was said
	Multi      bool // MULTI was said: commands without InMulti are refused
	Shell      bool // its first command was COMMAND, as that of redis-cli is: it takes pushes without RESP3
	Local      bool // READONLY was said: reads of a replica that may lag would do
}

// reset forgets everything but who is there.
func (c *Conn) reset(o *Options) { *c = Conn{ID: c.ID, Shell: c.Shell, Proto: o.proto()} }
