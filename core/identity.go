package core

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/vfs"

	"github.com/google/uuid"
)

// identity is the content of store.state, of which each of two slots of 4 KiB
// holds 96 bytes, little endian:
//
//	 0  magic       8   "SIERRADB"
//	 8  format      u32 formatVersion
//	12  complete    u32 1 once all buckets were made, 0 before
//	16  seq         u64 number of the write, from 1; the valid slot with the higher wins
//	24  cluster     16  uuid
//	40  node        16  uuid
//	56  buckets     u32
//	60  partitions  u32
//	64  segment     u64 size in bytes
//	72  salt        u64
//	80  zeros       12
//	92  crc         u32 crc32c over the 92 bytes before it
type identity struct {
	complete    bool
	seq         uint64
	cluster     uuid.UUID
	node        uuid.UUID
	buckets     int
	partitions  int
	segmentSize int64
	salt        uint64
}

const (
	stateName     = "store.state"
	stateTemp     = "store.state.tmp"
	stateMagic    = "SIERRADB"
	slotSize      = 4 << 10
	slotUsed      = 96
	formatVersion = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (id identity) encode() []byte {
	b := make([]byte, slotUsed)
	le := binary.LittleEndian
	copy(b, stateMagic)
	le.PutUint32(b[8:], formatVersion)
	if id.complete {
		le.PutUint32(b[12:], 1)
	}
	le.PutUint64(b[16:], id.seq)
	copy(b[24:], id.cluster[:])
	copy(b[40:], id.node[:])
	le.PutUint32(b[56:], uint32(id.buckets))
	le.PutUint32(b[60:], uint32(id.partitions))
	le.PutUint64(b[64:], uint64(id.segmentSize))
	le.PutUint64(b[72:], id.salt)
	sealSlot(b)
	return b
}

// sealSlot fills in the crc of a slot.
func sealSlot(b []byte) {
	binary.LittleEndian.PutUint32(b[92:], crc32.Checksum(b[:92], castagnoli))
}

// errFormat is of a slot that is whole but of another version.
var errFormat = errors.New("the format is not known to this version")

func decodeIdentity(b []byte) (id identity, ok bool, err error) {
	le := binary.LittleEndian
	if string(b[:8]) != stateMagic || le.Uint32(b[92:]) != crc32.Checksum(b[:92], castagnoli) {
		return id, false, nil
	}
	if v := le.Uint32(b[8:]); v != formatVersion {
		return id, false, fmt.Errorf("%w: it is %d, expected %d", errFormat, v, formatVersion)
	}
	return identity{
		complete: le.Uint32(b[12:]) == 1, seq: le.Uint64(b[16:]),
		cluster: uuid.UUID(b[24:40]), node: uuid.UUID(b[40:56]),
		buckets: int(le.Uint32(b[56:])), partitions: int(le.Uint32(b[60:])),
		segmentSize: int64(le.Uint64(b[64:])), salt: le.Uint64(b[72:]),
	}, true, nil
}

// stateFile reads, makes and updates store.state.
type stateFile struct {
	fs       vfs.FS
	hooks    actor.Hooks
	file     vfs.File
	id       identity
	slot     int  // that holds id
	worn     bool // the other slot is torn or damaged
	readOnly bool
	warnings []string
}

// load reads store.state, or makes it in a directory without a store.
func (f *stateFile) load(o Options) error {
	f.readOnly = o.ReadOnly
	flag := vfs.Write
	if o.ReadOnly {
		flag = vfs.Read
	}
	file, err := f.fs.Open(stateName, flag)
	if errors.Is(err, vfs.ErrNotExist) && !o.ReadOnly {
		if err := f.refuseRemains(); err != nil {
			return err
		}
		if err := f.make(o); err != nil {
			return err
		}
		file, err = f.fs.Open(stateName, flag)
	}
	if err != nil {
		return err
	}
	f.file = file
	if !o.ReadOnly {
		// A process that was killed may have left the name in memory only. It must
		// be durable before there are buckets: without it they look like the remains
		// of a lost store.
		if err := f.fs.SyncDir("."); err != nil {
			return err
		}
	}
	if err := file.Evict(); err != nil {
		return fmt.Errorf("evict %s: %w", stateName, err)
	}
	b := make([]byte, 2*slotSize)
	if _, err := file.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", stateName, err)
	}
	for i := range 2 {
		id, ok, err := decodeIdentity(b[i*slotSize:][:slotUsed])
		if err != nil {
			return fmt.Errorf("%s: %w", stateName, err)
		}
		if ok && id.seq > f.id.seq {
			f.id, f.slot = id, i
		}
		f.worn = f.worn || !ok
	}
	if f.id.seq == 0 {
		return &event.DamageError{File: stateName, Offset: 0, Reason: "no slot is valid"}
	}
	if f.worn {
		f.hooks.Sometimes("store: slot of the identity damaged")
		f.warnings = append(f.warnings, fmt.Sprintf("one of two copies in %s is damaged; the other is in use", stateName))
	}
	return nil
}

// refuseRemains keeps a lost store.state from being replaced by a new one,
// which would hide the events that are still there.
func (f *stateFile) refuseRemains() error {
	names, err := f.fs.List("buckets")
	if errors.Is(err, vfs.ErrNotExist) {
		return nil
	}
	if err == nil && len(names) > 0 {
		err = &event.DamageError{File: stateName, Offset: 0, Reason: "the file is missing, but there are buckets"}
	}
	return err
}

// make writes store.state under another name, so that it is never seen half
// written; a file of that name from an earlier try is overwritten.
func (f *stateFile) make(o Options) error {
	if o.SegmentSize == 0 {
		o.SegmentSize = DefaultSegmentSize
	}
	id := identity{
		seq: 1, cluster: newUUID(o.Rand), node: newUUID(o.Rand), salt: o.Rand.Uint64(),
		buckets: o.Buckets, partitions: o.Partitions, segmentSize: o.SegmentSize,
	}
	b := make([]byte, 2*slotSize)
	copy(b, id.encode())
	copy(b[slotSize:], id.encode())
	file, err := f.fs.Open(stateTemp, vfs.Write|vfs.Create)
	if err != nil {
		return err
	}
	err = func() error {
		if err := file.Truncate(0); err != nil {
			return err
		}
		if _, err := file.WriteAt(b, 0); err != nil {
			return err
		}
		return file.Sync()
	}()
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("make %s: %w", stateName, err)
	}
	return f.fs.Rename(stateTemp, stateName) // load syncs the name
}

// complete notes that all buckets exist: from now on a missing one is damage.
// Each slot is synced before the other is touched.
func (f *stateFile) complete() error {
	if !f.id.complete {
		f.worn = true
		f.id.complete = true
	}
	if !f.worn {
		// What a killed process wrote last may be in the page cache only.
		return f.sync()
	}
	for range 2 {
		f.id.seq++
		f.slot = 1 - f.slot
		if _, err := f.file.WriteAt(f.id.encode(), int64(f.slot)*slotSize); err != nil {
			return fmt.Errorf("write %s: %w", stateName, err)
		}
		if err := f.sync(); err != nil {
			return err
		}
	}
	f.worn = false
	return nil
}

func (f *stateFile) sync() error {
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", stateName, err)
	}
	return nil
}

func (f *stateFile) close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// newUUID makes a version 4 UUID (RFC 9562).
func newUUID(r *actor.Rand) uuid.UUID {
	var id uuid.UUID
	r.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
