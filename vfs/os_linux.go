package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// control runs a system call on the descriptor of f and repeats it while a
// signal interrupts it. Going through SyscallConn keeps the descriptor open
// until the call is over, whoever closes f meanwhile.
func control(f *os.File, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var callErr error
	err = conn.Control(func(fd uintptr) {
		for {
			if callErr = call(int(fd)); callErr != unix.EINTR {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return callErr
}

// syncData uses fdatasync: it leaves out the times of the inode but not a
// length that is needed to read the data.
func syncData(f *os.File) error { return control(f, unix.Fdatasync) }

// reserve uses fallocate with mode 0, which also grows the file.
func reserve(f *os.File, size int64) error {
	err := control(f, func(fd int) error { return unix.Fallocate(fd, 0, 0, size) })
	if err == unix.EOPNOTSUPP || err == unix.ENOSYS {
		return errors.ErrUnsupported
	}
	return err
}

func evict(f *os.File) error {
	return control(f, func(fd int) error { return unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED) })
}

// syncDir keeps the directory open for the next time: a sync must not fail
// because other files take all descriptors.
func (o *osFS) syncDir(path string) error {
	o.mu.Lock()
	d := o.dirs[path]
	if d == nil {
		var err error
		if d, err = os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0); err != nil {
			o.mu.Unlock()
			return err
		}
		o.dirs[path] = d
	}
	o.mu.Unlock()
	return d.Sync()
}

// lockFile takes an flock, which belongs to the open file: two handles in one
// process exclude each other, and the kernel ends it with the process.
func lockFile(f *os.File) (held bool, unlock func(), err error) {
	err = control(f, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if err == unix.EWOULDBLOCK {
		return true, nil, nil
	}
	return false, func() {}, err // closing the file unlocks it
}

func freeSpace(path string) (uint64, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(path, &st)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return 0, err
		}
	}
	unit := uint64(st.Frsize)
	if unit == 0 {
		unit = uint64(st.Bsize)
	}
	return st.Bavail * unit, nil
}
