package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// overtime is the signal for a process that used up its CPU time.
const overtime = syscall.SIGXCPU

// limitMemory lets this process map so many bytes more than it has mapped
// already: the runtime reserves much that it never touches, more under the race
// detector.
func limitMemory(bytesMore uint64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	first, _, _ := bytes.Cut(text, []byte(" "))
	pages, err := strconv.ParseUint(string(first), 10, 64)
	if err != nil {
		return fmt.Errorf("/proc/self/statm: %w", err)
	}
	return lower(syscall.RLIMIT_AS, pages*uint64(os.Getpagesize())+bytesMore)
}

// limitCPU makes the system send overtime when this process has used d more of
// CPU time than now, rounded up to seconds.
func limitCPU(d time.Duration) error {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	total := time.Duration(used.Utime.Nano()+used.Stime.Nano()) + d
	return lower(syscall.RLIMIT_CPU, uint64((total+time.Second-1)/time.Second))
}

// lower sets a soft limit; the hard one stays, so that it can be moved again.
func lower(resource int, to uint64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(resource, &now); err != nil {
		return err
	}
	return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: min(to, now.Max), Max: now.Max})
}
