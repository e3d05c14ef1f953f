package client_test

import (
	"os"
	"strings"
	"testing"
)

// TestDocs wants the Go code of docs/client.md to stand in examples that are
// compiled and run.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/client.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, name := range []string{"example_test.go", "examples/account/main.go", "examples/balances/main.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	plain := func(text string) string {
		lines := strings.Split(text, "\n")
		for i := range lines {
			lines[i] = strings.TrimSpace(lines[i])
		}
		return strings.Join(lines, "\n")
	}
	all := plain(code.String())
	blocks := strings.Split(string(page), "\n```go\n")[1:]
	if len(blocks) < 6 {
		t.Fatalf("the page has %d pieces of code", len(blocks))
	}
	for _, block := range blocks {
		block, _, closed := strings.Cut(block, "```")
		if !closed || !strings.Contains(all, plain(block)) {
			t.Errorf("no example holds\n%s", block)
		}
	}
}
