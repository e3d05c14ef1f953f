package sim

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sierradb/core/mutate"
)

// TestPlan_Text: a plan that was written and read is the same plan and gives
// the same run, with and without a script.
func TestPlan_Text(t *testing.T) {
	for _, seed := range []uint64{2, 3, 8, 19} {
		p := NewPlan(seed)
		p.Story = []string{"A story.", "", "Its end."}
		p.Finds = []Find{{"skip-crc", "D3 immutable"}}
		p.Skip = []Skip{{0, 3}, {1, 7}}
		again := reread(t, p)
		a, b := Run(p, options(t)), Run(again, options(t))
		if a.Hash != b.Hash {
			t.Errorf("seed %d: a plan gives hash %x, its text %x", seed, a.Hash, b.Hash)
		}
		if whole := Run(NewPlan(seed), options(t)); whole.Hash == a.Hash {
			t.Errorf("seed %d: two requests less, and the same hash", seed)
		}
	}
}

// TestPlan_Scripted: a recorded run makes the same requests again and is clean
// again.
func TestPlan_Scripted(t *testing.T) {
	for _, seed := range []uint64{2, 3, 8, 19} {
		first := Run(NewPlan(seed), options(t))
		p := first.Scripted()
		again := reread(t, p)
		a, b := Run(p, options(t)), Run(again, options(t))
		if a.Hash != b.Hash {
			t.Errorf("seed %d: a script gives hash %x, its text %x", seed, a.Hash, b.Hash)
		}
		if a.Violation != nil {
			t.Errorf("seed %d: %v", seed, a.Violation)
		}
		// Appends that rest on replies to earlier ones fail where the script's time
		// differs a little.
		if n := a.Counters["events acknowledged"]; n < first.Counters["events acknowledged"]/3 {
			t.Errorf("seed %d: %d events were acknowledged to a script, %d in the run that it records", seed, n, first.Counters["events acknowledged"])
		}
		if len(p.Script) < 100 {
			t.Errorf("seed %d: a script of %d requests", seed, len(p.Script))
		}
	}
}

func reread(t *testing.T, p *Plan) *Plan {
	t.Helper()
	text := p.Text()
	again, err := ParsePlan(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if !bytes.Equal(again.Text(), text) {
		t.Fatalf("a plan changes on its way through text:\n%s\n%s", text, again.Text())
	}
	return again
}

func TestParsePlan_Refuses(t *testing.T) {
	good := string(NewPlan(5).Text())
	if _, err := ParsePlan([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"speed 3", "begins with"},
		{"seed x", "invalid syntax"},
		{"skip 1", "needs 2 words"},
		{"skip a b", "expected integer"},
		{"knob Colour=red", "not Name=value of Knobs"},
		{"knob Depth=many", "Depth"},
		{"knob Depth=0", "at least 1"},
		{"knob Think=3", "missing unit"},
		{"mode wild", "mode is"},
		{"fault lightning At=1s", "no fault is called that"},
		{"fault power At=1s Cut=most", "no mode of a power cut"},
		{"fault power At=1s", "no mode of a power cut"},
		{"fault power Color=red", "not Name=value of Fault"},
		{"scripted\nrequest 0 1ms PING \"x", "does not end"},
		{"scripted\nrequest x 1ms PING", "number of its client"},
		{"scripted\nrequest 0 soon PING", "a time"},
		{"request 0 1ms PING", "behind the line"},
		{"scripted\nrequest 99 1ms PING", "client 99"},
		{"scripted\nrequest 0 31s PING", "its time"},
		{"scripted\nrequest 0 1ms NOSUCH", "no such command"},
		{"scripted\nrequest 0 1ms as=NOSUCH PING", "no workload"},
		{"scripted\nrequest 0 1ms EAPPEND", "needs 3 words"},
		{"scripted\nrequest 0 1ms EAPPEND s", "needs 3 words"},
		{"scripted\nrequest 0 1ms EAPPEND s OrderPlaced", "event names are"},
		{"scripted\nrequest 0 1ms EAPPEND s e-1.0", "event names are"},
		{"scripted\nrequest 0 1ms EAPPEND s e99999999.0", "event names are"},
		{"scripted\nrequest 0 1ms EAPPEND s e0.0 PAYLOAD", "has no value"},
		{"scripted\nrequest 0 1ms EAPPEND s e0.0 EXPECTED_VERSION banana", "EXPECTED_VERSION"},
		{"scripted\nrequest 0 1ms EMAPPEND 8a4d41b7-84e8-5f0d-aca5-4ce2b8ca45f4", "needs 4 words"},
		{"scripted\nrequest 0 1ms EGET", "needs 2 words"},
		{"scripted\nrequest 0 1ms ESCAN s -", "needs 4 words"},
		{"scripted\nrequest 0 1ms ESVER", "needs 2 words"},
		{"scripted\nrequest 0 1ms EPSCAN 0", "needs 4 words"},
		{"scripted\nrequest 0 1ms EPSEQ 77", "out of range"},
		{"scripted\nrequest 0 1ms EPSEQ -1", "out of range"},
		{"scripted\nrequest 0 1ms EPSEQ nobody", "neither a partition nor a key"},
		{"fault conn-cut At=1ms Arg=-1", "Arg must not be negative"},
		{"fault op-kill Life=1 Op=3 Where=sideways", "Where is"},
		{"fault pause At=1ms For=100000h", "too long"},
		{"knob Sector=7", "Sector is"},
		{"knob SegmentSize=1", "SegmentSize"},
		{"knob Chunk=-3", "Chunk must not"},
		{"skip -1 3", "count from 0"},
		{"finds nosuch \"D4 once\"", "no planted bug"},
	} {
		_, err := ParsePlan([]byte(good + c.line + "\n"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected an error with %q", c.line, err, c.want)
		}
	}
}

// TestScenarios runs the plans in scenarios: each shows one bug that was, or
// could have been, in this code. All are clean now; with the build tag mutants
// the planted bugs that a plan names must be found by it.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("scenarios/*.plan")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	defer mutate.Set("")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePlan(text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if len(p.Story) < 3 || len(p.Finds) == 0 {
			t.Errorf("%s has no story, or names no planted bug that it finds", file)
		}
		mutate.Set("")
		if r := Run(p, options(t)); r.Violation != nil {
			t.Errorf("%s: %v\nreplay: go run ./cmd/simrun --plan sim/%s", file, r.Violation, file)
		}
		for _, f := range p.Finds {
			if mutate.Built && !finds(t, p, f) {
				t.Errorf("%s does not find %s as %s\nmake it anew: go run -tags mutants ./cmd/simrun --mutant %s --seed N --shrink FILE", file, f.Bug, f.Property, f.Bug)
			}
		}
	}
}

// finds says whether a plan shows a planted bug, with a few seeds for what is
// left to chance: where its operations fall changes with the code.
func finds(t *testing.T, p *Plan, f Find) bool {
	if !mutate.Set(mutate.Bug(f.Bug)) {
		t.Errorf("no planted bug is called %q", f.Bug)
	}
	for n := range uint64(8) {
		again := p.clone()
		again.Seed += n * 1_000_003
		if r := Run(again, options(t)); r.Violation != nil && r.Violation.Property == f.Property {
			return true
		}
	}
	return false
}
