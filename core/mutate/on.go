//go:build mutants

package mutate

// Built says whether this binary can plant bugs.
const Built = true

var planted Bug

// On says whether bug is planted.
func On(bug Bug) bool { return planted == bug }

// Set plants one bug, or none for "". It reports whether the name is known.
// Call it before anything runs.
func Set(bug Bug) bool {
	for _, a := range About {
		if a.Bug == bug {
			planted = bug
			return true
		}
	}
	planted = ""
	return bug == ""
}
