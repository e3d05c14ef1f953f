//go:build !linux

package main

import (
	"os"
	"time"
)

// overtime is a signal that never comes: without a limit of CPU time only the
// limit of real time ends a run.
const overtime = never("overtime")

type never string

func (n never) Signal()        {}
func (n never) String() string { return string(n) }

var _ os.Signal = overtime

func limitMemory(uint64) error { return nil }

func limitCPU(time.Duration) error { return nil }
