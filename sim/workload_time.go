package sim

import (
	"strconv"

	"sierradb/commands/resp3"
)

var timeWork = &Workload{
	Name: "TIME", Weight: 1, Optional: true,
	Gen: func(*Gen) *Op { return &Op{Work: work("TIME"), Args: text("TIME")} },
	Bad: func(*Gen) [][]byte { return text("TIME", "zone") },
	Check: func(w *World, op *Op) *Violation {
		r := &op.Reply
		if r.Kind != resp3.KindArray || len(r.Elems) != 2 || len(r.Elems[0].Str) == 0 || len(r.Elems[1].Str) == 0 {
			return violated("replies", "%s is answered %s, expected seconds and microseconds", op, r)
		}
		seconds, err := strconv.ParseInt(string(r.Elems[0].Str), 10, 64)
		micros, err2 := strconv.ParseInt(string(r.Elems[1].Str), 10, 64)
		if err != nil || err2 != nil || micros < 0 || micros >= 1e6 || micros%1000 != 0 {
			return violated("replies", "%s is answered %s, expected seconds and microseconds", op, r)
		}
		if !w.box.wall.told(seconds*1000+micros/1000, op.CallAt, op.ReturnAt) {
			return violated("replies", "%s is answered %s, which the wall clock did not show between call and return", op, r)
		}
		return nil
	},
}
