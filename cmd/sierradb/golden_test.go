package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata and docs/config.md")

// here is the folder of the package; tests change the working directory.
var here, _ = os.Getwd()

// golden compares text with a file below the package, or rewrites the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join(here, file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (make golden PKG=./cmd/sierradb rewrites it); got:\n%s", file, got)
	}
}

// at moves the test to an empty directory and puts files into it, given as name
// and text by turns.
func at(t *testing.T, files ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(files[i], []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// result is what a run of the program left.
type result struct {
	code           int
	stdout, stderr string
}

func runWith(env []string, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := run(args, env, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}
