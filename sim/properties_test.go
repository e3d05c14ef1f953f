package sim

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestProperties holds the list to what the checkers judge: a property that
// nobody judges, or that the list does not name, is noticed here.
func TestProperties(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	found := func(pattern string) (names []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(source.String(), -1) {
			names = append(names, m[1])
		}
		return names
	}
	broken, judged := found(`violated\("([^"]+)"`), found(`judged(?:Times)?\("([^"]+)"`)
	var listed []string
	for _, p := range Properties() {
		listed = append(listed, p.Name)
		if !strings.HasSuffix(p.Meaning, ".") || len(p.Meaning) < 30 {
			t.Errorf("the meaning of %s is no sentence: %q", p.Name, p.Meaning)
		}
		if !slices.Contains(judged, p.Name) || !slices.Contains(broken, p.Name) {
			t.Errorf("nobody judges %s: counted %v, can be violated %v", p.Name, slices.Contains(judged, p.Name), slices.Contains(broken, p.Name))
		}
	}
	for _, name := range broken {
		if !slices.Contains(listed, name) {
			t.Errorf("%s can be violated and is not in the list of properties", name)
		}
	}
	if !slices.IsSorted(listed) || len(slices.Compact(listed)) != len(Properties()) {
		t.Errorf("the list is not in order, or names a property twice: %v", listed)
	}
}

// TestOff: a checker whose verdicts are thrown away counts nothing, and all
// others count what they did before.
func TestOff(t *testing.T) {
	o := options(t)
	whole := Run(NewPlan(4), o)
	for _, name := range []string{"D3 reads", "D1 acknowledged", "I15 errors"} {
		o.Off = []string{name}
		off := Run(NewPlan(4), o)
		if off.Hash != whole.Hash {
			t.Errorf("without %s the run is another one", name)
		}
		for _, p := range Properties() {
			counter := "judged " + p.Name
			if want := whole.Counters[counter]; p.Name != name && off.Counters[counter] != want {
				t.Errorf("without %s, %s is counted %d times, expected %d", name, p.Name, off.Counters[counter], want)
			}
		}
		if whole.Counters["judged "+name] == 0 || off.Counters["judged "+name] != 0 {
			t.Errorf("%s is counted %d times, %d when it is off", name, whole.Counters["judged "+name], off.Counters["judged "+name])
		}
	}
}

// TestOff_ThrowsVerdictsAway: the world does not end on a property that is off.
func TestOff_ThrowsVerdictsAway(t *testing.T) {
	m := newMade(t)
	m.w.switchOff([]string{"D3 reads"})
	m.w.violate(violated("D3 reads", "made up"))
	if m.w.found != nil {
		t.Errorf("the verdict was kept: %v", m.w.found)
	}
	m.w.violate(violated("D1 reads", "made up"))
	verdict(t, m.w.found, "D1 reads")
}
