package sim

var readonlyWork = &Workload{
	Name: "READONLY", Weight: 1, Optional: true,
	Gen:   func(*Gen) *Op { return &Op{Work: work("READONLY"), Args: text("READONLY")} },
	Bad:   func(*Gen) [][]byte { return text("READONLY", "please") },
	Check: wantOK,
}
