//go:build mutants

package segment

import (
	"testing"

	"sierradb/core/machinetest"
	"sierradb/core/mutate"
)

// TestMutants_Machine plants the bugs of this package.
func TestMutants_Machine(t *testing.T) {
	for _, bug := range []mutate.Bug{mutate.SkipCRC, mutate.CRCOfHead, mutate.CursorKeepsSpan} {
		machinetest.Finds(t, bug, 8, startMachine)
	}
}
