//go:build mutants

package commands

import (
	"testing"

	"sierradb/core/machinetest"
	"sierradb/core/mutate"
)

// TestMutants_Machine plants the bugs of this package.
func TestMutants_Machine(t *testing.T) {
	for _, bug := range []mutate.Bug{
		mutate.ReadOvertakesWrite, mutate.AppendOvertakes, mutate.RefusalOvertakes, mutate.QuitDrops, mutate.CreditLeak,
		mutate.ReplyReused, mutate.ProtocolOfNow, mutate.OptionSurvives, mutate.SplitCRLF,
	} {
		machinetest.Finds(t, bug, 30, startMachine)
	}
}
