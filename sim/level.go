package sim

import "fmt"

// Level is how much a trace tells. Each includes the ones before it; the zero
// Level is everything.
type Level uint8

// The levels.
const (
	TraceWorld    Level = iota + 1 // faults, lives of the process, the violation
	TraceRequests                  // requests and replies, entries that become visible
	TraceActors                    // what actors handle and put out
	TraceFiles                     // file operations
)

var levelNames = [...]string{TraceWorld: "world", TraceRequests: "requests", TraceActors: "actors", TraceFiles: "files"}

// ParseLevel returns the level of a name.
func ParseLevel(name string) (Level, error) {
	for l, s := range levelNames {
		if s == name && l > 0 {
			return Level(l), nil
		}
	}
	return 0, fmt.Errorf("a trace level is world, requests, actors or files, got %q", name)
}

// wants says whether a trace of this level has the records whose first word is
// kind: 1 and 2 are lives, 3 and 4 actors, 5 what the world tells, 6 entries, 7
// file operations, 20 and 21 requests and replies, 99 the violation.
func (l Level) wants(kind uint64) bool {
	least := TraceWorld
	switch kind {
	case 6, 20, 21:
		least = TraceRequests
	case 3, 4:
		least = TraceActors
	case 7:
		least = TraceFiles
	}
	return l == 0 || l >= least
}
