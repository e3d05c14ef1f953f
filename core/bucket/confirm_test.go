package bucket_test

import (
	"errors"
	"testing"

	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/mutate"
	"sierradb/vfs"
)

// TestRecover_BadRead lets each single read of recovery return wrong bytes: a
// bit, or what stands elsewhere. Recovery may refuse, but not call it damage, and
// the next one, whose reads are right, must find every entry. (Found by
// simulation.)
func TestRecover_BadRead(t *testing.T) {
	lost, refused, runs := badReads(t)
	if lost > 0 {
		t.Errorf("%d of %d bad reads cost entries", lost, runs)
	}
	if refused == 0 || refused == runs {
		t.Errorf("%d of %d bad reads were refused", refused, runs)
	}
}

// TestRecover_BadReadOnceOnly: without the second read it loses entries.
func TestRecover_BadReadOnceOnly(t *testing.T) {
	if !mutate.Built {
		t.Skip("planted bugs need -tags mutants")
	}
	mutate.Set(mutate.ReadOnce)
	defer mutate.Set("")
	if lost, _, runs := badReads(t); lost == 0 {
		t.Errorf("none of %d bad reads costs anything although each is believed", runs)
	}
}

func badReads(t *testing.T) (lost, refused, runs int) {
	const n = 12
	wrong := []vfs.Verdict{{Shift: 8192}, {Shift: 512}, {Shift: -512}, {Shift: 64}}
	for _, at := range []int{0, 9, 66, 76, 130, 300, 1000} {
		wrong = append(wrong, vfs.Verdict{Flip: []vfs.Bit{{Byte: at, Bit: 3}}})
	}
	for _, naming := range []bool{false, true} {
		for _, v := range wrong {
			for read := 1; ; read++ {
				fs, _, log := written(t, n, 0, 300, naming)
				var reads vfs.Counter
				b, err := bucket.Open(vfs.Inject(fs, vfs.All(&reads, vfs.On(vfs.OpRead).Nth(read, v))), dir, options)
				if err != nil {
					refused++
					if errors.Is(err, event.ErrDamaged) && !mutate.On(mutate.ReadOnce) {
						t.Errorf("read %d with %v is called damage: %v", read, v, err)
					}
				} else {
					must(t, b.Close())
				}
				runs++
				fs.Kill()
				if again := open(t, fs); again.LastIndex() != n {
					lost++
				} else {
					must(t, again.Close())
					prefix(t, fs, log, n)
				}
				if reads.Kinds[vfs.OpRead] < read {
					break
				}
			}
		}
	}
	return lost, refused, runs
}
