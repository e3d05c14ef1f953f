package vfs

// faultFile is an open file with faults.
type faultFile struct {
	fs   *faultFS
	file File
	name string
}

// Unwrap returns the file below.
func (f *faultFile) Unwrap() File { return f.file }

// Name returns the name that the file was opened with.
func (f *faultFile) Name() string { return f.name }

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	return f.transfer(Op{Kind: OpRead, Name: f.name, Offset: off, Size: len(p)}, p, f.file.ReadAt)
}

func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	return f.transfer(Op{Kind: OpWrite, Name: f.name, Offset: off, Size: len(p)}, p, f.file.WriteAt)
}

// transfer runs a read or write, which can be done in part.
func (f *faultFile) transfer(op Op, p []byte, run func([]byte, int64) (int, error)) (int, error) {
	v := f.fs.before(op)
	stop := v.Crash || v.Err != nil
	if stop {
		p = p[:min(max(v.Short, 0), len(p))]
	}
	if op.Kind == OpWrite && len(v.Flip) > 0 {
		p = append([]byte(nil), p...) // the caller's bytes stay as they are
		flip(p, v.Flip)
	}
	n, err := 0, error(nil)
	if !stop || len(p) > 0 {
		n, err = run(p, op.Offset)
	}
	if op.Kind == OpRead && v.Shift != 0 {
		misread(p[:n], op.Offset+v.Shift, run)
	}
	if op.Kind == OpRead {
		flip(p[:n], v.Flip)
	}
	f.fs.after(op)
	if v.Crash {
		panic(v.Panic)
	}
	if v.Err != nil {
		err = fail(op.Kind.String(), op.Name, v.Err)
	}
	return n, err
}

// misread fills p from another place. Its length stays that of the right one.
func misread(p []byte, off int64, read func([]byte, int64) (int, error)) {
	clear(p)
	if off < 0 {
		skip := min(-off, int64(len(p)))
		p, off = p[skip:], 0
	}
	_, _ = read(p, off) // the error to report is that of the right place
}

func (f *faultFile) Truncate(size int64) error {
	return f.fs.do(Op{Kind: OpTruncate, Name: f.name, Offset: size}, func() error { return f.file.Truncate(size) })
}

func (f *faultFile) Preallocate(size int64) error {
	return f.fs.do(Op{Kind: OpPreallocate, Name: f.name, Offset: size}, func() error { return f.file.Preallocate(size) })
}

func (f *faultFile) Size() (n int64, err error) {
	err = f.fs.do(Op{Kind: OpSize, Name: f.name}, func() error {
		n, err = f.file.Size()
		return err
	})
	return n, err
}

func (f *faultFile) Sync() error {
	op := Op{Kind: OpSync, Name: f.name}
	v := f.fs.before(op)
	var err error
	switch {
	case v.Crash:
		f.fs.after(op)
		panic(v.Panic)
	case v.Err != nil:
		f.failSync(v.Drop)
		err = fail(op.Kind.String(), op.Name, v.Err)
	default:
		err = f.file.Sync()
	}
	f.fs.after(op)
	return err
}

// failSync hands a failed sync down to the disk in memory.
func (f *faultFile) failSync(drop bool) error {
	if below, ok := f.file.(interface{ failSync(drop bool) error }); ok && drop {
		return below.failSync(drop)
	}
	return nil
}

func (f *faultFile) Evict() error {
	return f.fs.do(Op{Kind: OpEvict, Name: f.name}, f.file.Evict)
}

func (f *faultFile) Close() error { return f.fs.closing(Op{Kind: OpClose, Name: f.name}, f.file) }
