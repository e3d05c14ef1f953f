// Package e2e tests the server as its users meet it: the real binary, real
// files, loopback TCP, and clients written by others.
//
// The tests build cmd/sierradb once, give each server a directory and a port of
// its own, and end only the processes that they started. What they need beyond
// Go they skip without, and say so:
//
//   - redis-cli, for the examples of the product document
//   - SIERRADB_E2E_CLIENTS=1, for the client libraries of other languages;
//     .ci/clients installs those and says which variables to set
//
// SIERRADB_KILL_ROUNDS sets the rounds of the kill -9 test:
//
//	SIERRADB_KILL_ROUNDS=50 go test -run TestKillNine -v ./cmd/sierradb/e2e
//
// All of these tests see the store from outside only. The simulator (package
// sim) is where rare faults are found; this package proves that what was
// simulated is what runs.
package e2e
