package crashenum

import (
	"errors"
	"fmt"

	"sierradb/vfs"
)

// explorer walks over the crash states of one script.
type explorer struct {
	depth  Depth
	system system
	result Result

	points map[seen]int // visited, with the recoveries that were still to be crashed
	states map[seen]int
	ends   map[[2]vfs.Digest]bool // disks that recovery left, with what it found
	path   []func() string        // how the state being visited came to be
}

// seen names a disk together with what it has to hold.
type seen struct {
	disk    vfs.Digest
	promise int
}

// visit notes a state and answers whether it is new at this depth.
func visit(m *map[seen]int, k seen, depth int) bool {
	if *m == nil {
		*m = make(map[seen]int)
	}
	if old, ok := (*m)[k]; ok && old >= depth {
		return false
	}
	(*m)[k] = depth
	return true
}

func (x *explorer) push(step func() string) { x.path = append(x.path, step) }

func (x *explorer) pop() { x.path = x.path[:len(x.path)-1] }

// point lets the process die with this disk, which is the callee's, and starts
// the next one: with everything that was written, and after each power cut.
// depth recoveries in a row are crashed in turn.
func (x *explorer) point(disk *vfs.Mem, p *promise, depth int, step func() string) {
	if !visit(&x.points, seen{disk.Digest(), p.number}, depth) {
		return
	}
	x.result.Points++
	x.push(step)
	defer x.pop()
	x.push(func() string { return "the process dies" })
	x.recover(disk.Clone(), p, depth)
	x.pop()
	x.cuts(disk, func(cut *vfs.Mem) { x.recover(cut, p, depth) })
}

// cuts calls f with the disk after each power cut, distinct or not.
func (x *explorer) cuts(disk *vfs.Mem, f func(*vfs.Mem)) {
	parts := disk.Parts()
	x.result.PartsMost = max(x.result.PartsMost, len(parts))
	var kept []bool
	x.push(func() string { return describe(parts, kept) })
	defer x.pop()
	how := subsets(parts, x.depth, func(keep []bool) {
		kept = keep
		cut := disk.Clone()
		cut.CutParts(parts, func(i int) bool { return keep[i] })
		f(cut)
	})
	switch how {
	case whole:
		x.result.Whole++
	case byOperation:
		x.result.ByOperation++
	case sampled:
		x.result.Sampled++
	}
}

// recover starts the next process on a disk, which is the callee's.
func (x *explorer) recover(disk *vfs.Mem, p *promise, depth int) {
	if !visit(&x.states, seen{disk.Digest(), p.number}, depth) {
		return
	}
	x.result.States++
	before := disk.Image()
	in := vfs.All()
	if depth > 0 {
		in = &tap{disk: disk, steady: true, point: func(c *vfs.Mem, what func() string) {
			x.point(c, p, depth-1, func() string { return "recovery dies " + what() })
		}}
	}
	f := x.open(disk, in, p, 2)
	if f == nil {
		x.damaged(disk, before, p)
		return
	}
	x.check(f, p)
	disk.Kill()
	end := [2]vfs.Digest{disk.Digest(), f.digest()}
	if x.ends[end] {
		return
	}
	if x.ends == nil {
		x.ends = make(map[[2]vfs.Digest]bool)
	}
	x.ends[end] = true
	x.result.Recovered++
	x.again(disk, f)
	x.push(func() string { return "recovery ends, and the bucket goes on" })
	x.goOn(disk, f)
	x.pop()
}

// open recovers. It returns nil when there is damage that the script did;
// damage that nobody did is a violation.
func (x *explorer) open(disk *vfs.Mem, in vfs.Injector, p *promise, seed uint64) *found {
	x.result.Recoveries++
	f, err := start(x.system, vfs.Inject(disk, in), seed)
	if p.full && errors.Is(err, vfs.ErrNoSpace) {
		// A full disk may keep the process from starting; nothing is lost by it.
		disk.Kill()
		disk.SetCapacity(0)
		x.result.Recoveries++
		f, err = start(x.system, vfs.Inject(disk, in), seed)
	}
	switch {
	case p.damaged != "" && err == nil:
		x.violate("D6 damage is reported", "%s was damaged, and recovery found %v", p.damaged, f)
	case p.damaged != "" && isDamage(err):
		return nil
	case isDamage(err):
		x.violate("D6 no false damage", "%v", err)
	case err != nil:
		x.violate("D8 starts on every disk", "%v", err)
	}
	return f
}

// damaged checks a disk on which damage was reported: no byte of it may change.
func (x *explorer) damaged(disk *vfs.Mem, before vfs.Digest, p *promise) {
	disk.Kill()
	if disk.Image() != before {
		x.violate("D6 damage is left alone", "recovery changed the disk although it reported damage of %s", p.damaged)
	}
}

// again recovers once more from what a recovery left, after the death of the
// process and after each power cut: it finds the same, and where nothing was
// lost it changes nothing.
func (x *explorer) again(disk *vfs.Mem, want *found) {
	digest := want.digest()
	same := func(d *vfs.Mem, how string) {
		if f := x.open(d, vfs.All(), &promise{full: true}, 3); f.digest() != digest {
			x.violate("recovery is idempotent", "%s finds other things than the first: %v, and before %v", how, f, want)
		}
		d.Kill()
	}
	c := disk.Clone()
	same(c, "a second recovery")
	if c.Image() != disk.Image() {
		x.violate("recovery is idempotent", "a second recovery changed what the first left")
	}
	x.push(func() string { return "recovery ends" })
	defer x.pop()
	done := make(map[vfs.Digest]bool)
	x.cuts(disk, func(cut *vfs.Mem) {
		if d := cut.Digest(); !done[d] {
			done[d] = true
			same(cut, "a recovery after a power cut that followed the first")
		}
	})
}

// tap stops at each operation that can change the disk and hands out copies of
// the disk: before it, in it and after it.
type tap struct {
	disk   *vfs.Mem
	point  func(disk *vfs.Mem, what func() string)
	before *vfs.Mem
	steady bool // promises don't change: before an operation is as after the last one
	begun  bool
}

func (t *tap) Before(op vfs.Op) vfs.Verdict {
	if !changes(op.Kind) {
		return vfs.Verdict{}
	}
	if op.Kind == vfs.OpWrite {
		t.before = t.disk.Clone()
	}
	if !t.steady || !t.begun {
		t.begun = true
		t.point(t.disk.Clone(), func() string { return "before " + op.String() })
	}
	return vfs.Verdict{}
}

func (t *tap) After(op vfs.Op) {
	if !changes(op.Kind) {
		return
	}
	if op.Kind == vfs.OpWrite {
		t.torn(op)
	}
	t.point(t.disk.Clone(), func() string { return "after " + op.String() })
}

// torn stops in a write: at each border of sectors, and at odd places.
func (t *tap) torn(op vfs.Op) {
	all, err := t.disk.ReadFile(op.Name)
	if err != nil {
		panic(fmt.Sprintf("crashenum: %v", err))
	}
	if op.Offset >= int64(len(all)) {
		return // nothing was written
	}
	data := all[op.Offset:min(op.Offset+int64(op.Size), int64(len(all)))]
	for _, n := range tears(op.Offset, len(data)) {
		c := t.before.Clone()
		f, err := c.Open(op.Name, vfs.Write)
		if err != nil {
			panic(fmt.Sprintf("crashenum: %v", err))
		}
		if _, err := f.WriteAt(data[:n], op.Offset); err != nil {
			panic(fmt.Sprintf("crashenum: %v", err))
		}
		c.Kill()
		t.point(c, func() string { return fmt.Sprintf("after %d bytes of %v", n, op) })
	}
}

// tears are the lengths at which a write of n bytes at off is broken off.
func tears(off int64, n int) []int {
	var at []int
	add := func(k int) {
		if k > 0 && k < n && (len(at) == 0 || k > at[len(at)-1]) {
			at = append(at, k)
		}
	}
	add(1)
	add(n / 3)
	for k := int(512 - off%512); k < n; k += 512 {
		add(k)
	}
	add(n - 1)
	return at
}
