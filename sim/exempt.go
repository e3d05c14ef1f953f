package sim

import (
	"maps"
	"math"
	"slices"
	"strings"

	"sierradb/core/event"
	"sierradb/core/segment"
)

// What damage may cost (architecture S1, S2): the entries from the first thing
// on that does not check, and of these only such as no commit index names. A
// start may take them for what a crash tore.

// exempt notes which entries of a bucket may be lost from now on. What a start
// destroys while it takes damage for a torn tail makes that no more, should it
// die before it has shown a new entry.
func (b *box) exempt(bucket int) {
	bl := b.w.model.buckets[bucket]
	whole, costs := b.costs(bucket)
	if !costs || bl.damaged && bl.cutting {
		return
	}
	if bl.damaged {
		whole = min(whole, bl.whole)
	}
	files := b.images[bucket]
	bl.damaged, bl.whole, bl.exempt = true, whole, max(whole, b.named(bucket, files, b.logEnd(files)))
}

// costs says whether damage to the log of a bucket may cost entries, and which is
// the last that none of it can. Damage to raft.state costs none.
func (b *box) costs(bucket int) (whole uint64, costs bool) {
	whole = math.MaxUint64
	for i := range b.wounds {
		wd := &b.wounds[i]
		if _, log := segmentNumber(wd.name); log && wd.bucket == bucket && !wd.mended {
			whole, costs = min(whole, wd.whole), true
		}
	}
	return whole, costs
}

// logEnd is where the log of a bucket ends on a disk: at the first thing that
// does not check, or where nothing follows.
type logEnd struct {
	entry  uint64 // the last one that is there
	crc    uint32 // of its frame
	number uint64 // of its segment, 0 for none
	start  int64  // of the frames in it
	off    int64  // behind the last frame
}

// logEnd reads the log in order.
func (b *box) logEnd(files map[string][]byte) (end logEnd) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		number, ok := segmentNumber(name)
		if !ok {
			continue
		}
		seed, _ := b.seedOf(name)
		data := files[name]
		h, off, err := segment.DecodeHeader(seed, number, data)
		if err != nil || h.Base != end.entry+1 || h.PrevCRC != end.crc {
			return end
		}
		start := off
		for off < int64(len(data)) {
			f, err := segment.DecodeFrame(seed, data[off:])
			if err != nil || f.Entry.Index != end.entry+1 || f.Prev != end.crc {
				break // the log goes on in the next file, or ends
			}
			off += f.Size
			end = logEnd{entry: f.Entry.Index, crc: f.CRC, number: number, start: start, off: off}
		}
	}
	return end
}

// named is the highest commit index that the files of a bucket name: in a slot
// of raft.state, or in a whole frame behind the end of the log. Such a frame
// counts only if as many frames as its index says fit between.
func (b *box) named(bucket int, files map[string][]byte, end logEnd) uint64 {
	var commit uint64
	for name, data := range files { //det:ok a maximum
		if strings.HasSuffix(name, "raft.state") {
			commit = max(commit, namedBySlots(segment.Seed(b.salt, event.BucketID(bucket), 0), data))
			continue
		}
		number, ok := segmentNumber(name)
		if !ok || number < end.number {
			continue
		}
		seed, _ := b.seedOf(name)
		var from int64
		var between uint64
		switch {
		case number == end.number:
			from = end.off
		case end.number == 0:
			between = fit(b.w.k.SegmentSize) * (number - 1)
		default:
			between = fit(b.w.k.SegmentSize+end.start-end.off) + fit(b.w.k.SegmentSize)*(number-end.number-1)
		}
		commit = max(commit, namedByFrames(seed, data, from, end.entry+1, between))
	}
	return commit
}

// fit is how many frames so many bytes hold at most.
func fit(bytes int64) uint64 { return uint64(bytes / segment.FrameMin) }

func namedBySlots(seed uint32, data []byte) (commit uint64) {
	var newest uint64
	for off := 0; off+segment.SlotUsed <= len(data); off += segment.SlotSize {
		if seq, st, ok := segment.DecodeSlot(seed, data[off:]); ok && seq > newest {
			newest, commit = seq, st.Commit
		}
	}
	return commit
}

// namedByFrames is the highest commit index that frames from an offset on name,
// when the log lacks the entry next there and so many frames fit before.
func namedByFrames(seed uint32, data []byte, from int64, next, between uint64) (commit uint64) {
	for off := from; off < int64(len(data)); off += segment.FrameAlign {
		f, err := segment.DecodeFrame(seed, data[off:])
		if err != nil || f.Entry.Kind != segment.Transaction || f.Entry.Index <= next || f.Entry.Index-next > between+fit(off-from) {
			continue
		}
		if h, err := segment.DecodeHead(f.Entry.Index, f.Entry.Data); err == nil {
			commit = max(commit, h.Commit)
		}
	}
	return commit
}
