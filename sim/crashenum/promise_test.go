package crashenum

import (
	"fmt"
	"strings"
	"testing"

	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// wants runs f and demands a violation of the property, or none for "".
func wants(t *testing.T, what, property string, f func(*explorer)) {
	t.Helper()
	x := &explorer{system: oneBucket, depth: Quick}
	x.watch(func() { f(x) })
	switch v := x.result.Violation; {
	case v == nil && property != "":
		t.Errorf("%s: no violation, expected one of %q", what, property)
	case v != nil && (property == "" || v.Property != property):
		t.Errorf("%s: %v, expected one of %q", what, v, property)
	}
}

// TestCheck holds hand-made recoveries against a promise.
func TestCheck(t *testing.T) {
	entry := func(index, term uint64, data string) segment.Entry {
		return segment.Entry{Kind: segment.ConfChange, Index: index, Term: term, Data: []byte(data)}
	}
	a := &node{entry: entry(1, 1, "a")}
	b := &node{entry: entry(2, 1, "b"), prev: a}
	b2 := &node{entry: entry(2, 2, "b2"), prev: a}
	c := &node{entry: entry(3, 1, "c"), prev: b}
	p := &promise{
		synced: []*node{a, b}, ever: map[uint64][]*node{1: {a}, 2: {b, b2}, 3: {c}},
		commit: 2, hint: 1, states: []segment.State{{Term: 2, Vote: 1}}, id: "me",
	}
	is := func(what, property string, change func(*found)) {
		t.Helper()
		f := &found{id: "me", log: []segment.Entry{a.entry, b.entry}, applied: 1, state: segment.State{Term: 2, Vote: 1, Commit: 1}}
		change(f)
		wants(t, what, property, func(x *explorer) { x.check(f, p) })
	}
	is("what was promised", "", func(*found) {})
	is("more than was promised", "", func(f *found) { f.log = append(f.log, c.entry) })
	is("another store", "the identity stays", func(f *found) { f.id = "you" })
	is("a synced entry is lost", "D1 synced entries", func(f *found) { f.log = f.log[:1] })
	is("a replaced entry is back", "D1 synced entries", func(f *found) { f.log[1] = b2.entry })
	is("an entry that nobody wrote", "D3 the log is what was written", func(f *found) { f.log[0] = entry(1, 1, "x") })
	is("an entry behind another than it was written behind", "D3 the log is what was written", func(f *found) {
		f.log = []segment.Entry{a.entry, b2.entry, c.entry}
		p.synced = p.synced[:1]
	})
	p.synced = []*node{a, b}
	is("an uncommitted entry is applied", "D3 what is applied is committed", func(f *found) { f.applied, f.state.Commit = 3, 3 })
	is("a commit that was synced is forgotten", "D3 what is applied is committed", func(f *found) { f.applied, f.state.Commit = 0, 0 })
	is("the hint is not what is applied", "D3 what is applied is committed", func(f *found) { f.applied = 2 })
	is("an older term", "D1 term and vote", func(f *found) { f.state.Term = 1 })
	is("another vote", "D1 term and vote", func(f *found) { f.state.Vote = 2 })
}

// TestRecover recovers with systems that do what no recovery may.
func TestRecover(t *testing.T) {
	fresh := func() *promise { return &promise{ever: map[uint64][]*node{}, states: []segment.State{{}}} }
	is := func(what, property string, s system, p *promise) {
		t.Helper()
		wants(t, what, property, func(x *explorer) {
			x.system = s
			x.recover(vfs.NewMem(vfs.MemOptions{}), p, 0)
		})
	}
	// leave writes a file whose name or content differs from start to start.
	leave := func(fs vfs.FS, name string, seed uint64, sync bool) error {
		f, err := fs.Open(name, vfs.Write|vfs.Create)
		if err == nil {
			_, err = f.WriteAt([]byte{byte(seed)}, 0)
		}
		if err == nil && sync {
			err = f.Sync()
		}
		return err
	}
	is("the bucket", "", oneBucket, fresh())
	is("the store", "", wholeStore, fresh())
	is("a recovery that changes something each time", "recovery is idempotent", func(fs vfs.FS, seed uint64) (*running, error) {
		if err := leave(fs, "x", seed, true); err != nil {
			return nil, err
		}
		return oneBucket(fs, seed)
	}, fresh())
	is("a recovery that says another thing each time", "recovery is idempotent", func(fs vfs.FS, seed uint64) (*running, error) {
		r, err := oneBucket(fs, seed)
		r.id = fmt.Sprint(seed)
		return r, err
	}, fresh())
	false1 := &event.DamageError{File: "x"}
	is("damage that nobody did", "D6 no false damage", func(vfs.FS, uint64) (*running, error) { return nil, false1 }, fresh())
	is("an error", "D8 starts on every disk", func(vfs.FS, uint64) (*running, error) { return nil, vfs.ErrNoSpace }, fresh())
	is("entries in another bucket", "D8 starts on every disk", func(fs vfs.FS, seed uint64) (*running, error) {
		r, err := oneBucket(fs, seed)
		if err == nil {
			err = r.b.Append([]segment.Entry{{Kind: segment.Empty, Index: r.b.LastIndex() + 1}})
		}
		return &running{b: r.b, others: append(r.others, r.b)}, err
	}, fresh())
	flipped := fresh()
	flipped.damaged = "x"
	is("damage that is not reported", "D6 damage is reported", oneBucket, flipped)
	is("damage that is reported", "", func(vfs.FS, uint64) (*running, error) { return nil, false1 }, flipped)
	is("a recovery that writes beside damage", "D6 damage is left alone", func(fs vfs.FS, seed uint64) (*running, error) {
		if err := leave(fs, "x", seed, false); err != nil {
			return nil, err
		}
		return nil, false1
	}, flipped)
	is("a bucket that forgets", "D8 takes entries", func(fs vfs.FS, seed uint64) (*running, error) {
		if seed == 5 {
			return oneBucket(vfs.NewMem(vfs.MemOptions{}), seed)
		}
		return oneBucket(fs, seed)
	}, fresh())
}

// TestSubsets counts what is kept for parts in all three ways.
func TestSubsets(t *testing.T) {
	parts := func(ops ...int) (out []vfs.Part) {
		for _, op := range ops {
			out = append(out, vfs.Part{Op: op, Text: fmt.Sprint("part of ", op)})
		}
		return out
	}
	is := func(p []vfs.Part, want coverage, least int) {
		t.Helper()
		seen := make(map[string]bool)
		how := subsets(p, Depth{Parts: 4, Samples: 3}, func(keep []bool) { seen[fmt.Sprint(keep)] = true })
		if how != want || len(seen) < least {
			t.Errorf("%d parts: %d subsets in way %d, expected %d in way %d", len(p), len(seen), how, least, want)
		}
	}
	is(nil, nothing, 0)
	is(parts(0, 0, 1, 2), whole, 16)
	is(parts(0, 0, 0, 1, 2), byOperation, 8+12)
	is(parts(0, 1, 2, 3, 4), sampled, 14)
	rests := parts(0, 1, 2)
	rests[2].Needs = []int{1}
	n := 0
	subsets(rests, Quick, func(keep []bool) {
		if n++; keep[2] && !keep[1] {
			t.Errorf("subset %v keeps a part without what it rests upon", keep)
		}
	})
	if n != 6 {
		t.Errorf("%d subsets of three parts, of which one rests upon another, expected 6", n)
	}
	if text := describe(parts(0, 1), []bool{true, false}); !strings.Contains(text, "kept: part of 0") || !strings.Contains(text, "lost: part of 1") {
		t.Errorf("described as %q", text)
	}
}
