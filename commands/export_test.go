package commands

import "testing"

// Exchange runs commands on one connection to an empty store, for tests
// outside the package. It returns the reply to the last one.
func Exchange(t testing.TB, set *Set, commands ...[]string) string {
	t.Helper()
	h := newHarness(t, set, newFakeStore(), Options{})
	var reply string
	for _, words := range commands {
		reply = h.do(words...)
	}
	return reply
}
