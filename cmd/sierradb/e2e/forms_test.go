package e2e

import (
	"strconv"
	"strings"
	"testing"
)

// A source is what a subscription follows: a partition, or a stream in one.
type source struct {
	partition int64
	stream    string // "" for all of the partition
}

// latest begins a source behind what is there.
const latest = -1

// What numbers the pushes of a subscription.
const (
	byVersion = iota
	bySequence
	byCount
)

// A form is a way to subscribe, and what it means.
type form struct {
	command []string
	cursor  int
	starts  map[source]int64
}

const formKey = "550e8400-e29b-41d4-a716-446655440000" // of partition 25

// forms are those of the product document and of what its words imply. The
// streams a, user-1 and user-3 are in partitions 28, 16 and 16.
func forms() []form {
	f := func(line string, cursor int, starts map[source]int64) form {
		return form{strings.Fields(line), cursor, starts}
	}
	all := func(start int64) map[source]int64 {
		m := map[source]int64{}
		for p := range int64(32) {
			m[source{partition: p}] = start
		}
		return m
	}
	a, keyed := source{28, "a"}, source{25, "a"}
	first, third := source{16, "user-1"}, source{16, "user-3"}
	p16, p28, p25 := source{partition: 16}, source{partition: 28}, source{partition: 25}
	between := map[source]int64{p25: 0}
	for p := int64(16); p <= 20; p++ {
		between[source{partition: p}] = 0
	}
	return []form{
		f("ESUB a", byVersion, map[source]int64{a: latest}),
		f("ESUB a FROM LATEST", byVersion, map[source]int64{a: latest}),
		f("ESUB a FROM 2", byVersion, map[source]int64{a: 2}),
		f("ESUB a FROM 5", byVersion, map[source]int64{a: 5}), // of which there are 4
		f("ESUB a FROM MAP a=1", byVersion, map[source]int64{a: 1}),
		f("ESUB a FROM MAP b=1", byVersion, map[source]int64{a: latest}),
		f("ESUB a PARTITION_KEY "+formKey+" FROM 1", byVersion, map[source]int64{keyed: 1}),
		f("ESUB a a PARTITION_KEY "+formKey+" FROM MAP a=1 a=2", byCount, map[source]int64{a: 1, keyed: 2}),
		f("ESUB a PARTITION_KEY "+formKey+" a FROM MAP a=1", byCount, map[source]int64{a: 1, keyed: 1}),
		f("ESUB user-1 user-3 a FROM MAP user-1=1 nobody=7 user-3=0", byCount, map[source]int64{first: 1, third: 0, a: latest}),
		f("ESUB user-1 user-1 FROM 0", byCount, map[source]int64{first: 0}),
		f("esub user-1 window 1000 from 0", byVersion, map[source]int64{first: 0}),
		f("ESUB FROM FROM 0", byVersion, map[source]int64{{13, "FROM"}: 0}), // a stream of that name
		f("EPSUB *", byCount, all(latest)),
		f("EPSUB * FROM 0 WINDOW 1000", byCount, all(0)),
		f("EPSUB 16 FROM 2", bySequence, map[source]int64{p16: 2}),
		f("EPSUB "+formKey+" FROM 3", bySequence, map[source]int64{p25: 3}),
		f("EPSUB "+strings.ToUpper(formKey)+" FROM LATEST", bySequence, map[source]int64{p25: latest}),
		f("EPSUB 16-20,25 FROM 0", byCount, between),
		f("EPSUB 16-16 FROM 1", byCount, map[source]int64{p16: 1}),
		{[]string{"EPSUB", " 16 , 25 ,16", "FROM", "MAP", "16=4", "DEFAULT", "0"}, byCount, map[source]int64{p16: 4, p25: 0}},
		f("EPSUB 16,28,25 FROM MAP 16=4 3=1", byCount, map[source]int64{p16: 4, p28: latest, p25: latest}),
		f("EPSUB 25 FROM MAP 16=1", bySequence, map[source]int64{p25: latest}),
		f("EPSUB 28 FROM MAP 16=3 DEFAULT 2 WINDOW 1000", bySequence, map[source]int64{p28: 2}),
	}
}

// A formLog appends and knows what should be there.
type formLog struct {
	c       *conn
	counts  map[source]int64
	numbers []map[source]int64 // of each event: its version and its sequence
}

func (l *formLog) append(t *testing.T, stream string, options ...string) {
	t.Helper()
	payload := strconv.Itoa(len(l.numbers))
	v := l.c.must(t, append([]string{"EAPPEND", stream, "Made", "PAYLOAD", payload}, options...)...)
	id, _ := v.Get("partition_id")
	numbers := map[source]int64{}
	for _, src := range []source{{id.Int, stream}, {partition: id.Int}} {
		numbers[src] = l.counts[src]
		l.counts[src]++
	}
	l.numbers = append(l.numbers, numbers)
}

// round appends an event to each stream.
func (l *formLog) round(t *testing.T) {
	t.Helper()
	for _, stream := range []string{"a", "user-1", "user-3", "user-123", "FROM"} {
		l.append(t, stream)
	}
	l.append(t, "a", "PARTITION_KEY", formKey)
	l.append(t, "b", "PARTITION_KEY", formKey)
}

// A followed is a subscription of a form under way.
type followed struct {
	form
	next map[source]int64
	got  int64
}

// take checks a delivery: it is the next one of its source, and what its
// payload says is what was appended under that number.
func (f *followed) take(t *testing.T, l *formLog, d delivery) {
	t.Helper()
	src, number := source{partition: d.partition}, d.sequence
	if f.command[0] != "EPSUB" {
		src.stream, number = d.stream, d.version
	}
	next, ok := f.next[src]
	if !ok || number != next {
		t.Fatalf("%q: got %v, want number %d of %v", f.command, d, next, src)
	}
	i, err := strconv.Atoi(d.payload)
	if err != nil || l.numbers[i][src] != number {
		t.Fatalf("%q: got %v, which was appended as %v", f.command, d, l.numbers[i])
	}
	if want := []int64{d.version, d.sequence, f.got}[f.cursor]; d.cursor != want {
		t.Fatalf("%q: the cursor of %v is %d, want %d", f.command, d, d.cursor, want)
	}
	f.next[src]++
	f.got++
}

// TestSubscribe_Forms has all forms of subscriptions on one connection at a time:
// each delivers what was there from its begin on, and what comes, among replies
// to ordinary commands; and those that are ended deliver no more.
func TestSubscribe_Forms(t *testing.T) {
	for _, proto := range []string{"2", "3"} {
		t.Run("RESP"+proto, func(t *testing.T) {
			s := start(t, "")
			l := &formLog{c: dial(t, s.addr), counts: map[source]int64{}}
			for range 4 {
				l.round(t)
			}
			u := newSubscriber(t, s, proto)
			live := map[string]*followed{}
			var ids []string
			for _, form := range forms() {
				f := &followed{form: form, next: map[source]int64{}}
				for src, at := range form.starts {
					if f.next[src] = at; at == latest {
						f.next[src] = l.counts[src]
					}
				}
				id := u.subscribe(t, len(ids)+1, form.command...)
				ids = append(ids, id)
				live[id] = f
			}
			settle := func() {
				t.Helper()
				missing := 0
				for _, f := range live {
					for src, next := range f.next {
						missing += int(max(l.counts[src]-next, 0))
					}
				}
				for range missing {
					d := u.message(t)
					if live[d.id] == nil {
						t.Fatalf("got %v of a subscription that is none", d)
					}
					live[d.id].take(t, l, d)
				}
				u.silent(t)
				for _, f := range live {
					for src, next := range f.next {
						if next < l.counts[src] {
							t.Fatalf("%q: %v stays at %d of %d", f.command, src, next, l.counts[src])
						}
					}
				}
			}
			settle()
			for i := range 3 {
				l.round(t)
				if v := u.ask(t, "ESVER", "a"); v.Int != int64(4+i) {
					t.Errorf("ESVER between pushes: %v, want %d", v, 4+i)
				}
				settle()
				for n, id := range ids {
					if n%3 == i {
						u.ask(t, "EUNSUB", id)
						delete(live, id)
					}
				}
			}
			l.round(t)
			u.silent(t)
		})
	}
}
