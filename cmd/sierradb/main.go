// Command sierradb serves an event store to Redis clients.
//
//	sierradb --dir ./data --client-address 127.0.0.1:9090
//
// Settings come from flags, from SIERRADB_* variables, from a TOML file, and
// from defaults, in this order of strength. One table, in keys.go, describes
// all of them; "sierradb config" prints their effective values and where each
// comes from, docs/config.md what they mean. A setting that nobody knows is an
// error, wherever it stands.
//
// "sierradb tail" is a client of a running server: it prints events as they are
// appended.
//
// SIGTERM and SIGINT end the server in order: it stops accepting, finishes what
// is in flight, and exits with 0. A second signal, half a second later or more,
// ends it at once with 1, which loses nothing that was answered.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1 // the configuration, the start or the end failed
	exitUsage = 2 // the command line was not understood
)

func main() {
	moreProcs()
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// subcommands are the words that may follow the name of the program.
var subcommands = []string{"config", "help", "tail", "version"}

// run is the program: it does what args say and returns the exit code.
func run(args, env []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "tail" {
		return tailUntilSignal(args[1:], stdout, stderr) // it has flags of its own
	}
	in, err := parseArgs(args)
	if err != nil {
		return misused(stderr, err.Error())
	}
	command, rest := "", []string(nil)
	if len(in.command) > 0 {
		command, rest = in.command[0], in.command[1:]
	}
	switch {
	case in.help:
		writeHelp(stdout)
		return exitOK
	case command == "help":
		return help(rest, stdout, stderr)
	case command == "tail":
		return misused(stderr, "tail comes first, and its flags behind it")
	case len(rest) > 0:
		return misused(stderr, fmt.Sprintf("unexpected argument %q", rest[0]))
	case in.version || command == "version":
		fmt.Fprintln(stdout, versionText())
		return exitOK
	case command != "" && command != "config":
		return misused(stderr, fmt.Sprintf("unknown command %q%s", command, didYouMean(nearest(command, subcommands))))
	}
	c, problems := load(in, env)
	if len(problems) > 0 {
		for _, p := range problems {
			fmt.Fprintln(stderr, p)
		}
		return exitError
	}
	if command == "config" {
		for _, w := range c.Warnings {
			fmt.Fprintln(stderr, "warning:", w)
		}
		writeConfig(stdout, c)
		return exitOK
	}
	return serve(c, newLogger(c, stderr), thisMachine())
}

// load hears all sources of settings, the weakest first, and reports what is
// wrong in any of them.
func load(in *invocation, env []string) (*Config, []problem) {
	file, entries, problems := readFile(in.file)
	more, wrong := readEnv(env)
	entries, problems = append(entries, more...), append(problems, wrong...)
	entries, problems = append(entries, in.entries...), append(problems, in.problems...)
	c, wrong := newConfig(entries)
	if problems = append(problems, wrong...); len(problems) > 0 {
		return nil, inOrder(problems)
	}
	c.File = file
	return c, nil
}

// misused reports a command line that was not understood.
func misused(stderr io.Writer, text string) int {
	fmt.Fprintf(stderr, "sierradb: %s\nRun 'sierradb --help' for usage.\n", strings.TrimSpace(text))
	return exitUsage
}
