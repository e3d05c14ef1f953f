package sierradb_test

import (
	"strings"
	"testing"
)

// A rule that never refused anything proves nothing: each is shown a breach.

// wantFault checks that exactly one fault was reported, which holds all parts;
// with no parts, that none was.
func wantFault(t *testing.T, what string, faults []string, parts ...string) {
	t.Helper()
	if len(parts) == 0 {
		if len(faults) != 0 {
			t.Errorf("%s: got %q, want no fault", what, faults)
		}
		return
	}
	if len(faults) != 1 {
		t.Errorf("%s: got %q, want one fault with %q", what, faults, parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(faults[0], part) {
			t.Errorf("%s: got %q, want %q in it", what, faults[0], part)
		}
	}
}

func TestLayerFaults(t *testing.T) {
	f := func(from, to string, parts ...string) {
		t.Helper()
		p := goPackage{ImportPath: module + "/" + from, Imports: []string{"fmt", module + "/" + to, "github.com/google/uuid"}}
		wantFault(t, from+" -> "+to, layerFaults(p), parts...)
	}
	f("core/event", "vfs")
	f("core/actor", "vfs")
	f("node", "commands")
	f("cmd/simrun", "sim")
	f("sim", "node/tcp")
	f("vfs", "core/actor", "vfs imports core/actor", "layer 0")
	f("core/event", "core/segment", "core/event imports core/segment", "layer 1", "layer 2")
	f("core/segment", "core/index", "core/segment imports core/index", "layer 2")
	f("commands", "core/bucket", "commands imports core/bucket", "Store")
	f("commands", "core", "commands imports core:", "Store")
	f("commands", "node/wire", "commands imports node/wire", "Store")
	f("node/replica", "core/bucket", "node/replica imports core/bucket", "interface")
	f("core/bucket", "commands/resp3", "core/bucket imports commands/resp3", "wire protocol")
	f("node", "node/tcp", "node imports node/tcp", "layer 5", "layer 6")
	f("cmd/simrun", "cmd/sierradb", "cmd/simrun imports cmd/sierradb", "layer 8")
	f("core/newroom", "vfs", "core/newroom has no layer")
	wantFault(t, "root", layerFaults(goPackage{ImportPath: module}))
	wantFault(t, "root", layerFaults(goPackage{ImportPath: module, Imports: []string{"fmt"}}), "root imports fmt")
}

func TestHomeFaults(t *testing.T) {
	f := func(rel, path string, test bool, parts ...string) {
		t.Helper()
		p := goPackage{ImportPath: module + "/" + rel, Imports: []string{"fmt", "go/ast", module + "/vfs"}}
		if test {
			p.XTestImports = []string{path}
		} else {
			p.Imports = append(p.Imports, path)
		}
		wantFault(t, rel+" -> "+path, homeFaults(p), parts...)
	}
	f("commands/resp3", "github.com/tidwall/redcon", false)
	f("commands", "github.com/tidwall/redcon", false, "commands imports github.com/tidwall/redcon", "its home is commands/resp3")
	f("commands", "github.com/tidwall/redcon", true, "its home is commands/resp3")
	f("node/replica", "go.etcd.io/raft/v3", false)
	f("node/wire", "go.etcd.io/raft/v3/raftpb", false)
	f("node/wire", "go.etcd.io/raft/v3", false, "its home is node/replica")
	f("core", "github.com/google/uuid", false)
	f("core", "pgregory.net/rapid", true)
	f("core", "pgregory.net/rapid", false, "core imports pgregory.net/rapid")
	f("sim", "github.com/anishathalye/porcupine", false)
	f("cmd/simrun", "github.com/spf13/pflag", false)
	f("node", "github.com/spf13/pflag", false, "its home is cmd/...")
	f("core/bucket", "golang.org/x/sys/unix", false, "its home is vfs")
	f("core", "github.com/stretchr/testify/assert", true, "it has no home")
}

func TestTextFaults(t *testing.T) {
	f := func(text string, parts ...string) {
		t.Helper()
		wantFault(t, text, textFaults("docs/x.md", "first line\n"+text), parts...)
	}
	f("a plain line, of work/life/home/tmp")
	f("see docs/work/plan.md and https://example.org/work/")
	f("// TO"+"DO: later", "docs/x.md:2", "finish it")
	f("FIX"+"ME", "finish it")
	f("TO" + "DOS are something else")
	f("cd /wo"+"rk/main", "path of one machine")
	f("--dir=/tm"+"p/x", "path of one machine")
	f("(\"/ro"+"ot/go\")", "path of one machine")
	f("/ho"+"me/ann/x", "path of one machine")
	f("GOPROXY=https://proxy.golang"+".org", "names a registry")
}

func TestGoFaults(t *testing.T) {
	f := func(name, text string, parts ...string) {
		t.Helper()
		wantFault(t, name, goFaults(name, text), parts...)
	}
	sleepy := "package p\nimport \"time\"\nfunc f() { time.Sleep(1) }\n"
	f("p/sleep_test.go", sleepy, "p/sleep_test.go:3", "time.Sleep in a test")
	f("p/sleep.go", sleepy)
	f("p/comment_test.go", "package p\n// no time.Sleep here\n")
	f("p/fits.go", "package p\n"+strings.Repeat("// x\n", linesMax-1))
	f("p/long.go", "package p\n"+strings.Repeat("// x\n", linesMax), "p/long.go: 501 lines")
	f("p/broken.go", "package", "p/broken.go")
}
