package client

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	r := Retry{For: time.Hour, Min: 8 * time.Millisecond, Max: 50 * time.Millisecond}
	b := r.begin()
	for range 2 {
		for i, longest := range []time.Duration{8, 16, 32, 50, 50, 50} {
			longest *= time.Millisecond
			pause, ok := b.next()
			if !ok || pause > longest || pause < longest/2 {
				t.Errorf("pause %d is %v, %v; want %v to %v", i, pause, ok, longest/2, longest)
			}
		}
		b.reset()
	}
	r.For = 4 * time.Millisecond
	if b = r.begin(); b.until.IsZero() {
		t.Error("it has no end")
	}
	b.next()
	if pause, ok := b.next(); ok {
		t.Errorf("a pause of %v fits 4 ms", pause)
	}
	b = r.forever()
	for range 10 {
		if _, ok := b.next(); !ok {
			t.Error("for ever has an end")
		}
	}
	if d := (Retry{}).withDefaults(); d != (Retry{30 * time.Second, 10 * time.Millisecond, time.Second}) {
		t.Errorf("defaults: %+v", d)
	}
}
