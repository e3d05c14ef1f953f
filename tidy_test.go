package sierradb_test

import (
	"fmt"
	"path"
	"sort"
	"strings"
	"testing"
)

// module is the name of this module, as import paths begin.
const module = "sierradb"

// layers says who may import whom: a package may import packages of lower
// layers only. An entry that ends in "/..." stands for all packages below.
var layers = [][]string{
	0: {"vfs", "core/actor", "core/mutate", "commands/resp3"},
	1: {"core/event", "core/machinetest", "vfs/vfstest"},
	2: {"core/segment", "core/index", "node/placement", "netsim", "sim/sched", "client"},
	3: {"core/bucket", "node/replica", "node/wire", "client/examples/..."},
	4: {"core", "commands"},
	5: {"node"},
	6: {"node/tcp", "node/gossip"},
	7: {"sim", "sim/crashenum", "sim/timeline"},
	8: {"cmd/..."},
}

// sideways are imports that the layers would refuse.
var sideways = []struct{ from, to, why string }{
	{"core/actor", "vfs", "an actor's environment names the file system"},
	{"commands/resp3", "core/mutate", "bugs are planted in the protocol, too"},
	{"sim/timeline", "sim", "a timeline shows a run of the simulator"},
}

// walls are imports that the layers would let through.
var walls = []struct{ from, to, why string }{
	{"commands", "core", "commands ask a Store and know nothing of storage"},
	{"commands", "core/segment", "commands ask a Store and know nothing of storage"},
	{"commands", "core/index", "commands ask a Store and know nothing of storage"},
	{"commands", "core/bucket", "commands ask a Store and know nothing of storage"},
	{"commands", "node/...", "commands ask a Store and know nothing of the node"},
	{"node/replica", "core/bucket", "what a replica needs of its log is the interface that it declares"},
	{"core/...", "commands/...", "the store knows no wire protocol"},
	{"core/...", "node/...", "the store knows no cluster"},
}

// A home is where a package from outside may be imported.
type home struct {
	outside string // the package and all below it
	rooms   []string
	tests   bool // test files may import it anywhere
}

// homes lists all of them, the more special ones first. An outside package
// without a home is refused: adding one is a decision.
var homes = []home{
	{outside: "github.com/google/uuid", rooms: []string{"..."}, tests: true},
	{outside: "github.com/tidwall/redcon", rooms: []string{"commands/resp3"}},
	{outside: "github.com/hashicorp/memberlist", rooms: []string{"node/gossip"}},
	{outside: "go.etcd.io/raft/v3/raftpb", rooms: []string{"node/replica", "node/wire"}},
	{outside: "go.etcd.io/raft/v3", rooms: []string{"node/replica"}},
	{outside: "google.golang.org/protobuf", rooms: []string{"node/replica", "node/wire"}},
	{outside: "github.com/bits-and-blooms/bloom/v3", rooms: []string{"core/index"}},
	{outside: "github.com/spf13/pflag", rooms: []string{"cmd/..."}},
	{outside: "github.com/pelletier/go-toml/v2", rooms: []string{"cmd/sierradb"}},
	{outside: "golang.org/x/sys", rooms: []string{"vfs"}},
	{outside: "pgregory.net/rapid", rooms: []string{"sim/...", "core/machinetest", "vfs/vfstest"}, tests: true},
	{outside: "github.com/anishathalye/porcupine", rooms: []string{"sim/..."}, tests: true},
	{outside: "github.com/redis/go-redis/v9", rooms: []string{"cmd/sierradb/e2e"}},
}

// linesMax is how long a Go file may be; longer ones hold two nouns.
const linesMax = 500

// longFiles are the exceptions, each with its reason.
var longFiles = map[string]string{}

// within says whether a package lies in a room.
func within(rel, room string) bool {
	folder, below := strings.CutSuffix(room, "...")
	if !below {
		return rel == room
	}
	return rel == strings.TrimSuffix(folder, "/") || strings.HasPrefix(rel, folder)
}

// layerOf is the layer of a package, or -1.
func layerOf(rel string) int {
	for layer, rooms := range layers {
		for _, room := range rooms {
			if within(rel, room) {
				return layer
			}
		}
	}
	return -1
}

// layerFaults reports the imports of a package that go up or sideways.
func layerFaults(p goPackage) []string {
	from := p.rel()
	if from == "." {
		if len(p.Imports) > 0 {
			return []string{fmt.Sprintf("the root imports %s: it holds no code", strings.Join(p.Imports, ", "))}
		}
		return nil
	}
	if layerOf(from) < 0 {
		return []string{fmt.Sprintf("%s has no layer: give it one in layers", from)}
	}
	var faults []string
	for _, path := range p.Imports {
		to, ours := relative(path)
		if !ours {
			continue
		}
		if why := refuses(from, to); why != "" {
			faults = append(faults, fmt.Sprintf("%s imports %s: %s", from, to, why))
		}
	}
	return faults
}

// refuses says why package from may not import package to, or "".
func refuses(from, to string) string {
	for _, s := range sideways {
		if within(from, s.from) && within(to, s.to) {
			return ""
		}
	}
	for _, w := range walls {
		if within(from, w.from) && within(to, w.to) {
			return w.why
		}
	}
	if up, down := layerOf(to), layerOf(from); up >= down {
		return fmt.Sprintf("layer %d may import lower layers only, not layer %d", down, up)
	}
	return ""
}

// homeFaults reports outside packages that a package imports away from their
// home.
func homeFaults(p goPackage) []string {
	var faults []string
	check := func(imports []string, test bool) {
		for _, path := range imports {
			if why := strangerIn(p.rel(), path, test); why != "" {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.rel(), path, why))
			}
		}
	}
	check(p.Imports, false)
	check(p.TestImports, true)
	check(p.XTestImports, true)
	sort.Strings(faults)
	return faults
}

// strangerIn says why the outside package at path may not be imported in the
// package rel, or "".
func strangerIn(rel, path string, test bool) string {
	first, _, _ := strings.Cut(path, "/")
	if _, ours := relative(path); ours || !strings.Contains(first, ".") {
		return "" // this module's, or the standard library's
	}
	for _, h := range homes {
		if path != h.outside && !strings.HasPrefix(path, h.outside+"/") {
			continue
		}
		if test && h.tests {
			return ""
		}
		for _, room := range h.rooms {
			if within(rel, room) {
				return ""
			}
		}
		return "its home is " + strings.Join(h.rooms, ", ")
	}
	return "it has no home: add it to homes if it is needed"
}

func TestTidy_Layers(t *testing.T) {
	for _, p := range goPackages(t) {
		for _, fault := range layerFaults(p) {
			t.Error(fault)
		}
	}
}

func TestTidy_OutsidePackagesStayInTheirHomes(t *testing.T) {
	for _, p := range goPackages(t) {
		for _, fault := range homeFaults(p) {
			t.Error(fault)
		}
	}
}

func TestTidy_PackagesHaveDocs(t *testing.T) {
	for _, p := range goPackages(t) {
		doc := p.Doc
		if len(p.GoFiles) == 0 {
			doc = testDoc(t, p)
		}
		if len(doc) < 40 {
			t.Errorf("%s: package doc %q says too little", p.rel(), doc)
		}
	}
}

func TestTidy_Texts(t *testing.T) {
	files := textFiles(t)
	if len(files) < 50 {
		t.Fatalf("found %d files: this test does not see the tree", len(files))
	}
	for _, f := range files {
		for _, fault := range textFaults(f.name, f.text) {
			t.Error(fault)
		}
		if path.Ext(f.name) == ".go" {
			for _, fault := range goFaults(f.name, f.text) {
				t.Error(fault)
			}
		}
	}
	for name, why := range longFiles {
		if len(why) < 20 {
			t.Errorf("longFiles: %s: %q is no reason", name, why)
		}
	}
}
