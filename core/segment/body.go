package segment

import (
	"encoding/binary"
	"unsafe"

	"sierradb/core/event"

	"github.com/google/uuid"
)

// The body of a transaction, which is the data of its entry. uvarint is the
// unsigned LEB128 of encoding/binary, in its shortest form.
//
//	flags        u8       bodyDerived | bodyEventID | bodySingle
//	partition    u16
//	first        uvarint  sequence of the first event
//	distance     uvarint  index of the entry less the leader's commit index when it was proposed
//	count        uvarint  of events, at least 2; not with bodySingle
//	key          16       partition key; not with bodyDerived
//	transaction  16       transaction id; not with bodyEventID
//	events
//
// An event; length counts the bytes after it. The payload is what is left.
//
//	length       uvarint  not with bodySingle, whose event is the rest of the body
//	id           16
//	timestamp    u48      milliseconds since 1970
//	version      uvarint
//	stream       u8       bytes of the stream id, from 1
//	name         u8       bytes of the event name, from 1
//	metadata     uvarint  bytes of the metadata
//	stream id, event name, metadata, payload
const (
	bodyDerived = 1 << iota // the partition key is that of the first event's stream
	bodyEventID             // the transaction id is the id of its only event
	bodySingle              // there is one event

	bodyFlags = bodyDerived | bodyEventID | bodySingle
)

// Body is a transaction read from its entry. It aliases the entry's data.
type Body struct {
	Transaction uuid.UUID
	Key         uuid.UUID // partition key of every event
	Partition   event.PartitionID
	First       event.Sequence
	Commit      uint64 // the leader's commit index when it proposed the entry
	Count       int

	data   []byte
	events int // where the events start
	off    int // where the next event starts
	item   int // which one it is
	single bool
}

// AppendBody appends the body of txn to dst. placed holds the final version, id
// and timestamp of each event; index is the entry's index, commit the leader's
// commit index, which is lower. Field limits were checked when the request was.
func AppendBody(dst []byte, txn *event.Transaction, first event.Sequence, placed []event.Placed, index, commit uint64) []byte {
	count := len(txn.Events)
	if count == 0 || count > event.EventsMax || count != len(placed) || commit >= index {
		panic("segment: a transaction has 1 to 65535 events, all placed, and an index above the commit index")
	}
	var flags byte
	if count == 1 {
		flags |= bodySingle
		if txn.ID == uuid.Nil || txn.ID == placed[0].ID {
			flags |= bodyEventID
		}
	}
	if txn.Derived || derives(txn.Events[0].Stream, txn.Key) {
		flags |= bodyDerived
	}
	dst = append(dst, flags)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(txn.Partition))
	dst = binary.AppendUvarint(dst, uint64(first))
	dst = binary.AppendUvarint(dst, index-commit)
	if flags&bodySingle == 0 {
		dst = binary.AppendUvarint(dst, uint64(count))
	}
	if flags&bodyDerived == 0 {
		dst = append(dst, txn.Key[:]...)
	}
	if flags&bodyEventID == 0 {
		dst = append(dst, txn.ID[:]...)
	}
	for i := range txn.Events {
		dst = appendEvent(dst, &txn.Events[i], placed[i], flags&bodySingle != 0)
	}
	return dst
}

func appendEvent(dst []byte, ev *event.New, at event.Placed, single bool) []byte {
	if n := len(ev.Stream); n == 0 || n > event.StreamMax || len(ev.Name) == 0 || len(ev.Name) > event.NameMax {
		panic("segment: stream id and event name are checked before they are written")
	}
	if !single {
		n := 24 + uvarintSize(uint64(at.Version)) + uvarintSize(uint64(len(ev.Metadata))) +
			len(ev.Stream) + len(ev.Name) + len(ev.Metadata) + len(ev.Payload)
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	dst = append(dst, at.ID[:]...)
	var ts [6]byte
	put48(ts[:], uint64(at.Timestamp))
	dst = append(dst, ts[:]...)
	dst = binary.AppendUvarint(dst, uint64(at.Version))
	dst = append(dst, byte(len(ev.Stream)), byte(len(ev.Name)))
	dst = binary.AppendUvarint(dst, uint64(len(ev.Metadata)))
	dst = append(dst, ev.Stream...)
	dst = append(dst, ev.Name...)
	dst = append(dst, ev.Metadata...)
	return append(dst, ev.Payload...)
}

// BodyMax is an upper bound of the size of a transaction's body in bytes.
func BodyMax(txn *event.Transaction) int {
	const head = 1 + 2 + 3*binary.MaxVarintLen64 + 16 + 16
	const each = 16 + 6 + 2 + 3*binary.MaxVarintLen64
	n := head + each*len(txn.Events)
	for i := range txn.Events {
		ev := &txn.Events[i]
		n += len(ev.Stream) + len(ev.Name) + len(ev.Metadata) + len(ev.Payload)
	}
	return n
}

// The flaws of bodies. A body whose frame is whole has none, unless whoever
// wrote it was wrong.
const (
	flawBodyEnd    flaw = "transaction body: it ends too early"
	flawBodyFlags  flaw = "transaction body: a flag is unknown"
	flawBodyNumber flaw = "transaction body: a number is not in its shortest form or too large"
	flawBodyCommit flaw = "transaction body: the commit distance is not 1 to the entry's index"
	flawBodyCount  flaw = "transaction body: the count of events must be 2 to 65535"
	flawBodyID     flaw = "transaction body: the transaction id is written though it is the event id"
	flawBodyText   flaw = "transaction body: stream id and event name must not be empty"
	flawBodyRest   flaw = "transaction body: there are bytes after the last event"
)

// DecodeBody reads the body of the entry with an index and checks all of it.
// The result aliases data; nothing is allocated.
func DecodeBody(index uint64, data []byte) (Body, error) { return DecodeBodyWith(index, data, nil) }

// DecodeBodyWith is DecodeBody for a caller that decodes many: keys, when it is
// not nil, spares it the derivation of keys that it met before.
func DecodeBodyWith(index uint64, data []byte, keys *Keys) (Body, error) {
	b, err := decodeHead(index, data)
	if err != nil {
		return Body{}, err
	}
	explicit := data[0]&bodyEventID == 0
	off := b.events
	var first eventHead
	for i := range b.Count {
		h, err := b.eventAt(off)
		if err != nil {
			return Body{}, err
		}
		if i == 0 {
			first = h
		}
		off = h.end
	}
	if off != len(data) {
		return Body{}, flawBodyRest
	}
	id := uuid.UUID(data[first.start : first.start+16])
	switch {
	case !explicit:
		b.Transaction = id
	case b.single && b.Transaction == id:
		return Body{}, flawBodyID
	}
	if data[0]&bodyDerived != 0 {
		stream := data[first.text : first.text+first.stream]
		if keys != nil {
			b.Key = keys.of(stream)
		} else {
			b.Key = event.KeyOf(stream)
		}
	}
	return b, nil
}

// decodeHead reads what stands before the events. Transaction and Key are
// filled in only when they are written out.
func decodeHead(index uint64, data []byte) (Body, error) {
	if len(data) < 3 {
		return Body{}, flawBodyEnd
	}
	flags := data[0]
	if flags&^bodyFlags != 0 || flags&bodyEventID != 0 && flags&bodySingle == 0 {
		return Body{}, flawBodyFlags
	}
	b := Body{
		Partition: event.PartitionID(binary.LittleEndian.Uint16(data[1:])),
		Count:     1, data: data, single: flags&bodySingle != 0,
	}
	off := 3
	first, off := uvarint(data, off)
	distance, off := uvarint(data, off)
	if off < 0 {
		return Body{}, flawBodyNumber
	}
	if distance == 0 || distance > index {
		return Body{}, flawBodyCommit
	}
	if !b.single {
		var count uint64
		if count, off = uvarint(data, off); off < 0 || count < 2 || count > event.EventsMax {
			return Body{}, flawBodyCount
		}
		b.Count = int(count)
	}
	if first > event.NoVersion-uint64(b.Count) {
		return Body{}, flawBodyNumber
	}
	b.First, b.Commit = event.Sequence(first), index-distance
	for _, id := range []struct {
		to   *uuid.UUID
		flag byte
	}{{&b.Key, bodyDerived}, {&b.Transaction, bodyEventID}} {
		if flags&id.flag != 0 {
			continue
		}
		if len(data)-off < 16 {
			return Body{}, flawBodyEnd
		}
		*id.to = uuid.UUID(data[off : off+16])
		off += 16
	}
	b.events, b.off = off, off
	return b, nil
}

// Head is what tells where a transaction belongs.
type Head struct {
	Partition event.PartitionID
	First     event.Sequence
	Count     int
	Commit    uint64 // the leader's commit index when it proposed the entry
}

// DecodeHead reads the head of a body and nothing else.
func DecodeHead(index uint64, data []byte) (Head, error) {
	b, err := decodeHead(index, data)
	return Head{Partition: b.Partition, First: b.First, Count: b.Count, Commit: b.Commit}, err
}

// eventHead is where the parts of an event are: offsets into the body.
type eventHead struct {
	start    int // of the event id
	version  uint64
	stream   int // bytes
	name     int
	metadata int
	text     int // where the stream id starts
	end      int
}

func (b *Body) eventAt(off int) (h eventHead, err error) {
	data := b.data
	h.end = len(data)
	if !b.single {
		var n uint64
		if n, off = uvarint(data, off); off < 0 {
			return h, flawBodyNumber
		}
		if n > uint64(len(data)-off) {
			return h, flawBodyEnd
		}
		h.end = off + int(n)
	}
	h.start = off
	if h.end-off < 25 { // id, timestamp, version, two lengths: at least
		return h, flawBodyEnd
	}
	if h.version, off = uvarint(data[:h.end], off+22); off < 0 || h.version >= event.NoVersion {
		return h, flawBodyNumber
	}
	if h.end-off < 2 {
		return h, flawBodyEnd
	}
	h.stream, h.name = int(data[off]), int(data[off+1])
	metadata, off := uvarint(data[:h.end], off+2)
	if off < 0 {
		return h, flawBodyNumber
	}
	if left := uint64(h.end - off); metadata > left || uint64(h.stream+h.name) > left-metadata {
		return h, flawBodyEnd
	}
	if h.stream == 0 || h.name == 0 {
		return h, flawBodyText
	}
	h.metadata, h.text = int(metadata), off
	return h, nil
}

// Next fills ev with the next event and answers false after the last. What ev
// points to aliases the entry's data; the data must not be written while it is
// in use.
func (b *Body) Next(ev *event.Event) bool {
	if b.item >= b.Count {
		return false
	}
	h, err := b.eventAt(b.off)
	if err != nil {
		return false // DecodeBody has checked: b was not made by it
	}
	d := b.data
	ev.ID = uuid.UUID(d[h.start : h.start+16])
	ev.Key, ev.Transaction, ev.Partition = b.Key, b.Transaction, b.Partition
	ev.Sequence = b.First + event.Sequence(b.item)
	ev.Version = event.Version(h.version)
	ev.Timestamp = int64(get48(d[h.start+16:]))
	name := h.text + h.stream
	metadata := name + h.name
	payload := metadata + h.metadata
	ev.Stream = text(d[h.text:name])
	ev.Name = text(d[name:metadata])
	ev.Metadata = d[metadata:payload:payload]
	ev.Payload = d[payload:h.end:h.end]
	b.off, b.item = h.end, b.item+1
	return true
}

// Reset makes Next start again with the first event.
func (b *Body) Reset() { b.off, b.item = b.events, 0 }

// text views bytes as a string; they are never written while it is in use.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// uvarint reads a number at off and returns the offset behind it, -1 if there
// is none in its shortest form.
func uvarint(b []byte, off int) (uint64, int) {
	if off < 0 || off >= len(b) {
		return 0, -1
	}
	if c := b[off]; c < 0x80 {
		return uint64(c), off + 1
	}
	v, n := binary.Uvarint(b[off:])
	if n <= 0 || b[off+n-1] == 0 {
		return 0, -1
	}
	return v, off + n
}

func uvarintSize(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}
