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
		"A UUID may be written with hyphens, as 32 digits, in braces or as a URN. Numbers are decimal, with or without a leading +.\n\n" +
		markdownReplies)
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

// markdownReplies tells how replies look in a client.
const markdownReplies = `## Replies

A connection begins with RESP2, the protocol of old Redis clients; HELLO 3 changes to RESP3, which says more about types. Most client libraries have a setting for it.

| what | RESP3 | RESP2 |
|---|---|---|
| map | map | array of names and values in turn |
| true, false | boolean | 1, 0 |
| null | null | null bulk string |
| number, text, list, error | number, string, array, error | the same |

Names in a map come in the order that the commands below give, in both protocols. Payload and metadata come back as the bytes that were sent.

To read replies in a terminal, let redis-cli use RESP3, and print JSON if you like:

` + "```" + `
$ redis-cli -p 9090 -3 --json ESCAN orders - + COUNT 1
{"has_more":false,"events":[{"event_id":"01a203e9-c6ed-7062-b05f-faeff8de93e2", ... "payload":"{\"n\":1}"}]}
` + "```" + `

Into a pipe and without ` + "`--json`" + ` redis-cli prints null and the empty string alike, as an empty line. They differ: null is the answer to EGET of an unknown id and to ESVER of a stream that has no event, whose first version is 0. A scan that finds nothing is no null but a map with an empty list. An event without a payload has an empty one.

**Pipelines** send several commands and then read several replies, in order. They need no MULTI, and MULTI is refused: a client library that adds it unasked has a switch, in redis-py ` + "`pipeline(transaction=False)`" + `. Appends of a pipeline are separate transactions, each with its own reply; EMAPPEND appends several events as one.

`

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
		"An error is one line that begins with a code. *Not done* means that this attempt changed nothing and never will; an earlier one with the same EVENT_ID, whose outcome was unknown, may have or may yet. " +
		"*Unknown* means that an append may still land: only a retry with the same EVENT_ID is safe, and it lands once. " +
		"A reply to bytes that are not RESP is `ERR Protocol error: ...`, behind the replies to the commands before, and the connection closes.\n\n" +
		"| code | outcome | meaning |\n|---|---|---|\n")
	for _, c := range Codes {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", c.Code, c.Outcome, c.Meaning)
	}
}
