package event

// The facts that replicas hand to [actor.Hooks.Observe], always as pointers
// whose content is valid during the call only.

// Applied is the fact that an entry of a bucket's log became visible, live or
// when recovery indexed it.
type Applied struct {
	Bucket BucketID
	Index  uint64
	Term   uint64
	Kind   uint8 // segment.EntryKind
	Data   []byte
}

// Halted is the fact that a replica stopped for the rest of this process
// (architecture S5).
type Halted struct {
	Bucket BucketID
	Reason string
}

// DiskFull is the fact that a bucket found no room for an append, or that it
// found some again.
type DiskFull struct {
	Bucket BucketID
	Full   bool
	Reason string
}

// Unreadable is the fact that stored bytes could not be read or did not check.
type Unreadable struct {
	Err error
}
