package replica

import (
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// eager postpones whatever can be postponed.
type eager struct{ actor.Quiet }

func (eager) Buggify(site string) bool { return site == "replica/postpone-apply" }

// TestApply_OneWakeUp: a replica that postpones again and again while its own
// wake-up is on the way does not fill its mailbox with more of them
// (architecture S21).
func TestApply_OneWakeUp(t *testing.T) {
	b := newBench(t, 1<<20)
	b.env.Hooks = eager{}
	b.taken()
	b.turn(appending(appendTo("s", event.Expected{})))
	for range 5 {
		b.turn(appending(appendTo("s", event.Expected{})))
		b.sync(nil) // a barrier follows, so that what is committed is postponed
	}
	wakeUps, answered := 0, 0
	count := func() {
		for _, ev := range b.taken() {
			switch ev.Kind {
			case resuming:
				wakeUps++
			case event.Appended:
				answered++
			}
		}
	}
	count()
	if wakeUps != 1 {
		t.Errorf("%d wake-ups are on the way, expected 1", wakeUps)
	}
	for range 10 {
		b.turn(actor.Event{Kind: resuming})
		b.syncAll()
	}
	if count(); answered != 6 {
		t.Errorf("%d of 6 appends are answered", answered)
	}
}
