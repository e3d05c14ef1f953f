package timeline

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"sierradb/core/actor"
	"sierradb/sim"
)

// textMax is how long an event of the text form may be, in bytes.
const textMax = 260

// earlierMax is how many lines from before the last part are shown because the
// violation speaks of them, or because they say what struck since.
const earlierMax = 30

// Text writes the last lines of a timeline, or all of it when last is 0: the
// time in milliseconds, how many moments were folded since the line before, the
// state of the node and of each bucket with its last visible entry, and what
// happened. When a property is broken, earlier lines about what the violation
// names come first, with the faults, deaths and starts after them.
func Text(w io.Writer, r *Run, last int) error {
	t := newTable(r)
	var b strings.Builder
	fmt.Fprintln(&b, "node: + up, # down. bucket: # down, r recovers, / serves, x halted, ! damaged; then its last visible entry.")
	fmt.Fprintln(&b, "-> request, <- reply, ** fault of the plan, -- the world, == entry that becomes visible, !! violation; +n: so many moments of little weight since the line above.")
	fmt.Fprintln(&b, "c1/7: request 7 of client 1. s0@5=e48.1: event 1 of append #48 at version 5 of stream s0.")
	fmt.Fprintf(&b, "%12s %6s node %s event\n", "t(ms)", "", t.heads())
	cut := 0
	if last > 0 {
		cut = max(0, len(t.lines)-last)
	}
	var earlier []int
	for i := range cut {
		if l := &t.lines[i]; l.near || l.frame && len(earlier) > 0 {
			earlier = append(earlier, i)
		}
	}
	earlier = earlier[max(0, len(earlier)-earlierMax):]
	before, folded := -1, 0
	show := func(i int) {
		l := &t.lines[i]
		for j := before + 1; j < i; j++ {
			folded += 1 + t.lines[j].folded
		}
		t.print(&b, l, folded+l.folded)
		before, folded = i, 0
	}
	for _, i := range earlier {
		show(i)
	}
	for i := cut; i < len(t.lines); i++ {
		show(i)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line is one line of the text form.
type line struct {
	at     actor.Instant
	folded int // moments since the line before
	node   byte
	bucket []string
	text   string
	near   bool // it is about what the violation names
	frame  bool // a fault, or the end or the beginning of a life
}

// table is the text form in the making: a walk over the beginnings and ends of
// all moments that keeps the states.
type table struct {
	lines  []line
	folded int
	node   byte
	states []byte
	last   []uint64 // by bucket: the last visible entry of this life
	again  []span   // by bucket: entries that came back since the last line
	names  map[string]bool
	about  map[int]bool // buckets whose entries the violation names
}

type span struct{ from, to uint64 }

// edge is the beginning or the end of a moment.
type edge struct {
	at  actor.Instant
	end bool
	m   *sim.Moment
}

func newTable(r *Run) *table {
	moments := r.moments()
	n := r.Plan.Knobs.Buckets
	t := &table{node: '#', states: []byte(strings.Repeat("#", n)), last: make([]uint64, n), again: make([]span, n), about: make(map[int]bool)}
	if at := slices.IndexFunc(moments, func(m *sim.Moment) bool { return m.Kind == sim.ViolationMoment }); at >= 0 {
		v := moments[at]
		t.names = related(moments, v)
		for _, tag := range v.Tags {
			t.names[tag] = t.names[tag] || !weak(tag)
		}
		for tag := range t.names { //det:ok fills a set
			var bucket int
			if n, _ := fmt.Sscanf(tag, "bucket %d", &bucket); n == 1 {
				t.about[bucket] = true
			}
		}
	}
	var edges []edge
	for _, m := range moments {
		edges = append(edges, edge{m.At, false, m})
		if m.End > m.At && !m.Open || m.Kind == sim.RequestMoment && m.Outcome != sim.MomentPending || (m.Kind == sim.BarrierMoment || m.Kind == sim.LifeMoment) && !m.Open {
			edges = append(edges, edge{m.End, true, m})
		}
	}
	sort.SliceStable(edges, func(i, j int) bool {
		a, b := &edges[i], &edges[j]
		if a.at != b.at {
			return a.at < b.at
		}
		return rank(a) < rank(b)
	})
	for i := range edges {
		t.take(&edges[i])
	}
	return t
}

// rank orders what happens at one time so that a cause stands above what it
// does: answers, then what begins, the end of the process, what struck it, what
// was lost by that, and the violation last.
func rank(e *edge) int {
	switch m := e.m; {
	case m.Kind == sim.ViolationMoment:
		return 5
	case e.end && m.Kind == sim.LifeMoment:
		return 2
	case !e.end && (m.Kind == sim.FaultMoment || m.Kind == sim.DeathMoment || m.Kind == sim.NoteMoment):
		return 3
	case e.end && (lost(m) || m.Kind == sim.BarrierMoment && m.Outcome != sim.MomentDone):
		return 4
	case e.end && m.End > m.At:
		return 0
	}
	return 1
}

// lost says whether a request lost its connection.
func lost(m *sim.Moment) bool {
	return m.Kind == sim.RequestMoment && strings.HasSuffix(m.Text, noReply)
}

// noReply is how the text of such a request ends.
const noReply = "no reply: the connection is lost"

// take moves the states on and adds a line when the edge deserves one.
func (t *table) take(e *edge) {
	m := e.m
	text := ""
	switch m.Kind {
	case sim.LifeMoment:
		text = t.life(e)
	case sim.StateMoment:
		text = t.state(e)
	case sim.EntryMoment:
		t.flush(e.at)
		t.last[m.Lane.N] = m.Index
		text = fmt.Sprintf("== bucket %d %s", m.Lane.N, m.Text)
	case sim.AgainMoment:
		t.last[m.Lane.N] = m.Index
		if s := &t.again[m.Lane.N]; s.from == 0 {
			*s = span{m.Index, m.Index}
		} else {
			s.to = m.Index
		}
		return
	case sim.FaultMoment:
		text = faultText(e)
	case sim.DeathMoment, sim.NoteMoment:
		text = "-- " + m.Text
	case sim.ViolationMoment:
		text = "!! " + m.Text
	case sim.RequestMoment:
		text = t.request(e)
	case sim.BarrierMoment:
		if e.end && (m.Outcome == sim.MomentFailed || m.Outcome == sim.MomentLost) || !e.end && slices.ContainsFunc(m.Tags, isFault) && m.Outcome != sim.MomentFailed {
			text = "-- " + m.Text
		} else if e.end && slices.ContainsFunc(m.Tags, isFault) {
			text = "-- " + m.Text + " is done after all"
		}
	case sim.FileMoment:
		if m.Outcome != "" {
			text = "-- " + m.Text
			if m.Outcome == sim.MomentDied {
				text += " (the process dies at it)"
			}
		} else if t.about[m.Lane.N] && has(m, "during") && changes(m.Text) {
			text = "-- recovery: " + m.Text
		}
	}
	if text == "" {
		if !e.end {
			t.folded++
		}
		return
	}
	t.flush(e.at)
	t.push(e.at, text, t.names != nil && shares(m, t.names))
	t.lines[len(t.lines)-1].frame = m.Kind == sim.FaultMoment || m.Kind == sim.DeathMoment || m.Kind == sim.LifeMoment
}

// changes says whether a file operation changes what is on the disk.
func changes(op string) bool {
	verb, _, _ := strings.Cut(op, " ")
	return slices.Contains([]string{"write", "truncate", "preallocate", "rename", "remove"}, verb)
}

func isFault(tag string) bool { return strings.HasPrefix(tag, "fault ") }

func (t *table) life(e *edge) string {
	if e.end {
		t.node = '#'
		for b := range t.states {
			t.states[b] = '#'
		}
		return ""
	}
	t.node = '+'
	return "-- the process boots: " + e.m.Tags[0]
}

func (t *table) state(e *edge) string {
	b := e.m.Lane.N
	if e.end {
		return "" // another state follows, or the life ends
	}
	switch e.m.Outcome {
	case sim.MomentRecovers:
		t.states[b], t.last[b] = 'r', 0
	case sim.MomentServes:
		t.states[b] = '/'
	case sim.MomentHalted:
		t.states[b] = 'x'
	case sim.MomentDamaged:
		t.states[b] = '!'
	}
	return "" // what the world and the entries tell says the same
}

func faultText(e *edge) string {
	name, plan := "a fault of the last phase", ""
	if len(e.m.Tags) > 0 {
		name = e.m.Tags[0]
	}
	if e.end {
		return "** " + name + " is over"
	}
	if len(e.m.Details) > 0 && !strings.HasSuffix(e.m.Details[0].Value, e.m.Text) {
		_, what, _ := strings.Cut(e.m.Details[0].Value, ": ")
		plan = " (" + what + ")"
	}
	return fmt.Sprintf("** %s%s: %s", name, plan, e.m.Text)
}

// request gives an append two lines, and other requests the one of their reply:
// those that touch no bucket only when they fail, and when a property is broken
// only those that it is about.
func (t *table) request(e *edge) string {
	m := e.m
	asked, reply, _ := strings.Cut(m.Text, " -> ")
	write, read := has(m, "goes to"), has(m, "reads")
	switch {
	case !e.end && write:
		return "-> " + brief(asked)
	case !e.end || !write && !read && m.Outcome == sim.MomentDone:
		return ""
	case !write && t.names != nil && !shares(m, t.names):
		return ""
	case write:
		asked, _, _ = strings.Cut(asked, " ")
	}
	if lost(m) {
		return fmt.Sprintf("<- %s: %s", brief(asked), noReply)
	}
	return fmt.Sprintf("<- %s: %s (%s ms)", brief(asked), reply, millis(m.End-m.At))
}

// requestMax is how much of a request a line shows, in bytes: its arguments are
// long and say little.
const requestMax = 120

func brief(request string) string {
	if len(request) <= requestMax {
		return request
	}
	return strings.ToValidUTF8(request[:requestMax], "") + "..."
}

// flush adds lines for what came back since the last one.
func (t *table) flush(at actor.Instant) {
	for b := range t.again {
		s := t.again[b]
		if s.from == 0 {
			continue
		}
		t.again[b] = span{}
		what := fmt.Sprintf("entry %d", s.from)
		if s.to > s.from {
			what = fmt.Sprintf("entries %d to %d", s.from, s.to)
		}
		t.push(at, fmt.Sprintf("   bucket %d shows %s again", b, what), false)
	}
}

// push adds a line with the states as they are now.
func (t *table) push(at actor.Instant, text string, near bool) {
	// Requests that are lost together share a line.
	if n := len(t.lines) - 1; n >= 0 && t.lines[n].at == at && strings.HasSuffix(text, noReply) && strings.HasSuffix(t.lines[n].text, noReply) {
		name, _, _ := strings.Cut(strings.TrimPrefix(text, "<- "), ":")
		names, rest, _ := strings.Cut(t.lines[n].text, ":")
		t.lines[n].text = names + " " + name + ":" + rest
		t.lines[n].near = t.lines[n].near || near
		return
	}
	l := line{at: at, folded: t.folded, node: t.node, text: text, near: near}
	for b, state := range t.states {
		s := string(state)
		if state != '#' && state != '!' {
			s += fmt.Sprint(t.last[b])
		}
		l.bucket = append(l.bucket, s)
	}
	t.folded = 0
	t.lines = append(t.lines, l)
}

// heads are the titles of the buckets' columns.
func (t *table) heads() string {
	s := ""
	for b := range t.states {
		s += fmt.Sprintf("%-6s", fmt.Sprintf("b%d", b))
	}
	return s
}

func (t *table) print(b *strings.Builder, l *line, folded int) {
	n := ""
	if folded > 0 {
		n = fmt.Sprintf("+%d", folded)
	}
	text := l.text
	if len(text) > textMax && !strings.HasPrefix(text, "!! ") {
		text = strings.ToValidUTF8(text[:textMax], "") + "..."
	}
	fmt.Fprintf(b, "%12s %6s %c    ", millis(l.at), n, l.node)
	for _, s := range l.bucket {
		fmt.Fprintf(b, "%-6s", s)
	}
	fmt.Fprintf(b, " %s\n", text)
}
