package sim

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
)

// intentsMax bounds the numbers in the names of scripted events.
const intentsMax = 100_000

// check says what is wrong with a plan that somebody wrote.
func (p *Plan) check() error {
	k := &p.Knobs
	switch {
	case p.Mode != "all" && p.Mode != "swarm" && p.Mode != "calm":
		return fmt.Errorf("mode is all, swarm or calm, not %q", p.Mode)
	case k.Buckets < 1 || k.Partitions < k.Buckets || k.Clients < 1 || k.Depth < 1 || k.Streams < 1 || k.Keys < 1:
		return fmt.Errorf("the knobs Buckets, Partitions, Clients, Depth, Streams and Keys must be at least 1, Partitions not below Buckets")
	case k.SyncMax < k.SyncMin:
		return fmt.Errorf("the knob SyncMax must not be below SyncMin")
	case k.Sector != 512 && k.Sector != 4096:
		return fmt.Errorf("the knob Sector is 512 or 4096, not %d", k.Sector)
	case k.SegmentSize < 4096:
		return fmt.Errorf("the knob SegmentSize must be at least 4096, got %d", k.SegmentSize)
	case p.Script == nil && len(k.Weights) != len(workloads):
		return fmt.Errorf("the knob Weights needs %d numbers, one for each command, got %d", len(workloads), len(k.Weights))
	}
	if name := negative(k); name != "" {
		return fmt.Errorf("the knob %s must not be negative", name)
	}
	for i := range p.Faults {
		if err := p.Faults[i].check(); err != nil {
			return fmt.Errorf("fault %d (%s): %w", i, p.Faults[i].Kind, err)
		}
	}
	for _, s := range p.Skip {
		if s.Client < 0 || s.N < 0 {
			return fmt.Errorf("skip %d %d: both numbers count from 0", s.Client, s.N)
		}
	}
	for i := range p.Script {
		if err := p.Script[i].check(k); err != nil {
			return fmt.Errorf("request %d (%.60s): %w", i, p.Script[i].text(), err)
		}
	}
	return p.checkFinds()
}

func (p *Plan) checkFinds() error {
	for _, f := range p.Finds {
		known := false
		for _, a := range mutate.About {
			known = known || string(a.Bug) == f.Bug
		}
		if !known {
			return fmt.Errorf("finds: no planted bug is called %q", f.Bug)
		}
	}
	return nil
}

// negative names a number of a flat struct that is below zero.
func negative(of any) string {
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.CanInt() && f.Int() < 0 {
			return v.Type().Field(i).Name
		}
	}
	return ""
}

func (f *Fault) check() error {
	_, cut := cutMode(f.Cut)
	kind, known := kinds[f.Kind]
	signed := *f
	if f.Kind == Wall || f.Kind == Drift {
		signed.Arg = 0 // clocks go both ways
	}
	switch {
	case !known:
		return fmt.Errorf("no fault is called that")
	case f.Cut != "" && !cut || f.Cut == "" && kind.cuts:
		return fmt.Errorf("the cut %q is no mode of a power cut", f.Cut)
	case f.Where != "" && f.Where != "before" && f.Where != "mid" && f.Where != "after" && f.Where != "end":
		return fmt.Errorf("the place Where is before, mid, after or end, not %q", f.Where)
	case f.For > actor.Instant(1000)*span:
		return fmt.Errorf("the time For is too long")
	}
	if name := negative(&signed); name != "" {
		return fmt.Errorf("%s must not be negative", name)
	}
	return nil
}

// check says what is wrong with a request that somebody wrote. One that is
// malformed on purpose has the word bad in front of it.
func (r *Request) check(k *Knobs) error {
	switch {
	case r.Client < 0 || r.Client >= k.Clients:
		return fmt.Errorf("it is for client %d, but there are %d", r.Client, k.Clients)
	case r.At < 0 || r.At > span:
		return fmt.Errorf("its time must be 0 to %s", clock(span))
	case len(r.Args) == 0:
		return fmt.Errorf("it has no words")
	case r.Work != "" && workCalled(r.Work) == nil:
		return fmt.Errorf("as=%q is no workload", r.Work)
	case r.Bad || r.Raw || r.Work != "":
		return nil
	}
	name := strings.ToUpper(string(r.Args[0]))
	if workCalled(name) == nil {
		return fmt.Errorf("there is no such command; write bad in front of it")
	}
	if need := map[string]int{"EAPPEND": 3, "EMAPPEND": 4, "EGET": 2, "ESCAN": 4, "ESVER": 2, "EPSCAN": 4, "EPSEQ": 2, "EACK": 3, "EUNSUB": 2, "EREAD": 4, "EPREAD": 4}[name]; len(r.Args) < need {
		return fmt.Errorf("%s needs %d words; write bad in front of it if that is wanted", name, need)
	}
	switch name {
	case "EAPPEND":
		return checkAppend(r.Args[1:])
	case "EMAPPEND":
		return checkAppend(r.Args[2:])
	case "ESUB", "EPSUB":
		if subscriptionOf(r.Args, k.Partitions) == nil {
			return fmt.Errorf("it is no well-formed subscription; write bad in front of it if that is wanted")
		}
	case "EPSCAN", "EPSEQ", "EPREAD":
		if n, err := strconv.Atoi(string(r.Args[1])); err == nil && (n < 0 || n >= k.Partitions) {
			return fmt.Errorf("partition %d is out of range 0..%d; write bad in front of it if that is wanted", n, k.Partitions-1)
		} else if err != nil && keyIn(string(r.Args[1])) == uuid.Nil {
			return fmt.Errorf("%q is neither a partition nor a key; write bad in front of it if that is wanted", r.Args[1])
		}
	}
	return nil
}

// checkAppend says what is wrong with the streams, names and options of an
// append. The names of events tie retries to their first attempt.
func checkAppend(words [][]byte) error {
	if len(words)%2 != 0 {
		return fmt.Errorf("%q has no value", words[len(words)-1])
	}
	events := 0
	for i := 0; i < len(words); i += 2 {
		key, value := strings.ToUpper(string(words[i])), string(words[i+1])
		if i > 0 && (key == "EVENT_ID" || key == "TIMESTAMP" || key == "PAYLOAD" || key == "METADATA" || key == "PARTITION_KEY") {
			continue
		}
		if i > 0 && key == "EXPECTED_VERSION" {
			if !isExpectation(value) {
				return fmt.Errorf("EXPECTED_VERSION %q; write bad in front of the request if that is wanted", value)
			}
			continue
		}
		n, at, ok := intentOf(value)
		if !ok || n < 0 || n >= intentsMax || at < 0 {
			return fmt.Errorf("event names are e0.0, e0.1 for the events of the first append, e1.0 for the next: not %q", value)
		}
		events++
	}
	if events == 0 {
		return fmt.Errorf("it has no event")
	}
	return nil
}

func isExpectation(s string) bool {
	switch strings.ToLower(s) {
	case "any", "exists", "empty":
		return true
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return err == nil && n <= event.NoVersion
}
