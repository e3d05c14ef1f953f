package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"sierradb/commands/resp3"
)

// A writer appends to streams of its own over one connection, so that it knows
// each stream's next version without asking: every append expects the version
// that the one before it in the pipeline will give.
type writer struct {
	number  int // tells writers apart
	c       *conn
	next    map[streamName]int64 // versions
	counter func() int           // a new number each time, over all writers and rounds

	sent []*record
	err  error // a reply that should not have been
}

const (
	pipelineMax     = 32
	streamsOfWriter = 6
	payloadMax      = 600
)

// run appends until the connection is lost, or until more says no.
func (w *writer) run(more func() bool) {
	for more() {
		var batch [][]*record
		for range 1 + rand.IntN(pipelineMax) {
			batch = append(batch, w.addOne())
		}
		if w.c.flush() != nil {
			return
		}
		for _, records := range batch {
			v, err := w.c.read()
			if err != nil {
				return // the server was killed; the rest has an unknown fate
			}
			if w.err = acknowledge(records, v); w.err != nil {
				return
			}
		}
	}
}

// addOne puts one append into the pipeline: mostly of one event, sometimes a
// transaction.
func (w *writer) addOne() []*record {
	txn := w.counter()
	if rand.IntN(5) > 0 {
		stream := fmt.Sprintf("writer-%d-%d", w.number, rand.IntN(streamsOfWriter))
		r := w.record(txn, streamName{defaultKey(stream), stream})
		w.c.add("EAPPEND", stream, "Written", "EVENT_ID", r.id, "EXPECTED_VERSION", expected(r), "PAYLOAD", r.payload)
		return []*record{r}
	}
	key := eventID(-1 - w.number) // any UUID will do
	args := []string{"EMAPPEND", key}
	var records []*record
	for range 2 + rand.IntN(3) {
		stream := fmt.Sprintf("shared-%d-%d", w.number, rand.IntN(streamsOfWriter))
		r := w.record(txn, streamName{key, stream})
		args = append(args, stream, "Written", "EVENT_ID", r.id, "EXPECTED_VERSION", expected(r), "PAYLOAD", r.payload)
		records = append(records, r)
	}
	w.c.add(args...)
	return records
}

// record takes the next version of a stream for a new event.
func (w *writer) record(txn int, name streamName) *record {
	n := w.counter()
	r := &record{id: eventID(n), stream: name.id, key: name.key, version: w.next[name], txn: txn}
	r.payload = strconv.Itoa(n) + strings.Repeat(" x", rand.IntN(payloadMax/2))
	w.next[name]++
	w.sent = append(w.sent, r)
	return r
}

// expected is the EXPECTED_VERSION of an event.
func expected(r *record) string {
	if r.version == 0 {
		return "empty"
	}
	return strconv.FormatInt(r.version-1, 10)
}

// acknowledge notes what the reply to an append says.
func acknowledge(records []*record, v resp3.Value) error {
	if v.IsError() {
		return fmt.Errorf("append of event %s as version %d of %s: %v", records[0].id, records[0].version, records[0].stream, v)
	}
	partition, ok := v.Get("partition_id")
	sequence, single := v.Get("partition_sequence")
	if !single {
		sequence, single = v.Get("first_partition_sequence")
	}
	events := []resp3.Value{v}
	if list, many := v.Get("events"); many {
		events = list.Elems
	}
	if !ok || !single || len(events) != len(records) {
		return fmt.Errorf("reply to the append of %d events: %v", len(records), v)
	}
	for i, r := range records {
		id, _ := events[i].Get("event_id")
		version, _ := events[i].Get("stream_version")
		if id.Text() != r.id || version.Kind != resp3.KindInt || version.Int != r.version {
			return fmt.Errorf("event %s was sent as version %d: %v", r.id, r.version, v)
		}
		r.acked, r.partition, r.sequence = true, partition.Int, sequence.Int+int64(i)
	}
	return nil
}
