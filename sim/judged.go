package sim

// judged counts that a property was judged once more. One that is switched off
// does not count: a sweep shows by these counters which checkers were at work.
func (w *World) judged(property string) {
	if !w.off[property] {
		w.count.Add("judged "+property, 1)
	}
}
