//go:build mutants

package segment

import (
	"testing"

	"sierradb/core/machinetest"
	"sierradb/core/mutate"
)

// TestMutants_Machine plants the bugs of this package.
func TestMutants_Machine(t *testing.T) {
	machinetest.Finds(t, mutate.SkipCRC, 3, startMachine)
}
