package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"sierradb/sim"
)

// The markers of the block that --tally rewrites.
const (
	tallyBegin = "<!-- tally: simrun --long DIR --tally FILE writes what follows -->"
	tallyEnd   = "<!-- end of tally -->"
)

// erasTold is how many commits the page names; older ones are told as a sum.
const erasTold = 12

// tellTally rewrites the block of the page with the sums of a long run.
func tellTally(f *flags, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintln(stderr, "simrun:", err)
		return exitUsage
	}
	s, warning, err := loadState(f.long)
	switch {
	case err != nil:
		return fail(err)
	case s == nil:
		return fail(fmt.Errorf("%s holds no long run", f.long))
	case warning != "":
		fmt.Fprintln(stderr, "simrun:", warning)
	}
	page, err := os.ReadFile(f.tally)
	if err != nil {
		return fail(err)
	}
	page, err = s.into(page)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", f.tally, err))
	}
	if err := os.WriteFile(f.tally, page, 0o666); err != nil {
		return fail(err)
	}
	s.print(stdout)
	return exitClean
}

// into replaces what stands between the markers of a page.
func (s *state) into(page []byte) ([]byte, error) {
	head, rest, ok := bytes.Cut(page, []byte(tallyBegin+"\n"))
	_, foot, ended := bytes.Cut(rest, []byte(tallyEnd))
	if !ok || !ended || bytes.Contains(foot, []byte(tallyBegin)) {
		return nil, fmt.Errorf("needs one line %q and behind it one %q", tallyBegin, tallyEnd)
	}
	return []byte(string(head) + tallyBegin + "\n" + s.markdown() + tallyEnd + string(foot)), nil
}

// total is the sum of several eras.
func total(eras []*era) *era {
	sum := &era{Counters: sim.Counters{}, Hits: map[string]uint64{}, Findings: map[string]uint64{}}
	for i, e := range eras {
		if i == 0 {
			sum.Commit, sum.From, sum.Began = e.Commit, e.From, e.Began
		}
		sum.Ended = e.Ended
		sum.Seeds += e.Seeds
		sum.Virtual += e.Virtual
		for name, n := range e.Counters {
			sum.Counters.Add(name, n)
		}
		for name, n := range e.Hits {
			sum.Hits[name] += n
		}
		for name, n := range e.Findings {
			sum.Findings[name] += n
		}
	}
	return sum
}

func (e *era) crashes() uint64 { return e.Counters["process deaths"] + e.Counters["power cuts"] }

// span is the virtual time in the unit that fits it.
func (e *era) span() string {
	days := float64(e.Virtual) / 1e6 / 86400
	switch {
	case days >= 365.25:
		return fmt.Sprintf("%.2f years", days/365.25)
	case days >= 1:
		return fmt.Sprintf("%.1f days", days)
	}
	return fmt.Sprintf("%.1f hours", days*24)
}

// found tells the findings: how many seeds broke which property.
func (e *era) found() string {
	if len(e.Findings) == 0 {
		return "none"
	}
	names := make([]string, 0, len(e.Findings))
	for name := range e.Findings {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", e.Findings[name], name)
	}
	return strings.Join(names, ", ")
}

func (s *state) markdown() string {
	var b strings.Builder
	all := total(s.Eras)
	last := all.Commit
	if n := len(s.Eras); n > 0 {
		last = s.Eras[n-1].Commit
	}
	fmt.Fprintf(&b, "| | |\n|---|---|\n")
	row := func(name, value string) { fmt.Fprintf(&b, "| %s | %s |\n", name, value) }
	row("seeds, each once and in order", fmt.Sprintf("%d from %d on", all.Seeds, s.First))
	row("virtual time", all.span())
	row("requests", fmt.Sprint(all.Counters["requests"]))
	row("events acknowledged", fmt.Sprint(all.Counters["events acknowledged"]))
	row("crashes", fmt.Sprintf("%d, of them %d power cuts", all.crashes(), all.Counters["power cuts"]))
	row("seeds that found something", all.found())
	row("commits", fmt.Sprintf("%d, %s to %s", len(s.Eras), short(all.Commit), short(last)))
	row("when", fmt.Sprintf("%s to %s", all.Began.Format("2006-01-02"), all.Ended.Format("2006-01-02")))
	fmt.Fprintf(&b, "\n| commit | from seed | seeds | virtual time | found |\n|---|---|---|---|---|\n")
	eras := s.Eras
	if old := len(eras) - erasTold; old > 0 {
		e := total(eras[:old])
		fmt.Fprintf(&b, "| %d before | %d | %d | %s | %s |\n", old, e.From, e.Seeds, e.span(), e.found())
		eras = eras[old:]
	}
	for _, e := range eras {
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s |\n", short(e.Commit), e.From, e.Seeds, e.span(), e.found())
	}
	return b.String()
}

// short is a commit as people write it.
func short(commit string) string {
	id, changes, _ := strings.Cut(commit, "+")
	if changes != "" {
		changes = " with changes"
	}
	return id[:min(len(id), 12)] + changes
}

// print tells the sums on a terminal.
func (s *state) print(out io.Writer) {
	all := total(s.Eras)
	fmt.Fprintf(out, "%d seeds, commits: %d, %s of virtual time, %d requests, %d events acknowledged, %d crashes; found: %s; next seed %d\n",
		all.Seeds, len(s.Eras), all.span(), all.Counters["requests"], all.Counters["events acknowledged"], all.crashes(), all.found(), s.Next)
}
