package mutate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"

	"sierradb/core/mutate"
)

// TestAbout shows that every bug is described once, under a group that there
// is, in the order of the groups.
func TestAbout(t *testing.T) {
	order := []mutate.Group{mutate.Log, mutate.Index, mutate.Recovery, mutate.Raft, mutate.Session, mutate.Subscription, mutate.Retry, mutate.Other}
	seen := make(map[mutate.Bug]bool)
	at := 0
	for _, a := range mutate.About {
		for at < len(order) && order[at] != a.Group {
			at++
		}
		if at == len(order) {
			t.Fatalf("%s is in group %q, which is unknown or came before", a.Bug, a.Group)
		}
		if seen[a.Bug] || a.Text == "" || string(a.Bug) != strings.ToLower(string(a.Bug)) {
			t.Errorf("%q is described twice, without a text or by a name with capitals", a.Bug)
		}
		seen[a.Bug] = true
	}
	for name, bug := range constants(t) {
		if !seen[bug] {
			t.Errorf("%s (%s) is not described", name, bug)
		}
	}
}

// TestPlanted shows that every bug is planted somewhere, in code that is no
// test: a name without a place would count as a bug that nobody finds.
func TestPlanted(t *testing.T) {
	planted := make(map[string]bool)
	err := fs.WalkDir(os.DirFS("../.."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), "../../"+name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 && selects(call.Fun) == "On" {
				planted[selects(call.Args[0])] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, bug := range constants(t) {
		if !planted[name] {
			t.Errorf("%s (%s) is planted nowhere", name, bug)
		}
	}
}

// selects is X of the expression mutate.X, "" for any other.
func selects(e ast.Expr) string {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if of, ok := sel.X.(*ast.Ident); !ok || of.Name != "mutate" {
		return ""
	}
	return sel.Sel.Name
}

// constants reads the bugs from the source: name of the constant and its value.
func constants(t *testing.T) map[string]mutate.Bug {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "mutate.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	bugs := make(map[string]mutate.Bug)
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := v.Type.(*ast.Ident); ok && of.Name == "Bug" {
			text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			bugs[v.Names[0].Name] = mutate.Bug(text)
		}
		return true
	})
	if len(bugs) != len(mutate.About) {
		t.Errorf("%d bugs are named and %d described", len(bugs), len(mutate.About))
	}
	return bugs
}
