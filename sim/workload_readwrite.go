package sim

var readwriteWork = &Workload{
	Name: "READWRITE", Weight: 1, Optional: true,
	Gen:   func(*Gen) *Op { return &Op{Work: work("READWRITE"), Args: text("READWRITE")} },
	Bad:   func(*Gen) [][]byte { return text("READWRITE", "please") },
	Check: wantOK,
}
