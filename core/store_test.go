package core

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"

	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "rewrite the golden files; a difference is a change of the format")

func settings(seed uint64) Options {
	return Options{Buckets: 3, Partitions: 8, SegmentSize: 8192, Rand: actor.NewRand(seed), Owner: "pid 1"}
}

func open(t *testing.T, fs vfs.FS, o Options) *Store {
	t.Helper()
	s, err := Open(fs, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write puts an entry into each bucket and makes it durable.
func write(t *testing.T, s *Store) {
	t.Helper()
	for id := range event.BucketID(s.Buckets()) {
		b, err := s.Bucket(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.SaveState(segment.State{Term: 1, Vote: 1}, true); err != nil {
			t.Fatal(err)
		}
		if err := b.Append([]segment.Entry{{Kind: segment.Empty, Term: 1, Index: b.LastIndex() + 1}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen_Identity(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	s := open(t, fs, settings(1))
	id, cluster, salt := s.ID(), s.Cluster(), s.Salt()
	if id == uuid.Nil || id.Version() != 4 || cluster == id || salt == 0 {
		t.Errorf("identity %s, cluster %s, salt %x", id, cluster, salt)
	}
	write(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	fs.PowerCut(actor.NewRand(1), vfs.CutKeepsAll)
	s = open(t, fs, settings(2))
	if s.ID() != id || s.Cluster() != cluster || s.Salt() != salt || s.Buckets() != 3 || s.Partitions() != 8 || s.SegmentSize() != 8192 || len(s.Warnings) != 0 {
		t.Errorf("after reopen: %+v", s)
	}
	for id := range event.BucketID(3) {
		if b, err := s.Bucket(id); err != nil || b.LastIndex() != 1 {
			t.Errorf("bucket %d: %v", id, err)
		}
	}
	if _, err := s.Bucket(3); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("bucket 3 of 3: %v", err)
	}
}

func TestOpen_Locked(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	s := open(t, fs, settings(1))
	var locked *vfs.LockedError
	if _, err := Open(fs, settings(1)); !errors.As(err, &locked) || !strings.Contains(err.Error(), "pid 1") {
		t.Errorf("second open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, fs, settings(1))
	fs.Kill()
	open(t, fs, settings(1))
}

func TestOpen_OtherSettings(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	if err := open(t, fs, settings(1)).Close(); err != nil {
		t.Fatal(err)
	}
	refuse := func(change func(*Options), words ...string) {
		t.Helper()
		o := settings(1)
		change(&o)
		_, err := Open(fs, o)
		if !errors.Is(err, event.ErrInvalid) {
			t.Fatalf("open: %v", err)
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q does not say %q", err, w)
			}
		}
	}
	refuse(func(o *Options) { o.Buckets = 4 }, "bucket.count is 4, but this data directory was made with 3, which can't be changed; start with bucket.count = 3")
	refuse(func(o *Options) { o.Partitions = 64 }, "partition.count is 64, but this data directory was made with 8, which can't be changed; start with partition.count = 8")
	refuse(func(o *Options) { o.Buckets = 0 }, "bucket.count", "0")
	refuse(func(o *Options) { o.Partitions = 1 << 17 }, "partition.count")
	refuse(func(o *Options) { o.SegmentSize = 100 }, "segment.size_bytes", "100", "4096")
	refuse(func(o *Options) { o.Rand = nil })
	o := settings(1)
	o.SegmentSize = 1 << 20
	s := open(t, fs, o)
	if s.SegmentSize() != 8192 || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "8192") {
		t.Errorf("segment size %d, warnings %q", s.SegmentSize(), s.Warnings)
	}
}

// TestOpen_NoSegmentSize: who asks for none gets the directory's, and is not
// warned of it.
func TestOpen_NoSegmentSize(t *testing.T) {
	f := func(made, want int64) {
		t.Helper()
		fs := vfs.NewMem(vfs.MemOptions{})
		for _, size := range []int64{made, 0} {
			o := settings(1)
			o.SegmentSize = size
			s := open(t, fs, o)
			if s.SegmentSize() != want || len(s.Warnings) != 0 {
				t.Errorf("made with %d, opened with %d: segment size %d, warnings %q", made, size, s.SegmentSize(), s.Warnings)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	f(8192, 8192)
	f(0, DefaultSegmentSize)
}

// TestOpen_Damage: one bucket's damage is that bucket's alone, and nothing that
// is missing is made anew in silence.
func TestOpen_Damage(t *testing.T) {
	made := func() *vfs.Mem {
		fs := vfs.NewMem(vfs.MemOptions{})
		s := open(t, fs, settings(1))
		write(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return fs
	}
	fs := made()
	if err := fs.Remove("buckets/00001/raft.state"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := open(t, fs, settings(1))
		for id, want := range []error{nil, event.ErrDamaged, nil} {
			if b, err := s.Bucket(event.BucketID(id)); !errors.Is(err, want) || (b == nil) != (want != nil) {
				t.Errorf("bucket %d: %v, %v", id, b, err)
			}
		}
		fs.Kill()
	}

	fs = made()
	for _, name := range []string{"buckets/00002/raft.state", "buckets/00002/0000000001.seg", "buckets/00002"} {
		if err := fs.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := open(t, fs, settings(1)).Bucket(2); !errors.Is(err, event.ErrDamaged) {
		t.Errorf("a bucket that is gone: %v", err)
	}

	fs = made()
	if err := fs.Remove(stateName); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(fs, settings(1)); !errors.Is(err, event.ErrDamaged) {
		t.Errorf("without store.state: %v", err)
	}

	fs = made()
	for _, slot := range []int64{0, slotSize} {
		if err := fs.FlipBit(stateName, slot+60, 3); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(fs, settings(1)); !errors.Is(err, event.ErrDamaged) {
		t.Errorf("with two bad slots: %v", err)
	}
}

// TestOpen_EveryStateBit flips each bit of store.state: the other slot is used,
// a warning says so, and the slot is mended.
func TestOpen_EveryStateBit(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	s := open(t, fs, settings(1))
	id := s.state
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, slot := range []int64{0, slotSize} {
		for bit := range slotUsed * 8 {
			c := fs.Clone()
			if err := c.FlipBit(stateName, slot+int64(bit/8), uint8(bit%8)); err != nil {
				t.Fatal(err)
			}
			s := open(t, c, settings(2))
			got := s.state
			got.seq = id.seq
			if got != id || len(s.Warnings) != 1 {
				t.Fatalf("slot at %d, bit %d: %+v, warnings %q", slot, bit, s.state, s.Warnings)
			}
			c.Kill()
			if s = open(t, c, settings(2)); len(s.Warnings) != 0 {
				t.Fatalf("slot at %d, bit %d: not mended: %q", slot, bit, s.Warnings)
			}
		}
	}
}

type crashed struct{}

// TestOpen_Crashes ends the making of a store at each operation, by a kill or a
// power cut, several times in a row: the next start makes it whole, and what
// was acknowledged in a complete store stays.
func TestOpen_Crashes(t *testing.T) {
	r := actor.NewRand(9)
	life := func(fs *vfs.Mem, n int, when vfs.Moment) (done bool) {
		defer func() {
			if p := recover(); p != nil && p != (crashed{}) {
				panic(p)
			}
		}()
		s, err := Open(vfs.Inject(fs, vfs.On().Crash(n, when, crashed{})), settings(r.Uint64()))
		if err != nil {
			t.Fatalf("crash %v operation %d: %v", when, n, err)
		}
		return s.Close() == nil
	}
	for _, when := range []vfs.Moment{vfs.BeforeOp, vfs.MidOp, vfs.AfterOp} {
		for n := 1; ; n++ {
			fs := vfs.NewMem(vfs.MemOptions{})
			done := life(fs, n, when)
			for mode := range vfs.CutModes + 1 {
				c := fs.Clone()
				if mode < vfs.CutModes {
					c.PowerCut(r, vfs.CutMode(mode))
				}
				life(c, r.Range(1, 60), vfs.Moment(r.Intn(3)))
				if r.Chance(1, 2) {
					c.PowerCut(r, vfs.CutMode(r.Uint64n(vfs.CutModes)))
				} else {
					c.Kill()
				}
				s := open(t, c, settings(3))
				id := s.ID()
				write(t, s)
				c.Kill()
				s = open(t, c, settings(4))
				for b := range event.BucketID(3) {
					if b, err := s.Bucket(b); err != nil || b.LastIndex() != 1 {
						t.Fatalf("crash %v operation %d, mode %d: %v", when, n, mode, err)
					}
				}
				c.PowerCut(r, vfs.CutLosesAll)
				s = open(t, c, settings(5))
				for b := range event.BucketID(3) {
					if b, err := s.Bucket(b); err != nil || b.LastIndex() != 1 || s.ID() != id {
						t.Fatalf("crash %v operation %d, mode %d, after a power cut: %v", when, n, mode, err)
					}
				}
			}
			if done {
				if n < 20 {
					t.Fatalf("making a store takes only %d operations", n)
				}
				break
			}
		}
	}
}

// TestOpen_StateNameBeforeBuckets: a start is killed when it has named
// store.state, and the next one when it has made a bucket's directory. The power
// cut that follows must not leave the bucket without the name: that would look
// like the remains of a lost store.
func TestOpen_StateNameBeforeBuckets(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	killed := func(at vfs.OpKind) {
		t.Helper()
		defer func() {
			if p := recover(); p != (crashed{}) {
				t.Fatalf("the start was not killed at its first %v: %v", at, p)
			}
			fs.Kill()
		}()
		s, err := Open(vfs.Inject(fs, vfs.On(at).Crash(1, vfs.AfterOp, crashed{})), settings(1))
		t.Fatal(s, err)
	}
	killed(vfs.OpRename)
	killed(vfs.OpMkdir)
	n := fs.Unsynced()
	for mask := range 1 << n {
		c := fs.Clone()
		c.CutKeeping(func(i int) bool { return mask>>i&1 != 0 })
		if _, err := Open(c, settings(2)); err != nil {
			t.Errorf("subset %b of %d: %v", mask, n, err)
		}
	}
	if n < 2 {
		t.Errorf("%d operations are pending", n)
	}
}

func TestOpen_ReadOnly(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	if _, err := Open(fs, Options{ReadOnly: true, Owner: "tool"}); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("read-only open of nothing: %v", err)
	}
	s := open(t, fs, settings(1))
	write(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, fs, Options{ReadOnly: true, Owner: "tool"})
	if s.Buckets() != 3 || s.Partitions() != 8 {
		t.Errorf("%d buckets, %d partitions", s.Buckets(), s.Partitions())
	}
	b, err := s.Bucket(0)
	if err != nil || b.LastIndex() != 1 {
		t.Fatalf("bucket 0: %v", err)
	}
	if err := b.SaveState(segment.State{Term: 3}, true); !errors.Is(err, event.ErrReadOnly) {
		t.Errorf("writing: %v", err)
	}
}

func TestOpen_NewerFormat(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	if err := open(t, fs, settings(1)).Close(); err != nil {
		t.Fatal(err)
	}
	id := identity{seq: 9, buckets: 3}
	b := id.encode()
	b[8] = 2
	sealSlot(b)
	if err := fs.Corrupt(stateName, 0, b); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(fs, settings(1)); !errors.Is(err, errFormat) || !strings.Contains(err.Error(), "2") {
		t.Errorf("format 2: %v", err)
	}
}

// TestFormat_StoreState pins the bytes of a slot of store.state.
func TestFormat_StoreState(t *testing.T) {
	b := identity{
		complete: true, seq: 2, cluster: uuid.UUID{0xc1}, node: uuid.UUID{0x0d}, buckets: 4, partitions: 32,
		segmentSize: 256 << 20, salt: 0x1122334455667788,
	}.encode()
	var out strings.Builder
	rest := b
	for _, f := range []struct {
		bytes int
		note  string
	}{
		{8, "magic"}, {4, "format"}, {4, "complete"}, {8, "number of the write"}, {16, "cluster"}, {16, "node"},
		{4, "buckets"}, {4, "partitions"}, {8, "segment size"}, {8, "salt"}, {12, "zeros"}, {4, "crc"},
	} {
		fmt.Fprintf(&out, "%-34s %s\n", hex.EncodeToString(rest[:f.bytes]), f.note)
		rest = rest[f.bytes:]
	}
	const path = "testdata/store-state.hex"
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(rest) != 0 || out.String() != string(want) {
		t.Errorf("the format has changed:\n%s", out.String())
	}
	got, ok, err := decodeIdentity(b)
	if err != nil || !ok || got.salt != 0x1122334455667788 || got.segmentSize != 256<<20 || !got.complete || got.partitions != 32 {
		t.Errorf("decoded %+v, %v, %v", got, ok, err)
	}
}
