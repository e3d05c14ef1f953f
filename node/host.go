package node

import (
	"sierradb/core/actor"
)

// Host runs the actors of one node: the [Runner] on goroutines, or the
// scheduler of the simulator. Its methods are not called from inside a Step.
type Host interface {
	// Add puts an actor to work; its first event is actor.Start.
	Add(id actor.ID, a actor.Actor)
	// Remove takes it away: it gets no further event, and nothing that it wanted
	// is carried out after Remove has returned.
	Remove(id actor.ID)
	// Post hands an event to an actor; it disappears when the actor is gone.
	Post(to actor.ID, ev actor.Event)
}
