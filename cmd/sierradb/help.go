package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"sierradb/commands"
)

const helpHead = `SierraDB stores events and serves them to Redis clients.

Usage:
  sierradb [flags]                   serve
  sierradb tail STREAM...            print events as they are appended (tail -h)
  sierradb config [flags]            print every setting and where it comes from
  sierradb help config [key...]      explain the settings
  sierradb help commands [name...]   explain the commands that clients can send
  sierradb version                   print the version

Flags:
`

const helpTail = `
Settings come from flags, then SIERRADB_* variables (bucket.count is
SIERRADB_BUCKET_COUNT), then the file, then defaults; the first that is given
wins. An unknown setting is an error.

Examples:
  sierradb
  sierradb --dir ./data --client-address 127.0.0.1:9090
  sierradb -c /etc/sierradb.toml --set session.inflight=4096 --log debug
  SIERRADB_SEGMENT_SIZE_BYTES=64MiB sierradb
  sierradb config --set reply.max_bytes=16MiB

Exit codes: 0 after SIGTERM or SIGINT, 1 after an error or a second signal,
2 when the command line was not understood.
`

// writeHelp prints the help of the program.
func writeHelp(w io.Writer) {
	fmt.Fprint(w, helpHead, new(invocation).flags().FlagUsagesWrapped(columns), helpTail)
}

// help is the subcommand: help, help config, help commands, or one of their
// names.
func help(topic []string, stdout, stderr io.Writer) int {
	if len(topic) == 0 {
		writeHelp(stdout)
		return exitOK
	}
	set := commands.Builtin()
	switch topic[0] {
	case "config":
		return helpConfig(topic[1:], stdout, stderr)
	case "commands", "command":
		return helpCommands(set, topic[1:], stdout, stderr)
	case "tail":
		writeTailHelp(stdout)
		return exitOK
	}
	// The topic may be left out.
	if _, known := set.Lookup([]byte(topic[0])); known {
		return helpCommands(set, topic, stdout, stderr)
	}
	if keyNamed(topic[0]) != nil {
		return helpConfig(topic, stdout, stderr)
	}
	near := cmp.Or(nearest(topic[0], []string{"commands", "config", "tail"}), nearest(strings.ToUpper(topic[0]), namesOf(set)))
	return misused(stderr, fmt.Sprintf("no help on %q%s", topic[0], didYouMean(near)))
}

// namesOf lists the commands of a set.
func namesOf(set *commands.Set) []string {
	var names []string
	for _, m := range set.All() {
		names = append(names, m.Spec.Name)
	}
	return names
}

// helpConfig explains the named keys, or all.
func helpConfig(names []string, stdout, stderr io.Writer) int {
	var chosen []*key
	for _, name := range names {
		k := keyNamed(name)
		if k == nil {
			return misused(stderr, unknownKey(quoteParts(strings.Split(name, ".")), name))
		}
		chosen = append(chosen, k)
	}
	for i := range keys {
		if len(names) == 0 {
			chosen = append(chosen, &keys[i])
		}
	}
	for i, k := range chosen {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprintln(stdout, k.name)
		writeWrapped(stdout, "  ", k.about)
		if k.idle {
			writeWrapped(stdout, "  ", "It does nothing in this version.")
		}
		writeWrapped(stdout, "  ", "Takes "+k.expects()+". Default: "+k.def+".")
		set := k.env()
		if k.flag != "" {
			set = "--" + k.flag + ", " + set
		}
		writeWrapped(stdout, "  ", "Set by "+set+".")
	}
	return exitOK
}

// helpCommands explains the named commands of a set, or lists all.
func helpCommands(set *commands.Set, names []string, stdout, stderr io.Writer) int {
	known := namesOf(set)
	for i, name := range names {
		m, ok := set.Lookup([]byte(name))
		if !ok {
			return misused(stderr, fmt.Sprintf("unknown command %q%s", name, didYouMean(nearest(strings.ToUpper(name), known))))
		}
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		writeSpec(stdout, &m.Spec)
	}
	if len(names) > 0 {
		return exitOK
	}
	width := 0
	for _, name := range known {
		width = max(width, len(name))
	}
	for _, m := range set.All() {
		fmt.Fprintf(stdout, "%-*s  %s\n", width, m.Spec.Name, m.Spec.Summary)
	}
	fmt.Fprintln(stdout, "\n'sierradb help commands NAME' explains one.")
	return exitOK
}

// writeSpec prints everything that is known of a command.
func writeSpec(w io.Writer, s *commands.Spec) {
	writeWrapped(w, "", strings.TrimSpace(s.Name+" "+s.Usage))
	fmt.Fprintln(w)
	writeWrapped(w, "  ", s.Summary)
	for _, note := range s.Notes {
		writeWrapped(w, "  ", note)
	}
	if s.Returns != "" {
		writeWrapped(w, "  ", "Returns: "+s.Returns)
	}
	if len(s.Args) > 0 {
		fmt.Fprintln(w, "\n  Arguments:")
		writeArgs(w, "    ", s.Args)
	}
	if len(s.Examples) > 0 {
		fmt.Fprintln(w, "\n  Examples:")
		for _, e := range s.Examples {
			fmt.Fprintln(w, "    "+e)
		}
	}
	if len(s.Errors) > 0 {
		fmt.Fprintln(w, "\n  Errors:")
		var codes []string
		for _, code := range s.Errors {
			codes = append(codes, string(code))
		}
		writeWrapped(w, "    ", strings.Join(codes, ", "))
	}
}

func writeArgs(w io.Writer, indent string, args []commands.Arg) {
	for _, a := range args {
		label := a.Name
		if a.Token != "" {
			label = a.Token + " " + a.Name
		}
		if a.Type == "pure-token" {
			label = a.Token
		}
		if a.Multiple {
			label += " ..."
		}
		if a.Optional {
			label = "[" + label + "]"
		}
		if a.About != "" {
			label += ": " + a.About
		}
		writeWrapped(w, indent, label)
		writeArgs(w, indent+"  ", a.Args)
	}
}

// columns is how wide help is printed.
const columns = 80

// writeWrapped prints a paragraph, its lines broken between words and indented.
func writeWrapped(w io.Writer, indent, paragraph string) {
	line := indent
	for _, word := range strings.Fields(paragraph) {
		if len(line) > len(indent) && len(line)+1+len(word) > columns {
			fmt.Fprintln(w, line)
			line = indent
		}
		if len(line) > len(indent) {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
}
