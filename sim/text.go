package sim

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"sierradb/core/actor"
)

// A plan as text is made to be read and edited. Each line is a word and what
// belongs to it; lines that begin with # are the story of the plan:
//
//	# A retry meets its original while the first sync is in flight.
//	seed 17
//	mode swarm
//	knob Buckets=2
//	fault power Class=power-loss At=12.5ms Cut=loses-all
//	scripted
//	request 0 1.5ms EAPPEND orders e0.0 PAYLOAD "\x00\xff"
//	finds no-dedup "D4 once"
//
// With the line "scripted" the clients make the requests that follow, each at its
// time or as soon as its connection allows; without, they draw their own from the seed, but
// for those that a line "skip CLIENT NUMBER" names. Knobs that are not named are
// zero. "finds BUG PROPERTY" says that the plan shows this planted bug by that
// property; without a planted bug every plan must run clean.

// Text returns the plan as text. ParsePlan reads it back.
func (p *Plan) Text() []byte {
	var b strings.Builder
	for _, line := range p.Story {
		b.WriteString(strings.TrimRight("# "+line, " ") + "\n")
	}
	fmt.Fprintf(&b, "seed %d\nmode %s\n", p.Seed, p.Mode)
	for _, f := range p.Finds {
		fmt.Fprintf(&b, "finds %s %s\n", word(string(f.Bug)), word(f.Property))
	}
	for _, name := range p.Off {
		fmt.Fprintf(&b, "off %s\n", word(name))
	}
	for _, pair := range pairs(&p.Knobs) {
		fmt.Fprintf(&b, "knob %s\n", pair)
	}
	for i := range p.Faults {
		f := p.Faults[i]
		kind := f.Kind
		f.Kind = ""
		fmt.Fprintf(&b, "fault %s\n", strings.Join(append([]string{string(kind)}, pairs(&f)...), " "))
	}
	for _, s := range p.Skip {
		fmt.Fprintf(&b, "skip %d %d\n", s.Client, s.N)
	}
	if p.Script != nil {
		b.WriteString("scripted\n")
	}
	for i := range p.Script {
		b.WriteString(p.Script[i].text() + "\n")
	}
	return []byte(b.String())
}

// ParsePlan reads a plan from text. The error names the line.
func ParsePlan(text []byte) (*Plan, error) {
	p := new(Plan)
	for i, line := range strings.Split(string(text), "\n") {
		if err := p.line(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Plan) line(line string) error {
	if line == "" {
		return nil
	}
	if story, ok := strings.CutPrefix(line, "#"); ok {
		p.Story = append(p.Story, strings.TrimSpace(story))
		return nil
	}
	words, err := split(line)
	if err != nil {
		return err
	}
	what, args := words[0], words[1:]
	if line == "scripted" {
		p.Script = []Request{}
		return nil
	}
	need := map[string]int{"seed": 1, "mode": 1, "knob": 1, "fault": 1, "skip": 2, "off": 1, "request": 3, "finds": 2}[what]
	if need == 0 {
		return fmt.Errorf("a line begins with seed, mode, knob, fault, skip, scripted, request, finds or #, not with %q", what)
	}
	if len(args) < need {
		return fmt.Errorf("%s needs %d words behind it", what, need)
	}
	switch what {
	case "seed":
		p.Seed, err = strconv.ParseUint(args[0], 10, 64)
	case "mode":
		p.Mode = args[0]
	case "knob":
		err = set(&p.Knobs, args)
	case "fault":
		f := Fault{Kind: Kind(args[0])}
		err = set(&f, args[1:])
		p.Faults = append(p.Faults, f)
	case "skip":
		var s Skip
		_, err = fmt.Sscan(strings.Join(args, " "), &s.Client, &s.N)
		p.Skip = append(p.Skip, s)
	case "off":
		p.Off = append(p.Off, args[0])
	case "request":
		if p.Script == nil {
			return fmt.Errorf("requests stand behind the line %q", "scripted")
		}
		var r Request
		r, err = parseRequest(args)
		p.Script = append(p.Script, r)
	case "finds":
		p.Finds = append(p.Finds, Find{Bug: args[0], Property: args[1]})
	}
	return err
}

// pairs returns the fields of a flat struct that are not zero as Name=value.
func pairs(of any) (out []string) {
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			out = append(out, v.Type().Field(i).Name+"="+show(f))
		}
	}
	return out
}

func show(f reflect.Value) string {
	switch v := f.Interface().(type) {
	case actor.Instant:
		return time.Duration(v).String()
	case []int:
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ","), "[]")
	case string:
		return word(v)
	}
	return fmt.Sprint(f.Interface())
}

// set fills in the fields of a flat struct from Name=value.
func set(to any, pairs []string) error {
	v := reflect.ValueOf(to).Elem()
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		f := v.FieldByName(name)
		if !ok || !f.IsValid() {
			return fmt.Errorf("%q is not Name=value of %s", pair, v.Type().Name())
		}
		if err := setField(f, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func setField(f reflect.Value, value string) error {
	switch p := f.Addr().Interface().(type) {
	case *actor.Instant:
		d, err := time.ParseDuration(value)
		*p = actor.Instant(d)
		return err
	case *[]int:
		for n := range strings.SplitSeq(value, ",") {
			i, err := strconv.Atoi(n)
			if err != nil {
				return err
			}
			*p = append(*p, i)
		}
		return nil
	}
	switch f.Kind() {
	case reflect.String:
		f.SetString(value)
	case reflect.Bool:
		yes, err := strconv.ParseBool(value)
		f.SetBool(yes)
		return err
	default:
		n, err := strconv.ParseInt(value, 10, 64)
		f.SetInt(n)
		return err
	}
	return nil
}

// word writes a word so that split finds it again.
func word(s string) string {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == '"' || c == '#' {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// split cuts a line into words; a word may be quoted as in Go, also behind
// "Name=".
func split(line string) (words []string, err error) {
	for line = strings.TrimLeft(line, " \t"); line != ""; line = strings.TrimLeft(line, " \t") {
		var w string
		at := strings.IndexAny(line, " \t\"")
		if at < 0 {
			at = len(line)
		}
		w, line = line[:at], line[at:]
		if strings.HasPrefix(line, `"`) {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("a quoted word does not end: %.40s", line)
			}
			s, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, err
			}
			w, line = w+s, line[len(quoted):]
		}
		words = append(words, w)
	}
	return words, nil
}
