package sim

// judged counts that a property was judged once more. One that is switched off
// does not count: a sweep shows by these counters which checkers were at work.
func (w *World) judged(property string) { w.judgedTimes(property, 1) }

func (w *World) judgedTimes(property string, n uint64) {
	if !w.off[property] {
		w.count.Add("judged "+property, n)
	}
}

// switchOff throws away the verdicts on some properties.
func (w *World) switchOff(properties []string) {
	w.off = make(map[string]bool)
	for _, name := range properties {
		w.off[name] = true
	}
}

// peak keeps how near a quantity came to its limit, in percent: the most of a
// run, and by the name's first word the most of a sweep.
func (w *World) peak(name string, n, limit uint64) {
	name = "most " + name
	if percent := (100*n + limit - 1) / limit; percent > w.count[name] {
		w.count[name] = percent
	}
}
