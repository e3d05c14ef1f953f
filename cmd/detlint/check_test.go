package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"sync"
	"testing"
)

// stdExports gives the export data of what the test sources import.
var stdExports = sync.OnceValues(func() (map[string]string, error) {
	packages, err := load([]string{"context", "fmt", "maps", "math/rand/v2", "os", "reflect", "runtime/debug",
		"slices", "sync/atomic", "time", "github.com/google/uuid", "sierradb/cmd/detlint"})
	if err != nil {
		return nil, err
	}
	return packages[0].exports, nil
})

// checkSource checks a source text as if it were core/x.go.
func checkSource(t *testing.T, src string) []finding {
	t.Helper()
	exports, err := stdExports()
	if err != nil {
		t.Fatalf("load export data: %v", err)
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "x.go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	info, err := typecheck(fset, "sierradb/core", []*ast.File{f}, exports)
	if err != nil {
		t.Fatalf("type-check: %v", err)
	}
	return checkFile(fset, info, "core/x.go", f)
}

// The body of a function f with a map m, a channel ch and a value v stands in
// for a whole file.
const frame = `package core
import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
	"github.com/google/uuid"
)
var (
	_ = context.Background
	_ = fmt.Sprint
	_ = maps.Clone[map[int]int]
	_ = reflect.ValueOf
	_ = slices.Max[[]int]
	_ = time.UnixMilli
	_ = uuid.Nil
)
func f(m map[string]int, v reflect.Value) {
`

func TestCheck_Findings(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		got := checkSource(t, frame+body+"\n}\n")
		if want == "" {
			if len(got) != 0 {
				t.Errorf("%s: got %v, want no finding", body, got)
			}
			return
		}
		if len(got) == 0 {
			t.Errorf("%s: got no finding, want %q", body, want)
		}
		for _, g := range got {
			if !strings.Contains(g.text, want) {
				t.Errorf("%s: got %q, want %q", body, g.text, want)
			}
		}
	}
	// Calls, and values that could be called later.
	for _, name := range []string{"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc",
		"time.NewTimer", "time.NewTicker", "time.Tick", "time.Local", "time.LoadLocation",
		"context.WithTimeout", "context.WithTimeoutCause", "context.WithDeadline", "context.WithDeadlineCause", "context.AfterFunc",
		"v.MapRange", "v.MapKeys"} {
		_, method, isMethod := strings.Cut(name, "v.")
		if isMethod {
			f("_ = "+name, "use of (reflect.Value)."+method)
			continue
		}
		f("_ = "+name, "use of "+name+" (")
	}
	for _, name := range []string{"New", "NewString", "NewRandom", "NewUUID", "NewV6", "NewV7", "NewV7FromReader"} {
		f("_ = uuid."+name, "use of github.com/google/uuid."+name+" (")
	}
	f("_ = time.Now().Unix()", "reads the clock")
	f("_ = time.UnixMilli(5).UTC()", "")
	f("_ = time.Duration(3) * time.Millisecond", "")
	f("_ = uuid.NewSHA1(uuid.Nil, nil)", "")
	f("_, _ = context.WithCancel(context.Background())", "")

	// Concurrency.
	f("go f(nil, v)", "go statement")
	f("select {}", "select")
	f("var ch chan int; _ = ch", "channel")
	f("_ = make(chan int)", "channel")
	f("g := func() chan int { return nil }; g() <- 1", "channel")
	f("<-context.Background().Done()", "channel receive")
	f("for range context.Background().Done() { break }", "range over a channel")

	// Maps.
	f("for k := range m { _ = k }", "range over a map")
	f("for k := range m { //det:ok only the largest is kept\n _ = k }", "")
	f("//det:ok only the largest is kept\nfor k := range m { _ = k }", "")
	f("for range m { _ = v }", "")
	f("_ = maps.Keys(m)", "use of maps.Keys")
	f("_ = maps.Values(m)", "use of maps.Values")
	f("_ = maps.All(m)", "use of maps.All")
	f("_ = slices.Collect(maps.Keys(m))", "use of maps.Keys")
	f("_ = slices.Sorted(maps.Keys(m))", "")
	f("_ = slices.Sorted(maps.Keys[map[string]int](m))", "")
	f("_ = slices.SortedFunc(maps.Keys(m), func(a, b string) int { return len(a) - len(b) })", "")
	f("for k := range maps.Keys(m) { _ = k }", "use of maps.Keys")
	f("for k := range maps.Keys(m) { //det:ok only counted\n _ = k }", "")
	f("for _, k := range slices.Sorted(maps.Keys(m)) { _ = k }", "")
	f("for i := range 3 { _ = i }", "")
	f("for i := range []int{1} { _ = i }", "")

	// Addresses.
	f(`_ = fmt.Sprintf("%p", m)`, "%p in a format")
	f(`_ = fmt.Sprintf("at %#12p", m)`, "%p in a format")
	f(`_ = fmt.Sprintf("100%%p %d", 1)`, "")
}

func TestCheck_Escapes(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		got := checkSource(t, frame+body+"\n}\n")
		if len(got) == 0 || got[0].text != want {
			t.Errorf("%s: got %v, want %q", body, got, want)
		}
	}
	f("for k := range m { //det:ok\n _ = k }", "//det:ok without a reason")
	f("//det:ok nothing here\n_ = v", "//det:ok where no map is ranged over")
	// Only maps have an escape.
	f("_ = time.Now //det:ok it is late", "//det:ok where no map is ranged over")
}

func TestCheck_Imports(t *testing.T) {
	f := func(path string, want bool) {
		t.Helper()
		if got := importForbidden(path) != ""; got != want {
			t.Errorf("importForbidden(%q) = %v, want %v", path, got, want)
		}
	}
	for _, path := range []string{"os", "os/exec", "syscall", "net", "net/http", "math/rand", "math/rand/v2", "crypto/rand",
		"hash/maphash", "sync", "sync/atomic", "golang.org/x/sync/errgroup", "runtime", "unique", "weak"} {
		f(path, true)
	}
	for _, path := range []string{"bytes", "time", "math", "math/bits", "crypto/sha256", "hash/crc32", "runtime/debug",
		"netsim", "sierradb/netsim", "context", "maps"} {
		f(path, false)
	}
	got := checkSource(t, "package core\nimport r \"math/rand/v2\"\nvar _ = r.Int\n")
	if len(got) != 1 || !strings.Contains(got[0].String(), "core/x.go:2: import of math/rand/v2 (chance") {
		t.Errorf("an import under another name: got %v", got)
	}
	got = checkSource(t, "package core\nimport . \"time\"\nvar _ = Now\n")
	if len(got) != 1 || got[0].line != 3 {
		t.Errorf("a dot import of time: got %v", got)
	}
}

func TestCheck_GenericMap(t *testing.T) {
	got := checkSource(t, "package core\nfunc f[M ~map[K]V, K comparable, V any](m M) {\nfor k := range m {\n_ = k\n}\n}\n")
	if len(got) != 1 || got[0].line != 3 {
		t.Errorf("range over a type parameter that is a map: got %v", got)
	}
	got = checkSource(t, "package core\nfunc f[S ~[]E, E any](s S) {\nfor i := range s {\n_ = i\n}\n}\n")
	if len(got) != 0 {
		t.Errorf("range over a type parameter that is a slice: got %v", got)
	}
}
