package sierradb_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// A goPackage is what go list says of a package.
type goPackage struct {
	ImportPath, Dir, Doc               string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

// rel is the folder of the package from the root, "." for the root itself.
func (p goPackage) rel() string {
	rel, _ := relative(p.ImportPath)
	return rel
}

// relative turns an import path of this module into a folder.
func relative(importPath string) (rel string, ours bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

var listPackages = sync.OnceValues(func() ([]goPackage, error) {
	cmd := exec.Command("go", "list", "-e",
		"-json=ImportPath,Dir,Doc,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	var packages []goPackage
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the output of go list: %w", err)
		}
		packages = append(packages, p)
	}
})

// goPackages lists the packages of this module.
func goPackages(t *testing.T) []goPackage {
	t.Helper()
	packages, err := listPackages()
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 8 {
		t.Fatalf("found %d packages: this test does not see the module", len(packages))
	}
	return packages
}

// testDoc is the package doc of a package that has only test files.
func testDoc(t *testing.T, p goPackage) string {
	t.Helper()
	for _, name := range append(p.TestGoFiles, p.XTestGoFiles...) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if f.Doc != nil {
			return f.Doc.Text()
		}
	}
	return ""
}

// A textFile is a file that people wrote.
type textFile struct{ name, text string }

// notOurs are folders that tools fill; the list mirrors .gitignore.
var notOurs = map[string]bool{".git": true, "bin": true, "data": true, "node_modules": true, "fuzz": true, "rapid": true}

// textFiles reads all that people wrote in this tree. LICENSE is somebody
// else's text, and the sums are no text.
func textFiles(t *testing.T) []textFile {
	t.Helper()
	var files []textFile
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if notOurs[d.Name()] {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := path.Ext(name); name == "LICENSE" || ext == ".sum" || ext == ".test" || ext == ".prof" {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if utf8.Valid(data) {
			files = append(files, textFile{filepath.ToSlash(name), string(data)})
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read the tree: %v", err)
	}
	return files
}

// The words are put together from halves so that this file passes its own test.
var (
	unfinished   = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)
	machinePath  = regexp.MustCompile(`(^|[^\w./-])/(work|root|tmp|home/[a-z]+)(/|\b)`)
	registryHost = regexp.MustCompile(`proxy\.golang` + `\.org|pypi` + `\.org|registry\.npmjs|repo1?\.maven|deb\.debian`)
)

// textFaults reports what no text of this project may hold.
func textFaults(name, text string) []string {
	var faults []string
	for i, line := range strings.Split(text, "\n") {
		at := fmt.Sprintf("%s:%d", name, i+1)
		if m := unfinished.FindString(line); m != "" {
			faults = append(faults, at+": "+m+": finish it, or file an issue")
		}
		if m := machinePath.FindString(line); m != "" {
			faults = append(faults, fmt.Sprintf("%s: %q is a path of one machine", at, strings.TrimSpace(m)))
		}
		if m := registryHost.FindString(line); m != "" {
			faults = append(faults, fmt.Sprintf("%s: %q names a registry; packages are named by name", at, m))
		}
	}
	return faults
}

// goFaults reports what no Go file may hold.
func goFaults(name, text string) []string {
	var faults []string
	if lines := strings.Count(text, "\n"); lines > linesMax && longFiles[name] == "" {
		faults = append(faults, fmt.Sprintf("%s: %d lines, more than %d: which noun could move out?", name, lines, linesMax))
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	if err != nil {
		return append(faults, fmt.Sprintf("%s: %v", name, err))
	}
	if !strings.HasSuffix(name, "_test.go") {
		return faults
	}
	ast.Inspect(f, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != "Sleep" {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == "time" {
			faults = append(faults, fmt.Sprintf("%s:%d: time.Sleep in a test: wait for what is awaited", name, fset.Position(n.Pos()).Line))
		}
		return true
	})
	return faults
}
