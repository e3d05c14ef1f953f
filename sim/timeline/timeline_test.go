package timeline

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sierradb/core/actor"
	"sierradb/sim"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// recorded runs a seed and keeps its moments.
func recorded(t *testing.T, seed uint64) *Run {
	t.Helper()
	genuine := rand.Reader
	t.Cleanup(func() { rand.Reader = genuine })
	r := &Run{Plan: sim.NewPlan(seed), Replay: "simrun --seed <again>"}
	r.Result = sim.Run(r.Plan, sim.Options{Entropy: func(s *actor.Rand) { rand.Reader = s },
		Moments: func(m *sim.Moment) { r.Moments = append(r.Moments, m) }})
	if r.Result.Violation != nil {
		t.Fatalf("seed %d: %v", seed, r.Result.Violation)
	}
	return r
}

// data is what a page hands to its script.
func data(t *testing.T, html string) *page {
	t.Helper()
	_, rest, found := strings.Cut(html, `<script type="application/json" id="data">`)
	text, _, ended := strings.Cut(rest, "</script>")
	if !found || !ended {
		t.Fatal("the page holds no data")
	}
	p := new(page)
	if err := json.Unmarshal([]byte(text), p); err != nil {
		t.Fatalf("the data of the page: %v", err)
	}
	return p
}

func write(t *testing.T, r *Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// outside is whatever makes a browser ask a network or another file.
var outside = regexp.MustCompile(`(?i)https?:|\bsrc=|<link|@import|url\(|\bfetch\(|\bimport\b[ (]|XMLHttpRequest|WebSocket`)

func TestHTML_NeedsNothingElse(t *testing.T) {
	for _, part := range []string{pageHTML, pageCSS, modelJS, drawJS, panelJS, mainJS} {
		if m := outside.FindString(part); m != "" {
			t.Errorf("the page asks for something outside: %q", m)
		}
	}
	html := write(t, recorded(t, 12))
	if m := regexp.MustCompile(`(?i)https?:`).FindString(html); m != "" {
		t.Errorf("the page of a run holds %q", m)
	}
	if strings.Contains(html, "{{") {
		t.Error("a part of the page was not filled in")
	}
}

// TestHTML_Data: the page shows each moment once, in order, and each request as
// one bar.
func TestHTML_Data(t *testing.T) {
	r := recorded(t, 12)
	p := data(t, write(t, r))
	if len(p.Moments) != len(r.Moments) || p.Verdict != nil || p.Replay != r.Replay || len(p.Faults) != len(r.Plan.Faults) {
		t.Fatalf("%d moments of %d, verdict %v, replay %q, %d faults", len(p.Moments), len(r.Moments), p.Verdict, p.Replay, len(p.Faults))
	}
	requests := map[string]int{}
	last := 0.0
	for i, row := range p.Moments {
		if len(row) != 12 {
			t.Fatalf("row %d has %d columns", i, len(row))
		}
		at, lane, kind := row[0].(float64), int(row[2].(float64)), p.Words[int(row[3].(float64))]
		if at < last || lane >= len(p.Lanes) || p.Lanes[lane].Name != r.Moments[i].Lane.String() || kind != string(r.Moments[i].Kind) || row[6] != r.Moments[i].Text {
			t.Fatalf("row %d is %.300v, expected %.300v", i, row, *r.Moments[i])
		}
		last = at
		if kind == string(sim.RequestMoment) {
			requests[p.Words[int(row[11].([]any)[0].(float64))]]++
		}
	}
	if uint64(len(requests)) != r.Result.Counters["requests"] {
		t.Errorf("%d requests on the page, the run counted %d", len(requests), r.Result.Counters["requests"])
	}
	for name, n := range requests {
		if n != 1 {
			t.Errorf("request %s has %d bars", name, n)
		}
	}
}

// TestHTML_Hostile: nothing that a run holds can end the script that holds it.
func TestHTML_Hostile(t *testing.T) {
	r := short()
	r.Moments[0].Text = "</script><script>alert(1)</script> {{style}}"
	html := write(t, r)
	if strings.Contains(html, "alert(1)</script>") {
		t.Error("text of the run is part of the page's own code")
	}
	if p := data(t, html); p.Moments[0][6] != r.Moments[0].Text {
		t.Errorf("the text came out as %q", p.Moments[0][6])
	}
}

// short is a run made by hand: an append is acknowledged, the power goes, and
// the entry is not there any more.
func short() *Run {
	const ms = actor.Millisecond
	world, node := sim.Lane{Role: sim.LaneWorld}, sim.Lane{Role: sim.LaneNode}
	bucket, disk := sim.Lane{Role: sim.LaneBucket}, sim.Lane{Role: sim.LaneDisk}
	client, session := sim.Lane{Role: sim.LaneClient}, sim.Lane{Role: sim.LaneSession}
	plan := &sim.Plan{Seed: 7, Mode: "swarm", Faults: []sim.Fault{{Kind: sim.Power, At: 5 * ms, Cut: "loses-all"}}}
	plan.Knobs.Buckets, plan.Knobs.Partitions, plan.Knobs.Timeout = 1, 1, 300*ms
	fault := []string{"fault 0"}
	ofAppend := []string{"c0/0", "append #0", "bucket 0 entry 2"}
	moments := []*sim.Moment{
		{At: 0, End: 5 * ms, Lane: node, Kind: sim.LifeMoment, Text: "life 1 of the process", Tags: []string{"life 1"}},
		{At: 0, End: ms, Lane: bucket, Kind: sim.StateMoment, Text: "recovers; 0 entries were visible before", Outcome: sim.MomentRecovers},
		{At: 0, End: 0, Lane: disk, Kind: sim.FileMoment, Text: "open buckets/00000/0000000001.seg"},
		{At: 0, End: 0, Lane: disk, Kind: sim.FileMoment, Text: "read buckets/00000/0000000001.seg [0,+4096)"},
		{At: ms, End: ms, Lane: bucket, Kind: sim.EntryMoment, Index: 1, Text: "entry 1 becomes visible: no data", Tags: []string{"bucket 0 entry 1"}},
		{At: ms, End: 5 * ms, Lane: bucket, Kind: sim.StateMoment, Text: "serves", Outcome: sim.MomentServes},
		{At: 2 * ms, End: 4 * ms, Lane: client, Kind: sim.RequestMoment, Text: "c0/0 EAPPEND s0 e0.0 -> OK, sequence 0", Outcome: sim.MomentDone,
			Details: []sim.Detail{{Name: "goes to", Value: "partition 0 in bucket 0"}}, Tags: ofAppend},
		{At: 2 * ms, End: 2 * ms, Lane: bucket, Kind: sim.MessageMoment, Text: "please append", From: session, Sent: 2*ms - 1, Tags: ofAppend[:2]},
		{At: 2 * ms, End: 3 * ms, Lane: disk, Kind: sim.BarrierMoment, Text: "sync of replica-0", Outcome: sim.MomentDone},
		{At: 3 * ms, End: 3 * ms, Lane: bucket, Kind: sim.EntryMoment, Index: 2, Text: "entry 2 becomes visible: s0@0=e0.0", Tags: ofAppend[1:]},
		{At: 4 * ms, End: 4 * ms, Lane: client, Kind: sim.RequestMoment, Text: "c0/1 PING -> +PONG", Outcome: sim.MomentDone, Tags: []string{"c0/1"}},
		{At: 4 * ms, End: 5 * ms, Lane: client, Kind: sim.RequestMoment, Text: "c0/2 EAPPEND s0 e1.0 -> no reply: the connection is lost", Outcome: sim.MomentUnknown,
			Details: []sim.Detail{{Name: "goes to", Value: "partition 0 in bucket 0"}}, Tags: []string{"c0/2", "append #1"}},
		{At: 4 * ms, End: 5 * ms, Lane: client, Kind: sim.RequestMoment, Text: "c0/3 EAPPEND s0 e2.0 -> no reply: the connection is lost", Outcome: sim.MomentUnknown,
			Details: []sim.Detail{{Name: "goes to", Value: "partition 0 in bucket 0"}}, Tags: []string{"c0/3", "append #2"}},
		{At: 4 * ms, End: 5 * ms, Lane: disk, Kind: sim.BarrierMoment, Text: "sync of replica-0: the process dies before it is done", Outcome: sim.MomentLost},
		{At: 5 * ms, End: 5 * ms, Lane: world, Kind: sim.FaultMoment, Text: "power is lost", Tags: fault,
			Details: []sim.Detail{{Name: "of the plan", Value: "fault 0: " + plan.Faults[0].String()}}},
		{At: 6 * ms, End: 7 * ms, Open: true, Lane: node, Kind: sim.LifeMoment, Text: "life 2 of the process", Tags: []string{"life 2"}},
		{At: 6 * ms, End: 6 * ms, Lane: bucket, Kind: sim.StateMoment, Text: "recovers; 2 entries were visible before", Outcome: sim.MomentRecovers},
		{At: 6 * ms, End: 6 * ms, Lane: disk, Kind: sim.FileMoment, Text: "truncate buckets/00000/0000000001.seg to 104",
			Details: []sim.Detail{{Name: "during", Value: "recovery"}}},
		{At: 6 * ms, End: 6 * ms, Lane: bucket, Kind: sim.AgainMoment, Index: 1, Text: "entry 1 is visible again: no data", Tags: []string{"bucket 0 entry 1"}},
		{At: 7 * ms, End: 7 * ms, Lane: bucket, Kind: sim.EntryMoment, Index: 2, Text: "entry 2 is visible again and breaks D3 immutable: no data", Tags: []string{"bucket 0 entry 2"}},
	}
	v := &sim.Violation{Property: "D3 immutable", Text: "bucket 0 entry 2 was visible with s0@0=e0.0, and comes back with no data", At: 7 * ms}
	moments = append(moments, &sim.Moment{At: v.At, End: v.At, Lane: world, Kind: sim.ViolationMoment, Text: v.Property + ": " + v.Text, Tags: sim.TagsIn(v.Text)})
	return &Run{Plan: plan, Result: &sim.Result{Seed: 7, Virtual: 7 * ms, Violation: v}, Moments: moments}
}

// TestText_Golden: the text form of the hand-made run, whole and cut.
func TestText_Golden(t *testing.T) {
	for name, last := range map[string]int{"whole.txt": 0, "last.txt": 6} {
		var b bytes.Buffer
		if err := Text(&b, short(), last); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != string(want) {
			t.Errorf("%s: got\n%s\nexpected\n%s", name, got, want)
		}
	}
}

// TestText_CountsAll: what a line does not show is counted in one.
func TestText_CountsAll(t *testing.T) {
	r := recorded(t, 12)
	table := newTable(r)
	if len(table.lines) < 50 {
		t.Fatalf("only %d lines", len(table.lines))
	}
	folded := table.folded
	for i, l := range table.lines {
		folded += l.folded
		if i > 0 && l.at < table.lines[i-1].at {
			t.Errorf("line %d goes back in time: %s", i, l.text)
		}
	}
	if folded < len(r.Moments)/2 || folded > len(r.Moments) {
		t.Errorf("%d of %d moments are folded", folded, len(r.Moments))
	}
}

// TestRun_LateViolation: a check that looks at the whole run finds no moment of
// its own.
func TestRun_LateViolation(t *testing.T) {
	r := short()
	r.Moments = r.Moments[:len(r.Moments)-1]
	r.Result.Violation = &sim.Violation{Property: "D4 linearizable", Text: "no order of the 2 operations on partition 0 explains their answers"}
	before := len(r.Moments)
	p := data(t, write(t, r))
	if p.Verdict == nil || p.Verdict.At != int64(r.Result.Virtual) || p.Verdict.Meaning == "" || len(p.Moments) != before+1 || len(r.Moments) != before {
		t.Errorf("verdict %+v, %d moments of %d", p.Verdict, len(p.Moments), before)
	}
	var b bytes.Buffer
	if err := Text(&b, r, 0); err != nil || !strings.HasSuffix(b.String(), "explains their answers\n") {
		t.Errorf("%v: the violation is not last in\n%s", err, b.String())
	}
}

// TestRelated: from an entry to its append, its requests, and no further.
func TestRelated(t *testing.T) {
	r := short()
	tags := related(r.Moments, r.violation())
	for _, want := range []string{"bucket 0 entry 2", "append #0", "c0/0"} {
		if !tags[want] {
			t.Errorf("%s does not belong to the violation: %v", want, tags)
		}
	}
	for _, other := range []string{"c0/1", "c0/2", "append #1", "bucket 0 entry 1", "fault 0"} {
		if tags[other] {
			t.Errorf("%s belongs to the violation: %v", other, tags)
		}
	}
}

// TestMeaning_OfAll: whatever property breaks, a stranger is told what it means.
func TestMeaning_OfAll(t *testing.T) {
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`violated\("([^"]+)"`)
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			seen[m[1]] = true
			if Meaning(m[1]) == "" {
				t.Errorf("%s breaks %q, which sim.Properties does not explain", file, m[1])
			}
		}
	}
	if len(seen) < 25 {
		t.Errorf("found %d properties: this test does not see them", len(seen))
	}
	if Meaning("Z9") != "" {
		t.Error("a property that nobody knows has a meaning")
	}
}

func TestUnusual(t *testing.T) {
	fields := reflect.TypeOf(sim.Knobs{})
	for name, m := range knobMeanings {
		f, ok := fields.FieldByName(name)
		if !ok || f.Type != reflect.TypeOf(m.usual) {
			t.Errorf("knob %s: usual is a %T, the plan has %v", name, m.usual, f.Type)
		}
	}
	k := sim.NewPlan(1).Knobs
	k.Timeout, k.Count = 300*actor.Millisecond, 100
	list := unusual(&k)
	if !slices.ContainsFunc(list, func(n knob) bool { return n.Name == "Timeout" && n.Value == "300.000 ms" }) ||
		slices.ContainsFunc(list, func(n knob) bool { return n.Name == "Count" }) {
		t.Errorf("unusual: %v", list)
	}
}
