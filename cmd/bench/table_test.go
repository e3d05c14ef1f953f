package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestThousands(t *testing.T) {
	one := func(v float64, want string) {
		t.Helper()
		if got := thousands(v); got != want {
			t.Errorf("thousands(%v) = %q, want %q", v, got, want)
		}
	}
	one(0, "0")
	one(999.4, "999")
	one(999.5, "1,000")
	one(12345, "12,345")
	one(123456, "123,456")
	one(1234567, "1,234,567")
}

func TestMedian(t *testing.T) {
	one := func(want float64, values ...float64) {
		t.Helper()
		if got := median(values); got != want {
			t.Errorf("median(%v) = %v, want %v", values, got, want)
		}
	}
	one(0)
	one(5, 5)
	one(2, 3, 1, 2)
	one(2.5, 4, 1, 3, 2)
}

// testSample is a sample of one second.
func testSample(ops uint64) *sample {
	s := &sample{ops: ops, items: 100 * ops, bytes: 30_000 * ops, elapsed: time.Second,
		serverCPU: 500 * time.Millisecond, clientCPU: 250 * time.Millisecond}
	for range 100 {
		s.latency.record(time.Millisecond)
	}
	return s
}

func TestTable_Append(t *testing.T) {
	g := appendGroup([]int{16}, []int{1, 16})
	results := []*result{{row: g.rows[0]}, {row: g.rows[1]}}
	for _, n := range []uint64{1100, 1000, 1200} {
		results[0].add(bare, &sample{ops: 2 * n, elapsed: time.Second, serverCPU: -1, clientCPU: -1}, nil)
		results[0].add(redisServer, testSample(n), nil)
		results[0].add(oneBucket, testSample(2*n), nil)
		results[0].add(fourBuckets, testSample(n/2), nil)
	}
	results[1].add(redisServer, testSample(1000), nil)
	results[1].add(oneBucket, testSample(1999), nil)
	bad := testSample(10)
	bad.errors, bad.problem = 3, "WRONGVER\r\nstream"
	results[1].add(fourBuckets, bad, nil)

	rates, costs := g.columns()
	compare(t, table(rates, results), `
| connections | pipeline | bare loop | Redis | bucket.count = 1 | bucket.count = 4 | 1 / Redis | 1 / bare | 4 / 1 | aim |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| 16 | 1 | 2,200 [2,000..2,400] | 1,100 [1,000..1,200] | 2,200 [2,000..2,400] | 550 [500..600] | 2.00 | 1.00 | 0.25 | 1 × Redis: met |
| 16 | 16 | not measured | 1,000 | 1,999 | 10 (errors) | 2.00 | – | 0.01 | 2 × Redis: missed |
`)
	compare(t, table(costs[6:9], results), `
| bucket.count = 1: p50 / p99 ms | server µs | cores |
| --- | --- | --- |
| 1.00 / 1.00 | 227.27 | 0.50 + 0.25 |
| 1.00 / 1.00 | 250.13 | 0.50 + 0.25 |
`)
	compare(t, problems(results), `
- **16 × 16, bucket.count = 4**: 3 of the replies in one round were not as expected, the first: WRONGVER stream
`)
}

func TestTable_Scan(t *testing.T) {
	g := scanGroup()
	results := []*result{{row: g.rows[0], items: true}}
	results[0].add(oneBucket, testSample(10_000), nil)
	rates, costs := g.columns()
	compare(t, table(rates, results), `
| command | events in the log | connections | Redis | bucket.count = 1 | bucket.count = 4 | 1 / Redis | 4 / 1 | MB/s, Redis | MB/s, 1 | aim |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| ESCAN | one stream's side by side | 1 | not measured | 1,000,000 | not measured | – | – | – | 300 | 1,000,000: met |
`)
	if len(costs) != 3+3*3 {
		t.Errorf("%d columns of costs, want 12: the bare loop scans nothing", len(costs))
	}
	if got := results[0].serverCost(oneBucket); got != "0.50" {
		t.Errorf("serverCost = %s, want 0.50 for each event", got)
	}
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	if want = strings.TrimPrefix(want, "\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestReplaceSection(t *testing.T) {
	const document = "# Title\n<!-- bench:get begin -->\nold\n<!-- bench:get end -->\nrest\n"
	got, err := replaceSection(document, "get", "new\n")
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got, "# Title\n<!-- bench:get begin -->\n\nnew\n\n<!-- bench:get end -->\nrest\n")
	if again, err := replaceSection(got, "get", "new\n"); err != nil || again != got {
		t.Errorf("a second time = %q, %v, want no change", again, err)
	}
	if _, err := replaceSection(document, "scan", "new"); err == nil {
		t.Error("a document without markers was accepted")
	}
	if _, err := replaceSection("<!-- bench:get begin -->\n", "get", "new"); err == nil {
		t.Error("a document without the end was accepted")
	}
}

func TestReplaceSection_DocumentHasAllMarkers(t *testing.T) {
	document, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range plans(nil, nil) {
		if _, err := replaceSection(string(document), g.name, "new"); err != nil {
			t.Errorf("docs/performance.md: %v", err)
		}
	}
}
