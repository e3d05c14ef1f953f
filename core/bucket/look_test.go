package bucket_test

import (
	"fmt"
	"reflect"
	"slices"

	"sierradb/core/bucket"
	"sierradb/core/event"
	"sierradb/core/segment"

	"pgregory.net/rapid"
)

// scan is a reader that holds positions while the bucket goes on.
type scan struct {
	pos  []segment.Position
	want []event.Event
	cur  *segment.Cursor
}

// hold begins to read a partition, up or down; the bucket may go on in between.
func (m *machine) hold(t *rapid.T) {
	var used []event.PartitionID
	for p := range event.PartitionID(partitions) {
		if m.b.NextSequence(p) > 0 {
			used = append(used, p)
		}
	}
	if len(used) == 0 {
		t.Skip("there is nothing to read")
	}
	p := rapid.SampledFrom(used).Draw(t, "partition")
	down := rapid.Bool().Draw(t, "down")
	s := scan{cur: new(segment.Cursor), pos: m.b.PartitionPositions(nil, p, 0, event.NoVersion, 1<<20, down)}
	for _, e := range m.log[:m.commit] {
		for _, ev := range events(e) {
			if ev.Partition == p {
				s.want = append(s.want, ev)
			}
		}
	}
	if down {
		slices.Reverse(s.want)
	}
	if len(s.pos) != len(s.want) {
		t.Fatalf("partition %d has %d events, want %d", p, len(s.pos), len(s.want))
	}
	s.cur.Plan(s.pos)
	m.held = append(m.held, s)
}

// resume reads on, and looks at the transactions on the way.
func (m *machine) resume(t *rapid.T) {
	if len(m.held) == 0 {
		m.hold(t)
	}
	i := rapid.IntRange(0, len(m.held)-1).Draw(t, "reader")
	s := &m.held[i]
	for n := rapid.IntRange(1, len(s.pos)).Draw(t, "events"); n > 0; n-- {
		var ev event.Event
		if err := s.cur.Event(s.pos[0], &ev); err != nil || !sameEvent(&ev, &s.want[0]) {
			t.Fatalf("event %+v, %v; want %+v", ev, err, s.want[0])
		}
		body, err := m.b.Transaction(s.pos[0])
		must(t, err)
		if body.Transaction != s.want[0].Transaction || body.First > ev.Sequence || int(ev.Sequence-body.First) >= body.Count {
			t.Fatalf("event %+v is in transaction %+v", ev, body)
		}
		s.pos, s.want = s.pos[1:], s.want[1:]
	}
	if len(s.pos) == 0 {
		m.held = slices.Delete(m.held, i, i+1)
	}
}

// compare reads a whole log.
func (m *machine) compare(t *rapid.T, b *bucket.Bucket, what string) {
	if b.LastIndex() != uint64(len(m.log)) {
		t.Fatalf("%s: the log has %d entries, want %d", what, b.LastIndex(), len(m.log))
	}
	for i, e := range entries(t, b) {
		if !equal(e, m.log[i]) {
			t.Fatalf("%s: entry %d is %+v, want %+v", what, i+1, e, m.log[i])
		}
	}
}

func (m *machine) check() {
	if m.b.Applied() != m.commit {
		m.t.Fatalf("%d entries are applied, want %d", m.b.Applied(), m.commit)
	}
	checkReads(m.t, m.b, m.log)
	if !m.halted {
		m.compare(m.t, m.b, "open")
		m.checkFiles()
	}
}

// names is the commit index that an entry names.
func names(e segment.Entry) uint64 {
	h, err := segment.DecodeHead(e.Index, e.Data)
	if err != nil || e.Kind != segment.Transaction {
		return 0
	}
	return h.Commit
}

// layout is where segments begin: the index of the first entry of each. It
// depends on the log alone.
func (m *machine) layout() (first []uint64) {
	var size int64
	for _, e := range m.log {
		n := segment.FrameSize(len(e.Data))
		if size += n; len(first) == 0 || size > m.o.SegmentSize {
			first, size = append(first, e.Index), segment.HeaderSize+n
		}
	}
	return first
}

func segmentName(number int) string { return fmt.Sprintf("%010d.seg", number) }

// checkFiles compares the headers of the files with what they must say.
func (m *machine) checkFiles() {
	first := m.layout()
	for i, index := range first {
		number := uint64(i) + 1
		data, err := m.fs.ReadFile(dir + "/" + segmentName(i+1))
		must(m.t, err)
		seed := segment.Seed(salt, m.o.Bucket, number)
		h, _, err := segment.DecodeHeader(seed, number, data)
		must(m.t, err)
		want := segment.Header{Seed: seed, Number: number, Base: index, PrevCRC: h.PrevCRC}
		if index > 1 {
			want.PrevTerm = m.log[index-2].Term
		}
		next := map[event.PartitionID]event.Sequence{}
		for _, e := range m.log[:index-1] {
			for _, ev := range events(e) {
				next[ev.Partition] = ev.Sequence + 1
			}
		}
		for p := range event.PartitionID(partitions) {
			if next[p] > 0 {
				want.Next = append(want.Next, segment.Next{Partition: p, Sequence: next[p]})
			}
		}
		if !reflect.DeepEqual(h, want) || (h.PrevCRC == 0) != (index == 1) {
			m.t.Fatalf("segment %d has header %+v, want %+v", number, h, want)
		}
	}
	// What is reserved behind the last frame, and behind the last file, says
	// nothing.
	m.zeros(segmentName(len(first)+1), 0)
	if n := len(first); n > 0 {
		data, err := m.fs.ReadFile(dir + "/" + segmentName(n))
		must(m.t, err)
		_, end, err := segment.DecodeHeader(segment.Seed(salt, m.o.Bucket, uint64(n)), uint64(n), data)
		must(m.t, err)
		for _, e := range m.log[first[n-1]-1:] {
			end += segment.FrameSize(len(e.Data))
		}
		m.zeros(segmentName(n), end)
	}
}

// zeros checks that a file, if it is there, holds zeros from an offset on.
func (m *machine) zeros(name string, from int64) {
	data, err := m.fs.ReadFile(dir + "/" + name)
	if err == nil && slices.ContainsFunc(data[min(int(from), len(data)):], func(c byte) bool { return c != 0 }) {
		m.t.Fatalf("%s is not zero behind %d", name, from)
	}
}
