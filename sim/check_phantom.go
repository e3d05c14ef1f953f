package sim

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Nothing is in the log that no client asked for, nothing is changed on the way,
// nothing lands twice or in parts.

// eventName makes the name of the i-th event of an intent. Names lead back to
// the intent, whatever else of an event may be empty or chosen by the node.
func eventName(n, i int) string { return "e" + strconv.Itoa(n) + "." + strconv.Itoa(i) }

func intentOf(name string) (n, i int, ok bool) {
	rest, found := strings.CutPrefix(name, "e")
	a, b, dot := strings.Cut(rest, ".")
	n, err := strconv.Atoi(a)
	i, err2 := strconv.Atoi(b)
	return n, i, found && dot && err == nil && err2 == nil
}

// recognise finds the intent that made the records of one entry.
func (m *Model) recognise(records []*Record) (*Intent, *Violation) {
	m.judged("phantom")
	m.judged("D2 whole")
	n, _, ok := intentOf(records[0].Name)
	if !ok || n >= len(m.intents) {
		return nil, violated("phantom", "an entry is visible that no client sent: stream %q event %q", records[0].Stream, records[0].Name)
	}
	in := m.intents[n].landed()
	if in.Landed != nil {
		return nil, violated("D4 once", "%s landed, and its events are at entry %d and again at entry %d", in, in.Index, records[0].Index)
	}
	if v := m.content(in, records); v != nil {
		i := slices.IndexFunc(in.Variants, func(other *Intent) bool { return m.content(other, records) == nil })
		if i < 0 {
			return nil, v
		}
		in = in.Variants[i]
	}
	m.judged("S11 transaction id")
	if single := len(records) == 1; single != (records[0].Transaction == records[0].ID) {
		return nil, violated("S11 transaction id", "%s of %d events has transaction id %s, its first event id %s", in, len(records), records[0].Transaction, records[0].ID)
	}
	return in, nil
}

// content checks the records of one entry against what was asked for.
func (m *Model) content(in *Intent, records []*Record) *Violation {
	if len(records) != len(in.Events) {
		return violated("D2 whole", "%s has %d events, but entry %d holds %d", in, len(in.Events), records[0].Index, len(records))
	}
	for i, r := range records {
		if v := m.compare(in, i, r); v != nil {
			return v
		}
		if r.Transaction != records[0].Transaction {
			return violated("D2 whole", "%s has events of two transactions", in)
		}
	}
	return nil
}

// compare checks one record against what was asked for.
func (m *Model) compare(in *Intent, i int, r *Record) *Violation {
	want := &in.Events[i]
	switch {
	case r.Name != want.Name || r.Stream != want.Stream:
		return violated("phantom", "%s event %d is %q in stream %q, sent was %q in %q", in, i, r.Name, r.Stream, want.Name, want.Stream)
	case !bytes.Equal(r.Payload, want.Payload):
		return violated("phantom", "%s event %d has payload %q, sent was %q", in, i, r.Payload, want.Payload)
	case !bytes.Equal(r.Metadata, want.Metadata):
		return violated("phantom", "%s event %d has metadata %q, sent was %q", in, i, r.Metadata, want.Metadata)
	case want.GivenID && r.ID != want.ID:
		return violated("phantom", "%s event %d has id %s, sent was %s", in, i, r.ID, want.ID)
	case r.ID == uuid.Nil && !want.GivenID:
		return violated("phantom", "%s event %d has no id", in, i)
	case want.GivenTime && r.Timestamp != want.Timestamp:
		return violated("phantom", "%s event %d has timestamp %d, sent was %d", in, i, r.Timestamp, want.Timestamp)
	case !want.GivenTime && !m.told(r.Timestamp, in.since()):
		return violated("phantom", "%s event %d has timestamp %d, which the wall clock did not show since it was sent", in, i, r.Timestamp)
	}
	return nil
}
