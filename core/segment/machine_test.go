package segment

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/machinetest"
	"sierradb/vfs"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// machine writes a segment file as a log does and reads it in every way there
// is. The model is the bytes that the file must hold and the frames of the log
// in them.
type machine struct {
	fs    *vfs.Mem
	file  vfs.File
	r     *Reader
	head  Header
	image []byte
	start int64 // of the first frame
	log   []written
	torn  written // of which a first part was written behind the log
	bytes []byte  // its frame
	term  uint64
	seq   uint64 // events made

	cur  Cursor
	plan []Position // what cur reads, in this order
	buf  []byte     // of ReadFrame

	slot slot
}

// written is a frame of the log.
type written struct {
	Entry
	off    int64
	crc    uint32
	events []event.Event
}

func (w *written) end() int64 { return w.off + FrameSize(len(w.Data)) }

const (
	machineFile   = "0000000003.seg"
	machineNumber = 3
)

func startMachine(t *rapid.T) map[string]func(*rapid.T) {
	seed := Seed(rapid.Uint64().Draw(t, "salt"), 2, machineNumber)
	m := &machine{fs: vfs.NewMem(vfs.MemOptions{}), head: Header{
		Seed: seed, Number: machineNumber, Base: rapid.Uint64Range(1, 1<<40).Draw(t, "base"),
		PrevTerm: rapid.Uint64Range(0, 9).Draw(t, "term"), PrevCRC: rapid.Uint32().Draw(t, "prev"),
	}}
	for p := range rapid.IntRange(0, 40).Draw(t, "table") {
		m.head.Next = append(m.head.Next, Next{event.PartitionID(3 * p), event.Sequence(p + 1)})
	}
	file, err := m.fs.Open(machineFile, vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	m.file, m.r = file, NewReader(file, machineFile, machineNumber, seed)
	m.write(t, AppendHeader(nil, m.head), 0)
	m.start = int64(len(m.image))
	return map[string]func(*rapid.T){
		"append":  func(t *rapid.T) { m.append(t, len(m.log)) },
		"replace": func(t *rapid.T) { m.append(t, rapid.IntRange(0, len(m.log)).Draw(t, "first")) },
		"reserve": m.reserve,
		"trim":    func(t *rapid.T) { m.resize(t, m.end()) },
		"tear":    m.tear,
		"flip":    m.flip,
		"read":    m.read,
		"astray":  m.astray,
		"scan":    m.scan,
		"go on":   func(t *rapid.T) { m.goOn(t) },
		"search":  m.search,
		"limit":   m.limit,
		"save":    func(t *rapid.T) { m.slot.save(t, m.head.Seed) },
		"":        m.check,
	}
}

// TestSegment_Machine writes, replaces, tears and damages frames.
func TestSegment_Machine(t *testing.T) { machinetest.Run(t, startMachine) }

func FuzzSegment(f *testing.F) { machinetest.Fuzz(f, startMachine) }

// end is where the next frame goes.
func (m *machine) end() int64 {
	if len(m.log) == 0 {
		return m.start
	}
	return m.log[len(m.log)-1].end()
}

// chain is the crc that a frame at the end continues.
func (m *machine) chain() uint32 {
	if len(m.log) == 0 {
		return m.head.PrevCRC
	}
	return m.log[len(m.log)-1].crc
}

// write puts bytes into file and model.
func (m *machine) write(t *rapid.T, p []byte, off int64) {
	if _, err := m.file.WriteAt(p, off); err != nil {
		t.Fatal(err)
	}
	if n := int(off) + len(p) - len(m.image); n > 0 {
		m.image = append(m.image, make([]byte, n)...)
	}
	copy(m.image[off:], p)
}

func (m *machine) resize(t *rapid.T, size int64) {
	if err := m.file.Truncate(size); err != nil {
		t.Fatal(err)
	}
	m.image = append(m.image[:min(int(size), len(m.image))], make([]byte, max(0, int(size)-len(m.image)))...)
	m.adopt()
}

func (m *machine) reserve(t *rapid.T) {
	m.resize(t, int64(len(m.image)+rapid.IntRange(1, 9000).Draw(t, "bytes")))
}

// frame draws the entry that follows the log, and its events.
func (m *machine) frame(t *rapid.T) written {
	w := written{Entry: Entry{Kind: Empty, Term: m.term, Index: m.head.Base + uint64(len(m.log))}, off: m.end()}
	size := rapid.SampledFrom([]int{0, 1, 5, 60, 500, 4000, 4100, 9000, 70_000, 270_000}).Draw(t, "size")
	r := actor.NewRand(rapid.Uint64Range(0, 99).Draw(t, "bytes"))
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		return w
	case 1:
		w.Kind, w.Data = ConfChange, make([]byte, size)
		return w
	}
	w.Kind = Transaction
	count := rapid.SampledFrom([]int{1, 1, 2, 3, 20}).Draw(t, "events")
	stream := fmt.Sprintf("s%d", r.Intn(3))
	txn := event.Transaction{Key: event.KeyOf(stream), Partition: 7, ID: event.NewTransactionID(r)}
	if r.Chance(1, 3) {
		txn.Key = uuid.UUID{5, 5}
	}
	var placed []event.Placed
	for range count {
		payload := make([]byte, size/count)
		if r.Chance(1, 2) {
			r.Read(payload)
		} else { // a frame of another file poses as one of this
			p, _ := AppendFrame(nil, m.head.Seed+1, m.chain(), Entry{Kind: Empty, Term: 1, Index: w.Index + 1})
			copy(payload, p)
		}
		m.seq++
		placed = append(placed, event.Placed{ID: uuid.UUID{byte(m.seq), byte(m.seq >> 8), 1}, Version: event.Version(m.seq), Timestamp: int64(m.seq)})
		txn.Events = append(txn.Events, event.New{Stream: stream, Name: "N", Metadata: payload[:min(len(payload), 3)], Payload: payload})
	}
	if count == 1 {
		txn.ID = placed[0].ID
	}
	first := event.Sequence(m.seq)
	for i, n := range txn.Events {
		w.events = append(w.events, event.Event{
			ID: placed[i].ID, Key: txn.Key, Transaction: txn.ID, Partition: 7, Sequence: first + event.Sequence(i), Version: placed[i].Version,
			Timestamp: placed[i].Timestamp, Stream: stream, Name: "N", Metadata: n.Metadata, Payload: n.Payload,
		})
	}
	w.Data = AppendBody(nil, &txn, first, placed, w.Index, w.Index-min(w.Index, 5))
	return w
}

// append writes entries in place of those from the first-th on: in one write,
// and what stood behind them stays. Only a new term replaces entries.
func (m *machine) append(t *rapid.T, first int) {
	if first < len(m.log) || rapid.Bool().Draw(t, "elected") {
		m.term++
	}
	m.log = m.log[:first]
	for i, p := range m.plan {
		if p.Offset >= m.end() { // a scan reads what is applied; that is never replaced
			m.plan = m.plan[:i]
			m.cur.Plan(m.plan)
			break
		}
	}
	at := m.end()
	var b []byte
	for range rapid.IntRange(1, 3).Draw(t, "entries") {
		w := m.frame(t)
		b, w.crc = AppendFrame(b, m.head.Seed, m.chain(), w.Entry)
		m.log = append(m.log, w)
	}
	m.write(t, b, at)
	m.bytes = nil
}

// tear writes a first part of a frame behind the log.
func (m *machine) tear(t *rapid.T) {
	m.torn = m.frame(t)
	m.bytes, m.torn.crc = AppendFrame(nil, m.head.Seed, m.chain(), m.torn.Entry)
	m.write(t, m.bytes[:rapid.IntRange(1, len(m.bytes)).Draw(t, "written")], m.end())
	m.adopt()
}

// adopt takes the torn frame into the log when it is whole by chance: what was
// not written of it stood there, or it is padding and there are zeros.
func (m *machine) adopt() {
	if len(m.bytes) > 0 && m.torn.off == m.end() && bytes.HasPrefix(m.image[m.end():], m.bytes) {
		m.log, m.bytes = append(m.log, m.torn), nil
	}
}

// flip turns one bit over. Whoever reads the frame, or the header, must notice,
// and nobody else; then the bit is turned back.
func (m *machine) flip(t *rapid.T) {
	lo, hi := int64(0), m.start
	if i := rapid.IntRange(-1, len(m.log)).Draw(t, "frame"); i >= 0 && i < len(m.log) {
		lo, hi = m.log[i].off, m.log[i].end()
	} else if i >= 0 && m.end() < int64(len(m.image)) {
		lo, hi = m.end(), int64(len(m.image))
	}
	bit := 8*lo + int64(actor.Mix(rapid.Uint64().Draw(t, "bit"))%uint64(8*(hi-lo)))
	at := bit / 8
	turn := func() {
		if err := m.fs.FlipBit(machineFile, at, uint8(bit%8)); err != nil {
			t.Fatal(err)
		}
	}
	turn()
	defer turn()
	hit := slices.IndexFunc(m.log, func(w written) bool { return at >= w.off && at < w.end() })
	frames, flaw := m.walk(t)
	switch {
	case at < m.start:
		if frames != -1 || Foreign(flaw) {
			t.Fatalf("bit %d of the header is wrong: %v", bit, flaw)
		}
	case hit >= 0 && (frames != hit || flaw == nil):
		t.Fatalf("bit %d of frame %d is wrong, the log ends behind frame %d: %v", bit, hit, frames, flaw)
	case hit < 0 && frames != len(m.log):
		t.Fatalf("bit %d behind the log is wrong, %d frames of %d are left", bit, frames, len(m.log))
	}
	for i, w := range m.log {
		_, _, err := m.r.ReadFrame(w.off, nil)
		m.judge(t, err, i == hit, w.off)
		if len(w.events) > 0 {
			var cur Cursor
			err := cur.Event(Position{Segment: m.r, Offset: w.off}, new(event.Event))
			m.judge(t, err, i == hit, w.off)
		}
	}
}

// judge says whether an error is the one of damage at off, or none where none
// is due.
func (m *machine) judge(t *rapid.T, err error, damaged bool, off int64) {
	var d *event.DamageError
	if damaged != errors.As(err, &d) || !damaged && err != nil || damaged && (d.File != machineFile || d.Offset != off) {
		t.Fatalf("frame at %d, damaged %v: %v", off, damaged, err)
	}
}

func (m *machine) read(t *rapid.T) {
	if len(m.log) == 0 {
		t.Skip("nothing to read")
	}
	w := rapid.SampledFrom(m.log).Draw(t, "frame")
	e, buf, err := m.r.ReadFrame(w.off, m.buf)
	if m.buf = buf; err != nil || !same(e, w.Entry) {
		t.Fatalf("frame at %d is %+v, %v; want %+v", w.off, e, err, w.Entry)
	}
}

func same(a, b Entry) bool {
	return a.Kind == b.Kind && a.Term == b.Term && a.Index == b.Index && bytes.Equal(a.Data, b.Data)
}

// astray reads where no frame stands, an event that a transaction lacks, and an
// event where there is none.
func (m *machine) astray(t *rapid.T) {
	off := rapid.Int64Range(0, int64(len(m.image))+9).Draw(t, "off")
	_, buf, err := m.r.ReadFrame(off, m.buf)
	m.buf = buf
	f, flaw := DecodeFrame(m.head.Seed, m.image[min(int(off), len(m.image)):])
	m.judge(t, err, flaw != nil, off)
	var ev event.Event
	err = new(Cursor).Event(Position{Segment: m.r, Offset: off}, &ev)
	m.judge(t, err, flaw != nil || f.Entry.Kind != Transaction, off)
	if flaw == nil && f.Entry.Kind == Transaction {
		h, _ := DecodeHead(f.Entry.Index, f.Entry.Data)
		err = new(Cursor).Event(Position{Segment: m.r, Offset: off, Item: uint16(h.Count)}, &ev)
		m.judge(t, err, true, off)
	}
}
