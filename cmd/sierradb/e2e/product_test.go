package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// An example is a command of the product document and what redis-cli shows for
// it.
type example struct {
	line    int
	server  string // which server answers: "default", or the configuration it has
	command string
	want    string // may hold the placeholders below
}

// placeholders stand in expected output for what differs from run to run.
var placeholders = strings.NewReplacer(
	"<uuid>", `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
	"<ms>", `1[0-9]{12}`,
	"<version>", `[0-9]+\.[0-9]+\.[0-9]+[-+.a-z0-9]*`,
	"<id>", `[0-9]+`,
	"<any>", `.+`,
)

// TestProductExamples types every example of the product document into
// redis-cli, in the document's order and with its quoting.
func TestProductExamples(t *testing.T) {
	cli := redisCLI(t)
	examples := readExamples(t, "testdata/product.txt")
	servers := make(map[string]*server)
	for _, e := range examples {
		s := servers[e.server]
		if s == nil {
			var args []string
			if e.server != "default" {
				section, setting, ok := strings.Cut(e.server, ".")
				if !ok {
					t.Fatalf("line %d: server %q: want default or section.key = value", e.line, e.server)
				}
				args = []string{"--config", writeConfig(t, "["+section+"]\n"+setting+"\n")}
			}
			s = start(t, "", args...)
			servers[e.server] = s
		}
		got := typeInto(t, cli, s, e.command)
		if !matches(e.want, got) {
			t.Errorf("line %d: %s\ngot:\n%s\nwant:\n%s", e.line, e.command, got, e.want)
		}
	}
	if len(examples) < 35 {
		t.Errorf("%d examples were read, want all 35", len(examples))
	}
}

// redisCLI finds redis-cli, without which this test proves nothing.
func redisCLI(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("redis-cli")
	if err == nil {
		return path
	}
	if clientsWanted() {
		t.Fatal("redis-cli is not installed (package redis-tools)")
	}
	t.Skip("redis-cli is not installed (package redis-tools): the examples of the product document are typed into it")
	return ""
}

// typeInto gives redis-cli one line, as typed at its prompt, and returns what it
// shows.
func typeInto(t *testing.T, cli string, s *server, line string) string {
	t.Helper()
	return typeWith(t, cli, s, line, "--no-raw")
}

// typeWith does so with flags of redis-cli.
func typeWith(t *testing.T, cli string, s *server, line string, flags ...string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, cli, append([]string{"-h", host, "-p", port}, flags...)...)
	cmd.Stdin = strings.NewReader(line + "\n")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: redis-cli: %v\n%s", line, err, &out)
	}
	return strings.TrimRight(out.String(), "\n")
}

// matches compares output with what is expected, placeholders and all.
func matches(want, got string) bool {
	pattern := placeholders.Replace(regexp.QuoteMeta(want))
	return regexp.MustCompile(`\A(?:` + pattern + `)\z`).MatchString(got)
}

// readExamples reads a script: "server NAME" says who answers from here on, a
// line behind "> " is typed, the lines up to the next empty one are its output,
// and # begins a comment.
func readExamples(t *testing.T, path string) []example {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var examples []example
	server, inOutput := "", false
	for i, line := range strings.Split(string(text), "\n") {
		last := len(examples) - 1
		switch {
		case strings.HasPrefix(line, "> "):
			if server == "" {
				t.Fatalf("%s:%d: no server is named yet", path, i+1)
			}
			examples = append(examples, example{line: i + 1, server: server, command: line[2:]})
			inOutput = true
		case line == "":
			inOutput = false
		case inOutput && examples[last].want == "":
			examples[last].want = line
		case inOutput:
			examples[last].want += "\n" + line
		case strings.HasPrefix(line, "server "):
			server = strings.TrimPrefix(line, "server ")
		case !strings.HasPrefix(line, "#"):
			t.Fatalf("%s:%d: %q belongs to no command", path, i+1, line)
		}
	}
	return examples
}

func TestMatches(t *testing.T) {
	f := func(want, got string, ok bool) {
		t.Helper()
		if matches(want, got) != ok {
			t.Errorf("matches(%q, %q) = %v", want, got, !ok)
		}
	}
	f("(integer) 1", "(integer) 1", true)
	f("(integer) 1", "(integer) 10", false)
	f("a.c", "abc", false)
	f("id <uuid> at <ms>", "id 550e8400-e29b-41d4-a716-446655440000 at 1760745600000", true)
	f("id <uuid>", "id 550e8400-e29b-41d4-a716-44665544000", false)
	f("a\nb", "a\nb\nc", false)
}
