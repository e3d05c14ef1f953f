package e2e

import (
	"strings"
	"testing"
)

// A ledger that never found a fault proves nothing: each kind is shown one.
func TestLedger_FindsFaults(t *testing.T) {
	key := defaultKey("s")
	history := func() (*ledger, dump) {
		l := newLedger()
		l.add([]*record{
			{id: "a", stream: "s", key: key, payload: "1", version: 0, txn: 1, acked: true, partition: 0, sequence: 0},
			{id: "b", stream: "s", key: key, payload: "2", version: 1, txn: 2, acked: true, partition: 0, sequence: 1},
			{id: "c", stream: "s", key: key, payload: "3", version: 2, txn: 2, acked: true, partition: 0, sequence: 2},
			{id: "d", stream: "s", key: key, payload: "4", version: 3, txn: 3},
		})
		return l, dump{{
			{id: "a", stream: "s", key: key, payload: "1", version: 0, sequence: 0},
			{id: "b", stream: "s", key: key, payload: "2", version: 1, sequence: 1},
			{id: "c", stream: "s", key: key, payload: "3", version: 2, sequence: 2},
		}}
	}
	f := func(what, want string, damage func(l *ledger, d dump)) {
		t.Helper()
		l, d := history()
		damage(l, d)
		faults := strings.Join(l.check(d), "\n")
		if want == "" && faults != "" || !strings.Contains(faults, want) {
			t.Errorf("%s: got faults %q, want %q", what, faults, want)
		}
	}
	f("as it should be", "", func(*ledger, dump) {})
	f("an event of unknown fate landed", "", func(_ *ledger, d dump) {
		d[0] = append(d[0], stored{id: "d", stream: "s", key: key, payload: "4", version: 3, sequence: 3})
	})
	f("loss", "lost: event c", func(_ *ledger, d dump) { d[0] = d[0][:2] })
	f("torn transaction", "torn: 1 of 2", func(_ *ledger, d dump) { d[0] = d[0][:2] })
	f("another payload", "stored as", func(_ *ledger, d dump) { d[0][1].payload = "x" })
	f("another partition key", "stored as", func(_ *ledger, d dump) { d[0][1].key = "x" })
	f("invented", "never sent", func(l *ledger, _ dump) { delete(l.byID, "c") })
	f("twice", "stored twice", func(_ *ledger, d dump) { d[0] = append(d[0], d[0][2]) })
	f("gap in sequences", "position 2 holds", func(_ *ledger, d dump) { d[0][2].sequence = 3 })
	f("gap in versions", "version 3 stands where 2 should", func(_ *ledger, d dump) { d[0][2].version = 3 })
	f("moved", "acknowledged at partition 0 sequence 2: stored as", func(l *ledger, d dump) {
		d[0][1], d[0][2] = d[0][2], d[0][1]
		d[0][1].sequence, d[0][2].sequence = 1, 2
	})
}

func TestDump_Diff(t *testing.T) {
	d := dump{{{id: "a"}}, {{id: "b"}, {id: "c"}}}
	f := func(other dump, want string) {
		t.Helper()
		if got := d.diff(other); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("diff of %v and %v = %q, want %q", d, other, got, want)
		}
	}
	f(dump{{{id: "a"}}, {{id: "b"}, {id: "c"}}}, "")
	f(dump{{{id: "a"}}, {{id: "b"}}}, "lost ")
	f(dump{{{id: "a"}, {id: "x"}}, {{id: "b"}, {id: "c"}}}, "gained ")
	f(dump{{{id: "a", payload: "x"}}, {{id: "b"}, {id: "c"}}}, "partition 0 sequence 0: a version 0")
}
