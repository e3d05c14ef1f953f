package main

import (
	"math/bits"
	"time"
)

// A histogram counts latencies in steps of at most 1/32 of their value, up to
// latencyMax; longer ones count as latencyMax. The steps are those of HDR
// histograms: 32 equal ones in each power of two.
type histogram struct {
	counts [steps]uint64
	n      uint64
	max    time.Duration
}

const (
	stepBits   = 5
	latencyMax = time.Duration(1<<40 - 1) // 18 minutes
	steps      = (40 - stepBits + 1) << stepBits
)

// record adds a latency. A negative one counts as 0.
func (h *histogram) record(d time.Duration) {
	d = min(max(d, 0), latencyMax)
	h.counts[step(d)]++
	h.n++
	h.max = max(h.max, d)
}

// step is the index of the step that d falls into.
func step(d time.Duration) int {
	v := uint64(d)
	shift := max(bits.Len64(v)-stepBits-1, 0)
	return shift<<stepBits + int(v>>shift)
}

// stepEnd is the longest latency of step i.
func stepEnd(i int) time.Duration {
	shift := max(i>>stepBits-1, 0)
	v := uint64(i - shift<<stepBits)
	return time.Duration((v+1)<<shift - 1)
}

// merge adds what other counted.
func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.n += other.n
	h.max = max(h.max, other.max)
}

// quantile returns a latency that the share q of those counted does not exceed,
// 0 when none was.
func (h *histogram) quantile(q float64) time.Duration {
	want := uint64(q*float64(h.n) + 0.5)
	want = min(max(want, 1), h.n)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; n > 0 && seen >= want {
			return min(stepEnd(i), h.max)
		}
	}
	return 0
}
