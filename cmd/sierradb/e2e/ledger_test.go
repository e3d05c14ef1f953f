package e2e

import (
	"fmt"
	"sort"
	"strings"

	"github.com/google/uuid"
)

// A record is an event that a writer sent, and what it learned of its fate.
type record struct {
	id, stream, key, payload string
	version                  int64 // expected and, if it landed, its own
	txn                      int   // records of one transaction share the number

	acked               bool
	partition, sequence int64 // told by the acknowledgement
}

// A ledger is what the clients of a server know: every event that they sent,
// over all its lives. An event that is not in it must not be in the store, and
// one that was acknowledged must be there as acknowledged, for ever.
type ledger struct {
	byID map[string]*record
	txns map[int][]*record
}

func newLedger() *ledger {
	return &ledger{byID: make(map[string]*record), txns: make(map[int][]*record)}
}

// add takes over the records of a writer that has ended.
func (l *ledger) add(records []*record) {
	for _, r := range records {
		l.byID[r.id] = r
		l.txns[r.txn] = append(l.txns[r.txn], r)
	}
}

// acked counts the acknowledged events.
func (l *ledger) acked() int {
	n := 0
	for _, r := range l.byID {
		if r.acked {
			n++
		}
	}
	return n
}

// streamName is the full name of a stream: the same id under another key is
// another stream.
type streamName struct{ key, id string }

// A dump is all that a store shows, partition by partition.
type dump [][]stored

// dumpStore reads every partition from its begin to its end.
func dumpStore(c *conn, partitions int) (dump, error) {
	d := make(dump, partitions)
	for p := range d {
		var err error
		if d[p], err = c.scanPartition(p); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// diff tells the first difference between two dumps, "" if there is none.
func (d dump) diff(other dump) string {
	for p := range d {
		for i := range max(len(d[p]), len(other[p])) {
			switch {
			case i >= len(d[p]):
				return fmt.Sprintf("gained %v", other[p][i])
			case i >= len(other[p]):
				return fmt.Sprintf("lost %v", d[p][i])
			case d[p][i] != other[p][i]:
				return fmt.Sprintf("%v became %v", d[p][i], other[p][i])
			}
		}
	}
	return ""
}

// streams sorts the events by stream, each in the order of the partition.
func (d dump) streams() map[streamName][]stored {
	streams := make(map[streamName][]stored)
	for _, events := range d {
		for _, e := range events {
			name := streamName{e.key, e.stream}
			streams[name] = append(streams[name], e)
		}
	}
	return streams
}

// check compares a dump with the ledger and reports what the store broke.
func (l *ledger) check(d dump) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	seen := make(map[string]bool)
	for p, events := range d {
		for i, e := range events {
			if e.partition != int64(p) || e.sequence != int64(i) {
				fault("partition %d: position %d holds %v", p, i, e)
			}
			if seen[e.id] {
				fault("event %s is stored twice", e.id)
			}
			seen[e.id] = true
			l.checkEvent(e, fault)
		}
	}
	for name, events := range d.streams() {
		for i, e := range events {
			if e.version != int64(i) {
				fault("stream %v: version %d stands where %d should", name, e.version, i)
				break
			}
		}
	}
	for _, r := range l.byID {
		if r.acked && !seen[r.id] {
			fault("lost: event %s, version %d of stream %s, was acknowledged at partition %d sequence %d",
				r.id, r.version, r.stream, r.partition, r.sequence)
		}
	}
	for _, records := range l.txns {
		landed := 0
		for _, r := range records {
			if seen[r.id] {
				landed++
			}
		}
		if landed != 0 && landed != len(records) {
			fault("torn: %d of %d events of the transaction with event %s are stored", landed, len(records), records[0].id)
		}
	}
	sort.Strings(faults)
	return faults
}

// checkEvent compares one stored event with what was sent.
func (l *ledger) checkEvent(e stored, fault func(string, ...any)) {
	r := l.byID[e.id]
	switch {
	case r == nil:
		fault("never sent: %v", e)
	case e.stream != r.stream || e.key != r.key || e.payload != r.payload || e.version != r.version:
		fault("sent as version %d of stream %s under %s, %q: stored as %v", r.version, r.stream, r.key, r.payload, e)
	case r.acked && (e.partition != r.partition || e.sequence != r.sequence):
		fault("acknowledged at partition %d sequence %d: stored as %v", r.partition, r.sequence, e)
	}
}

// first shortens a list of faults for a message.
func first(faults []string) string {
	const shown = 10
	text := strings.Join(faults[:min(len(faults), shown)], "\n")
	if len(faults) > shown {
		text += fmt.Sprintf("\nand %d more", len(faults)-shown)
	}
	return text
}

// namespace is where partition keys of streams that name none are derived:
// uuid5 of "sierradb.tqwewe.com" in the namespace of DNS names.
var namespace = uuid.NewSHA1(uuid.NameSpaceDNS, []byte("sierradb.tqwewe.com"))

// defaultKey is the partition key of a stream that names none.
func defaultKey(stream string) string {
	return uuid.NewSHA1(namespace, []byte(stream)).String()
}

// eventID makes the id of the n-th event of a test: the same for each run, so
// that a failure can be told by it.
func eventID(n int) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "e2e/%d", n)).String()
}
