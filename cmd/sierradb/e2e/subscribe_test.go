package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestProductSubscriptions runs the subscription examples of the product document
// and looks at what they deliver.
func TestProductSubscriptions(t *testing.T) {
	for _, proto := range []string{"2", "3"} {
		t.Run("RESP"+proto, func(t *testing.T) {
			s := start(t, "")
			w := dial(t, s.addr)
			for i := range 60 {
				appendTo(t, w, "user-123", strconv.Itoa(i)) // partition 21
			}
			for i := range 30 {
				for _, stream := range []string{"user-1", "user-2", "user-3"} { // partitions 16, 22, 16
					appendTo(t, w, stream, strconv.Itoa(i))
				}
			}
			u := newSubscriber(t, s, proto)
			n := 0
			sub := func(line string) string {
				t.Helper()
				n++
				return u.subscribe(t, n, strings.Fields(line)...)
			}
			end := func(id string) {
				t.Helper()
				u.ask(t, "EUNSUB", id)
				u.pushes = nil
				n--
			}
			latest := sub("ESUB user-123")
			window := sub("ESUB user-123 WINDOW 100")
			u.silent(t)
			appendTo(t, w, "user-123", "60")
			got := []delivery{u.message(t), u.message(t)}
			for _, id := range []string{latest, window} {
				if !slices.ContainsFunc(got, func(d delivery) bool { return d.id == id && d.cursor == 60 && d.version == 60 && d.payload == "60" }) {
					t.Errorf("%s: got %v, want version 60", id, got)
				}
			}
			end(latest)
			end(window)

			id := sub("ESUB user-123 FROM 50 WINDOW 100")
			for v := int64(50); v <= 60; v++ {
				if d := u.message(t); d.id != id || d.cursor != v || d.version != v || d.payload != strconv.FormatInt(v, 10) {
					t.Fatalf("got %v, want version %d", d, v)
				}
			}
			end(id)

			sub("ESUB user-1 user-2 user-3 FROM MAP user-1=10 user-2=20 user-3=30 WINDOW 50")
			next := map[string]int64{"user-1": 10, "user-2": 20, "user-3": 30}
			for cursor := range int64(30) {
				d := u.message(t)
				if d.cursor != cursor || d.version != next[d.stream] {
					t.Fatalf("push %d is %v, want version %d", cursor, d, next[d.stream])
				}
				next[d.stream]++
			}
			if next["user-1"] != 30 || next["user-2"] != 30 || next["user-3"] != 30 {
				t.Errorf("delivered up to %v", next)
			}
			appendTo(t, w, "user-3", "30")
			if d := u.message(t); d.stream != "user-3" || d.version != 30 || d.cursor != 30 {
				t.Errorf("live comes %v, want version 30 of user-3", d)
			}
			u.ask(t, "RESET")
			u.must(t, "HELLO", proto)
			n = 0

			all, windowed := sub("EPSUB *"), sub("EPSUB * WINDOW 100")
			sub("EPSUB * FROM 1000 WINDOW 100")
			sub("EPSUB 5 FROM 100 WINDOW 50")
			sub("EPSUB 1,2,3 FROM MAP 1=100 2=200 DEFAULT 0 WINDOW 500")
			u.silent(t)
			appendTo(t, w, "user-123", "61")
			got = []delivery{u.message(t), u.message(t)}
			for _, id := range []string{all, windowed} {
				if !slices.ContainsFunc(got, func(d delivery) bool { return d.id == id && d.payload == "61" && d.cursor == 0 }) {
					t.Errorf("EPSUB * delivers %v, want the live event to %s", got, id)
				}
			}
			u.silent(t)
			if v, err := dial(t, s.addr).do("EACK", "550e8400-e29b-41d4-a716-446655440000", "1000"); err != nil || !strings.HasPrefix(v.Text(), "NOTFOUND ") {
				t.Errorf("EACK of the sample id: %v, %v", v, err)
			}
		})
	}
}

// TestSubscribe_2000Streams is the subscription test of SierraDB's first
// implementation, over the wire: 2,000 streams of one event in 32 partitions, one
// subscription to all of them, every cursor acknowledged as it comes. Half of the
// events are there before.
func TestSubscribe_2000Streams(t *testing.T) {
	const streams = 2000
	for _, window := range []int{10_000, 100, 10} {
		t.Run(strconv.Itoa(window), func(t *testing.T) {
			s := start(t, "")
			w := dial(t, s.addr)
			appendMany := func(from, to int) {
				for i := from; i < to; i++ {
					w.add("EAPPEND", "stream-"+strconv.Itoa(i), "Made", "PAYLOAD", strconv.Itoa(i))
				}
				if err := w.flush(); err != nil {
					t.Error(err)
					return
				}
				for range to - from {
					if v, err := w.read(); err != nil || v.IsError() {
						t.Errorf("append: %v, %v", v, err)
						return
					}
				}
			}
			appendMany(0, streams/2)
			u := newSubscriber(t, s, "3")
			id := u.subscribe(t, 1, "EPSUB", "*", "FROM", "0", "WINDOW", strconv.Itoa(window))
			appended := make(chan struct{})
			go func() {
				defer close(appended)
				appendMany(streams/2, streams)
			}()
			seen, next, partitions := map[string]bool{}, map[int64]int64{}, map[int64]bool{}
			for n := range int64(streams) {
				if len(u.pushes) > window {
					t.Fatalf("%d events are under way and not acknowledged, the window is %d", len(u.pushes), window)
				}
				d := u.message(t)
				if d.id != id || d.cursor != n || seen[d.stream] || d.sequence != next[d.partition] || d.version != 0 {
					t.Fatalf("push %d is %v, want sequence %d of its partition and a new stream", n, d, next[d.partition])
				}
				seen[d.stream], partitions[d.partition] = true, true
				next[d.partition]++
				u.ask(t, "EACK", id, strconv.FormatInt(d.cursor, 10))
			}
			<-appended
			u.silent(t)
			if len(partitions) != 32 {
				t.Errorf("events of %d partitions came, want 32", len(partitions))
			}
		})
	}
}

// TestSubscribe_WindowHolds: without acknowledgements no more than the window
// comes, whatever is appended, and other subscriptions of the connection go on.
func TestSubscribe_WindowHolds(t *testing.T) {
	s := start(t, "")
	w := dial(t, s.addr)
	u := newSubscriber(t, s, "3")
	held := u.subscribe(t, 1, "ESUB", "a", "FROM", "0", "WINDOW", "3")
	free := u.subscribe(t, 2, "ESUB", "a", "FROM", "0")
	for i := range 100 {
		appendTo(t, w, "a", strconv.Itoa(i))
	}
	counts := map[string]int{}
	for counts[free] < 100 {
		counts[u.message(t).id]++
	}
	u.ask(t, "PING")
	for range u.pushes {
		counts[u.message(t).id]++
	}
	if counts[held] != 3 {
		t.Errorf("%d events came in a window of 3", counts[held])
	}
	u.ask(t, "EACK", held, "1")
	for v := int64(3); v <= 4; v++ {
		if d := u.message(t); d.id != held || d.version != v {
			t.Errorf("got %v, want version %d", d, v)
		}
	}
	u.silent(t)
}

// TestSubscribe_Closed: a server that stops tells how far each subscription came;
// what it says leads on without gap or repeat.
func TestSubscribe_Closed(t *testing.T) {
	for _, proto := range []string{"2", "3"} {
		t.Run("RESP"+proto, func(t *testing.T) {
			s := start(t, "")
			w := dial(t, s.addr)
			for i := range 20 {
				appendTo(t, w, "stream-"+strconv.Itoa(i%5), strconv.Itoa(i))
			}
			u := newSubscriber(t, s, proto)
			id := u.subscribe(t, 1, "EPSUB", "*", "FROM", "0", "WINDOW", "7")
			next := map[int64]int64{}
			count := func(d delivery) {
				t.Helper()
				if d.sequence != next[d.partition] {
					t.Fatalf("got %v, want sequence %d", d, next[d.partition])
				}
				next[d.partition]++
			}
			for range 7 {
				count(u.message(t))
			}
			s.signal(syscall.SIGTERM)
			got, cursor, reason, positions := u.closed(t)
			if got != id || cursor != 7 || !strings.HasPrefix(reason, "UNAVAILABLE ") || len(positions) != 32 {
				t.Errorf("closed says %s, cursor %d, %q, %v", got, cursor, reason, positions)
			}
			for p := range int64(32) {
				if want := fmt.Sprintf("%d=%d", p, next[p]); !slices.Contains(positions, want) {
					t.Errorf("the positions %v lack %s", positions, want)
				}
			}
			if _, err := u.read(); err == nil {
				t.Error("the connection stays open")
			}
			s.stop(t)

			s = s.restart(t)
			u = newSubscriber(t, s, proto)
			u.subscribe(t, 1, append([]string{"EPSUB", "*", "FROM", "MAP"}, positions...)...)
			for range 13 {
				count(u.message(t))
			}
			u.silent(t)
			appendTo(t, dial(t, s.addr), "stream-1", "live")
			count(u.message(t))
		})
	}
}

// TestSubscribe_KilledServer: a subscriber goes on from its last event when the
// server was killed; what was acknowledged to the appender comes exactly once.
func TestSubscribe_KilledServer(t *testing.T) {
	s := start(t, "")
	next := int64(0)
	for life := range 3 {
		w := dial(t, s.addr)
		u := newSubscriber(t, s, "3")
		u.subscribe(t, 1, "ESUB", "a", "FROM", strconv.FormatInt(next, 10))
		for i := range 50 {
			appendTo(t, w, "a", fmt.Sprintf("%d/%d", life, i))
		}
		for n := range 40 { // the rest is lost with the connection, or never read
			if d := u.message(t); d.version != next || life == 0 && d.payload != fmt.Sprintf("0/%d", n) {
				t.Fatalf("life %d: got %v, want version %d", life, d, next)
			}
			next++
		}
		s.kill()
		s = s.restart(t)
	}
	u := newSubscriber(t, s, "3")
	u.subscribe(t, 1, "ESUB", "a", "FROM", strconv.FormatInt(next, 10))
	for ; next < 150; next++ {
		if d := u.message(t); d.version != next || d.payload != fmt.Sprintf("%d/%d", next/50, next%50) {
			t.Fatalf("got %v, want version %d", d, next)
		}
	}
	u.silent(t)
}

// TestSubscribe_SlowReader: a subscriber that reads nothing while 50 MB are
// appended holds up neither the appender nor another subscriber, and gets
// everything once it reads.
func TestSubscribe_SlowReader(t *testing.T) {
	const events, size = 5000, 10 << 10
	s := start(t, "")
	w := dial(t, s.addr)
	slow, quick := newSubscriber(t, s, "3"), newSubscriber(t, s, "3")
	slow.subscribe(t, 1, "ESUB", "a")
	quick.subscribe(t, 1, "ESUB", "a")
	payload := strings.Repeat("x", size)
	follow := func(u *subscriber, from, to int64) {
		t.Helper()
		for v := from; v < to; v++ {
			if d := u.message(t); d.version != v || d.payload != payload {
				t.Fatalf("got version %d with %d bytes, want version %d", d.version, len(d.payload), v)
			}
		}
	}
	for from := 0; from < events; from += 100 {
		for range 100 {
			w.add("EAPPEND", "a", "Made", "PAYLOAD", payload)
		}
		if err := w.flush(); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if v, err := w.read(); err != nil || v.IsError() {
				t.Fatalf("append: %v, %v", v, err)
			}
		}
		follow(quick, int64(from), int64(from+100))
	}
	follow(slow, 0, events)
	slow.silent(t)
}

// TestRead_Blocks: the pull twin waits for events in both protocols, and is let go
// by a server that stops.
func TestRead_Blocks(t *testing.T) {
	s := start(t, "")
	w := dial(t, s.addr)
	u := dial(t, s.addr)
	for version := range 3 {
		u.add("EREAD", "a", "FROM", strconv.Itoa(version), "BLOCK", "0")
		if err := u.flush(); err != nil {
			t.Fatal(err)
		}
		appendTo(t, w, "a", strconv.Itoa(version))
		v, err := u.read()
		if err != nil {
			t.Fatal(err)
		}
		events, more, err := page(v)
		if err != nil || more || len(events) != 1 || events[0].version != int64(version) {
			t.Fatalf("EREAD from %d: %v, %v, %v", version, events, more, err)
		}
	}
	// One write, so that the answer to PING says that the server has both.
	u.add("PING")
	u.add("EPREAD", "20", "FROM", "0", "BLOCK", "0")
	if err := u.flush(); err != nil {
		t.Fatal(err)
	}
	if v, err := u.read(); err != nil || v.Text() != "PONG" {
		t.Fatalf("PING: %v, %v", v, err)
	}
	s.signal(syscall.SIGTERM)
	v, err := u.read()
	if err != nil {
		t.Fatal(err)
	}
	if events, _, err := page(v); err != nil || len(events) != 0 {
		t.Errorf("a server that stops answers a read that waits with %v, %v", events, err)
	}
	s.stop(t)
}
