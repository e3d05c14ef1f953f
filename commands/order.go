package commands

import "sierradb/core/mutate"

// tally counts requests that are not answered, by bucket. Two rules of
// architecture S15 read it: a read waits for the earlier appends of its
// connection to the same bucket, and an append for the earlier reads. So a
// client that pipelines sees what it wrote, and never what it wrote later.
//
// Appends to one bucket don't wait for each other: the bucket takes them in
// the order in which they are sent, and they share a sync. Reads don't either.
type tally struct {
	appends, reads       []int // by bucket
	allAppends, allReads int   // the sum of appends; reads of everyBucket
}

func newTally(buckets int) tally {
	return tally{appends: make([]int, buckets), reads: make([]int, buckets)}
}

// count adds n requests like r.
func (t *tally) count(r *request, n int) {
	switch {
	case r.append != nil:
		t.appends[r.bucket] += n
		t.allAppends += n
	case r.bucket == everyBucket:
		t.allReads += n
	default:
		t.reads[r.bucket] += n
	}
}

// blocks says whether r, which came after all that was counted, has to wait.
func (t *tally) blocks(r *request) bool {
	if r.append != nil {
		return t.reads[r.bucket]+t.allReads > 0 && !mutate.On(mutate.AppendOvertakes)
	}
	if mutate.On(mutate.ReadOvertakesWrite) {
		return false
	}
	if r.bucket == everyBucket {
		return t.allAppends > 0
	}
	return t.appends[r.bucket] > 0
}

// clear sets all counts to 0.
func (t *tally) clear() {
	clear(t.appends)
	clear(t.reads)
	t.allAppends, t.allReads = 0, 0
}
