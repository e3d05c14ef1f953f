package main

import (
	"fmt"
	"io"
	"slices"

	"sierradb/core/mutate"
	"sierradb/sim"
)

// need says that a planted bug can't be found when something is left out of all
// plans: classes of faults or what [sim.Ablations] names, separated by commas.
type need struct {
	bug     mutate.Bug
	without string
}

// needs are the cells of the ablation matrix that must stay empty. If one fills,
// some other part of the simulator finds that bug now: take the line out. What
// stands in no line is not shown to be worth its place by a planted bug.
var needs = []need{
	{mutate.SkipCRC, "tearing,crash-at-operation,misdirected-read,io-error," + damage},
	{mutate.RecoverWithoutSync, "losing"},
	{mutate.SettleLastOnly, "losing"},
	{mutate.SettleLastOnly, "death-then-power,roll-crash"},
	{mutate.SyncLastOnly, "losing"},
	{mutate.HintOfProposed, "losing"},
	{mutate.IgnoreSyncError, "sync-failure"},
	{mutate.NoEvict, "sync-failure"},
	{mutate.HaltedServes, "sync-failure"},
	{mutate.HaltRefuses, "sync-failure"},
	{mutate.TimeoutForgetsID, "sync-stall"},
	{mutate.TimeoutForgetsID, "retries"},
	{mutate.TimeoutRefuses, "sync-stall,pause"},
	{mutate.RetryTime, "retries"},
	{mutate.FullForEver, "disk-full,no-room"},
	{mutate.FullRefusesProposed, "disk-full,no-room"},
	{mutate.UndoKeepsSequences, "disk-full,no-room"},
	{mutate.SequenceKept, "disk-full,no-room"},
	{mutate.ClampHint, damage},
	{mutate.DamageIsTorn, damage},
	{mutate.LaterUnread, damage},
	{mutate.TrustPositions, "misdirected-read"},
	{mutate.ReadOnce, "misdirected-read"},
	{mutate.WallTimeout, "clock"},
	{mutate.CompleteTooEarly, "crash-at-operation"},
	{mutate.ReadOvertakesWrite, "pipelines"},
	{mutate.AppendOvertakes, "pipelines"},
	{mutate.ReplyReused, "pipelines"},
	{mutate.ProtocolOfNow, "pipelines"},
}

// damage is all that changes bytes on the medium behind the node's back.
const damage = "bit-flip,zero-sector,lost-write,misdirected-write,drill"

// leaves are all names that --without takes.
func leaves() (names []string) {
	for _, c := range sim.Classes() {
		names = append(names, c.Name)
	}
	for _, a := range sim.Ablations() {
		names = append(names, a.Name)
	}
	return names
}

// ablate hunts planted bugs with parts of the world left out, and checks that
// those which need such a part are not found without it. The whole matrix is
// printed with --ablation=all, else only what must be empty is tried.
func ablate(f *flags, stdout, stderr io.Writer) int {
	budget := f.to - f.from + 1
	status := exitClean
	fmt.Fprintf(stdout, "seeds until found, at most %d (-: not found)\n%-22s %6s  %s\n", budget, "planted bug", "seeds", "left out")
	for _, n := range f.cells() {
		tried, hit, err := f.fleetWithout(n.without, stderr).hunt(n.bug, f.from, f.to)
		if err != nil {
			fmt.Fprintln(stderr, "simrun:", err)
			return exitUsage
		}
		found, must := fmt.Sprint(tried), slices.Contains(needs, n)
		if hit == nil {
			found = "-"
		}
		note := ""
		if must && hit != nil {
			status, note = exitViolation, fmt.Sprintf(": found by seed %d, although it was thought to need that", hit.Seed)
		}
		if hit == nil || must {
			fmt.Fprintf(stdout, "%-22s %6s  %s%s\n", n.bug, found, n.without, note)
		}
	}
	return status
}

// cells are the cells of the matrix to try.
func (f *flags) cells() []need {
	if f.ablation == "needs" {
		return needs
	}
	var all []need
	for _, a := range mutate.About {
		for _, name := range leaves() {
			if f.mutant == "" || f.mutant == string(a.Bug) {
				all = append(all, need{a.Bug, name})
			}
		}
	}
	return all
}

// fleetWithout is a fleet whose plans lack something.
func (f *flags) fleetWithout(name string, stderr io.Writer) *fleet {
	fl := f.fleet(stderr)
	fl.without = name
	return fl
}
