package e2e

import (
	"os"
	"path/filepath"
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
	if !strings.Contains(fenced(t, string(text), "sh"), "go run ./cmd/sierradb --dir ./data --client-address 127.0.0.1:9090\n") {
		t.Error("the README starts the server in another way than this test does")
	}
	s := start(t, "")
	lines := strings.Split(strings.TrimSpace(fenced(t, string(text), "redis")), "\n")
	outputs := make([]string, len(lines))
	for i, line := range lines {
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
