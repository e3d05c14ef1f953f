package vfs

// For tests of what only odd systems reach.
var (
	Sentinel   = sentinel
	WriteZeros = writeZeros
)
