package vfs_test

import (
	"errors"
	"strings"
	"testing"

	"sierradb/vfs"
)

// durable demands what the medium has of a file, in the form of runs.
func (b box) durable(name, want string) {
	b.Helper()
	p, err := b.Durable(name)
	b.ok(err)
	if got := runs(p); got != want {
		b.Fatalf("%s has %q on the medium, want %q", name, got, want)
	}
}

// panics demands that run panics and that the message names why.
func panics(t *testing.T, why string, run func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if text, _ := recover().(string); !strings.Contains(text, why) {
			t.Fatalf("panic %q, want one that says %q", text, why)
		}
	}()
	run()
}

func TestBarrier_CoversWhatWasWrittenBefore(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f, g := b.old("f", 1), b.old("g", 1)
	wrapped, err := vfs.Inject(vfs.Inject(b.Mem, vfs.All()), vfs.All()).Open("g", vfs.Read)
	b.ok(err)
	b.write(f, "111", 0)
	b.write(g, "222", 0)
	b.create("new")
	p := b.BeginSync([]vfs.File{f, wrapped}, []string{"."})
	if n := p.Bytes(); n != 6 {
		t.Fatalf("the barrier covers %d bytes, want 6", n)
	}
	b.write(f, "333", 3)
	b.create("newer")
	b.durable("f", "o*512")
	b.ok(f.Close()) // the barrier has its own hold on the file
	b.ok(p.Complete())
	b.durable("f", "1*3 o*509")
	b.durable("g", "2*3 o*509")
	b.PowerCut(nil, vfs.CutLosesAll)
	b.names("f", "g", "new")
	b.has("f", "1*3 o*509")
}

func TestBarrier_TwoInFlight(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.write(f, "1", 0)
	first := b.BeginSync([]vfs.File{f}, nil)
	b.write(f, "2", 1)
	second := b.BeginSync([]vfs.File{f}, nil)
	b.write(f, "3", 2)
	b.ok(second.Complete())
	b.durable("f", "1*1 2*1 o*510")
	b.ok(first.Complete())
	b.durable("f", "1*1 2*1 o*510")
}

func TestBarrier_EndsOnce(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	p := b.BeginSync([]vfs.File{f}, []string{"."})
	b.ok(p.Complete())
	panics(t, "ended twice", func() { p.Complete() })
	panics(t, "ended twice", func() { p.Fail(true) })
}

func TestBarrier_Refused(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.write(f, "1", 0)
	if err := b.BeginSync([]vfs.File{f}, []string{"no"}).Complete(); !errors.Is(err, vfs.ErrNotExist) {
		t.Fatalf("barrier of a missing directory: %v", err)
	}
	b.durable("f", "o*512")
	b.ok(f.Close())
	if err := b.BeginSync([]vfs.File{f}, nil).Complete(); err == nil {
		t.Fatal("barrier of a closed file completed")
	}
	panics(t, "another disk", func() { newBox(t, vfs.MemOptions{}).BeginSync([]vfs.File{f}, nil) })
	panics(t, "not a file of Mem", func() { b.BeginSync([]vfs.File{nil}, nil) })
}

func TestBarrier_AcrossDeathAndPowerCut(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.write(f, "1", 0)
	p, q := b.BeginSync([]vfs.File{f}, nil), b.BeginSync([]vfs.File{f}, nil)
	b.Kill()
	b.ok(p.Complete()) // the kernel outlives the process
	b.durable("f", "1*1 o*511")
	b.PowerCut(nil, vfs.CutLosesAll)
	if err := q.Complete(); !errors.Is(err, vfs.ErrIO) {
		t.Fatalf("barrier from before the power cut: %v", err)
	}
}

func TestBarrier_FailKeepsPending(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.write(f, "1", 0)
	if err := b.BeginSync([]vfs.File{f}, nil).Fail(false); !errors.Is(err, vfs.ErrIO) || !strings.Contains(err.Error(), "sync f:") {
		t.Fatalf("failed sync: %v", err)
	}
	b.ok(f.Evict()) // dirty pages stay
	b.has("f", "1*1 o*511")
	b.durable("f", "o*512")
	b.ok(f.Sync())
	b.durable("f", "1*1 o*511")
}

// TestBarrier_FailDrops is what PostgreSQL met in 2018: after a failed fsync
// the kernel takes the pages for clean, and the next fsync succeeds.
func TestBarrier_FailDrops(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 16) // two pages
	b.write(f, strings.Repeat("1", 5000), 0)
	b.write(f, "grown", 8192)
	if err := b.BeginSync([]vfs.File{f}, nil).Fail(true); !errors.Is(err, vfs.ErrIO) {
		t.Fatalf("failed sync: %v", err)
	}
	const visible = "1*5000 o*3192 g*1 r*1 o*1 w*1 n*1"
	b.has("f", visible)
	b.ok(f.Sync()) // proves nothing
	b.has("f", visible)
	b.durable("f", "o*8192 0*5")
	b.Kill()
	b.has("f", visible) // neither does the next process see it
	f, err := b.Open("f", vfs.Write)
	b.ok(err)
	b.ok(f.Evict())
	b.has("f", "o*8192 0*5")
	b.durable("f", "o*8192 0*5")
}

// TestBarrier_DroppedPageWrittenAgain: a page goes to the disk whole, so what
// makes it dirty again takes the dropped bytes along.
func TestBarrier_DroppedPageWrittenAgain(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 16)
	b.write(f, strings.Repeat("1", 8192), 0)
	p := b.BeginSync([]vfs.File{f}, nil)
	b.write(f, "2", 8191) // dirty before the sync fails: all of page 1 stays
	if err := p.Fail(true); err == nil {
		t.Fatal("Fail returned nil")
	}
	c := b.Clone()
	b.ok(f.Evict())
	b.has("f", "o*4096 1*4095 2*1")
	b.ok(f.Sync())
	b.durable("f", "o*4096 1*4095 2*1")

	b.Mem = c // the same moment, but now page 0 is written once more
	f, err := b.Open("f", vfs.Write)
	b.ok(err)
	b.write(f, "3", 100)
	b.ok(f.Evict())
	b.ok(f.Sync())
	b.durable("f", "1*100 3*1 1*8090 2*1")
}

func TestBarrier_DroppedThenTruncated(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.write(f, strings.Repeat("1", 300), 0)
	b.ok(f.Truncate(100))
	b.ok(f.Truncate(200))
	if err := b.BeginSync([]vfs.File{f}, nil).Fail(true); err == nil {
		t.Fatal("Fail returned nil")
	}
	b.has("f", "1*100 0*100")
	b.ok(f.Truncate(50))
	b.ok(f.Evict())
	b.has("f", "o*50")
	b.ok(f.Sync())
	b.durable("f", "o*50")

	b.write(f, strings.Repeat("1", 5000), 0) // two pages, of which the cut leaves one
	b.ok(f.Truncate(100))
	b.ok(f.Truncate(9000))
	if err := b.BeginSync([]vfs.File{f}, nil).Fail(true); err == nil {
		t.Fatal("Fail returned nil")
	}
	b.ok(f.Evict())
	b.has("f", "o*50 0*8950")
	if used := b.Used(); used != 4096 {
		t.Fatalf("%d bytes used, want one page and a hole", used)
	}
}

func TestKill(t *testing.T) {
	b := newBox(t, vfs.MemOptions{})
	f := b.old("f", 1)
	b.write(f, "1", 0)
	gone := b.create("gone")
	b.write(gone, "x", 0)
	b.ok(b.Remove("gone"))
	lock, err := b.Lock("lock", "first life")
	b.ok(err)
	b.Kill()
	b.has("f", "1*1 o*511") // what was written stays, and stays pending
	b.durable("f", "o*512")
	if used := b.Used(); used != 2*4096 {
		t.Fatalf("%d bytes used, want a page for f and one for lock", used)
	}
	_, err = b.Lock("lock", "second life")
	b.ok(err)
	b.ok(lock.Close()) // the dead hold nothing
	var held *vfs.LockedError
	if _, err = b.Lock("lock", "third"); !errors.As(err, &held) || held.Owner != "second life" {
		t.Fatalf("Lock while the second life holds it: %v", err)
	}
	panics(t, "process that was killed", func() { f.WriteAt([]byte("ghost"), 0) })
	panics(t, "process that was killed", func() { f.Sync() })
	panics(t, "process that was killed", func() { f.Size() })
	b.ok(f.Close())
}
