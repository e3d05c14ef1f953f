package timeline

import (
	"fmt"
	"reflect"

	"sierradb/core/actor"
	"sierradb/sim"
)

// Meaning says in a sentence what a property demands, or "" when nobody wrote
// that down.
func Meaning(property string) string {
	for _, p := range sim.Properties() {
		if p.Name == property {
			return p.Meaning
		}
	}
	return ""
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
