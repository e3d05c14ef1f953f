package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// defaultFile is read when it exists and no other file is named.
const defaultFile = "sierradb.toml"

// fileMax bounds a configuration file in bytes. A file with every key set takes
// a few thousand; finding the line of a key is not meant for a million.
const fileMax = 64 << 10

// readFile returns the settings in a file, and its name. Without a path it looks
// for defaultFile; when that is missing, the name is "".
func readFile(path string) (name string, entries []entry, problems []problem) {
	name = path
	if name == "" {
		name = defaultFile
	}
	f, err := os.Open(name)
	if path == "" && errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	refuse := func(err error) (string, []entry, []problem) {
		if e := new(fs.PathError); errors.As(err, &e) {
			err = e.Err
		}
		return name, nil, []problem{{origin{source: byFile, name: name}, "read the configuration file: " + err.Error()}}
	}
	if err != nil {
		return refuse(err)
	}
	defer f.Close()
	// The name may be that of a pipe or a device, so the size is not asked but met.
	data, err := io.ReadAll(io.LimitReader(f, fileMax+1))
	if err != nil {
		return refuse(err)
	}
	if len(data) > fileMax {
		return refuse(fmt.Errorf("it is longer than %s", sizeText(fileMax)))
	}
	entries, problems = parseFile(name, data)
	return name, entries, problems
}

// parseFile returns the settings in the TOML text data. The text is read twice:
// toml.Unmarshal knows all rules of the language and gives the values, the
// parser below it gives the places.
func parseFile(name string, data []byte) ([]entry, []problem) {
	values := map[string]any{}
	if err := toml.Unmarshal(data, &values); err != nil {
		return nil, []problem{syntaxProblem(name, data, err)}
	}
	r := &fileReader{name: name, values: values, seen: make(map[string]bool)}
	r.parser.Reset(data)
	for r.parser.NextExpression() {
		r.expression(r.parser.Expression())
	}
	if err := r.parser.Error(); err != nil {
		return nil, []problem{syntaxProblem(name, data, err)}
	}
	return r.entries, r.problems
}

// syntaxProblem puts the place before what the TOML parser says.
func syntaxProblem(name string, data []byte, err error) problem {
	p := problem{origin{source: byFile, name: name}, strings.TrimPrefix(err.Error(), "toml: ")}
	if e := new(toml.DecodeError); errors.As(err, &e) {
		p.from.line, p.from.column = e.Position()
		// At the end of the text the parser points behind the last line.
		p.from.line = min(p.from.line, 1+strings.Count(string(data), "\n"))
	}
	return p
}

// fileReader walks the expressions of a file.
type fileReader struct {
	name     string
	parser   unstable.Parser
	values   map[string]any
	table    []string // that the last header opened
	skip     bool     // the last header was refused: its contents are not worth a line each
	seen     map[string]bool
	entries  []entry
	problems []problem
}

func (r *fileReader) expression(e *unstable.Node) {
	switch e.Kind {
	case unstable.Table, unstable.ArrayTable:
		path, at := r.path(nil, e.Key())
		r.table = path
		r.skip = e.Kind == unstable.ArrayTable || !isSection(path)
		if r.skip {
			r.value(path, at, at)
		}
	case unstable.KeyValue:
		if !r.skip {
			r.keyValue(r.table, e)
		}
	}
}

// keyValue takes one "key = value" below a table.
func (r *fileReader) keyValue(table []string, kv *unstable.Node) {
	path, at := r.path(table, kv.Key())
	v := kv.Value()
	if v.Kind == unstable.InlineTable && isSection(path) {
		for it := v.Children(); it.Next(); {
			if n := it.Node(); n.Kind == unstable.KeyValue {
				r.keyValue(path, n)
			}
		}
		return
	}
	valueAt := at
	if v.Raw.Length > 0 {
		valueAt = r.place(v.Raw)
	}
	r.value(path, at, valueAt)
}

// value records the value of a path, or says why there can be none: at is the
// place of the key.
func (r *fileReader) value(path []string, at, valueAt origin) {
	name := strings.Join(path, ".")
	if k := keyNamed(name); k != nil && !hasDot(path) {
		r.record(k, valueAt)
		return
	}
	if isSection(path) {
		r.refuse(at, fmt.Sprintf("%s is a section with keys such as %s, not a key", name, sectionKeys(path[0])[0]))
		return
	}
	// "dir.x = 1" makes a table of dir.
	if k := keyNamed(strings.Join(path[:len(path)-1], ".")); k != nil && !hasDot(path) {
		r.record(k, at)
		return
	}
	if near := nearest(name, sections()); len(path) == 1 && near != "" && r.skip {
		r.refuse(at, "unknown section "+quoteParts(path)+didYouMean(near))
		return
	}
	r.refuse(at, unknownKey(quoteParts(path), name))
}

// record takes the value of a key, once.
func (r *fileReader) record(k *key, at origin) {
	if r.seen[k.name] {
		return
	}
	r.seen[k.name] = true
	var value any = r.values
	for part := range strings.SplitSeq(k.name, ".") {
		table, ok := value.(map[string]any)
		if !ok {
			return // its parent is no table, which was refused at its own place
		}
		value = table[part]
	}
	r.entries = append(r.entries, entry{k, value, at})
}

func (r *fileReader) refuse(at origin, text string) {
	r.problems = append(r.problems, problem{at, text})
}

// path appends the parts of a key to those of its table, and gives the place of
// the first.
func (r *fileReader) path(table []string, it unstable.Iterator) ([]string, origin) {
	path, at := slices.Clone(table), origin{}
	for it.Next() {
		if at.line == 0 {
			at = r.place(it.Node().Raw)
		}
		path = append(path, string(it.Node().Data))
	}
	return path, at
}

func (r *fileReader) place(raw unstable.Range) origin {
	p := r.parser.Shape(raw).Start
	return origin{source: byFile, name: r.name, line: p.Line, column: p.Column}
}

// isSection says whether a path names a section of keys; the empty path is the
// top.
func isSection(path []string) bool {
	return len(path) == 0 || len(path) == 1 && len(sectionKeys(path[0])) > 0
}

// sections lists the names of all sections.
func sections() []string {
	var names []string
	for i := range keys {
		names = append(names, keys[i].section())
	}
	return slices.Compact(names)
}

// sectionKeys lists the names of the keys in a section.
func sectionKeys(section string) []string {
	var names []string
	for i := range keys {
		if section != "" && keys[i].section() == section {
			names = append(names, keys[i].name)
		}
	}
	return names
}

// hasDot says whether a part holds a dot itself, as in "bucket.count" = 4.
func hasDot(path []string) bool {
	return slices.ContainsFunc(path, func(part string) bool { return strings.Contains(part, ".") })
}

// quoteParts writes a path as it would stand in a file.
func quoteParts(path []string) string {
	parts := slices.Clone(path)
	for i, part := range parts {
		bare := func(c rune) bool {
			return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		}
		if part == "" || strings.ContainsFunc(part, func(c rune) bool { return !bare(c) }) {
			parts[i] = tomlString(part)
		}
	}
	return clip(strings.Join(parts, "."))
}
