package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDeterministic(t *testing.T) {
	f := func(rel string, want bool) {
		t.Helper()
		if got := deterministic(rel); got != want {
			t.Errorf("deterministic(%q) = %v, want %v", rel, got, want)
		}
	}
	for _, rel := range []string{"core", "core/actor", "core/bucket", "commands", "commands/resp3", "netsim", "node",
		"node/replica", "node/placement", "node/wire", "sim", "sim/sched"} {
		f(rel, true)
	}
	for _, rel := range []string{".", "vfs", "node/tcp", "node/gossip", "client", "cmd/simrun", "cmd/sierradb", "corelike"} {
		f(rel, false)
	}
}

func TestExempt_FilesExistAndSayWhy(t *testing.T) {
	for _, e := range exempt {
		if _, err := os.Stat(filepath.Join("../..", filepath.FromSlash(e.file))); err != nil {
			t.Errorf("exempt file: %v", err)
		}
		if len(e.why) < 20 {
			t.Errorf("%s: %q is no reason", e.file, e.why)
		}
		if !deterministic(filepath.ToSlash(filepath.Dir(e.file))) {
			t.Errorf("%s needs no exemption: its package is not checked", e.file)
		}
		if !exempted(e.file) || exempted("x"+e.file) {
			t.Errorf("exempted(%s) is wrong", e.file)
		}
	}
}

// A package of the module that breaks the rules is found by the program as it
// is called, and one that keeps them is not.
func TestRun(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run([]string{"sierradb/core/actor"}, &out, &errs); status != 0 || out.Len() != 0 {
		t.Errorf("core/actor: exit status %d, printed %q %q", status, &out, &errs)
	}
	// This package uses os, but the simulator does not run it.
	if status := run([]string{"."}, &out, &errs); status != 0 || out.Len() != 0 {
		t.Errorf("cmd/detlint: exit status %d, printed %q %q", status, &out, &errs)
	}
	if status := run([]string{"./does-not-exist"}, &out, &errs); status != 2 || !strings.Contains(errs.String(), "does-not-exist") {
		t.Errorf("a pattern without package: exit status %d, printed %q", status, &errs)
	}
}

func TestPackageCheck_Finds(t *testing.T) {
	packages, err := load([]string{"."})
	if err != nil {
		t.Fatal(err)
	}
	p := packages[0]
	if p.rel != "cmd/detlint" || len(p.files) < 5 {
		t.Fatalf("loaded %s with %v", p.rel, p.files)
	}
	findings, err := p.check()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range findings {
		text.WriteString(f.String() + "\n")
	}
	if !strings.Contains(text.String(), "cmd/detlint/load.go:") || !strings.Contains(text.String(), "import of os/exec") {
		t.Errorf("the loader of this program was not found guilty:\n%s", &text)
	}
}
