package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sierradb/vfs"
)

// runBench runs the tool and returns its status and output.
func runBench(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestRun_WritesAllTables(t *testing.T) {
	t.Setenv(responderVariable, "1")
	t.Setenv("SIERRADB_DIR", "must not reach the server")
	dir := t.TempDir()
	doc := filepath.Join(dir, "performance.md")
	text := "intro\n"
	for _, name := range []string{"append", "scan", "get"} {
		text += "<!-- bench:" + name + " begin -->\n<!-- bench:" + name + " end -->\n"
	}
	if err := os.WriteFile(doc, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := runBench(t, "--sierradb", os.Args[0], "--redis", os.Args[0], "--out", doc, "--dir", dir,
		"--seconds", "0.03", "--warmup", "0.01", "--rounds", "1", "--rows", "append,scan,get", "--connections", "1,3", "--pipeline", "2")
	if status != 0 || stdout != "" {
		t.Fatalf("status %d, output %q, errors\n%s", status, stdout, stderr)
	}
	got, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"intro\n", "redis-server 7.1.2", "Durable events a second", "Events a second", "Replies a second",
		"\n| 1 | 2 | ", "\n| 3 | 2 | ", "\n| EPSCAN | a partition's | 16 | ", " × Redis: ",
		"`go run ./cmd/bench --sierradb SIERRADB --redis REDIS --dir DIR --seconds 0.03 --warmup 0.01 --rounds 1 --rows append,scan,get --connections 1,3 --pipeline 2`",
	} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("the document lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(string(got), "rrors") || strings.Contains(string(got), "not measured") {
		t.Errorf("something was not measured:\n%s", got)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v, want the document alone", left, err)
	}
}

func TestRun_WithoutRedis(t *testing.T) {
	t.Setenv(responderVariable, "1")
	status, stdout, stderr := runBench(t, "--sierradb", os.Args[0], "--redis", "none", "--dir", t.TempDir(), "--rows", "get",
		"--seconds", "0.03", "--warmup", "0", "--rounds", "1", "--connections", "1", "--pipeline", "1")
	if status != 0 {
		t.Fatalf("status %d, errors\n%s", status, stderr)
	}
	for _, want := range []string{"no redis-server", "| 1 | 1 | not measured | "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the output lacks %q:\n%s", want, stdout)
		}
	}
}

func TestRun_ServerDoesNotStart(t *testing.T) {
	status, _, stderr := runBench(t, "--sierradb", filepath.Join(t.TempDir(), "missing"), "--redis", "none")
	if status != 1 || !strings.Contains(stderr, "--sierradb: ") {
		t.Errorf("status %d, %q, want 1 and the flag's name", status, stderr)
	}
	// Not a server: this test binary fails on the flags.
	status, _, stderr = runBench(t, "--sierradb", os.Args[0], "--redis", "none", "--dir", t.TempDir())
	if status != 1 || !strings.Contains(stderr, "ended: ") || !strings.Contains(stderr, "write a cpu profile") {
		t.Errorf("status %d, %q, want 1 and what the process said", status, stderr)
	}
}

func TestRun_ErrFlags(t *testing.T) {
	one := func(want string, args ...string) {
		t.Helper()
		if status, _, stderr := runBench(t, args...); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("run(%v) = %d, %q, want 2 and %q", args, status, stderr, want)
		}
	}
	one("--rows all", "--rows", "all")
	one("--rounds 0", "--rounds", "0")
	one("--seconds -1", "--seconds", "-1")
	one("--seconds NaN", "--seconds", "NaN")
	one("--connections 0", "--connections", "1,0")
	one("--pipeline 9999", "--pipeline", "9999")
	one(`unexpected argument "append"`, "append")
	one("unknown flag", "--nope")
	if status, _, stderr := runBench(t, "--help"); status != 0 || !strings.Contains(stderr, "--rounds") {
		t.Errorf("--help = %d, %q", status, stderr)
	}
}

func TestBareLoop(t *testing.T) {
	one := func(zeroAhead bool) {
		t.Helper()
		b := &bareLoop{fs: vfs.NewMem(vfs.MemOptions{}), size: 5000, zeroAhead: zeroAhead}
		if err := b.next(); err != nil {
			t.Fatal(err)
		}
		group := bytes.Repeat([]byte{'x'}, 1000)
		for range 6 {
			if err := b.append(group); err != nil {
				t.Fatal(err)
			}
		}
		if b.files != 2 || b.end != int64(len(group)) {
			t.Errorf("zero ahead %v: file %d ends at %d, want the second one with one group", zeroAhead, b.files, b.end)
		}
		got := make([]byte, len(group)+1)
		n, err := b.file.ReadAt(got, 0)
		if n != len(got) || err != nil || !bytes.Equal(got[:len(group)], group) || got[len(group)] != 0 {
			t.Errorf("zero ahead %v: the file does not hold the group and zeros (%d bytes, %v)", zeroAhead, n, err)
		}
	}
	one(false)
	one(true)
}

func TestGrouping(t *testing.T) {
	one := func(conns, depth, want int) {
		t.Helper()
		if got := grouping(conns, depth); got != want {
			t.Errorf("grouping(%d, %d) = %d, want %d", conns, depth, got, want)
		}
	}
	one(1, 1, 1)
	one(16, 1, 8)
	one(1, 16, 8)
	one(256, 16, 2048)
}

// TestRun_Subscribe measures subscriptions of the real server.
func TestRun_Subscribe(t *testing.T) {
	status, stdout, stderr := runBench(t, "--redis", "none", "--rows", "subscribe", "--dir", t.TempDir(),
		"--events", "500", "--subscribers", "1,3", "--seconds", "0.1", "--warmup", "0.01", "--rounds", "1")
	if status != 0 {
		t.Fatalf("status %d, errors\n%s", status, stderr)
	}
	for _, want := range []string{"One subscriber reads 500 events", "| 1 | ", "| 4 | ", "| subscribers | events | p50 ms |", "| 3 | "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the output lacks %q:\n%s", want, stdout)
		}
	}
}
