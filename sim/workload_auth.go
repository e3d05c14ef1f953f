package sim

var authWork = &Workload{
	Name: "AUTH", Weight: 1, Optional: true,
	Gen: func(*Gen) *Op { return &Op{Work: work("AUTH"), Args: text("AUTH", "default", "secret")} },
	Bad: func(g *Gen) [][]byte {
		return choose(g.Rand, text("AUTH"), text("AUTH", "secret"), text("AUTH", "nobody", "secret"), text("AUTH", "default", "b", "c"), null("AUTH"), null("AUTH", "default"))
	},
	Check: wantOK,
}
