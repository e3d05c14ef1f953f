package sim

import (
	"github.com/google/uuid"
)

// pieces asks for the events of one transaction by their ids, one after
// another, while it may be landing: once one of them was found, each of them
// must be (D2).
type pieces struct {
	in    *Intent
	ids   []uuid.UUID // still to ask for
	found bool
}

// pieces begins with a transaction of the latest, nil when that has no ids.
func (g *Gen) pieces() *pieces {
	m := g.w.model
	p := &pieces{}
	for i := len(m.intents) - 1; i >= max(0, len(m.intents)-50) && (p.in == nil || g.Chance(1, 2)); i-- {
		if in := m.intents[i]; len(in.Events) > 1 && in.Given() {
			p.in = in
		}
	}
	if p.in == nil {
		return nil
	}
	for i := range p.in.Events {
		p.ids = append(p.ids, p.in.Events[i].ID)
	}
	for i := len(p.ids) - 1; i > 0; i-- {
		j := g.Intn(i + 1)
		p.ids[i], p.ids[j] = p.ids[j], p.ids[i]
	}
	return p
}

func (p *pieces) next(g *Gen) *Op {
	if len(p.ids) == 0 {
		return nil
	}
	id := p.ids[0]
	p.ids = p.ids[1:]
	return g.eget(id)
}

func (p *pieces) heard(w *World, op *Op) *Violation {
	if !op.answered() || w.model.parts[p.in.Partition].lost {
		return nil
	}
	w.count.Add("pieces of transactions", 1)
	w.judged("D2 whole")
	if !op.Reply.IsNull() {
		// Another transaction may have taken the id, with content of its own.
		if name, ok := op.Reply.Get("event_name"); ok {
			n, _, _ := intentOf(name.Text())
			p.found = p.found || w.model.intents[n].landed() == p.in
		}
		return nil
	}
	if p.found {
		return violated("D2 whole", "%s finds nothing, but another event of %s was found before", op, p.in)
	}
	return nil
}
