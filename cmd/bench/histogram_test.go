package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogram_Steps(t *testing.T) {
	one := func(d time.Duration) {
		t.Helper()
		i := step(d)
		if end := stepEnd(i); end < d || end > d+d/32 {
			t.Errorf("%d ns is in step %d, which ends at %d", d, i, end)
		}
		if i > 0 && stepEnd(i-1) >= d {
			t.Errorf("%d ns is in step %d, but the one before ends at %d", d, i, stepEnd(i-1))
		}
	}
	for d := range time.Duration(5000) {
		one(d)
	}
	for d := time.Duration(1); d < latencyMax/2; d = d*3/2 + 1 {
		one(d - 1)
		one(d)
		one(d + 1)
	}
	one(latencyMax)
	if step(latencyMax) != steps-1 {
		t.Errorf("the longest latency is in step %d of %d", step(latencyMax), steps)
	}
}

func TestHistogram_Quantile(t *testing.T) {
	var h histogram
	if q := h.quantile(0.5); q != 0 {
		t.Errorf("quantile of nothing = %v", q)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	var parts [3]histogram
	for i := range 10_000 {
		d := time.Duration(chance.ExpFloat64() * float64(time.Millisecond))
		all = append(all, d)
		parts[i%3].record(d)
	}
	for i := range parts {
		h.merge(&parts[i])
	}
	slices.Sort(all)
	for _, q := range []float64{0.001, 0.5, 0.9, 0.99, 1} {
		exact := all[int(q*float64(len(all))+0.5)-1]
		if got := h.quantile(q); got < exact || got > exact+exact/32 {
			t.Errorf("quantile(%v) = %v, want %v and at most 1/32 more", q, got, exact)
		}
	}
	if h.n != 10_000 || h.max != all[len(all)-1] {
		t.Errorf("n, max = %d, %v, want 10000, %v", h.n, h.max, all[len(all)-1])
	}
}

func TestHistogram_OutOfRange(t *testing.T) {
	var h histogram
	h.record(-time.Second)
	h.record(100 * time.Hour)
	if low, high := h.quantile(0.5), h.quantile(1); low != 0 || high != latencyMax {
		t.Errorf("quantiles = %v, %v, want 0, %v", low, high, latencyMax)
	}
}
