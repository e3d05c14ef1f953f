package vfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sierradb/vfs"
)

// class reduces an error to what callers may tell apart.
func class(err error) string {
	for _, c := range []error{vfs.ErrNotExist, vfs.ErrExist, vfs.ErrNoSpace, vfs.ErrIO, io.EOF} {
		if errors.Is(err, c) {
			return c.Error()
		}
	}
	var locked *vfs.LockedError
	switch {
	case errors.As(err, &locked):
		return "locked by " + locked.Owner
	case err != nil:
		return "other"
	}
	return "fine"
}

// twins is a real disk and one in memory to which the same is done.
type twins struct {
	real, mem vfs.FS
	files     []twinFile
	locks     [][2]io.Closer
}

type twinFile struct{ real, mem vfs.File }

func (w *twins) same(t *rapid.T, what string, real, mem error) bool {
	if class(real) != class(mem) {
		t.Fatalf("%s: disk %q (%v), memory %q (%v)", what, class(real), real, class(mem), mem)
	}
	return real == nil
}

var (
	genName = rapid.SampledFrom([]string{"a", "b", "c", "d", "d/a", "d/b", "d/e", "d/e/a", "a/x", "no/x", "", "../a", "."})
	genFlag = rapid.SampledFrom([]vfs.Flag{0, vfs.Read, vfs.Write, vfs.Write | vfs.Create, vfs.Write | vfs.Create, vfs.Write | vfs.Create | vfs.Excl, vfs.Read | vfs.Create})
	genSize = rapid.OneOf(rapid.Int64Range(-1, 20), rapid.Int64Range(0, 20_000))
	genText = rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 16), rapid.Map(rapid.IntRange(0, 9_000), func(n int) []byte {
		return bytes.Repeat([]byte{byte(n), 1, 2}, n/3+1)
	}))
)

func (w *twins) file(t *rapid.T) twinFile {
	if len(w.files) == 0 {
		t.Skip("no file is open")
	}
	return w.files[rapid.IntRange(0, len(w.files)-1).Draw(t, "handle")]
}

func (w *twins) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"open":        w.open,
		"read":        w.read,
		"write":       w.write,
		"truncate":    func(t *rapid.T) { w.onSize(t, "truncate", vfs.File.Truncate) },
		"preallocate": func(t *rapid.T) { w.onSize(t, "preallocate", vfs.File.Preallocate) },
		"sync":        func(t *rapid.T) { w.onFile(t, "sync", vfs.File.Sync) },
		"evict":       func(t *rapid.T) { w.onFile(t, "evict", vfs.File.Evict) },
		"close":       func(t *rapid.T) { w.onFile(t, "close", vfs.File.Close) },
		"remove":      func(t *rapid.T) { w.onName(t, "remove", vfs.FS.Remove) },
		"mkdir":       func(t *rapid.T) { w.onName(t, "mkdir", vfs.FS.MkdirAll) },
		"syncdir":     func(t *rapid.T) { w.onName(t, "syncdir", vfs.FS.SyncDir) },
		"rename":      w.rename,
		"list":        func(t *rapid.T) { w.list(t, genName.Draw(t, "dir")) },
		"lock":        w.lock,
		"unlock":      w.unlock,
	}
}

func (w *twins) open(t *rapid.T) {
	name, flag := genName.Draw(t, "name"), genFlag.Draw(t, "flag")
	r, rerr := w.real.Open(name, flag)
	m, merr := w.mem.Open(name, flag)
	if w.same(t, fmt.Sprintf("open %q %b", name, flag), rerr, merr) {
		w.files = append(w.files, twinFile{r, m})
	}
}

func (w *twins) read(t *rapid.T) {
	f, off, n := w.file(t), genSize.Draw(t, "offset"), rapid.IntRange(0, 9_000).Draw(t, "size")
	w.compare(t, f, off, n)
	rn, rerr := f.real.Size()
	mn, merr := f.mem.Size()
	if w.same(t, "size", rerr, merr); rn != mn {
		t.Fatalf("size: disk %d, memory %d", rn, mn)
	}
}

func (w *twins) compare(t *rapid.T, f twinFile, off int64, n int) {
	rp, mp := make([]byte, n), make([]byte, n)
	rn, rerr := f.real.ReadAt(rp, off)
	mn, merr := f.mem.ReadAt(mp, off)
	w.same(t, "read", rerr, merr)
	if !bytes.Equal(rp[:rn], mp[:mn]) {
		t.Fatalf("read of %d bytes at %d: disk %d bytes, memory %d bytes, or other ones", n, off, rn, mn)
	}
}

func (w *twins) write(t *rapid.T) {
	f, off, p := w.file(t), genSize.Draw(t, "offset"), genText.Draw(t, "text")
	rn, rerr := f.real.WriteAt(p, off)
	mn, merr := f.mem.WriteAt(p, off)
	if w.same(t, "write", rerr, merr); rn != mn {
		t.Fatalf("write: disk %d bytes, memory %d", rn, mn)
	}
}

func (w *twins) onSize(t *rapid.T, what string, do func(vfs.File, int64) error) {
	f, size := w.file(t), genSize.Draw(t, "size")
	w.same(t, what, do(f.real, size), do(f.mem, size))
}

func (w *twins) onFile(t *rapid.T, what string, do func(vfs.File) error) {
	f := w.file(t)
	w.same(t, what, do(f.real), do(f.mem))
}

func (w *twins) onName(t *rapid.T, what string, do func(vfs.FS, string) error) {
	name := genName.Draw(t, "name")
	w.same(t, what+" "+name, do(w.real, name), do(w.mem, name))
}

func (w *twins) rename(t *rapid.T) {
	from, to := genName.Draw(t, "from"), genName.Draw(t, "to")
	w.same(t, "rename "+from+" to "+to, w.real.Rename(from, to), w.mem.Rename(from, to))
}

func (w *twins) list(t *rapid.T, dir string) []string {
	r, rerr := w.real.List(dir)
	m, merr := w.mem.List(dir)
	if w.same(t, "list "+dir, rerr, merr); !slices.Equal(r, m) {
		t.Fatalf("list %q: disk %q, memory %q", dir, r, m)
	}
	return r
}

func (w *twins) lock(t *rapid.T) {
	name, owner := genName.Draw(t, "name"), rapid.StringMatching("[a-z]{1,9}").Draw(t, "owner")
	r, rerr := w.real.Lock(name, owner)
	m, merr := w.mem.Lock(name, owner)
	if w.same(t, "lock "+name, rerr, merr) {
		w.locks = append(w.locks, [2]io.Closer{r, m})
	}
}

func (w *twins) unlock(t *rapid.T) {
	if len(w.locks) == 0 {
		t.Skip("no lock is held")
	}
	i := rapid.IntRange(0, len(w.locks)-1).Draw(t, "lock")
	w.same(t, "unlock", w.locks[i][0].Close(), w.locks[i][1].Close())
}

// tree compares all files below a directory.
func (w *twins) tree(t *rapid.T, dir string) {
	for _, name := range w.list(t, dir) {
		full := strings.TrimPrefix(dir+"/"+name, "./")
		if below, ok := strings.CutSuffix(full, "/"); ok {
			w.tree(t, below)
			continue
		}
		r, rerr := w.real.Open(full, vfs.Read)
		m, merr := w.mem.Open(full, vfs.Read)
		if w.same(t, "open "+full, rerr, merr) {
			w.compare(t, twinFile{r, m}, 0, 40_000)
			w.same(t, "close", r.Close(), m.Close())
		}
	}
}

// TestMem_LikeOS does the same to a real disk and to one in memory and demands
// the same results, operation by operation.
func TestMem_LikeOS(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "vfs-model-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		real, err := vfs.OpenOS(dir)
		if err != nil {
			t.Fatal(err)
		}
		mem := vfs.NewMem(vfs.MemOptions{})
		w := &twins{real: real, mem: vfs.Inject(mem, vfs.All())}
		defer func() {
			for _, f := range w.files {
				f.real.Close() // many are closed already
			}
			for _, l := range w.locks {
				l[0].Close()
			}
		}()
		t.Repeat(w.actions())
		w.tree(t, ".")
		// A disk that kept everything looks the same after the power cut.
		names := mem.Names()
		mem.PowerCut(nil, vfs.CutKeepsAll)
		if got := mem.Names(); !slices.Equal(got, names) {
			t.Fatalf("names after a power cut that loses nothing: %q, want %q", got, names)
		}
		w.tree(t, ".")
	})
}
