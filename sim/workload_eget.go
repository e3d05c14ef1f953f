package sim

import (
	"github.com/google/uuid"

	"sierradb/core/event"
)

var egetWork = &Workload{
	Name: "EGET", Weight: 8,
	Gen: func(g *Gen) *Op { return g.eget(g.knownID()) },
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("EGET"), text("EGET", "no-uuid"), text("EGET", g.knownID().String(), "more"), text("EGET", ""))
	},
	Check: (*World).checkGet,
}

func (g *Gen) eget(id uuid.UUID) *Op {
	return g.ask("EGET", Ask{Kind: event.GetEvent, ID: id}, text("EGET", g.uuidText(id))...)
}
