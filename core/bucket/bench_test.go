package bucket_test

import (
	"fmt"
	"testing"

	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/segment"
	"sierradb/vfs"
)

// BenchmarkAppendApply is what an append costs besides Raft and the sync:
// frames, one write a batch, index.
func BenchmarkAppendApply(b *testing.B) {
	for _, batch := range []int{1, 64} {
		for _, streams := range []int{100, 1_000_000} {
			b.Run(fmt.Sprintf("batch=%d/streams=%d/payload=200", batch, streams), func(b *testing.B) {
				fs, err := vfs.OpenOS(b.TempDir())
				if err != nil {
					b.Fatal(err)
				}
				o := options
				o.SegmentSize = 256 << 20
				bk, err := bucket.Open(fs, dir, o)
				if err != nil {
					b.Fatal(err)
				}
				defer bk.Close()
				next := newFeed(streams)
				var entries []segment.Entry
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					entries = entries[:0]
					for range batch {
						entries = append(entries, next.entry(bk.LastIndex()+uint64(len(entries))+1))
					}
					if err := bk.Append(entries); err != nil {
						b.Fatal(err)
					}
					for _, e := range entries {
						if err := bk.Apply(e); err != nil {
							b.Fatal(err)
						}
					}
					n += batch
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
			})
		}
	}
}

// feed makes entries of one event without allocating.
type feed struct {
	keys     []event.StreamKey
	versions []event.Version
	seqs     [partitions]event.Sequence
	txn      event.Transaction
	placed   []event.Placed
	bufs     [][]byte
	n        int
}

func newFeed(streams int) *feed {
	f := &feed{placed: make([]event.Placed, 1), bufs: make([][]byte, 64), versions: make([]event.Version, streams)}
	for i := range streams {
		name := fmt.Sprintf("stream-%d", i)
		f.keys = append(f.keys, event.StreamKey{Key: event.KeyOf(name), ID: name})
	}
	f.txn.Events = []event.New{{Name: "Happened", Payload: make([]byte, 200)}}
	return f
}

func (f *feed) entry(index uint64) segment.Entry {
	i := f.n * 7919 % len(f.keys)
	k := f.keys[i]
	p := event.PartitionOf(k.Key, partitions)
	f.txn.Key, f.txn.Partition, f.txn.Events[0].Stream = k.Key, p, k.ID
	id := &f.placed[0].ID
	for j := range 8 {
		id[j], id[j+8] = byte(f.n>>(8*j)), byte(uint64(f.n)*0x9e3779b97f4a7c15>>(8*j))
	}
	f.txn.ID = *id
	f.placed[0].Version = f.versions[i]
	f.versions[i]++
	buf := &f.bufs[f.n%len(f.bufs)]
	*buf = segment.AppendBody((*buf)[:0], &f.txn, f.seqs[p], f.placed, index, index-1)
	f.seqs[p]++
	f.n++
	return segment.Entry{Kind: segment.Transaction, Term: 1, Index: index, Data: *buf}
}

// BenchmarkRecover opens a log of 200,000 events.
func BenchmarkRecover(b *testing.B) {
	fs, err := vfs.OpenOS(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	o := options
	o.SegmentSize = 16 << 20
	bk, err := bucket.Open(fs, dir, o)
	if err != nil {
		b.Fatal(err)
	}
	const n = 200_000
	if err := bk.SaveState(segment.State{Term: 1, Vote: 1}, true); err != nil {
		b.Fatal(err)
	}
	f := newFeed(10_000)
	var batch []segment.Entry
	for i := uint64(1); i <= n; i++ {
		if batch = append(batch, f.entry(i)); len(batch) == len(f.bufs) || i == n {
			if err := bk.Append(batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	if err := bk.SaveState(segment.State{Term: 1, Vote: 1, Commit: n}, true); err != nil {
		b.Fatal(err)
	}
	bk.Close()
	for b.Loop() {
		bk, err := bucket.Open(fs, dir, o)
		if err != nil || bk.Applied() != n {
			b.Fatal(err)
		}
		b.SetBytes(bk.Report().Bytes)
		bk.Close()
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
