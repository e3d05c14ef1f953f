package main

import (
	"fmt"
	"io"
	"slices"

	"sierradb/core/mutate"
	"sierradb/sim"
)

// need says that a planted bug can't be found when something is left out of all
// plans: classes of faults, what [sim.Ablations] names, or the judgement of a
// property, separated by commas.
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
	{mutate.HintOfProposed, "losing"},
	{mutate.IgnoreSyncError, "sync-failure"},
	{mutate.NoEvict, "sync-failure"},
	{mutate.HaltedServes, "sync-failure"},
	{mutate.HaltRefuses, "sync-failure"},
	{mutate.TimeoutForgetsID, "sync-stall"},
	{mutate.TimeoutForgetsID, "retries"},
	{mutate.TimeoutRefuses, "sync-stall,pause,disk-full,no-room"},
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
	{mutate.CompleteTooEarly, "crash-at-operation"},
	{mutate.ReadOvertakesWrite, "pipelines"},
	{mutate.AppendOvertakes, "pipelines"},
	{mutate.ReplyReused, "pipelines"},
	{mutate.ProtocolOfNow, "pipelines"},

	// A property that nobody judges is noticed by the bugs that it alone shows.
	{mutate.OptionSurvives, "D3 reads"},
	{mutate.SlotsAlternate, "D6 no false damage"},
	{mutate.UndoKeepsSequences, "D8 halts"},
	{mutate.SequenceKept, "D8 halts"},
	{mutate.FullForEver, "I15 errors"},
	{mutate.WallTimeout, "I15 errors"},
	{mutate.RetryTime, "replies"},
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

// foundWithin is how many seeds a planted bug may take when nothing is left out.
const foundWithin = 300

// ablate hunts planted bugs with parts of the world left out, and checks that
// those which need such a part are not found without it. That says something
// only if they are found with it, so that is tried first, and what is left out
// gets twice as many seeds as that took, or more. With --ablation=all every
// part is left out for every bug, else only what must be missed.
func ablate(f *flags, stdout, stderr io.Writer) int {
	fmt.Fprintf(stdout, "seeds until found, whole and with a part left out (-: not found in so many)\n%-22s %6s %10s  %s\n", "planted bug", "whole", "without", "what is left out")
	status := exitClean
	whole := make(map[mutate.Bug]uint64)
	for _, n := range f.cells() {
		if whole[n.bug] == 0 {
			tried, hit, err := f.fleet(stderr).hunt(n.bug, f.from, f.from+foundWithin-1)
			if err != nil {
				fmt.Fprintln(stderr, "simrun:", err)
				return exitUsage
			}
			if whole[n.bug] = tried; hit == nil {
				fmt.Fprintf(stdout, "%-22s is not found with everything on\n", n.bug)
				status = exitViolation
			}
		}
		line, ok, err := f.cell(n, whole[n.bug], stderr)
		if err != nil {
			fmt.Fprintln(stderr, "simrun:", err)
			return exitUsage
		}
		if !ok {
			status = exitViolation
		}
		if line != "" {
			fmt.Fprintf(stdout, "%-22s %6d %s\n", n.bug, whole[n.bug], line)
		}
	}
	return status
}

// cell tries one cell of the matrix. ok is false when a bug is found without
// what it is said to need; line is empty for what is found and may be.
func (f *flags) cell(n need, whole uint64, stderr io.Writer) (line string, ok bool, err error) {
	budget := max(f.to-f.from+1, 2*whole)
	tried, hit, err := f.fleetWithout(n.without, stderr).hunt(n.bug, f.from, f.from+budget-1)
	switch {
	case err != nil:
		return "", false, err
	case hit == nil:
		return fmt.Sprintf("%10s  %s", fmt.Sprintf("- (%d)", tried), n.without), true, nil
	case slices.Contains(needs, n):
		return fmt.Sprintf("%10d  %s: found by seed %d, although it was thought to need that", tried, n.without, hit.Seed), false, nil
	}
	return "", true, nil
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
