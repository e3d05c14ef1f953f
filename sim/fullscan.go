package sim

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// spot is where an event stands: the segment's number, the offset of its frame,
// and which event of the frame it is.
type spot struct {
	number uint64
	offset int64
	item   uint16
}

// fullScan is what the frames of one bucket hold, read in file order up to an
// entry, and nothing else.
type fullScan struct {
	parts   [][]spot
	streams map[placedStream][]spot
	ids     map[uuid.UUID]map[event.PartitionID]spot

	streamOrder []placedStream
	idOrder     []uuid.UUID
	last        uint64 // entry
	segments    int    // that hold entries
}

type placedStream struct {
	partition event.PartitionID
	key       event.StreamKey
}

// scanBucket reads all frames of a bucket's segment files up to the entry upto.
func scanBucket(disk vfs.FS, dir string, bucket event.BucketID, salt uint64, partitions int, upto uint64) (*fullScan, error) {
	s := &fullScan{parts: make([][]spot, partitions), streams: make(map[placedStream][]spot), ids: make(map[uuid.UUID]map[event.PartitionID]spot)}
	names, err := disk.List(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, ".seg")
		if !ok || s.last >= upto {
			continue
		}
		number, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return nil, err
		}
		if err := s.file(disk, path.Join(dir, name), number, segment.Seed(salt, bucket, number), upto); err != nil {
			return nil, err
		}
	}
	if s.last < upto {
		return nil, fmt.Errorf("the frames in %s end with entry %d, but entry %d is applied", dir, s.last, upto)
	}
	return s, nil
}

// file reads one segment.
func (s *fullScan) file(disk vfs.FS, name string, number uint64, seed uint32, upto uint64) error {
	f, err := disk.Open(name, vfs.Read)
	if err != nil {
		return err
	}
	defer f.Close()
	scan, err := segment.NewScanner(segment.NewReader(f, name, number, seed), segment.DataMax)
	if err != nil {
		return err
	}
	h, off, flaw, err := scan.Header()
	if err != nil || flaw != nil || h.Base != s.last+1 {
		return err // prepared, or not of this log: the entries will be missing
	}
	for _, next := range h.Next {
		if int(next.Partition) >= len(s.parts) || uint64(next.Sequence) != uint64(len(s.parts[next.Partition])) {
			return fmt.Errorf("the table of %s says that partition %d continues with sequence %d, the frames before hold other events", name, next.Partition, next.Sequence)
		}
	}
	s.segments++
	for s.last < upto {
		frame, flaw, err := scan.Frame(off)
		if err != nil || flaw != nil || frame.Entry.Index != s.last+1 {
			return err // the log goes on in the next file, or ends
		}
		if err := s.take(frame.Entry, number, off); err != nil {
			return err
		}
		off += frame.Size
	}
	return nil
}

// take adds the events of one frame.
func (s *fullScan) take(e segment.Entry, number uint64, off int64) error {
	s.last = e.Index
	if e.Kind != segment.Transaction {
		return nil
	}
	body, err := segment.DecodeBody(e.Index, e.Data)
	if err != nil {
		return err
	}
	var ev event.Event
	for item := uint16(0); body.Next(&ev); item++ {
		if int(ev.Partition) >= len(s.parts) {
			return fmt.Errorf("entry %d is of partition %d", e.Index, ev.Partition)
		}
		at := spot{number, off, item}
		s.parts[ev.Partition] = append(s.parts[ev.Partition], at)
		stream := placedStream{ev.Partition, event.StreamKey{Key: ev.Key, ID: strings.Clone(ev.Stream)}}
		if _, known := s.streams[stream]; !known {
			s.streamOrder = append(s.streamOrder, stream)
		}
		s.streams[stream] = append(s.streams[stream], at)
		if s.ids[ev.ID] == nil {
			s.ids[ev.ID] = make(map[event.PartitionID]spot)
			s.idOrder = append(s.idOrder, ev.ID)
		}
		s.ids[ev.ID][ev.Partition] = at
	}
	return nil
}
