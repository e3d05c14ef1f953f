package main

import (
	"fmt"
	"os"
	"strings"
)

// section is the text of a measured group: where and how it was measured, what
// was reached, what it took, and what went wrong.
func section(g group, results []*result, where, command string) string {
	unit := map[string]string{
		"append": "Durable events a second",
		"scan":   "Events a second",
		"get":    "Replies a second",
	}[g.name]
	rates, costs := g.columns()
	var b strings.Builder
	fmt.Fprintf(&b, "`%s` on %s.\n\n", command, where)
	fmt.Fprintf(&b, "%s, median [least..most] of the rounds:\n\n%s\n", unit, table(rates, results))
	fmt.Fprintf(&b, "What it took (server µs: processor time for each of what is counted above; cores: busy in the server + in the generator):\n\n%s",
		table(costs, results))
	if text := problems(results); text != "" {
		fmt.Fprintf(&b, "\nErrors:\n\n%s", text)
	}
	return b.String()
}

// replaceSection puts text between the markers of a group in a document. The
// markers stay.
func replaceSection(document, name, text string) (string, error) {
	begin := fmt.Sprintf("<!-- bench:%s begin -->\n", name)
	end := fmt.Sprintf("<!-- bench:%s end -->", name)
	before, rest, ok := strings.Cut(document, begin)
	if !ok {
		return "", fmt.Errorf("no line %q", strings.TrimSpace(begin))
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("no %q behind its begin", end)
	}
	return before + begin + "\n" + strings.TrimSpace(text) + "\n\n" + end + after, nil
}

// writeSection writes text into a file, between the markers of a group.
func writeSection(path, name, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write the %s table: %w", name, err)
	}
	document, err := replaceSection(string(old), name, text)
	if err != nil {
		return fmt.Errorf("write the %s table into %s: %w", name, path, err)
	}
	if err := os.WriteFile(path, []byte(document), 0o644); err != nil {
		return fmt.Errorf("write the %s table: %w", name, err)
	}
	return nil
}
