package vfs_test

import (
	"testing"

	"sierradb/vfs"
)

// BenchmarkMem is what the simulator does most: a small write into a
// preallocated file and a barrier.
func BenchmarkMem(b *testing.B) {
	m := vfs.NewMem(vfs.MemOptions{})
	f, err := m.Open("f", vfs.Write|vfs.Create)
	if err != nil {
		b.Fatal(err)
	}
	const size = 1 << 20
	if err := f.Preallocate(size); err != nil {
		b.Fatal(err)
	}
	p := make([]byte, 300)
	files := []vfs.File{f}
	b.SetBytes(int64(len(p)))
	for i := int64(0); b.Loop(); i++ {
		if _, err := f.WriteAt(p, i*300%(size-300)); err != nil {
			b.Fatal(err)
		}
		if err := m.BeginSync(files, nil).Complete(); err != nil {
			b.Fatal(err)
		}
	}
}
