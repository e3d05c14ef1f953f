package commands

import (
	"os"
	"strings"
	"testing"
)

func TestDocs_Commands(t *testing.T) {
	const path = "../docs/commands.md"
	got := Markdown(Builtin())
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	diffLines(t, path, got, string(want))
}

// listings are the Go code of docs/write-a-command.md: test files, under names
// that a reader of the page doesn't give away again.
var listings = []struct {
	source  string
	renamed *strings.Replacer
}{
	{"example_module_test.go", strings.NewReplacer("XLast", "ELast", "xlast", "elast", "XLAST", "ELAST")},
	{"../sim/example_workload_test.go", strings.NewReplacer("xlast", "elast", "XLAST", "ELAST")},
	{"../node/tcp/example_command_test.go", strings.NewReplacer("package tcp_test", "package main")},
}

// TestDocs_WriteACommand compares the page's Go code with what the tests
// compile and run.
func TestDocs_WriteACommand(t *testing.T) {
	const path, fence = "../docs/write-a-command.md", "```go\n"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(page), fence)
	if len(parts) != len(listings)+1 {
		t.Fatalf("%s has %d pieces of Go code, want %d", path, len(parts)-1, len(listings))
	}
	for i, listing := range listings {
		code, err := os.ReadFile(listing.source)
		if err != nil {
			t.Fatal(err)
		}
		_, after, closed := strings.Cut(parts[i+1], "```\n")
		if !closed {
			t.Fatalf("%s: the code of %s has no end", path, listing.source)
		}
		parts[i+1] = listing.renamed.Replace(string(code)) + "```\n" + after
	}
	want := strings.Join(parts, fence)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	diffLines(t, path, want, string(page))
}

// render writes arguments as a usage line does. ok is false where such a line
// can't be derived: alternatives and repeated groups.
func render(args []Arg) (line string, ok bool) {
	var words []string
	for i := range args {
		a := &args[i]
		if a.Multiple || a.Type == "oneof" {
			return "", false
		}
		word := "<" + a.Name + ">"
		if len(a.Args) > 0 {
			if word, ok = render(a.Args); !ok {
				return "", false
			}
		}
		word = strings.TrimSpace(a.Token + " " + word)
		if a.Optional {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	return strings.Join(words, " "), true
}

func TestSpecs(t *testing.T) {
	types := Keywords{"string", "integer", "unix-time", "oneof", "block"}
	group, groups := "", map[string]bool{}
	for _, m := range Builtin().All() {
		s := &m.Spec
		if s.Summary == "" || !strings.HasSuffix(s.Summary, ".") || s.Returns == "" || s.Since == "" || len(s.Examples) == 0 || s.Flags == 0 {
			t.Errorf("%s: summary, returns, since, examples and flags must be there", s.Name)
		}
		if s.Group != group && groups[s.Group] {
			t.Errorf("%s: commands of group %s don't stand together", s.Name, s.Group)
		}
		group, groups[s.Group] = s.Group, true
		if line, ok := render(s.Args); ok && line != s.Usage && s.Name != "HELLO" && s.Name != "EPSUB" {
			t.Errorf("%s: usage is %q, its Args say %q", s.Name, s.Usage, line)
		}
		for _, a := range s.Args {
			if (a.Type == "oneof" || a.Type == "block") != (len(a.Args) > 0) {
				t.Errorf("%s: argument %s is of type %q and has %d arguments: redis-cli dies of that", s.Name, a.Name, a.Type, len(a.Args))
			}
			if strings.Count(strings.Join(types, " ")+" ", a.Type+" ") != 1 || a.About == "" {
				t.Errorf("%s: argument %s is of type %q, about %q", s.Name, a.Name, a.Type, a.About)
			}
		}
		if got := inTableOrder(s.Errors); len(got) != len(s.Errors) {
			t.Errorf("%s: errors %v must be of the table", s.Name, s.Errors)
		} else {
			for i := range got {
				if got[i] != s.Errors[i] {
					t.Errorf("%s: errors %v must be in the order of the table", s.Name, s.Errors)
					break
				}
			}
		}
		checkExamples(t, Builtin(), s)
	}
}

// checkExamples says whether a command's examples are answered without error,
// those of a command that is refused with one.
func checkExamples(t *testing.T, set *Set, s *Spec) {
	t.Helper()
	h := newHarness(t, set, newFakeStore(), Options{})
	for _, line := range s.Examples {
		w := words(t, line)
		if w[0] != s.Name {
			t.Errorf("%s: example %q is of another command", s.Name, line)
		}
		switch s.Name {
		case "DISCARD":
			h.do("MULTI")
		case "EACK", "EUNSUB":
			// The id of an example is nobody's: take that of a subscription.
			w[1], _, _ = strings.Cut(h.do("ESUB", "my-stream")[1:], "\r\n")
		}
		if reply := h.do(w...); strings.HasPrefix(reply, "-") != (s.Flags&Refused != 0) {
			t.Errorf("%s: example %q is answered with %q", s.Name, line, reply)
		}
	}
}
