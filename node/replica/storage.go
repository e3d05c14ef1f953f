package replica

import (
	"fmt"

	"go.etcd.io/raft/v3"

	pb "go.etcd.io/raft/v3/raftpb"

	"sierradb/core/segment"
)

// storage shows the log to Raft. Entries above the applied index are kept in
// memory, so that applying never reads the disk (architecture S7).
type storage struct {
	log  Log
	tail []*pb.Entry // entries above the applied index that were written, in order
}

var _ raft.Storage = (*storage)(nil)

func newStorage(log Log) *storage {
	s := &storage{log: log}
	for _, e := range log.Tail() {
		s.tail = append(s.tail, toRaft(e))
	}
	return s
}

// toRaft and toLog translate entries; Data is shared.
func toRaft(e segment.Entry) *pb.Entry {
	kind := pb.EntryNormal
	if e.Kind == segment.ConfChange {
		kind = pb.EntryConfChangeV2
	}
	return &pb.Entry{Term: ptr(e.Term), Index: ptr(e.Index), Type: kind.Enum(), Data: e.Data}
}

func toLog(e *pb.Entry) segment.Entry {
	out := segment.Entry{Kind: segment.Transaction, Term: e.GetTerm(), Index: e.GetIndex(), Data: e.GetData()}
	switch {
	case e.GetType() == pb.EntryConfChangeV2:
		out.Kind = segment.ConfChange
	case len(e.GetData()) == 0:
		out.Kind = segment.Empty
	}
	return out
}

// written tells that entries were written to the log, replacing what stood at
// their indexes.
func (s *storage) written(entries []*pb.Entry) {
	if len(entries) == 0 {
		return
	}
	first := entries[0].GetIndex()
	for len(s.tail) > 0 && s.tail[len(s.tail)-1].GetIndex() >= first {
		s.tail = s.tail[:len(s.tail)-1]
	}
	s.tail = append(s.tail, entries...)
}

// applied forgets the entries up to index.
func (s *storage) applied(index uint64) {
	n := 0
	for n < len(s.tail) && s.tail[n].GetIndex() <= index {
		n++
	}
	if n == len(s.tail) {
		// Raft may hold a view of the array: start a new one rather than reuse it.
		s.tail = nil
		return
	}
	s.tail = s.tail[n:]
}

func (s *storage) InitialState() (*pb.HardState, *pb.ConfState, error) {
	st := s.log.HardState()
	hs := &pb.HardState{Term: ptr(st.Term), Vote: ptr(st.Vote), Commit: ptr(st.Commit)}
	return hs, &pb.ConfState{Voters: []uint64{voter}}, nil
}

func (s *storage) FirstIndex() (uint64, error) { return 1, nil }

func (s *storage) LastIndex() (uint64, error) { return s.log.LastIndex(), nil }

func (s *storage) Term(i uint64) (uint64, error) {
	t, ok := s.log.Term(i)
	if !ok {
		return 0, raft.ErrUnavailable
	}
	return t, nil
}

func (s *storage) Entries(lo, hi, sizeMax uint64) ([]*pb.Entry, error) {
	if len(s.tail) > 0 && lo >= s.tail[0].GetIndex() {
		base := s.tail[0].GetIndex()
		view := s.tail[lo-base : hi-base : hi-base]
		return view[:fit(view, sizeMax)], nil
	}
	var out []*pb.Entry
	var size uint64
	for i := lo; i < hi; i++ {
		e, err := s.log.Entry(i)
		if err != nil {
			// Raft panics on any other error, and compares without unwrapping.
			return nil, raft.ErrCompacted
		}
		size += uint64(len(e.Data))
		if size > sizeMax && len(out) > 0 {
			break
		}
		out = append(out, toRaft(e))
	}
	return out, nil
}

func (s *storage) Snapshot() (*pb.Snapshot, error) {
	return nil, raft.ErrSnapshotTemporarilyUnavailable
}

// fit is how many entries, at least one, have at most sizeMax bytes of data.
func fit(entries []*pb.Entry, sizeMax uint64) int {
	var size uint64
	for i, e := range entries {
		size += uint64(len(e.GetData()))
		if size > sizeMax && i > 0 {
			return i
		}
	}
	return len(entries)
}

// quiet drops Raft's log lines, except for its panics: they name broken
// invariants.
type quiet struct{}

func (quiet) Debug(...any)              {}
func (quiet) Debugf(string, ...any)     {}
func (quiet) Error(...any)              {}
func (quiet) Errorf(string, ...any)     {}
func (quiet) Info(...any)               {}
func (quiet) Infof(string, ...any)      {}
func (quiet) Warning(...any)            {}
func (quiet) Warningf(string, ...any)   {}
func (quiet) Fatal(v ...any)            { panic(fmt.Sprint(v...)) }
func (quiet) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
func (quiet) Panic(v ...any)            { panic(fmt.Sprint(v...)) }
func (quiet) Panicf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
