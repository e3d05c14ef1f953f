package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// A sourcePackage is one package of the module, ready to be checked.
type sourcePackage struct {
	rel     string // its folder from the root of the module, "." for the root
	path    string // its import path
	dir     string
	files   []string // without tests
	exports map[string]string
}

// listed is what go list says about a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
	Module                  *struct{ Path string }
	Error                   *struct{ Err string }
}

// load asks go list for the packages that the patterns name. Their dependencies
// come as export data of the compiler: types without sources, so that only the
// packages at hand are parsed.
func load(patterns []string) ([]sourcePackage, error) {
	args := append([]string{"list", "-deps", "-export",
		"-json=ImportPath,Dir,Export,GoFiles,DepOnly,Module,Error"}, patterns...)
	cmd := exec.Command("go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	exports := make(map[string]string)
	var packages []sourcePackage
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the output of go list: %w", err)
		}
		if l.Error != nil {
			return nil, fmt.Errorf("package %s: %s", l.ImportPath, l.Error.Err)
		}
		exports[l.ImportPath] = l.Export
		if l.DepOnly || l.Module == nil || len(l.GoFiles) == 0 {
			continue
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(l.ImportPath, l.Module.Path), "/")
		packages = append(packages, sourcePackage{
			rel: path.Clean(rel), path: l.ImportPath, dir: l.Dir, files: l.GoFiles, exports: exports,
		})
	}
}

// check parses, types and checks the files of the package that are not exempt.
func (p sourcePackage) check() ([]finding, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.files {
		f, err := parser.ParseFile(fset, filepath.Join(p.dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse: %w", err)
		}
		files = append(files, f)
	}
	info, err := typecheck(fset, p.path, files, p.exports)
	if err != nil {
		return nil, fmt.Errorf("type-check %s: %w", p.path, err)
	}
	var findings []finding
	for i, f := range files {
		if file := path.Join(p.rel, p.files[i]); !exempted(file) {
			findings = append(findings, checkFile(fset, info, file, f)...)
		}
	}
	return findings, nil
}

// typecheck finds out what each name of the files refers to. exports names, by
// import path, the files with the compiler's export data.
func typecheck(fset *token.FileSet, pkgPath string, files []*ast.File, exports map[string]string) (*types.Info, error) {
	lookup := func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(exports[path])
	}
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue),
		Uses:  make(map[*ast.Ident]types.Object),
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", lookup)}
	_, err := conf.Check(pkgPath, fset, files, info)
	return info, err
}
