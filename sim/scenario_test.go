package sim

import (
	"bytes"
	"strings"
	"testing"
)

// TestPlan_Text: a plan that was written and read is the same plan and gives
// the same run, with and without a script.
func TestPlan_Text(t *testing.T) {
	for _, seed := range []uint64{2, 3, 7, 19} {
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
	for _, seed := range []uint64{2, 3, 7, 19} {
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
		if n := a.Counters["events acknowledged"]; n < first.Counters["events acknowledged"]/2 {
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
		{"fault lightning At=1s", "no fault is called"},
		{"fault power At=1s Cut=most", "no mode of a power cut"},
		{"fault power At=1s", "no mode of a power cut"},
		{"fault power Color=red", "not Name=value of Fault"},
		{`request 0 1ms PING "x`, "does not end"},
		{"request x 1ms PING", "number of its client"},
		{"request 0 soon PING", "a time"},
		{"request 99 1ms PING", "client 99"},
	} {
		_, err := ParsePlan([]byte(good + c.line + "\n"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected an error with %q", c.line, err, c.want)
		}
	}
}
