package vfs_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"sierradb/vfs"
)

// history is one file as its process saw it: what it held at the last
// completed sync, and after every operation since.
type history struct {
	disk     *vfs.Mem
	file     vfs.File
	versions [][]byte
	inFlight *vfs.Pending
	began    int  // the version at which inFlight began
	doubtful bool // a sync has dropped pages, and nothing was evicted since
}

func (h *history) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"write": h.write,
		"": func(t *rapid.T) {
			p, err := h.disk.ReadFile("f")
			if err != nil || !bytes.Equal(p, h.versions[len(h.versions)-1]) {
				t.Fatalf("the file changed by itself (%v)", err)
			}
		},
		"truncate": func(t *rapid.T) {
			h.do(t, h.file.Truncate(rapid.Int64Range(0, 14_000).Draw(t, "size")))
		},
		"preallocate": func(t *rapid.T) {
			h.do(t, h.file.Preallocate(rapid.Int64Range(0, 14_000).Draw(t, "size")))
		},
		"evict": func(t *rapid.T) {
			h.do(t, h.file.Evict())
			h.doubtful = h.doubtful && h.inFlight != nil
		},
		"sync": func(t *rapid.T) {
			h.do(t, h.file.Sync())
			h.synced(len(h.versions) - 1)
		},
		"begin": func(t *rapid.T) {
			if h.inFlight == nil {
				h.inFlight, h.began = h.disk.BeginSync([]vfs.File{h.file}, nil), len(h.versions)-1
			}
		},
		"complete": func(t *rapid.T) {
			if h.inFlight != nil {
				h.do(t, h.inFlight.Complete())
				h.synced(h.began)
				h.inFlight = nil
			}
		},
		"fail": func(t *rapid.T) {
			if h.inFlight != nil {
				drop := rapid.Bool().Draw(t, "drop")
				if h.inFlight.Fail(drop) == nil {
					t.Fatal("a failed sync gave no error")
				}
				h.doubtful = h.doubtful || drop
				h.inFlight = nil
			}
		},
	}
}

func (h *history) write(t *rapid.T) {
	size := rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(1, 6_000)).Draw(t, "size")
	// Few values, so that bytes are often written over with what they are.
	p := rapid.SliceOfN(rapid.ByteRange('a', 'c'), size, size).Draw(t, "bytes")
	_, err := h.file.WriteAt(p, rapid.Int64Range(0, 9_000).Draw(t, "offset"))
	h.do(t, err)
}

func (h *history) do(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
	p, err := h.disk.ReadFile("f")
	if err != nil {
		t.Fatal(err)
	}
	h.versions = append(h.versions, p)
}

// synced forgets what was before a version that a sync covered. While pages
// may have been dropped a sync proves nothing.
func (h *history) synced(version int) {
	if h.doubtful {
		return
	}
	h.versions = h.versions[version:]
	h.began = max(0, h.began-version)
}

// check demands that a file after a power cut is made of what the process saw
// since the last sync.
func (h *history) check(t *rapid.T, got []byte, r vfs.CutReport) {
	if !slices.ContainsFunc(h.versions, func(v []byte) bool { return len(v) == len(got) }) && r.Mode != vfs.CutKeepsLast && r.Mode != vfs.CutKeepsPrefix {
		t.Fatalf("%v: the file has %d bytes, which it never had", r, len(got))
	}
	shortest, longest := len(h.versions[0]), 0
	for _, v := range h.versions {
		shortest, longest = min(shortest, len(v)), max(longest, len(v))
	}
	if len(got) < shortest || len(got) > longest {
		t.Fatalf("%v: the file has %d bytes, had from %d to %d", r, len(got), shortest, longest)
	}
	odd := 0
	for i, b := range got {
		first, changing, known := at(h.versions[0], i), false, false
		for _, v := range h.versions {
			changing = changing || at(v, i) != first
			known = known || at(v, i) == b
		}
		if !changing && b != first {
			t.Fatalf("%v: byte %d is %q and was always %q", r, i, b, first)
		}
		if !known {
			odd++
		}
	}
	if odd > r.GarbageSectors*4096 {
		t.Fatalf("%v: %d bytes were never written", r, odd)
	}
}

// at is a byte of a file; behind its end there are zeros.
func at(p []byte, i int) byte {
	if i < len(p) {
		return p[i]
	}
	return 0
}

// TestPowerCut_Data writes, cuts, syncs (also with barriers that cover a part,
// fail, or drop pages), loses power in every mode, and demands that what was
// synced is there, that nothing appears which was never written, and that
// bytes keep their value when it was not changing.
func TestPowerCut_Data(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sector := rapid.SampledFrom([]int{512, 4096}).Draw(t, "sector")
		disk := vfs.NewMem(vfs.MemOptions{Sector: sector})
		f, err := disk.Open("f", vfs.Write|vfs.Create)
		if err != nil {
			t.Fatal(err)
		}
		if err := disk.SyncDir("."); err != nil {
			t.Fatal(err)
		}
		h := &history{disk: disk, file: f, versions: [][]byte{nil}}
		t.Repeat(h.actions())
		seed := rapid.Uint64().Draw(t, "seed")
		for i := range uint64(10) {
			mode := vfs.CutMode(i % vfs.CutModes)
			c := disk.Clone()
			r := c.PowerCut(seeded(seed+i), mode)
			got, err := c.ReadFile("f")
			if err != nil {
				t.Fatal(err)
			}
			h.check(t, got, r)
			durable, err := c.Durable("f")
			if err != nil || !bytes.Equal(durable, got) || c.Unsynced() != 0 {
				t.Fatalf("%v: something is pending after the power cut (%v)", r, err)
			}
			last := h.versions[len(h.versions)-1]
			if mode == vfs.CutKeepsAll && !h.doubtful && h.inFlight == nil && !bytes.Equal(got, last) {
				t.Fatalf("%v: the last bytes are lost", r)
			}
		}
	})
}

// places knows, for every file, where it may be after a power cut. A file is
// told by its content, which is synced before anything else happens to it.
type places struct {
	disk  *vfs.Mem
	now   map[string]string   // name: content
	since map[string][]string // content: names it had since it was settled; "" is none
	next  int
}

var genPlace = rapid.SampledFrom([]string{"a", "b", "c", "d/a", "d/b"})

func (w *places) note(content, name string) {
	if content != "" && !slices.Contains(w.since[content], name) {
		w.since[content] = append(w.since[content], name)
	}
}

func (w *places) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"create": w.create,
		"rename": w.rename,
		"remove": w.remove,
		"sync":   w.sync,
	}
}

func (w *places) create(t *rapid.T) {
	name := genPlace.Draw(t, "name")
	if w.now[name] != "" {
		return
	}
	f, err := w.disk.Open(name, vfs.Write|vfs.Create|vfs.Excl)
	w.ok(t, err)
	w.next++
	content := fmt.Sprint("file ", w.next)
	_, err = f.WriteAt([]byte(content), 0)
	w.ok(t, err)
	w.ok(t, f.Sync())
	w.ok(t, f.Close())
	w.now[name] = content
	w.note(content, "")
	w.note(content, name)
}

func (w *places) rename(t *rapid.T) {
	from, to := genPlace.Draw(t, "from"), genPlace.Draw(t, "to")
	if w.now[from] == "" || from == to {
		return
	}
	w.ok(t, w.disk.Rename(from, to))
	w.note(w.now[to], "")
	w.note(w.now[from], to)
	w.now[to] = w.now[from]
	delete(w.now, from)
}

func (w *places) remove(t *rapid.T) {
	name := genPlace.Draw(t, "name")
	if w.now[name] == "" {
		return
	}
	w.ok(t, w.disk.Remove(name))
	w.note(w.now[name], "")
	delete(w.now, name)
}

// sync settles all names: each file is where it is now, or gone.
func (w *places) sync(t *rapid.T) {
	w.ok(t, w.disk.SyncDir("."))
	w.ok(t, w.disk.SyncDir("d"))
	w.since = make(map[string][]string)
	for name, content := range w.now {
		w.note(content, name)
	}
}

func (w *places) ok(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// check demands that every file is once at one of its places.
func (w *places) check(t *rapid.T, disk *vfs.Mem, r vfs.CutReport) {
	found := make(map[string]string)
	for _, name := range disk.Names() {
		p, err := disk.ReadFile(name)
		w.ok(t, err)
		content := string(p)
		if other := found[content]; other != "" {
			t.Fatalf("%v: %q is at %s and at %s", r, content, other, name)
		}
		found[content] = name
		if !slices.Contains(w.since[content], name) {
			t.Fatalf("%v: %q is at %s, was since the last sync at %q", r, content, name, w.since[content])
		}
	}
	for _, content := range slices.Sorted(maps.Keys(w.since)) {
		if found[content] == "" && !slices.Contains(w.since[content], "") {
			t.Fatalf("%v: %q is gone, was since the last sync at %q", r, content, w.since[content])
		}
	}
}

// TestPowerCut_Names creates, renames over each other, removes and syncs, and
// demands that after a power cut every file is at one of the places it had
// since its names were synced.
func TestPowerCut_Names(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &places{disk: vfs.NewMem(vfs.MemOptions{}), now: make(map[string]string), since: make(map[string][]string)}
		w.ok(t, w.disk.MkdirAll("d"))
		w.ok(t, w.disk.SyncDir("."))
		t.Repeat(w.actions())
		seed := rapid.Uint64().Draw(t, "seed")
		for i := range uint64(20) {
			c := w.disk.Clone()
			w.check(t, c, c.PowerCut(seeded(seed+i), vfs.CutMode(i%vfs.CutModes)))
		}
	})
}
