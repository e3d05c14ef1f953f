//go:build mutants

package commands

import (
	"testing"

	"pgregory.net/rapid"

	"sierradb/core/mutate"
)

// TestMutant_ReadOvertakesWrite shows that the order model finds the planted
// bug: some read misses an append before it on its connection.
func TestMutant_ReadOvertakesWrite(t *testing.T) {
	if !mutate.Set(mutate.ReadOvertakesWrite) {
		t.Fatal("the bug is unknown")
	}
	defer mutate.Set("")
	wrong := 0
	rapid.Check(t, func(t *rapid.T) {
		runOrderModel(t, func(got, want string) {
			if got != want {
				wrong++
			}
		})
	})
	if wrong == 0 {
		t.Fatal("no read overtook a write")
	}
}
