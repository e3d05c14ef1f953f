package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sierradb/sim"
)

// state is what a long run remembers from one process to the next.
type state struct {
	First uint64   // the first seed of all
	Next  uint64   // all seeds below are done
	Ahead []uint64 `json:",omitempty"` // seeds from Next on that are done already, ascending
	Eras  []*era   // in the order of time
}

// era is the part of a long run that one commit did.
type era struct {
	Commit   string
	From     uint64    // the lowest seed that was left when it began
	Began    time.Time // the first time it ran
	Ended    time.Time // the last time that it counted a seed
	Seeds    uint64
	Virtual  uint64            // microseconds of virtual time
	Counters sim.Counters      // sums
	Hits     map[string]uint64 // by counter: how many seeds counted it
	Findings map[string]uint64 // by property: seeds that broke it
	Failed   []uint64          `json:",omitempty"` // those seeds, the first failedMax of them
}

// failedMax is how many failing seeds of one commit are kept as files: where
// every run fails the first ones tell it all.
const failedMax = 100

// era is the one of commit, which begins now if it is another than the last.
func (s *state) era(commit string, now time.Time) *era {
	if n := len(s.Eras); n > 0 && s.Eras[n-1].Commit == commit {
		return s.Eras[n-1]
	}
	e := &era{Commit: commit, From: s.Next, Began: now, Ended: now,
		Counters: sim.Counters{}, Hits: map[string]uint64{}, Findings: map[string]uint64{}}
	s.Eras = append(s.Eras, e)
	return e
}

// add counts a run. It answers whether the run is a finding to keep as a file.
func (e *era) add(r report, now time.Time) bool {
	e.Seeds++
	e.Virtual += uint64(r.Virtual) / 1000
	e.Ended = now
	for _, name := range r.Counters.Names() {
		e.Counters.Add(name, r.Counters[name])
		e.Hits[name]++
	}
	if r.Violation == "" {
		return false
	}
	e.Findings[r.Property]++
	if len(e.Failed) >= failedMax {
		return false
	}
	e.Failed = append(e.Failed, r.Seed)
	return true
}

// done notes that a seed was counted.
func (s *state) done(seed uint64) {
	at, _ := slices.BinarySearch(s.Ahead, seed)
	s.Ahead = slices.Insert(s.Ahead, at, seed)
	n := 0
	for n < len(s.Ahead) && s.Ahead[n] == s.Next {
		s.Next++
		n++
	}
	s.Ahead = slices.Delete(s.Ahead, 0, n)
}

// seeds hands out the seeds that are left, ascending and for ever.
func (s *state) seeds() func() uint64 {
	next, ahead := s.Next, slices.Clone(s.Ahead)
	return func() uint64 {
		for len(ahead) > 0 && ahead[0] == next {
			next++
			ahead = ahead[1:]
		}
		next++
		return next - 1
	}
}

// The files of a long run's folder.
const (
	stateFile  = "state.json"
	backupFile = "state.backup.json"
	lockFile   = "lock"
	foundDir   = "found"
)

// sealed is a state as it stands in its file.
type sealed struct {
	CRC   uint32 // of State (Castagnoli)
	State json.RawMessage
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// save replaces the state file; the one before it becomes the backup. At any
// moment at least one of the two is whole.
func (s *state) save(dir string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	text, err = json.Marshal(sealed{CRC: crc32.Checksum(text, castagnoli), State: text})
	if err != nil {
		return err
	}
	fresh := filepath.Join(dir, stateFile+".new")
	if err := writeSynced(fresh, append(text, '\n')); err != nil {
		return err
	}
	// Only a state that can be read is worth keeping as the backup.
	if _, err := readState(filepath.Join(dir, stateFile)); err == nil {
		if err := os.Rename(filepath.Join(dir, stateFile), filepath.Join(dir, backupFile)); err != nil {
			return err
		}
	}
	if err := os.Rename(fresh, filepath.Join(dir, stateFile)); err != nil {
		return err
	}
	return syncDir(dir)
}

func writeSynced(name string, text []byte) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// readState reads one file.
func readState(name string) (*state, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var box sealed
	if err := json.Unmarshal(text, &box); err != nil {
		return nil, fmt.Errorf("%s is torn: %w", name, err)
	}
	if sum := crc32.Checksum(box.State, castagnoli); sum != box.CRC {
		return nil, fmt.Errorf("%s is damaged: its checksum is %08x, not %08x", name, sum, box.CRC)
	}
	s := new(state)
	if err := json.Unmarshal(box.State, s); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// loadState reads the state of a folder, from the backup when the file is
// missing or not whole; warning says so. Where neither exists the state is nil.
func loadState(dir string) (s *state, warning string, err error) {
	s, err = readState(filepath.Join(dir, stateFile))
	if err == nil {
		return s, "", nil
	}
	backup, behind := readState(filepath.Join(dir, backupFile))
	switch {
	case behind == nil:
		return backup, fmt.Sprintf("%v; going on from the backup, at seed %d", err, backup.Next), nil
	case errors.Is(err, fs.ErrNotExist) && errors.Is(behind, fs.ErrNotExist):
		return nil, "", nil
	}
	return nil, "", fmt.Errorf("no state can be read: %w; %w", err, behind)
}
