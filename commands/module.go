// Package commands is the face of a node: it speaks RESP with one client and
// turns what the client says into requests to a [Store].
//
// A [Session] is the actor of one connection. Bytes come in, are cut into
// commands, and replies go out in the order of the commands, however the store
// answers. Appends of one pipeline run side by side, so that they share one
// sync of the disk; a read waits for the appends before it on the same bucket,
// and holds back those behind it.
//
// A command is a [Module]: a [Spec], which is what COMMAND DOCS, docs/commands.md
// and the help of the program print, and a [Command], which parses, runs and
// replies. [Builtin] returns those of SierraDB; Add joins others to them. The
// page docs/write-a-command.md walks through one.
//
// Nothing here starts a goroutine, reads a clock or does I/O; nothing is safe
// for concurrent use but a [Set] that is not added to any more.
package commands

import (
	"fmt"
	"strings"
)

// Module is one command: what it is called and how to make one that runs.
type Module struct {
	Spec Spec
	New  func() Command
}

// Command is one command in flight. A session uses a command again after it
// was answered, so Parse has to set every field. Neither Parse nor Run nor Done
// is called while another one runs.
//
// A session keeps commands for reuse while the connection lives, so a command
// should let go of large arguments when it replied: they keep the client's
// input from being freed.
type Command interface {
	// Parse reads the arguments. It depends on them alone, and its error is
	// the reply; mostly that is what a.End returns.
	Parse(a *Args) error
	// Run replies at once, or starts one request to the store with c.Append or
	// c.Query and leaves the reply to Done.
	Run(c *Call)
	// Done replies when the request was answered. It is not called for a
	// command that replied in Run.
	Done(c *Call)
}

// Flags tell what a command touches.
type Flags uint8

// The flags.
const (
	Write      Flags = 1 << iota // it appends
	Read                         // it asks the store
	Connection                   // it concerns the connection or the node, never the store
	InMulti                      // it is run behind MULTI too, where others are refused
	Refused                      // it is known only to be refused with a text that helps
)

// Spec describes a command. It never changes after Add.
type Spec struct {
	Name     string // upper case, at most nameMax bytes
	Usage    string // the arguments: "<stream_id> [COUNT <count>]"
	Summary  string // one sentence
	Group    string // "event", "stream", "partition", "connection", "server" or one of your own
	Since    string // the version that brought it
	Flags    Flags
	Args     []Arg
	Notes    []string // paragraphs of docs/commands.md
	Returns  string   // what the reply is, for docs/commands.md
	Examples []string // request lines
	Errors   []Code   // every code it may answer, in the order of the table
}

// Arg documents an argument.
type Arg struct {
	Name     string
	Type     string // of Redis's COMMAND DOCS: string, integer, unix-time, oneof, pure-token, block
	Token    string // the keyword before it
	Optional bool
	Multiple bool
	About    string
	Args     []Arg // of a block
}

// nameMax bounds a command's name, so that a look-up needs no allocation.
const nameMax = 32

// Set is an ordered list of modules.
type Set struct {
	modules []Module
	byName  map[string]int
}

// Add appends modules to the set. It panics when a name is taken or can't be a
// name, or when New is missing: all of these are mistakes of the program.
func (s *Set) Add(modules ...Module) {
	for _, m := range modules {
		name := m.Spec.Name
		switch {
		case len(name) == 0 || len(name) > nameMax || name != strings.ToUpper(name):
			panic(fmt.Sprintf("commands: name of a module must be 1 to %d upper case bytes, got %q", nameMax, name))
		case m.New == nil:
			panic("commands: module " + name + " has no New")
		}
		if _, taken := s.byName[name]; taken {
			panic("commands: two modules are called " + name)
		}
		if s.byName == nil {
			s.byName = make(map[string]int)
		}
		s.byName[name] = len(s.modules)
		s.modules = append(s.modules, m)
	}
}

// Lookup finds a module by its name in any case.
func (s *Set) Lookup(name []byte) (*Module, bool) {
	i, ok := s.find(name)
	if !ok {
		return nil, false
	}
	return &s.modules[i], true
}

// All returns the modules in the order of Add. They are the set's: don't
// change them.
func (s *Set) All() []Module { return s.modules }

func (s *Set) find(name []byte) (int, bool) {
	if len(name) > nameMax {
		return 0, false
	}
	var upper [nameMax]byte
	for i, c := range name {
		upper[i] = upperCase(c)
	}
	i, ok := s.byName[string(upper[:len(name)])]
	return i, ok
}

func upperCase(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// isWord says whether b is the upper case word in any case.
func isWord(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if upperCase(c) != word[i] {
			return false
		}
	}
	return true
}
