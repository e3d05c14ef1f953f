package replica

import (
	"fmt"

	"github.com/google/uuid"

	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// fakeLog is a Log in memory, with the faults that a test asks for.
type fakeLog struct {
	state   segment.State
	entries []segment.Entry
	applied uint64
	next    map[event.PartitionID]event.Sequence
	streams map[streamRef]event.Version
	ids     map[idRef]segment.Position

	appendErr  error // what Append answers
	reserved   int   // entries that have room whatever reserveErr says
	reserveErr error
	saves      int
}

func newFakeLog() *fakeLog {
	return &fakeLog{next: map[event.PartitionID]event.Sequence{}, streams: map[streamRef]event.Version{}, ids: map[idRef]segment.Position{}}
}

func (l *fakeLog) HardState() segment.State { return l.state }
func (l *fakeLog) SaveState(st segment.State, sync bool) error {
	l.state = st
	l.saves++
	return nil
}
func (l *fakeLog) LastIndex() uint64 { return uint64(len(l.entries)) }
func (l *fakeLog) Term(i uint64) (uint64, bool) {
	if i == 0 {
		return 0, true
	}
	if i > l.LastIndex() {
		return 0, false
	}
	return l.entries[i-1].Term, true
}
func (l *fakeLog) Tail() []segment.Entry { return l.entries[l.applied:] }
func (l *fakeLog) Entry(i uint64) (segment.Entry, error) {
	return l.entries[i-1], nil
}
func (l *fakeLog) Reserve(entries int, _ int64) error {
	if entries <= l.reserved {
		return nil
	}
	return l.reserveErr
}
func (l *fakeLog) DataMax() int { return 1 << 20 }
func (l *fakeLog) Append(entries []segment.Entry) error {
	if l.appendErr != nil {
		return l.appendErr
	}
	l.entries = append(l.entries[:entries[0].Index-1], entries...)
	return nil
}
func (l *fakeLog) Pending(files []vfs.File, dirs []string) ([]vfs.File, []string) {
	return files, append(dirs, "bucket")
}
func (l *fakeLog) Applied() uint64 { return l.applied }
func (l *fakeLog) Apply(e segment.Entry) error {
	if e.Index != l.applied+1 {
		return fmt.Errorf("entry %d is applied after %d", e.Index, l.applied)
	}
	l.applied++
	if e.Kind != segment.Transaction {
		return nil
	}
	body, err := segment.DecodeBody(e.Index, e.Data)
	if err != nil {
		return err
	}
	if body.First != l.next[body.Partition] {
		return fmt.Errorf("sequence %d follows %d", body.First, l.next[body.Partition])
	}
	var ev event.Event
	for body.Next(&ev) {
		ref := streamRef{body.Partition, event.StreamKey{Key: ev.Key, ID: ev.Stream}}
		if ev.Version != l.streams[ref] {
			return fmt.Errorf("version %d follows %d", ev.Version, l.streams[ref])
		}
		l.streams[ref]++
		l.next[body.Partition]++
		l.ids[idRef{body.Partition, ev.ID}] = segment.Position{Offset: int64(e.Index)}
	}
	return nil
}
func (l *fakeLog) NextSequence(p event.PartitionID) event.Sequence { return l.next[p] }
func (l *fakeLog) NextVersion(p event.PartitionID, key event.StreamKey) event.Version {
	return l.streams[streamRef{p, key}]
}
func (l *fakeLog) Find(id uuid.UUID, p event.PartitionID, anywhere bool) (segment.Position, bool) {
	pos, ok := l.ids[idRef{p, id}]
	return pos, ok
}
func (l *fakeLog) StreamPositions(dst []segment.Position, p event.PartitionID, key event.StreamKey, from, to uint64, limit int, reverse bool) []segment.Position {
	for v := from; v <= to && len(dst) < limit; v++ {
		dst = append(dst, segment.Position{Offset: int64(v)})
	}
	return dst
}
func (l *fakeLog) PartitionPositions(dst []segment.Position, p event.PartitionID, from, to uint64, limit int, reverse bool) []segment.Position {
	return l.StreamPositions(dst, p, event.StreamKey{}, from, to, limit, reverse)
}
func (l *fakeLog) Place(index uint64) segment.Position {
	return segment.Position{Offset: int64(index)}
}
func (l *fakeLog) Transaction(pos segment.Position) (segment.Body, error) {
	return segment.DecodeBody(uint64(pos.Offset), l.entries[pos.Offset-1].Data)
}
