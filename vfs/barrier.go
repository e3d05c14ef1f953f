package vfs

import (
	"fmt"
	"strings"
)

// Pending is a barrier in flight: the sync of some files and directories,
// begun by [Mem.BeginSync]. It ends once, by Complete or by Fail. A process
// that dies does not end it: the kernel may still complete it, or it is left
// alone and what it covers stays pending.
type Pending struct {
	m        *Mem
	files    []*inode
	dirs     []*inode
	text     string // the names, for errors
	err      error  // why it could not begin
	mark     uint64 // number of the last operation it covers
	powerCut uint64
	ended    bool
}

// BeginSync begins to make durable what was written so far to files, and the
// names so far in dirs; what is written afterwards is not covered. The handles
// may be wrapped by [Inject], whose Injector is not asked: the caller decides
// how this sync ends. It panics when a file is not of this disk.
func (m *Mem) BeginSync(files []File, dirs []string) *Pending {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &Pending{m: m, mark: m.seq, powerCut: m.powerCut}
	var names []string
	for _, file := range files {
		f := m.own(file)
		names = append(names, f.name)
		if err := f.check("sync"); err != nil && p.err == nil {
			p.err = err
		}
		p.files = append(p.files, f.ino)
	}
	for _, dir := range dirs {
		names = append(names, dir+"/")
		ino, err := m.directory(dir)
		if err != nil && p.err == nil {
			p.err = err
		}
		p.dirs = append(p.dirs, ino)
	}
	p.text = strings.Join(names, " ")
	return p
}

// own unwraps a handle of this disk.
func (m *Mem) own(file File) *memFile {
	for {
		switch f := file.(type) {
		case *memFile:
			if f.m != m {
				panic("vfs: BeginSync of " + f.name + ", which is on another disk")
			}
			return f
		case interface{ Unwrap() File }:
			file = f.Unwrap()
		default:
			panic(fmt.Sprintf("vfs: BeginSync of a %T, which is not a file of Mem", file))
		}
	}
}

func (m *Mem) directory(dir string) (*inode, error) {
	if err := checkDir("sync directory", dir); err != nil {
		return nil, err
	}
	ino, err := m.lookup(dir)
	if err == nil && !ino.dir {
		err = errNotDir
	}
	if err != nil {
		return nil, fail("sync directory", dir, err)
	}
	return ino, nil
}

// Complete makes exactly what the barrier covers durable: the files in order,
// then the directories, in one step that nothing comes between. It fails when
// the barrier named a closed file or a missing directory, and after a power
// cut; then nothing was made durable.
func (p *Pending) Complete() error {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if err := p.end(); err != nil {
		return err
	}
	for _, ino := range p.files {
		ino.settle(p.mark)
		p.m.note(ino)
	}
	p.m.settleDirs(p.dirs, p.m.opts.SyncNames && len(p.files) > 0, p.mark)
	return nil
}

// Fail ends the barrier with an error that wraps ErrIO. What it covers stays
// pending. With drop set the kernel takes the covered pages for clean: the
// process still reads what it wrote, but no later sync will write it, and only
// Evict or a power cut shows that it is gone (lengths and names stay pending;
// so do pages that were made dirty again after the barrier began).
func (p *Pending) Fail(drop bool) error {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if err := p.end(); err != nil {
		return err
	}
	if drop {
		for _, ino := range p.files {
			ino.drop(p.mark)
			p.m.note(ino)
		}
	}
	return fail("sync", p.text, ErrIO)
}

// Bytes counts the bytes of data that the barrier still has to write, for
// those who make its duration depend on them.
func (p *Pending) Bytes() int64 {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	var n int64
	for _, ino := range p.files {
		for i := range ino.ops {
			if ino.ops[i].seq <= p.mark {
				n += int64(len(ino.ops[i].data))
			}
		}
	}
	return n
}

// end marks the end of the barrier, once.
func (p *Pending) end() error {
	if p.ended {
		panic("vfs: the barrier of " + p.text + " ended twice")
	}
	p.ended = true
	if p.powerCut != p.m.powerCut {
		return fail("sync", p.text, fmt.Errorf("power was cut since: %w", ErrIO))
	}
	return p.err
}
