// Package timeline shows a run of the simulator to people: as text, one line
// for each event that matters, and as an HTML page with all of it, which needs
// nothing but a browser.
//
// Collect the moments of a run through [sim.Options].Moments, then call [Text]
// or [HTML] when [sim.Run] has returned.
package timeline

import (
	"fmt"
	"slices"
	"strings"

	"sierradb/core/actor"
	"sierradb/sim"
)

// Run is all there is to know of a run.
type Run struct {
	Plan    *sim.Plan
	Result  *sim.Result
	Moments []*sim.Moment // as they were handed out
	Replay  string        // the command that runs it again; may be empty
}

// moments returns the moments and, when a check after the run found it, the
// violation as the last of them.
func (r *Run) moments() []*sim.Moment {
	v := r.Result.Violation
	if v == nil || r.violation() != nil {
		return r.Moments
	}
	end := r.Result.Virtual
	return append(slices.Clip(r.Moments), &sim.Moment{At: end, End: end, Lane: sim.Lane{Role: sim.LaneWorld},
		Kind: sim.ViolationMoment, Text: v.Property + ": " + v.Text, Tags: sim.TagsIn(v.Text),
		Details: []sim.Detail{{Name: "property", Value: v.Property}, {Name: "text", Value: v.Text},
			{Name: "found", Value: "by a check that looks at the whole run when it is over"}}})
}

// violation is the moment in which a property broke, or nil.
func (r *Run) violation() *sim.Moment {
	for i := len(r.Moments) - 1; i >= 0; i-- {
		if r.Moments[i].Kind == sim.ViolationMoment {
			return r.Moments[i]
		}
	}
	return nil
}

// weak says whether a tag ties together so much that it explains little.
func weak(tag string) bool {
	return strings.HasPrefix(tag, "partition ") || strings.HasPrefix(tag, "life ") || strings.HasPrefix(tag, "bucket ") && !strings.Contains(tag, "entry")
}

// related returns the tags of what belongs to a moment: its own, and those of
// the requests and entries that share one of them. When it has none but of a
// partition, that is what it belongs to.
func related(moments []*sim.Moment, m *sim.Moment) map[string]bool {
	tags := make(map[string]bool)
	for _, tag := range m.Tags {
		if !weak(tag) {
			tags[tag] = true
		}
	}
	if len(tags) == 0 {
		for _, tag := range m.Tags {
			tags[tag] = true
		}
		return tags
	}
	for range 2 { // entry to append, append to requests
		var more []string
		for _, o := range moments {
			if o.Kind != sim.RequestMoment && o.Kind != sim.EntryMoment && o.Kind != sim.AgainMoment || !shares(o, tags) {
				continue
			}
			for _, tag := range o.Tags {
				if !weak(tag) {
					more = append(more, tag)
				}
			}
		}
		for _, tag := range more {
			tags[tag] = true
		}
	}
	return tags
}

func shares(m *sim.Moment, tags map[string]bool) bool {
	for _, tag := range m.Tags {
		if tags[tag] {
			return true
		}
	}
	return false
}

// millis shows a time as the text form does.
func millis(t actor.Instant) string {
	return fmt.Sprintf("%.3f", float64(t)/float64(actor.Millisecond))
}

// has says whether a moment has a detail of that name.
func has(m *sim.Moment, name string) bool {
	for _, d := range m.Details {
		if d.Name == name {
			return true
		}
	}
	return false
}
