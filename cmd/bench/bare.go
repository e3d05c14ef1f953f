package main

import (
	"context"
	"fmt"
	"time"

	"sierradb/vfs"
)

const (
	// recordBytes is what the frame of one event of the append rows takes.
	recordBytes = 352
	// reserveStep is how far ahead a bucket reserves space.
	reserveStep = 16 << 20
	// bareFile is where the bare loop goes on to the next file: the size of a
	// segment.
	bareFile = 256 << 20
	// zeroWindow is how far ahead zeros are written when that is asked for.
	zeroWindow = 1 << 20
)

// A bareLoop writes and syncs what a server would, and does nothing else: the
// disk's own answer to the question how many events a second can be durable.
// While one batch is being synced the commands of the next arrive, so that two
// batches alternate and each holds half of what the clients have in flight.
type bareLoop struct {
	fs        vfs.FS
	size      int64 // of a file
	zeroAhead bool

	file     vfs.File
	files    int
	end      int64 // where the next record goes
	reserved int64
	zeroed   int64
	zeros    []byte
}

// grouping is how many events share a sync when all that is in flight falls
// into two batches.
func grouping(conns, depth int) int { return max(1, conns*depth/2) }

// run writes groups of events until the window has passed. Each group is one
// write and one sync. The latency is that of a group.
func (b *bareLoop) run(ctx context.Context, group int, warm, window time.Duration) (*sample, error) {
	if err := b.next(); err != nil {
		return nil, err
	}
	defer func() { b.file.Close() }()
	records := make([]byte, group*recordBytes)
	payload := newPayload(uint64(group))
	for i := range records {
		records[i] = payload[i%len(payload)]
	}
	from := time.Now().Add(warm)
	to := from.Add(window)
	s := &sample{elapsed: window, serverCPU: -1, clientCPU: -1}
	for ctx.Err() == nil {
		begin := time.Now()
		if err := b.append(records); err != nil {
			return nil, err
		}
		end := time.Now()
		if end.After(to) {
			return s, nil
		}
		if end.Before(from) {
			continue
		}
		s.latency.record(end.Sub(begin))
		s.ops += uint64(group)
		s.bytes += uint64(len(records))
	}
	return nil, ctx.Err()
}

// append makes p durable behind what was written before.
func (b *bareLoop) append(p []byte) error {
	if b.end+int64(len(p)) > b.size {
		if err := b.file.Close(); err != nil {
			return fmt.Errorf("bare loop: close a full file: %w", err)
		}
		if err := b.next(); err != nil {
			return err
		}
	}
	if err := b.reserve(b.end + int64(len(p))); err != nil {
		return err
	}
	if _, err := b.file.WriteAt(p, b.end); err != nil {
		return fmt.Errorf("bare loop: write: %w", err)
	}
	b.end += int64(len(p))
	if err := b.file.Sync(); err != nil {
		return fmt.Errorf("bare loop: sync: %w", err)
	}
	return nil
}

// next begins a new file.
func (b *bareLoop) next() error {
	b.files++
	f, err := b.fs.Open(fmt.Sprintf("bare-%d", b.files), vfs.Write|vfs.Create|vfs.Excl)
	if err != nil {
		return fmt.Errorf("bare loop: next file: %w", err)
	}
	b.file, b.end, b.reserved, b.zeroed = f, 0, 0, 0
	if err := b.reserve(1); err != nil {
		f.Close()
		return err
	}
	if err := b.fs.SyncDir("."); err != nil {
		f.Close()
		return fmt.Errorf("bare loop: next file: %w", err)
	}
	return nil
}

// reserve makes sure that the file has space up to size, by the same steps as
// a bucket, and zeros where those are asked for.
func (b *bareLoop) reserve(size int64) error {
	for b.reserved < size {
		b.reserved += reserveStep
		if err := b.file.Preallocate(b.reserved); err != nil {
			return fmt.Errorf("bare loop: reserve %d bytes: %w", b.reserved, err)
		}
	}
	if b.zeroAhead && b.zeros == nil {
		b.zeros = make([]byte, zeroWindow)
	}
	for b.zeroAhead && b.zeroed < size {
		if _, err := b.file.WriteAt(b.zeros, b.zeroed); err != nil {
			return fmt.Errorf("bare loop: write zeros: %w", err)
		}
		b.zeroed += zeroWindow
	}
	return nil
}
