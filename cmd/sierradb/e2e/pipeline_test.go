package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestSubscribe_AckBehindBlockedRead: a read that waits for events holds up the
// replies behind it, but neither the acknowledgements behind it nor pushes.
func TestSubscribe_AckBehindBlockedRead(t *testing.T) {
	for _, proto := range []string{"2", "3"} {
		t.Run("RESP"+proto, func(t *testing.T) {
			s := start(t, "")
			w := dial(t, s.addr)
			for i := range 10 {
				appendTo(t, w, "a", strconv.Itoa(i))
			}
			u := newSubscriber(t, s, proto)
			id := u.subscribe(t, 1, "ESUB", "a", "FROM", "0", "WINDOW", "1")
			u.add("EREAD", "nobody", "FROM", "0", "BLOCK", "0")
			for v := range int64(10) {
				if d := u.message(t); d.version != v {
					t.Fatalf("got %v, want version %d", d, v)
				}
				u.add("EACK", id, strconv.FormatInt(v, 10))
				if err := u.flush(); err != nil {
					t.Fatal(err)
				}
			}
			appendTo(t, w, "nobody", "somebody")
			events, _, err := page(u.reply(t))
			if err != nil || len(events) != 1 || events[0].payload != "somebody" {
				t.Errorf("the read that waited: %v, %v", events, err)
			}
			for range 10 {
				if v := u.reply(t); v.Text() != "OK" {
					t.Errorf("EACK behind the read: %v", v)
				}
			}
			u.silent(t)
		})
	}
}

// TestSubscribe_EndIsFinal: once EUNSUB or RESET is answered nothing more comes of
// a subscription, however much of it was on its way.
func TestSubscribe_EndIsFinal(t *testing.T) {
	s := start(t, "")
	w := dial(t, s.addr)
	payload := strings.Repeat("x", 1000)
	for range 3000 {
		w.add("EAPPEND", "a", "Made", "PAYLOAD", payload)
	}
	if err := w.flush(); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		if v, err := w.read(); err != nil || v.IsError() {
			t.Fatalf("append: %v, %v", v, err)
		}
	}
	u := newSubscriber(t, s, "3")
	cut := 0
	for i := range 60 {
		id := u.subscribe(t, 1, "ESUB", "a", "FROM", "0")
		for v := range int64(i) {
			if d := u.message(t); d.id != id || d.version != v {
				t.Fatalf("got %v, want version %d", d, v)
			}
		}
		if i%2 == 0 {
			u.ask(t, "EUNSUB", id)
		} else {
			u.ask(t, "RESET")
			u.must(t, "HELLO", "3")
		}
		for n, v := range u.pushes {
			if d, err := deliveryFrom(v); err != nil || d.id != id || d.version != int64(i+n) {
				t.Fatalf("before the end came %v, %v, want version %d", d, err, i+n)
			}
		}
		if i+len(u.pushes) < 3000 {
			cut++
		}
		u.pushes = nil
		u.silent(t)
	}
	if cut == 0 {
		t.Error("each subscription came to its end before it was ended")
	}
}

// TestSubscribe_ResetBehindIt: a RESET in the same write as the command leaves no
// subscription, and its reply comes behind the confirmation.
func TestSubscribe_ResetBehindIt(t *testing.T) {
	s := start(t, "")
	appendTo(t, dial(t, s.addr), "a", "0")
	u := newSubscriber(t, s, "3")
	u.add("EPSUB", "*", "FROM", "0")
	u.add("RESET")
	u.add("PING")
	if err := u.flush(); err != nil {
		t.Fatal(err)
	}
	id := u.reply(t).Text()
	if v := u.push(t); v.Elems[0].Text() != "subscribe" || v.Elems[1].Text() != id {
		t.Errorf("behind the reply %s comes %v, want the confirmation", id, v)
	}
	for _, want := range []string{"RESET", "PONG"} {
		if v := u.reply(t); v.Text() != want {
			t.Errorf("got %v, want %s", v, want)
		}
	}
	appendTo(t, dial(t, s.addr), "a", "1")
	u.silent(t)
	if v, err := u.do("EACK", id, "0"); err != nil || !strings.HasPrefix(v.Text(), "NOTFOUND ") {
		t.Errorf("EACK of a subscription that RESET ended: %v, %v", v, err)
	}
}

// TestSubscribe_ClosedBehindFullOutput: a server that stops while a subscriber has
// not read what was sent tells it the end behind that, and where to go on.
func TestSubscribe_ClosedBehindFullOutput(t *testing.T) {
	const events, size = 3000, 10 << 10
	s := start(t, "")
	w := dial(t, s.addr)
	payload := strings.Repeat("x", size)
	for range events / 100 {
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
	}
	u := newSubscriber(t, s, "3")
	id := u.subscribe(t, 1, "ESUB", "a", "FROM", "0")
	u.message(t) // the output is filling
	s.signal(syscall.SIGTERM)
	for { // the server takes no more connections once it has begun to stop
		c, err := dialTo(s.addr)
		if err != nil {
			break
		}
		c.Close()
	}
	next := int64(1)
	for {
		v := u.push(t)
		if v.Elems[0].Text() == "closed" {
			u.pushes = append(u.pushes, v)
			break
		}
		if d, err := deliveryFrom(v); err != nil || d.version != next {
			t.Fatalf("got version %d, %v, want %d", d.version, err, next)
		}
		next++
	}
	got, cursor, reason, positions := u.closed(t)
	if got != id || cursor != next || !strings.HasPrefix(reason, "UNAVAILABLE ") || !slices.Equal(positions, []string{fmt.Sprintf("a=%d", next)}) {
		t.Errorf("behind version %d closed says %s, cursor %d, %q, %v", next-1, got, cursor, reason, positions)
	}
	if next == events {
		t.Error("everything was sent before the server stopped")
	}
	s.stop(t)

	s = s.restart(t)
	u = newSubscriber(t, s, "3")
	u.subscribe(t, 1, append([]string{"ESUB", "a", "FROM", "MAP"}, positions...)...)
	for ; next < events; next++ {
		if d := u.message(t); d.version != next || d.payload != payload {
			t.Fatalf("got version %d, want %d", d.version, next)
		}
	}
	u.silent(t)
}
