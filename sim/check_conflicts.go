package sim

// An append is refused for an event id that is taken only when it is: the reply
// names an id that stands in the partition with something else (D4, S13).

// checkConflict judges IDCONFLICT.
func (w *World) checkConflict(op *Op) *Violation {
	m, in := w.model, op.Intent
	if in == nil {
		return violated("D4 once", "%s is answered %s, but appends nothing", op, op.Reply)
	}
	w.judged("D4 once")
	for i := range in.Events {
		id := in.Events[i].ID
		if !in.Events[i].GivenID || op.Reply.Text() != conflictText(id.String()) {
			continue
		}
		for _, r := range m.byID[id] {
			if r.Partition == in.Partition && r.Intent != in {
				return nil
			}
		}
	}
	return violated("D4 once", "%s is answered %s, but no such event id of it is in partition %d with other content", op, op.Reply, in.Partition)
}

// conflictText is what a refusal says for which an event id is the reason.
func conflictText(id string) string {
	return "IDCONFLICT event id " + id + " is taken by another event or another transaction"
}
