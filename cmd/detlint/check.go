package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strconv"
	"strings"
)

// A finding is one place where the world gets in.
type finding struct {
	file string
	line int
	text string
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.file, f.line, f.text) }

// A checker walks the files of one package.
type checker struct {
	fset     *token.FileSet
	info     *types.Info
	file     string // the one at hand, from the root of the module
	marks    map[int]*mark
	stack    []ast.Node
	findings []finding
}

// A mark is one escape comment.
type mark struct {
	reason string
	used   bool
}

// checkFile reports what one file does that it may not. file is its path from
// the root of the module.
func checkFile(fset *token.FileSet, info *types.Info, file string, syntax *ast.File) []finding {
	c := &checker{fset: fset, info: info, file: file, marks: make(map[int]*mark)}
	for _, group := range syntax.Comments {
		for _, comment := range group.List {
			if reason, ok := strings.CutPrefix(comment.Text, escape); ok {
				c.marks[c.line(comment)] = &mark{reason: strings.TrimSpace(reason)}
			}
		}
	}
	ast.Inspect(syntax, func(n ast.Node) bool {
		if n == nil {
			c.stack = c.stack[:len(c.stack)-1]
			return true
		}
		c.visit(n)
		c.stack = append(c.stack, n)
		return true
	})
	for line, m := range c.marks {
		switch {
		case m.reason == "":
			c.add(line, escape+" without a reason")
		case !m.used:
			c.add(line, escape+" where no map is ranged over")
		}
	}
	sort.Slice(c.findings, func(i, j int) bool {
		a, b := c.findings[i], c.findings[j]
		if a.line != b.line {
			return a.line < b.line
		}
		return a.text < b.text
	})
	return c.findings
}

// visit checks one node; c.stack holds the nodes around it.
func (c *checker) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.ImportSpec:
		path, _ := strconv.Unquote(n.Path.Value)
		if why := importForbidden(path); why != "" {
			c.report(n, "import of %s (%s)", path, why)
		}
	case *ast.Ident:
		c.use(n)
	case *ast.GoStmt:
		c.report(n, "go statement (an actor is stepped by whoever runs it)")
	case *ast.SelectStmt:
		c.report(n, "select (its choice is random)")
	case *ast.ChanType:
		c.report(n, "channel (actors tell each other through effects)")
	case *ast.SendStmt:
		c.report(n, "channel send (actors tell each other through effects)")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			c.report(n, "channel receive (actors get events through Step)")
		}
	case *ast.RangeStmt:
		c.rangeOver(n)
	case *ast.BasicLit:
		if n.Kind == token.STRING && printsPointer(n.Value) {
			c.report(n, "%%p in a format (an address is new in each process)")
		}
	}
}

// use checks what a name refers to.
func (c *checker) use(id *ast.Ident) {
	obj := c.info.Uses[id]
	if obj == nil || obj.Pkg() == nil {
		return
	}
	name := obj.Pkg().Path() + "." + obj.Name()
	if f, ok := obj.(*types.Func); ok {
		name = f.Origin().FullName()
	}
	if why, ok := forbiddenNames[name]; ok {
		c.report(id, "use of %s (%s)", name, why)
	}
	if mapIterators[name] && !c.sorted() && !c.escaped(id) {
		c.report(id, "use of %s (a map has no order: put it into slices.Sorted, or say %s and why)", name, escape)
	}
}

// sorted says whether the call around the name at hand is itself the first
// argument of a call that sorts.
func (c *checker) sorted() bool {
	// The name stands in a selector, perhaps in an index expression that gives
	// type arguments, and then in its call.
	i := len(c.stack) - 1
	for i >= 0 {
		if _, ok := c.stack[i].(*ast.CallExpr); ok {
			break
		}
		i--
	}
	if i < 1 {
		return false
	}
	outer, ok := c.stack[i-1].(*ast.CallExpr)
	if !ok || len(outer.Args) == 0 || outer.Args[0] != c.stack[i] {
		return false
	}
	fun := ast.Unparen(outer.Fun)
	if index, ok := fun.(*ast.IndexExpr); ok {
		fun = index.X
	}
	selector, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := c.info.Uses[selector.Sel].(*types.Func)
	return ok && sorters[f.Origin().FullName()]
}

// rangeOver checks a for statement with range.
func (c *checker) rangeOver(n *ast.RangeStmt) {
	t := c.info.TypeOf(n.X)
	if t == nil {
		return
	}
	switch core := t.Underlying().(type) {
	case *types.Chan:
		c.report(n, "range over a channel (actors get events through Step)")
	case *types.Map:
		c.rangeOverMap(n)
	case *types.Interface: // a type parameter: any of its types may be a map
		for i := range core.NumEmbeddeds() {
			if hasMap(core.EmbeddedType(i)) {
				c.rangeOverMap(n)
				return
			}
		}
	}
}

// hasMap says whether a constraint allows a map.
func hasMap(t types.Type) bool {
	union, ok := t.Underlying().(*types.Union)
	if !ok {
		_, ok := t.Underlying().(*types.Map)
		return ok
	}
	for i := range union.Len() {
		if _, ok := union.Term(i).Type().Underlying().(*types.Map); ok {
			return true
		}
	}
	return false
}

func (c *checker) rangeOverMap(n *ast.RangeStmt) {
	if n.Key == nil && n.Value == nil {
		return // only counts
	}
	if !c.escaped(n) {
		c.report(n, "range over a map (it has no order: sort the keys, or say %s and why)", escape)
	}
}

// escaped says whether a mark with a reason stands on the line of n or on the
// line above.
func (c *checker) escaped(n ast.Node) bool {
	line := c.line(n)
	for _, l := range []int{line, line - 1} {
		if m := c.marks[l]; m != nil {
			m.used = true
			return m.reason != ""
		}
	}
	return false
}

func (c *checker) line(n ast.Node) int { return c.fset.Position(n.Pos()).Line }

func (c *checker) report(n ast.Node, format string, args ...any) {
	c.add(c.line(n), fmt.Sprintf(format, args...))
}

func (c *checker) add(line int, text string) {
	c.findings = append(c.findings, finding{c.file, line, text})
}
