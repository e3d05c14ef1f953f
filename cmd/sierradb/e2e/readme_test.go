package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

const readme = "../../../README.md"

// TestREADME types the README's first commands into redis-cli, against a server
// started with the README's flags (but for the port and the directory).
func TestREADME(t *testing.T) {
	cli := redisCLI(t)
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	if fenced(t, string(text), "sh") != "go build -o sierradb ./cmd/sierradb\n./sierradb --dir ./data --client-address 127.0.0.1:9090\n" {
		t.Error("the README starts the server in another way than this test does")
	}
	s := start(t, "")
	lines := strings.Split(strings.TrimSpace(fenced(t, string(text), "redis")), "\n")
	outputs := make([]string, len(lines))
	for i, line := range lines {
		if i == 0 {
			checkShown(t, fenced(t, string(text), "json"), typeWith(t, cli, s, line, "-3", "--json"))
			continue
		}
		outputs[i] = typeInto(t, cli, s, line)
		if strings.Contains(outputs[i], "(error)") {
			t.Errorf("%s\n%s", line, outputs[i])
		}
	}
	if len(outputs) != 4 {
		t.Fatalf("the README has %d commands, this test expects 4", len(outputs))
	}
	if !strings.Contains(outputs[2], `"{\"email\":\"alice@example.com\",\"name\":\"Alice\"}"`) || !strings.Contains(outputs[2], `"EmailVerified"`) {
		t.Errorf("%s shows\n%s\nwant both events", lines[2], outputs[2])
	}
	if outputs[3] != "(integer) 1" {
		t.Errorf("%s shows %s, want (integer) 1", lines[3], outputs[3])
	}
	const follow, wait = "ESUB user-123 FROM 0", "EREAD user-123 FROM 2 BLOCK 5000"
	if !strings.Contains(string(text), "```redis\n"+follow+"\n```") || !strings.Contains(string(text), "`"+wait+"`") {
		t.Errorf("the README follows a stream in another way than %q and %q", follow, wait)
	}
	// At a terminal redis-cli shows pushes by itself. The read that finds nothing
	// gives them the time that a person takes for the next command.
	pushed := typeWith(t, cli, s, follow+"\nEREAD nobody FROM 0 BLOCK 500\nPING", "--no-raw", "--show-pushes", "yes")
	if strings.Count(pushed, ") message") != 2 || !strings.HasSuffix(pushed, "PONG") || !strings.Contains(pushed, `"EmailVerified"`) {
		t.Errorf("%s, and the next command, show\n%s\nwant both events", follow, pushed)
	}
	appendTo(t, dial(t, s.addr), "user-123", "third")
	if got := typeInto(t, cli, s, wait); !strings.Contains(got, `"third"`) {
		t.Errorf("%s shows\n%s\nwant the third event", wait, got)
	}
}

// checkShown compares the reply that the README shows with a real one. Event id
// and time differ each time.
func checkShown(t *testing.T, shown, got string) {
	t.Helper()
	var want, reply map[string]any
	if err := json.Unmarshal([]byte(shown), &want); err != nil {
		t.Fatalf("the README shows a reply that is no JSON: %v", err)
	}
	if err := json.Unmarshal([]byte(got), &reply); err != nil {
		t.Fatalf("the reply is no JSON: %v\n%s", err, got)
	}
	for _, name := range []string{"event_id", "timestamp"} {
		if reflect.TypeOf(want[name]) != reflect.TypeOf(reply[name]) {
			t.Errorf("%s is %v in the README and %v in the reply", name, want[name], reply[name])
		}
		delete(want, name)
		delete(reply, name)
	}
	if !reflect.DeepEqual(want, reply) {
		t.Errorf("the README shows %v, the reply has %v", want, reply)
	}
}

// TestREADME_Compiles wants the README's Go code to stand in the example that is
// compiled and run.
func TestREADME_Compiles(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../../node/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	body := strings.ReplaceAll(string(example), "\n\t", "\n")
	if block := fenced(t, string(text), "go"); len(block) < 100 || !strings.Contains(body, block) {
		t.Errorf("node/example_test.go does not contain the README's\n%s", block)
	}
}

// TestREADME_LinksLead wants each file that the README links to exist.
func TestREADME_LinksLead(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(string(text), -1)
	if len(links) < 3 {
		t.Fatalf("found %d links", len(links))
	}
	for _, link := range links {
		if _, err := os.Stat(filepath.Join(filepath.Dir(readme), filepath.FromSlash(link[1]))); err != nil {
			t.Errorf("the README links to %s: %v", link[1], err)
		}
	}
}

// fenced returns the first code block of a language.
func fenced(t *testing.T, text, language string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n```"+language+"\n")
	block, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatalf("the README has no block of %s", language)
	}
	return block
}
