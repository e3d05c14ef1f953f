package vfs_test

import (
	"testing"

	"sierradb/vfs"
	"sierradb/vfs/vfstest"
)

func openOS(t *testing.T) vfs.FS {
	fs, err := vfs.OpenOS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

func TestConformance(t *testing.T) {
	t.Run("os", func(t *testing.T) { vfstest.Test(t, openOS) })
	t.Run("mem", func(t *testing.T) {
		vfstest.Test(t, func(*testing.T) vfs.FS { return vfs.NewMem(vfs.MemOptions{}) })
	})
	t.Run("mem with capacity", func(t *testing.T) {
		vfstest.Test(t, func(*testing.T) vfs.FS {
			return vfs.NewMem(vfs.MemOptions{Capacity: 1 << 20, Sector: 4096, SyncNames: true})
		})
	})
	t.Run("injected mem", func(t *testing.T) {
		vfstest.Test(t, func(*testing.T) vfs.FS { return vfs.Inject(vfs.NewMem(vfs.MemOptions{}), vfs.All()) })
	})
	t.Run("injected os", func(t *testing.T) {
		vfstest.Test(t, func(t *testing.T) vfs.FS { return vfs.Inject(openOS(t), new(vfs.Counter)) })
	})
}
