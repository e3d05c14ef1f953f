package main

import "strings"

// deterministicRoots are the folders whose packages run inside the simulator.
// An entry that ends in "/..." stands for the folder and all below it.
var deterministicRoots = []string{
	"core/...",
	"commands/...",
	"netsim/...",
	"node",
	"node/placement/...",
	"node/replica/...",
	"node/wire/...",
	"sim/...",
}

// An exemption is one file of a deterministic package that may use the world.
type exemption struct {
	file string // slash-separated, from the root of the module
	why  string
}

// exempt lists all of them. A file belongs here only if the simulator replaces
// what it does; the test of this table wants each file to exist.
var exempt = []exemption{
	{"node/runner.go", "runs the actors on goroutines; in the simulator sim/sched runs them"},
	{"node/buffers.go", "lends the runner's sessions memory; in the simulator the heap does"},
	{"node/caller.go", "an embedding caller waits for its answers on a channel; the simulator has no such caller"},
	{"node/journal.go", "tells a logger what production observes; the simulator has hooks of its own"},
	{"core/event/forms.go", "actors share encodings of events through an atomic pointer; each would encode the same"},
	{"node/db.go", "the embedding interface, called from goroutines of the caller; the simulator composes a node by node.New"},
}

// deterministic says whether the package in the folder rel (from the root of
// the module) has to be deterministic.
func deterministic(rel string) bool {
	for _, root := range deterministicRoots {
		folder, below := strings.CutSuffix(root, "/...")
		if rel == folder || below && strings.HasPrefix(rel, folder+"/") {
			return true
		}
	}
	return false
}

// exempted says whether a file is one of the few that may use the world.
func exempted(file string) bool {
	for _, e := range exempt {
		if e.file == file {
			return true
		}
	}
	return false
}
