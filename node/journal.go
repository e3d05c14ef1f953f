package node

import (
	"errors"
	"log/slog"
	"sync"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// journal is the Hooks of production: it tells the operator what the actors
// observe and no client asked for. Safe for concurrent use.
type journal struct {
	actor.Quiet
	log *slog.Logger

	mu      sync.Mutex // guards the fields below
	damaged map[place]bool
	full    map[event.BucketID]bool
}

type place struct {
	file   string
	offset int64
}

// damagedMax bounds what the journal remembers; more places are told again.
const damagedMax = 1 << 12

func newJournal(log *slog.Logger) *journal {
	return &journal{log: log, damaged: make(map[place]bool), full: make(map[event.BucketID]bool)}
}

// Observe logs a fact. The most frequent one comes first, and is dropped.
func (j *journal) Observe(fact any) {
	switch f := fact.(type) {
	case *event.Applied:
	case *event.Halted:
		j.log.Error("bucket is read-only until the process starts again", "bucket", f.Bucket, "reason", f.Reason)
	case *event.DiskFull:
		j.space(f)
	case *event.Unreadable:
		j.unreadable(f)
	}
}

// space logs a full disk once, and its end.
func (j *journal) space(f *event.DiskFull) {
	j.mu.Lock()
	was := j.full[f.Bucket]
	j.full[f.Bucket] = f.Full
	j.mu.Unlock()
	switch {
	case f.Full && !was:
		j.log.Warn("disk is full: bucket takes no appends, reads go on", "bucket", f.Bucket, "reason", f.Reason)
	case was && !f.Full:
		j.log.Info("disk has room again: bucket takes appends", "bucket", f.Bucket)
	}
}

// unreadable logs each damaged place once, other read errors each time.
func (j *journal) unreadable(f *event.Unreadable) {
	var d *event.DamageError
	if !errors.As(f.Err, &d) {
		j.log.Error("read failed", "error", f.Err)
		return
	}
	j.mu.Lock()
	at := place{d.File, d.Offset}
	known := j.damaged[at]
	if len(j.damaged) >= damagedMax {
		clear(j.damaged)
	}
	j.damaged[at] = true
	j.mu.Unlock()
	if !known {
		j.log.Error("stored data is damaged", "file", d.File, "offset", d.Offset, "reason", d.Reason)
	}
}
