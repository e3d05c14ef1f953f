//go:build unix

package main

import "syscall"

// openFilesMax is how many files this process may have open. The Go runtime has
// raised the soft limit to the hard one when the process began (package syscall
// does so as long as nobody calls Setrlimit), so there is nothing left to raise.
func openFilesMax() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
