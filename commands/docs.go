package commands

import (
	"fmt"
	"strings"
)

// Markdown prints the reference of the commands of a set and the table of
// error codes: docs/commands.md is that of Builtin.
func Markdown(set *Set) string {
	var b strings.Builder
	b.WriteString("# Commands\n\n" +
		"This page is printed from the commands' Specs; `go test ./commands -run TestDocs -update` rewrites it.\n\n" +
		"Keywords and names of commands may be written in any case. Options come in any order, each at most once. " +
		"A UUID may be written with hyphens, as 32 digits, in braces or as a URN. Numbers are decimal, with or without a leading +.\n\n")
	group := ""
	for _, m := range set.All() {
		if m.Spec.Group != group {
			group = m.Spec.Group
			fmt.Fprintf(&b, "## %s commands\n\n", strings.ToUpper(group[:1])+group[1:])
		}
		m.Spec.markdown(&b)
	}
	markdownCodes(&b)
	return b.String()
}

func (s *Spec) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "### %s\n\n%s\n\n```\n%s\n```\n\n", s.Name, s.Summary, s.line())
	if len(s.Args) > 0 {
		markdownArgs(b, s.Args, "")
		b.WriteString("\n")
	}
	for _, note := range s.Notes {
		fmt.Fprintf(b, "%s\n\n", note)
	}
	fmt.Fprintf(b, "**Returns** %s\n\n", s.Returns)
	codes := make([]string, len(s.Errors))
	for i, c := range s.Errors {
		codes[i] = string(c)
	}
	fmt.Fprintf(b, "**Errors** %s\n\n", strings.Join(codes, ", "))
	fmt.Fprintf(b, "```\n%s\n```\n\n", strings.Join(s.Examples, "\n"))
}

// line is the command as it is used: its name and arguments.
func (s *Spec) line() string { return strings.TrimSpace(s.Name + " " + s.Usage) }

func markdownArgs(b *strings.Builder, args []Arg, indent string) {
	for i := range args {
		a := &args[i]
		fmt.Fprintf(b, "%s- `%s`: %s", indent, strings.TrimSpace(a.Token+" "+a.Name), a.About)
		if marks := argFlags(a); len(marks) > 0 {
			fmt.Fprintf(b, " (%s)", strings.Join(marks, ", "))
		}
		b.WriteString("\n")
		markdownArgs(b, a.Args, indent+"  ")
	}
}

func markdownCodes(b *strings.Builder) {
	b.WriteString("## Errors\n\n" +
		"An error is one line that begins with a code. *Not done* means that nothing changed and nothing will. " +
		"*Unknown* means that an append may still land: only a retry with the same EVENT_ID is safe, and it lands once. " +
		"A reply to bytes that are not RESP is `ERR Protocol error: ...`, behind the replies to the commands before, and the connection closes.\n\n" +
		"| code | outcome | meaning |\n|---|---|---|\n")
	for _, c := range Codes {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", c.Code, c.Outcome, c.Meaning)
	}
}
