// Package sierradb is the root of an event store that speaks the Redis
// protocol. It holds no code of its own but the test that keeps the house in
// order, tidy_test.go.
//
// Start with cmd/sierradb to run a server, with package node to embed the
// store into a program, with package commands to add a command, and with
// cmd/simrun to see why the store can be believed. docs/ARCHITECTURE.md names
// the rooms and who may enter which.
package sierradb
