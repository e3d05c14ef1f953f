package main

import (
	"regexp"
	"strings"
	"testing"

	"sierradb/commands"
)

func TestHelp(t *testing.T) {
	at(t)
	got := runWith(nil, "--help")
	golden(t, "testdata/help.txt", got.stdout)
	for _, args := range [][]string{{"-h"}, {"help"}, {"config", "-h"}} {
		if again := runWith(nil, args...); again != got {
			t.Errorf("%v differs from --help: %+v", args, again)
		}
	}
	if got.code != exitOK || got.stderr != "" {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
}

func TestHelp_Config(t *testing.T) {
	at(t)
	got := runWith(nil, "help", "config", "network.client_address", "threads.read", "segment.size_bytes")
	if got.code != exitOK || got.stderr != "" {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
	golden(t, "testdata/help_config.txt", got.stdout)
	all := runWith(nil, "help", "config").stdout
	for i := range keys {
		if !strings.Contains(all, "\n"+keys[i].name+"\n") && !strings.HasPrefix(all, keys[i].name+"\n") {
			t.Errorf("help config says nothing of %s", keys[i].name)
		}
	}
}

// echo is a command with everything that help can show.
var echo = commands.Module{
	Spec: commands.Spec{
		Name: "XECHO", Usage: "<times> [TO <who>] <word> ...", Summary: "Say words again.",
		Notes: []string{"It takes its time.", strings.Repeat("A long note is broken into lines. ", 5)},
		Args: []commands.Arg{
			{Name: "times", About: "how often"},
			{Name: "who", Token: "TO", Optional: true, About: "who shall hear it"},
			{Name: "words", Multiple: true, Args: []commands.Arg{{Name: "word"}, {Name: "loud", Token: "LOUD", Type: "pure-token", Optional: true}}},
		},
		Returns: "The words.", Examples: []string{"XECHO 3 hello"}, Errors: []commands.Code{"SYNTAX", "TOOLARGE"},
	},
	New: func() commands.Command { return nil },
}

func TestHelp_Commands(t *testing.T) {
	set := new(commands.Set)
	set.Add(echo, commands.Module{Spec: commands.Spec{Name: "NOP", Summary: "Do nothing."}, New: echo.New})
	f := func(want string, names ...string) {
		t.Helper()
		var stdout, stderr strings.Builder
		if code := helpCommands(set, names, &stdout, &stderr); code != exitOK || stderr.Len() > 0 {
			t.Errorf("%v: exit code %d, stderr %q", names, code, stderr.String())
		}
		golden(t, want, stdout.String())
	}
	f("testdata/help_commands.txt")
	f("testdata/help_command.txt", "xecho", "NOP")
	at(t)
	builtin := runWith(nil, "help", "commands").stdout
	for _, m := range commands.Builtin().All() {
		if !strings.Contains(builtin, m.Spec.Name) || !strings.Contains(builtin, m.Spec.Summary) {
			t.Errorf("help commands says nothing of %s", m.Spec.Name)
		}
		if one := runWith(nil, "help", "commands", m.Spec.Name); one.code != exitOK || !strings.HasPrefix(one.stdout, m.Spec.Name) {
			t.Errorf("help commands %s: %+v", m.Spec.Name, one)
		}
	}
}

// TestHelp_TopicLeftOut: what has one meaning needs no topic.
func TestHelp_TopicLeftOut(t *testing.T) {
	at(t)
	f := func(full, short []string) {
		t.Helper()
		want, got := runWith(nil, full...), runWith(nil, short...)
		if got != want || got.code != exitOK || got.stdout == "" {
			t.Errorf("%v: %+v, want what %v gives: %+v", short, got, full, want)
		}
	}
	f([]string{"help", "commands", "EAPPEND"}, []string{"help", "EAPPEND"})
	f([]string{"help", "commands", "EAPPEND", "PING"}, []string{"help", "eappend", "ping"})
	f([]string{"help", "commands", "EAPPEND"}, []string{"help", "command", "EAPPEND"})
	f([]string{"help", "commands"}, []string{"help", "command"})
	f([]string{"help", "config", "scan.count"}, []string{"help", "scan.count"})
}

func TestVersion(t *testing.T) {
	at(t)
	want := regexp.MustCompile(`^sierradb \d+\.\d+\.\d+ \(go[^ ]+, [a-z0-9]+/[a-z0-9]+(, commit [0-9a-f]{12}( with changes)?)?\)\n$`)
	for _, arg := range []string{"version", "--version", "-V"} {
		if got := runWith(nil, arg); got.code != exitOK || !want.MatchString(got.stdout) {
			t.Errorf("%s: %+v", arg, got)
		}
	}
}

func TestConfigCommand(t *testing.T) {
	at(t, "sierradb.toml", "[segment]\nsize_bytes = \"64MiB\"\n[replication]\nfactor = 3\n[threads]\nread = 8\n")
	env := []string{"SIERRADB_DIR=/var/lib/sierradb", "SIERRADB_LOG_FORMAT=json"}
	got := runWith(env, "config", "--client-address", "127.0.0.1:9090", "--set", "bucket.count=8")
	if got.code != exitOK {
		t.Fatalf("exit code %d, stderr %s", got.code, got.stderr)
	}
	golden(t, "testdata/config.txt", got.stdout)
	golden(t, "testdata/config_stderr.txt", got.stderr)
	sameAfterPrinting(t, mustLoad(t, env, "--set", "bucket.count=8"))
}

func TestUsage(t *testing.T) {
	at(t)
	f := func(want string, args ...string) {
		t.Helper()
		got := runWith(nil, args...)
		want = "sierradb: " + want + "\nRun 'sierradb --help' for usage.\n"
		if got.code != exitUsage || got.stderr != want || got.stdout != "" {
			t.Errorf("%q: exit code %d, stdout %q,\n got %s\nwant %s", args, got.code, got.stdout, got.stderr, want)
		}
	}
	f(`unknown flag: --node-cuont; did you mean --node-count?`, "--node-cuont", "3")
	f(`unknown flag: --bucket-count; there is --set bucket.count=...`, "--bucket-count", "8")
	f(`unknown flag: --xyzzy-plugh`, "--xyzzy-plugh")
	f(`unknown shorthand flag: 'x' in -x`, "-x")
	f(`flag needs an argument: --dir`, "--dir")
	f(`flag needs an argument: 'n' in -n`, "-n")
	f(`invalid argument "x" for "--set" flag: KEY=VALUE is expected`, "--set", "x")
	f(`unknown command "cnfig"; did you mean config?`, "cnfig")
	f(`unexpected argument "x"`, "config", "x")
	f(`unexpected argument "true"`, "version", "true")
	f(`no help on "confg"; did you mean config?`, "help", "confg")
	f(`no help on "eapend"; did you mean EAPPEND?`, "help", "eapend")
	f(`no help on "xyzzy-plugh"`, "help", "xyzzy-plugh")
	f(`unknown command "eapend"; did you mean EAPPEND?`, "help", "commands", "eapend")
	f(`unknown key bucket.cuont; did you mean bucket.count?`, "help", "config", "bucket.cuont")
}
