package timeline

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"

	"sierradb/sim"
)

// The parts of the page. The script runs in the order of the files.
var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/model.js
	modelJS string
	//go:embed page/draw.js
	drawJS string
	//go:embed page/panel.js
	panelJS string
	//go:embed page/main.js
	mainJS string
)

// HTML writes the page of a run. It holds all it needs and asks nothing of a
// network.
func HTML(w io.Writer, r *Run) error {
	data, err := json.Marshal(pageOf(r)) // escapes <, > and &
	if err != nil {
		return fmt.Errorf("timeline: encode the run: %w", err)
	}
	page := strings.NewReplacer(
		"{{title}}", fmt.Sprintf("seed %d", r.Plan.Seed),
		"{{style}}", pageCSS,
		"{{data}}", string(data),
		"{{script}}", modelJS+drawJS+panelJS+mainJS,
	)
	_, err = page.WriteString(w, pageHTML)
	return err
}

// page is a run as the script reads it. Times are nanoseconds of virtual time.
type page struct {
	Seed    string   `json:"seed"` // JavaScript has no whole numbers of 64 bits
	Mode    string   `json:"mode"`
	Hash    string   `json:"hash"`
	Virtual int64    `json:"virtual"`
	Replay  string   `json:"replay"`
	Verdict *verdict `json:"verdict"` // null: the run is clean
	Size    string   `json:"size"`
	Knobs   []knob   `json:"knobs"` // that differ from the usual
	Faults  []string `json:"faults"`
	Story   []string `json:"story"` // what the plan says to people
	Lanes   []lane   `json:"lanes"`
	Words   []string `json:"words"` // that the moments name by number
	// Moments are rows: at, length, lane, kind, outcome, open, text, lane of the
	// sender or -1, age of the message, index, details (name, value, ...), tags.
	// Lanes are numbers in Lanes; kind, outcome, names and tags in Words.
	Moments [][]any `json:"moments"`
}

type verdict struct {
	Property string `json:"property"`
	Text     string `json:"text"`
	Meaning  string `json:"meaning"`
	At       int64  `json:"at"`
}

type lane struct {
	Name string `json:"name"`
	Role string `json:"role"`
	N    int    `json:"n"`
}

func pageOf(r *Run) *page {
	moments := r.moments()
	k := &r.Plan.Knobs
	p := &page{Seed: fmt.Sprint(r.Plan.Seed), Mode: r.Plan.Mode, Hash: fmt.Sprintf("%016x", r.Result.Hash),
		Virtual: int64(r.Result.Virtual), Replay: r.Replay, Knobs: unusual(k), Faults: []string{}, Story: append([]string{}, r.Plan.Story...), Moments: [][]any{},
		Size: fmt.Sprintf("%d buckets, %d partitions, segments of %d bytes, %d clients with %d requests each, at most %d in flight on a connection",
			k.Buckets, k.Partitions, k.SegmentSize, k.Clients, k.Ops, k.Depth)}
	for i := range r.Plan.Faults {
		p.Faults = append(p.Faults, r.Plan.Faults[i].String())
	}
	lanes := p.drawLanes(moments)
	words := make(map[string]int)
	word := func(s string) int {
		n, ok := words[s]
		if !ok {
			n = len(p.Words)
			words[s] = n
			p.Words = append(p.Words, s)
		}
		return n
	}
	for _, m := range moments {
		details, tags := []any{}, []int{}
		for _, d := range m.Details {
			details = append(details, word(d.Name), d.Value)
		}
		for _, tag := range m.Tags {
			tags = append(tags, word(tag))
		}
		open, from := 0, -1
		if m.Open {
			open = 1
		}
		if m.From.Role != "" {
			from = lanes[m.From]
		}
		age := int64(0)
		if from >= 0 {
			age = int64(m.At - m.Sent)
		}
		p.Moments = append(p.Moments, []any{int64(m.At), int64(m.End - m.At), lanes[m.Lane], word(string(m.Kind)),
			word(m.Outcome), open, m.Text, from, age, m.Index, details, tags})
		if m.Kind == sim.ViolationMoment {
			v := r.Result.Violation
			p.Verdict = &verdict{Property: v.Property, Text: v.Text, Meaning: Meaning(v.Property), At: int64(m.At)}
		}
	}
	return p
}

// drawLanes puts the lanes that moments name into the order in which a request
// passes them, and returns where each stands.
func (p *page) drawLanes(moments []*sim.Moment) map[sim.Lane]int {
	at := make(map[sim.Lane]int)
	var lanes []sim.Lane
	for _, m := range moments {
		for _, l := range []sim.Lane{m.Lane, m.From} {
			if _, known := at[l]; !known && l.Role != "" {
				at[l] = 0
				lanes = append(lanes, l)
			}
		}
	}
	// Client and session of one number stand together, so do bucket and disk.
	order := func(l sim.Lane) (int, int, int) {
		switch l.Role {
		case sim.LaneWorld:
			return 0, 0, 0
		case sim.LaneNode:
			return 1, 0, 0
		case sim.LaneClient:
			return 2, l.N, 0
		case sim.LaneSession:
			return 2, l.N, 1
		case sim.LaneBucket:
			return 3, l.N, 0
		}
		if l.N < 0 {
			return 4, 0, 0
		}
		return 3, l.N, 1
	}
	sort.Slice(lanes, func(i, j int) bool {
		a1, a2, a3 := order(lanes[i])
		b1, b2, b3 := order(lanes[j])
		if a1 != b1 {
			return a1 < b1
		}
		if a2 != b2 {
			return a2 < b2
		}
		return a3 < b3
	})
	for i, l := range lanes {
		at[l] = i
		p.Lanes = append(p.Lanes, lane{l.String(), string(l.Role), l.N})
	}
	return at
}
