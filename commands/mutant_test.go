//go:build mutants

package commands

import (
	"testing"

	"sierradb/core/machinetest"
	"sierradb/core/mutate"
)

// TestMutants_Machine plants the bugs of this package.
func TestMutants_Machine(t *testing.T) {
	machinetest.Finds(t, mutate.ReadOvertakesWrite, 6, startMachine)
}
