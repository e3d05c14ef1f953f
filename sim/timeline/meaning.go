package timeline

import (
	"fmt"
	"reflect"
	"strings"

	"sierradb/core/actor"
	"sierradb/sim"
)

// meanings says in a sentence what each property demands. The longest entry
// that a property begins with counts.
var meanings = []struct{ property, text string }{
	{"D1 acknowledged", "An append that was answered OK stands in the log at the place that the answer named."},
	{"D1 reads", "What was acknowledged before a read was asked for must be seen by that read."},
	{"D1", "What was acknowledged is on disk and visible, and stays so after every crash."},
	{"D2", "A transaction is all or nothing: every reader sees all of its events or none."},
	{"D3 gapless", "Entries, sequences and versions count 0, 1, 2 … without a gap, and nothing is visible twice."},
	{"D3 immutable", "An entry of the log that was visible once must come back the same, byte for byte, in every later life of the node."},
	{"D3 reads", "Every read must show a state that the log really went through between question and answer."},
	{"D3", "Sequences and versions have no gaps and never change."},
	{"D4 expected version", "An append lands only when its expectation holds at the place where it lands, and is refused only when it did not hold."},
	{"D4 once", "An event id lands at most once, however often its append is tried again."},
	{"D4 refused", "What the node refused must never appear in the log."},
	{"D4 linearizable", "There must be one order of all requests that explains all answers; none was found."},
	{"D4", "Appends with an expected version, and reads, behave as if they were done one after the other."},
	{"D6 no false damage", "A bucket may be reported damaged only when something damaged its files; here nobody did, so the node itself left a state that it can't read."},
	{"D6 damage is left alone", "Recovery must not change a byte of files that are damaged."},
	{"D6 damage is named", "A report of damage names the file and the offset."},
	{"D6", "Damage to acknowledged bytes is found, reported and never returned as data."},
	{"D7 limits", "Queues and output stay within their limits, whatever clients do."},
	{"D7 malformed", "A malformed request gets an error that says so."},
	{"D7", "No input and no fault makes the node panic or outgrow its limits."},
	{"D8 halts", "A bucket goes out of service only after an operation of the disk failed."},
	{"D8 liveness", "Once everything has healed, the node starts and every bucket takes an append within bounded time."},
	{"D8", "The node starts on every disk that a crash can leave."},
	{"D9", "After a failed sync a bucket makes nothing visible any more in that life: what the disk kept is unknown."},
	{"I12", "Every index answers as a full scan of the log does."},
	{"I15", "A well-formed request fails only for a reason that the world gave."},
	{"S2", "The commit index that an entry names lies below the entry."},
	{"S11", "The transaction id tells whether an event was appended alone."},
	{"S15", "On one connection a read sees the appends before it and none behind it, and appends to one bucket land in the order sent."},
	{"S21", "What is in flight stays within the credits that were given."},
	{"identity", "The node tells every client the same about itself."},
	{"liveness", "The run must come to an end."},
	{"determinism", "The same seed gives the same run, and a run leaves nothing behind."},
	{"phantom", "Every event in the log was asked for by a client, with the same content."},
	{"replies", "Each request gets one well-formed reply, in order, in the form of the protocol."},
	{"routing", "An event lies in the partition and the bucket that its key belongs to."},
	{"shutdown", "A node that is asked to stop stops in order."},
}

// Meaning says in a sentence what a property demands, or "" when nobody wrote
// that down.
func Meaning(property string) string {
	best, text := -1, ""
	for _, m := range meanings {
		if strings.HasPrefix(property, m.property) && len(m.property) > best {
			best, text = len(m.property), m.text
		}
	}
	return text
}

// knob is a setting of a run that differs from the usual.
type knob struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Meaning string `json:"meaning"`
}

// knobMeanings says what the knobs mean and which value is usual: the one that
// plans draw most often and that stands in nobody's way. Those without an entry
// are sizes, which every page shows, or weights.
var knobMeanings = map[string]struct {
	usual any
	text  string
}{
	"QueueBytes":    {int64(64 << 20), "bytes of appends that wait at a bucket before it answers BUSY"},
	"Timeout":       {10 * actor.Second, "after which an append is answered TIMEOUT"},
	"Inflight":      {1024, "requests that a session works on at a time"},
	"InflightBytes": {8 << 20, "bytes of requests that a session works on at a time"},
	"OutputMax":     {1 << 20, "bytes of replies that may wait for a slow client"},
	"ReplyMax":      {8 << 20, "bytes of one reply"},
	"OutputTimeout": {60 * actor.Second, "after which a client that reads nothing is dropped"},
	"Count":         {100, "events of a scan that names no COUNT"},
	"LateOne":       {0, "one message in so many comes 20 times later than usual"},
	"Hold":          {false, "effects of a Step leave at the end of the batch"},
	"Sector":        {512, "bytes that the disk writes whole or tears"},
	"Chunk":         {0, "bytes of a piece in which requests arrive, at most"},
	"ReadRate":      {0, "bytes that a client reads at a time"},
	"Malformed":     {0, "one request in so many is malformed"},
	"TellMax":       {actor.Instant(0), "a message between actors takes up to so long"},
	"RunMax":        {actor.Instant(0), "an actor with mail waits up to so long"},
	"BatchMax":      {64, "messages that an actor takes before its effects are flushed, at most"},
	"SyncMax":       {actor.Instant(0), "a sync takes up to so long"},
	"Think":         {actor.Instant(0), "a client thinks up to so long between requests"},
	"Gentle":        {"", "what power cuts of the last phase leave alone"},
	"NoDrill":       {false, "no bit is flipped at the end"},
	"Transit":       {actor.Instant(0), "bytes are on their way up to so long"},
}

// unusual lists the knobs that differ from the usual, in the order of the plan.
func unusual(k *sim.Knobs) []knob {
	out := []knob{}
	v := reflect.ValueOf(*k)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		m, known := knobMeanings[name]
		value := v.Field(i).Interface()
		if !known || value == m.usual {
			continue
		}
		show := fmt.Sprint(value)
		if t, is := value.(actor.Instant); is {
			show = millis(t) + " ms"
		}
		out = append(out, knob{name, show, m.text})
	}
	return out
}
