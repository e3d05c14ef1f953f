package e2e

import (
	"fmt"
	"testing"

	"sierradb/commands/resp3"
)

// A subscriber is a connection that keeps replies and pushes apart.
type subscriber struct {
	*conn
	pushes []resp3.Value // that came before a reply which was waited for
}

// A delivery is one message push.
type delivery struct {
	id     string
	cursor int64
	stored
}

// isPush says whether a frame is a push; in RESP2 it is an array that begins with
// a word of its own.
func isPush(v resp3.Value) bool {
	if v.Kind == resp3.KindPush {
		return true
	}
	if v.Kind != resp3.KindArray || len(v.Elems) < 3 || v.Elems[0].Kind != resp3.KindSimple {
		return false
	}
	kind := v.Elems[0].Text()
	return kind == "message" || kind == "subscribe" || kind == "closed"
}

// newSubscriber connects with a version of the protocol.
func newSubscriber(t *testing.T, s *server, proto string) *subscriber {
	t.Helper()
	u := &subscriber{conn: dial(t, s.addr)}
	u.must(t, "HELLO", proto)
	return u
}

// reply returns the next frame that is no push.
func (u *subscriber) reply(t *testing.T) resp3.Value {
	t.Helper()
	for {
		v, err := u.read()
		if err != nil {
			t.Fatal(err)
		}
		if !isPush(v) {
			return v
		}
		u.pushes = append(u.pushes, v)
	}
}

// push returns the next push.
func (u *subscriber) push(t *testing.T) resp3.Value {
	t.Helper()
	if len(u.pushes) > 0 {
		v := u.pushes[0]
		u.pushes = u.pushes[1:]
		return v
	}
	v, err := u.read()
	if err != nil {
		t.Fatal(err)
	}
	if !isPush(v) {
		t.Fatalf("got %v, want a push", v)
	}
	return v
}

// ask sends a command and returns its reply, past the pushes before it.
func (u *subscriber) ask(t *testing.T, args ...string) resp3.Value {
	t.Helper()
	u.add(args...)
	if err := u.flush(); err != nil {
		t.Fatal(err)
	}
	v := u.reply(t)
	if v.IsError() {
		t.Fatalf("%.200q: got %v", args, v)
	}
	return v
}

// subscribe begins a subscription and returns its id. The n-th of a connection
// is confirmed as such, directly behind the reply.
func (u *subscriber) subscribe(t *testing.T, n int, args ...string) string {
	t.Helper()
	id := u.ask(t, args...).Text()
	v, err := u.read()
	if err != nil {
		t.Fatal(err)
	}
	if !isPush(v) || len(v.Elems) != 3 || v.Elems[0].Text() != "subscribe" || v.Elems[1].Text() != id || v.Elems[2].Int != int64(n) {
		t.Fatalf("%q: behind the reply %s comes %v, want the confirmation of subscription %d", args, id, v, n)
	}
	return id
}

// message returns the next push, which has to be an event.
func (u *subscriber) message(t *testing.T) delivery {
	t.Helper()
	d, err := deliveryFrom(u.push(t))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func deliveryFrom(v resp3.Value) (d delivery, err error) {
	if len(v.Elems) != 4 || v.Elems[0].Text() != "message" || v.Elems[1].Kind != resp3.KindSimple || v.Elems[2].Kind != resp3.KindInt {
		return d, fmt.Errorf("got %v, want a message", v)
	}
	d.id, d.cursor = v.Elems[1].Text(), v.Elems[2].Int
	d.stored, err = storedFrom(v.Elems[3])
	return d, err
}

// closed returns the next push, which has to be the end of a subscription.
func (u *subscriber) closed(t *testing.T) (id string, cursor int64, reason string, positions []string) {
	t.Helper()
	v := u.push(t)
	if len(v.Elems) != 5 || v.Elems[0].Text() != "closed" {
		t.Fatalf("got %v, want a closed", v)
	}
	for _, p := range v.Elems[4].Elems {
		positions = append(positions, p.Text())
	}
	return v.Elems[1].Text(), v.Elems[2].Int, v.Elems[3].Text(), positions
}

// silent says that nothing was pushed up to now: what the server sends to this
// connection comes in order.
func (u *subscriber) silent(t *testing.T) {
	t.Helper()
	if u.ask(t, "PING"); len(u.pushes) > 0 {
		t.Fatalf("%d pushes came, want none: %v", len(u.pushes), u.pushes[0])
	}
}

// appendTo appends an event without options.
func appendTo(t *testing.T, c *conn, stream, payload string) {
	t.Helper()
	c.must(t, "EAPPEND", stream, "Made", "PAYLOAD", payload)
}
