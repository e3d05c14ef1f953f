package main

import (
	"os"
	"strings"
	"testing"
)

// TestProblems wants all mistakes of all sources at once, one a line.
func TestProblems(t *testing.T) {
	bad, err := os.ReadFile("testdata/problems.toml")
	if err != nil {
		t.Fatal(err)
	}
	at(t, "bad.toml", string(bad))
	got := runWith([]string{"SIERRADB_SCAN_COUNT=", "SIERRADB_BUCKET_CUONT=3", "SIERRADB_CLIENT_PORT=9090"},
		"-c", "bad.toml", "--set", "foo=1", "--set", "client_address=3", "-n", "x", "--mdns", "yes")
	if got.code != exitError || got.stdout != "" {
		t.Errorf("exit code %d, want %d; stdout %q", got.code, exitError, got.stdout)
	}
	golden(t, "testdata/problems.txt", got.stderr)
}

func TestProblem(t *testing.T) {
	f := func(file, want string, args ...string) {
		t.Helper()
		at(t, "sierradb.toml", file)
		got := runWith(nil, append(args, "config")...)
		if got.code != exitError || got.stderr != want+"\n" {
			t.Errorf("%q, %q: exit code %d,\n got %s\nwant %s", file, args, got.code, got.stderr, want)
		}
	}
	// What TOML itself refuses.
	f(`dir = "abc`, "sierradb.toml:1:10: unterminated basic string")
	f("dir = 'a'\ndir = 'b'", "sierradb.toml:2:1: key dir is already defined")
	f("scan.count = 99999999999999999999", "sierradb.toml:1:14: decimal number is too large to fit in a 64-bit signed integer")
	f("[scan]\ncount = 1\n[scan]\n", "sierradb.toml:3:2: table scan already exists")
	f("[scan", "sierradb.toml:1:5: expected ']' to close table name")
	f("x = "+strings.Repeat("[", fileMax-8), "sierradb.toml:1:10005: arrays and inline tables are nested more than the maximum of 10000 levels deep")

	// Tables and values in each other's place.
	f("scan = 4", "sierradb.toml:1:1: scan is a section with keys such as scan.count, not a key")
	f("scan.count.x = 4", "sierradb.toml:1:1: scan.count must be an integer of 1 to 1000000; got a table")
	f("[scan.count]\nx = 4\ny = 5", "sierradb.toml:1:2: scan.count must be an integer of 1 to 1000000; got a table")
	f("[[scan]]\ncount = 4", "sierradb.toml:1:3: scan is a section with keys such as scan.count, not a key")
	f("scan = {count = 4, cuont = 5}", "sierradb.toml:1:20: unknown key scan.cuont; did you mean scan.count?")
	f("dir = ['a']", "sierradb.toml:1:1: dir must be a text that is not empty; got an array")
	f(`"" = 4`, `sierradb.toml:1:1: unknown key ""; 'sierradb help config' lists all keys`)
	f(`sync."a b".c = 4`, `sierradb.toml:1:1: unknown key sync."a b".c; 'sierradb help config' lists all keys`)

	// Long and strange names stay one line.
	f(`"a\nb" = 4`, `sierradb.toml:1:1: unknown key "a\u000Ab"; 'sierradb help config' lists all keys`)
	f("", `--set: unknown key "a\u000Ab"; 'sierradb help config' lists all keys`, "--set", "a\nb=1")
	f("log.level = '"+strings.Repeat("x", 1000)+"'",
		`sierradb.toml:1:13: log.level must be one of debug, info, warn, error; got the string "`+strings.Repeat("x", 99)+"...")

	// Values that don't go together.
	f("bucket.count = 64", "sierradb.toml:1:16: partition.count (32) must be at least bucket.count (64)")
	f("", "--set: limits.bulk_bytes (128MiB) must be at most limits.command_bytes (64MiB)", "--set", "limits.bulk_bytes=128MiB")
	f("", "--node-count: node.count must be 1, got 3: this version serves a single node; start it without a node count and index",
		"--dir", "./data1", "--node-index", "0", "--node-count", "3")
	f("", "--node-index: node.index must be below node.count (1), got 1", "-i", "1")

	// A wrong value is a problem even when a stronger source overrides it.
	f("scan.count = 0", "sierradb.toml:1:14: scan.count must be an integer of 1 to 1000000; got 0", "--set", "scan.count=4")

	// Files.
	f("", "nope.toml: read the configuration file: no such file or directory", "-c", "nope.toml")
	f("", ".: read the configuration file: is a directory", "-c", ".")
	f(strings.Repeat("#", fileMax+1), "sierradb.toml: read the configuration file: it is longer than 64KiB")
}

func TestEnv_Kubernetes(t *testing.T) {
	f := func(variable string, ours bool) {
		t.Helper()
		entries, problems := readEnv([]string{variable})
		if got := len(entries)+len(problems) > 0; got != ours {
			t.Errorf("%s: taken for a setting: %v, want %v", variable, got, ours)
		}
	}
	f("SIERRADB_SERVICE_HOST=10.0.0.11", false)
	f("SIERRADB_SERVICE_PORT=9090", false)
	f("SIERRADB_SERVICE_PORT_RESP=9090", false)
	f("SIERRADB_PORT=tcp://10.0.0.11:9090", false)
	f("SIERRADB_PORT_9090_TCP=tcp://10.0.0.11:9090", false)
	f("SIERRADB_PORT_9090_TCP_PROTO=tcp", false)
	f("SIERRADB_HEADLESS_SERVICE_HOST=10.0.0.12", false)
	f("OTHER_DIR=x", false)
	f("SIERRADB_DIR=x", true)
	f("SIERRADB_PORT=9090", true)
	f("SIERRADB_CLIENT_PORT=9090", true)
}
