//go:build !mutants

package mutate

// Built says whether this binary can plant bugs.
const Built = false

// On is false: this binary has no planted bugs.
func On(Bug) bool { return false }

// Set reports that nothing can be planted in this binary.
func Set(Bug) bool { return false }
