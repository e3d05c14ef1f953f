package sim

import (
	"errors"
	"testing"

	"sierradb/core/actor"
	"sierradb/vfs"
)

// TestUpset: what befalls the files of one bucket excuses nothing that another
// bucket does, a read excuses no halt, and a sick disk that nobody used excuses
// nothing at all.
func TestUpset(t *testing.T) {
	const file = "buckets/00000/0000000001.seg"
	read, write := vfs.Op{Kind: vfs.OpRead, Name: file}, vfs.Op{Kind: vfs.OpWrite, Name: file}
	f := func(ops []vfs.Op, bucket int, halt, start string) {
		t.Helper()
		m := newMade(t)
		b := m.w.box
		b.upset = make([]upset, 3)
		b.sick, b.sickRead = 1, 1
		for _, op := range ops {
			b.hit(op)
		}
		verdict(t, b.judgeDamage(bucket, errors.New("x")), start)
		b.halt = make([]bool, 2)
		b.halted(bucket)
		verdict(t, m.w.found, halt)
	}
	f(nil, 0, "D8 halts", "D6")
	f([]vfs.Op{read}, 0, "D8 halts", "")
	f([]vfs.Op{write}, 0, "", "")
	f([]vfs.Op{write}, 1, "D8 halts", "D6")
	f([]vfs.Op{{Kind: vfs.OpSyncDir, Name: "buckets/00000"}}, 0, "", "")
	f([]vfs.Op{{Kind: vfs.OpRead, Name: "store.state"}}, 1, "D8 halts", "")

	asked := func(hit bool, call actor.Instant, reply, property string) {
		t.Helper()
		m := newMade(t)
		if hit {
			m.w.box.hit(read)
		}
		op := m.attempt(1, 2, m.want("a"))
		op.CallAt = call
		verdict(t, m.answer(op, failure(reply)), property)
	}
	for _, reply := range []string{"READERR x", "DBOPFAILED x"} {
		asked(true, 0, reply, "")
		asked(true, 1, reply, "I15") // no read was hit since
		asked(false, 0, reply, "I15")
	}
}
