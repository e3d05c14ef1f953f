package sim

import (
	"testing"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// TestExample tries the workload of docs/write-a-command.md on histories made
// by hand.
func TestExample(t *testing.T) {
	was := workloads
	workloads = append(workloads[:len(workloads):len(workloads)], xlastWork)
	t.Cleanup(func() { workloads = was })

	m := newMade(t)
	first := m.land(10, m.want("a"))
	second := m.land(20, m.want("a"))
	f := func(call, ret uint64, stream string, reply resp3.Value, property string) {
		t.Helper()
		op := m.op(call, ret, "XLAST")
		op.Ask = Ask{Kind: event.ScanStream, Stream: streamName{first.Key, stream}}
		verdict(t, m.answer(op, reply), property)
	}
	null := resp3.Value{Kind: resp3.KindNull}
	one, two := eventMap(first.Landed[0]), eventMap(second.Landed[0])
	f(30, 40, "a", two, "")
	f(30, 40, "a", one, "replies")
	f(30, 40, "a", null, "replies")
	f(15, 25, "a", one, "")
	f(15, 25, "a", two, "")
	f(1, 5, "a", null, "")
	f(1, 5, "a", one, "D3 reads")
	f(30, 40, "b", null, "")

	g := &m.w.clients[0].gen
	for range 20 {
		if op := xlastWork.Gen(g); op.Work != xlastWork || len(op.Args) < 2 {
			t.Fatalf("the request is %s", op)
		}
		if args := xlastWork.Bad(g); len(args) == 0 {
			t.Fatal("a malformed request of no words")
		}
	}
}
