package main

import (
	"testing"

	"sierradb/core/actor"
	"sierradb/sim"
)

// BenchmarkRun is one run with all its checks, as a worker of a sweep does it:
// one seed after another from 1. Seeds differ much; some hundred make a mean.
//
//	go test -run '^$' -bench Run -benchtime 300x -cpuprofile cpu.out ./cmd/simrun
func BenchmarkRun(b *testing.B) {
	var virtual actor.Instant
	var requests, seed uint64
	for b.Loop() {
		seed++
		r := simulate(sim.NewPlan(seed), sim.Options{})
		if r.Violation != nil {
			b.Fatalf("seed %d: %v", seed, r.Violation)
		}
		virtual += r.Virtual
		requests += r.Counters["requests"]
	}
	took := b.Elapsed().Seconds()
	b.ReportMetric(float64(seed)/took, "seeds/s")
	b.ReportMetric(seconds(virtual)/took, "virtual-s/s")
	b.ReportMetric(float64(requests)/float64(seed), "requests/run")
}
