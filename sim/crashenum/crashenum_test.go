package crashenum_test

import (
	"testing"

	"sierradb/sim/crashenum"
)

// TestScripts visits the crash states of all scripts, to a depth that fits a
// test that runs often.
func TestScripts(t *testing.T) {
	for _, s := range crashenum.Scripts() {
		t.Run(s.Name, func(t *testing.T) {
			r := crashenum.Run(s, crashenum.Quick)
			if r.Violation != nil {
				t.Fatal(r.Violation)
			}
			t.Logf("%+v", r)
		})
	}
}
