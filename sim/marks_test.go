package sim

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var hook = regexp.MustCompile(`\b(Sometimes|Buggify)\(([^)]*)\)`)

// TestMarks compares the lists with the literals in the code: a state that
// nobody lists is not demanded of a sweep.
func TestMarks(t *testing.T) {
	found := map[string][]string{}
	for _, dir := range []string{"core", "node", "commands", "vfs"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, m := range hook.FindAllStringSubmatch(string(text), -1) {
				if strings.HasSuffix(m[2], " string") || m[2] == "string" {
					continue // its declaration
				}
				if !strings.HasPrefix(m[2], `"`) {
					t.Errorf("%s: %s must name its site by a literal", name, m[0])
					continue
				}
				found[m[1]] = append(found[m[1]], strings.Trim(m[2], `"`))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var states, places []string
	for _, m := range Marks() {
		states = append(states, m.Name)
		if m.Meaning == "" || m.Rare && m.Never != "" {
			t.Errorf("the entry of %q is not complete", m.Name)
		}
	}
	for _, s := range Sites() {
		places = append(places, s.Name)
		if s.Meaning == "" {
			t.Errorf("the entry of %q is not complete", s.Name)
		}
	}
	compare := func(what string, list []string) {
		t.Helper()
		code := slices.Compact(slices.Sorted(slices.Values(found[what])))
		if len(code) < 5 || !slices.Equal(slices.Sorted(slices.Values(list)), code) {
			t.Errorf("%s\nlisted:   %q\nin code:  %q", what, slices.Sorted(slices.Values(list)), code)
		}
	}
	compare("Sometimes", states)
	compare("Buggify", places)
}

func TestRequirements(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Requirements() {
		if seen[r.Counter] {
			t.Errorf("%q is demanded twice", r.Counter)
		}
		seen[r.Counter] = true
	}
	for _, name := range []string{"answer EAPPEND WRONGVER", "answer EGET UNAVAILABLE", "mark log rolled", "mark buggify router/small-pieces"} {
		if !seen[name] {
			t.Errorf("%q is not demanded", name)
		}
	}
	for _, name := range rareErrors {
		if !seen[name] {
			t.Errorf("%q is called rare, but no command declares it", name)
		}
	}
}
