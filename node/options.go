package node

import (
	"log/slog"
	"time"

	"sierradb/commands"
	"sierradb/core"
)

// Options are the settings of a node. The zero value of each field means its
// default.
type Options struct {
	Buckets     int   // bucket.count: 4; fixed when the directory is made
	Partitions  int   // partition.count: 32; fixed when the directory is made
	SegmentSize int64 // segment.size_bytes: the directory's own, 256 MiB for a new one; another value gives a warning

	QueueBytes int64         // bucket.queue_bytes: appends waiting for a bucket's disk, 64 MiB; more are refused with BUSY
	Timeout    time.Duration // append.timeout_ms: 10 s; then the outcome is reported as unknown

	Session  commands.Options // limits and behaviour of client sessions
	Commands *commands.Set    // the command modules; nil is commands.Builtin()

	Logger *slog.Logger // of Open: damage, full disks and halted buckets; nil drops it
}

// Defaults and bounds of Options.
const (
	DefaultBuckets     = 4
	DefaultPartitions  = 32
	DefaultSegmentSize = core.DefaultSegmentSize
	DefaultQueueBytes  = 64 << 20
	DefaultTimeout     = 10 * time.Second

	SegmentSizeMin = 4 << 10
	SegmentSizeMax = 10 << 30
	QueueBytesMax  = 512 << 20
)
