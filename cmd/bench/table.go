package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A column is a head and what stands below it for a result.
type column struct {
	head string
	cell func(*result) string
}

// absent stands in a cell for which nothing was measured.
const absent = "–"

// columns returns the columns of the two tables of a group: what was reached,
// and what it took.
func (g group) columns() (rates, costs []column) {
	var labels []column
	for i, head := range g.heads {
		labels = append(labels, column{head, func(r *result) string { return r.labels[i] }})
	}
	rates = slices.Clone(labels)
	costs = labels
	for who, name := range contenderNames {
		if who == bare && !g.bare {
			continue
		}
		rates = append(rates, column{name, func(r *result) string { return r.rates(who) }})
		costs = append(costs, column{name + ": p50 / p99 ms", func(r *result) string { return r.latency(who) }})
		if who != bare {
			costs = append(costs, column{"server µs", func(r *result) string { return r.serverCost(who) }},
				column{"cores", func(r *result) string { return r.cores(who) }})
		}
	}
	rates = append(rates, column{"1 / Redis", func(r *result) string { return r.ratio(oneBucket, redisServer) }})
	if g.bare {
		rates = append(rates, column{"1 / bare", func(r *result) string { return r.ratio(oneBucket, bare) }})
	}
	rates = append(rates, column{"4 / 1", func(r *result) string { return r.ratio(fourBuckets, oneBucket) }})
	if g.items {
		rates = append(rates,
			column{"MB/s, Redis", func(r *result) string { return r.megabytes(redisServer) }},
			column{"MB/s, 1", func(r *result) string { return r.megabytes(oneBucket) }})
	}
	if slices.ContainsFunc(g.rows, func(r row) bool { return r.aim != aim{} }) {
		rates = append(rates, column{"aim", (*result).verdict})
	}
	return rates, costs
}

// table writes a markdown table.
func table(columns []column, results []*result) string {
	var b strings.Builder
	line := func(cell func(column) string) {
		for _, c := range columns {
			b.WriteString("| ")
			b.WriteString(cell(c))
			b.WriteString(" ")
		}
		b.WriteString("|\n")
	}
	line(func(c column) string { return c.head })
	line(func(column) string { return "---" })
	for _, r := range results {
		line(func(c column) string { return c.cell(r) })
	}
	return b.String()
}

// problems lists what went wrong, a line each; "" when nothing did.
func problems(results []*result) string {
	var b strings.Builder
	for _, r := range results {
		for who, problem := range r.problems {
			if problem != "" {
				fmt.Fprintf(&b, "- **%s, %s**: %s\n", strings.Join(r.labels, " × "), contenderNames[who],
					strings.Join(strings.Fields(problem), " "))
			}
		}
	}
	return b.String()
}

// rates is the median with the range that tells the noise.
func (r *result) rates(who int) string {
	all := r.each(who, func(s *sample) float64 { return s.rate(r.items) })
	switch {
	case len(all) == 0 && r.problems[who] != "":
		return "failed"
	case len(all) == 0:
		return "not measured"
	}
	text := thousands(median(all))
	if len(all) > 1 {
		text += fmt.Sprintf(" [%s..%s]", thousands(slices.Min(all)), thousands(slices.Max(all)))
	}
	if r.problems[who] != "" {
		text += " (errors)"
	}
	return text
}

func (r *result) latency(who int) string {
	at := func(q float64) string {
		all := r.each(who, func(s *sample) float64 { return s.latency.quantile(q).Seconds() * 1000 })
		return fmt.Sprintf("%.2f", median(all))
	}
	if len(r.samples[who]) == 0 {
		return absent
	}
	return at(0.50) + " / " + at(0.99)
}

// serverCost is the server's processor time for what is counted, in
// microseconds.
func (r *result) serverCost(who int) string {
	all := r.each(who, func(s *sample) float64 {
		return perUnit(s.serverCPU, s.rate(r.items)*s.elapsed.Seconds())
	})
	if len(all) == 0 || slices.Min(all) < 0 {
		return absent
	}
	return fmt.Sprintf("%.2f", median(all))
}

// perUnit is -1 when it can't be known.
func perUnit(cpu time.Duration, units float64) float64 {
	if cpu < 0 || units == 0 {
		return -1
	}
	return float64(cpu.Microseconds()) / units
}

// cores says how many cores were busy in the server and in the generator.
func (r *result) cores(who int) string {
	server := r.each(who, func(s *sample) float64 { return busy(s.serverCPU, s.elapsed) })
	client := r.each(who, func(s *sample) float64 { return busy(s.clientCPU, s.elapsed) })
	if len(server) == 0 || slices.Min(server) < 0 || slices.Min(client) < 0 {
		return absent
	}
	return fmt.Sprintf("%.2f + %.2f", median(server), median(client))
}

func busy(cpu, elapsed time.Duration) float64 {
	if cpu < 0 {
		return -1
	}
	return cpu.Seconds() / elapsed.Seconds()
}

func (r *result) megabytes(who int) string {
	all := r.each(who, func(s *sample) float64 { return float64(s.bytes) / s.elapsed.Seconds() / 1e6 })
	if len(all) == 0 {
		return absent
	}
	return fmt.Sprintf("%.0f", median(all))
}

// ratio divides two medians.
func (r *result) ratio(who, by int) string {
	if v, ok := r.quotient(who, by); ok {
		return fmt.Sprintf("%.2f", v)
	}
	return absent
}

func (r *result) quotient(who, by int) (float64, bool) {
	rate := func(s *sample) float64 { return s.rate(r.items) }
	over, under := r.each(who, rate), r.each(by, rate)
	if len(over) == 0 || len(under) == 0 || median(under) == 0 {
		return 0, false
	}
	return median(over) / median(under), true
}

// verdict says whether the aim of the row was met.
func (r *result) verdict() string {
	var text string
	var value, want float64
	known := true
	switch {
	case r.aim.ratio > 0:
		text, want = fmt.Sprintf("%g × Redis", r.aim.ratio), r.aim.ratio
		value, known = r.quotient(oneBucket, redisServer)
	case r.aim.rate > 0:
		text, want = thousands(r.aim.rate), r.aim.rate
		all := r.each(oneBucket, func(s *sample) float64 { return s.rate(r.items) })
		if known = len(all) > 0; known {
			value = median(all)
		}
	default:
		return absent
	}
	switch {
	case !known:
		return text
	case r.problems[oneBucket] != "":
		return text + ": errors"
	case value >= want:
		return text + ": met"
	}
	return text + ": missed"
}

// each applies f to the samples of a contender.
func (r *result) each(who int, f func(*sample) float64) []float64 {
	all := make([]float64, 0, len(r.samples[who]))
	for _, s := range r.samples[who] {
		all = append(all, f(s))
	}
	return all
}

// median returns the middle value, or the mean of the two; 0 of none.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	switch n := len(v); {
	case n == 0:
		return 0
	case n%2 == 1:
		return v[n/2]
	default:
		return (v[n/2-1] + v[n/2]) / 2
	}
}

// thousands writes a number that is not negative without its fraction: 1,234,567.
func thousands(v float64) string {
	digits := strconv.FormatInt(int64(v+0.5), 10)
	first := (len(digits)-1)%3 + 1
	out := digits[:first]
	for i := first; i < len(digits); i += 3 {
		out += "," + digits[i:i+3]
	}
	return out
}
