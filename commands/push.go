package commands

import (
	"strconv"

	"sierradb/commands/resp3"
	"sierradb/core/mutate"
)

// What the session of a connection does for its subscriptions: it gives their
// pushes room in the output, by turns, and ends them.

// pushTurn is how many bytes a subscription may push before it is another's
// turn.
const pushTurn = 64 << 10

// crowded says whether pushes have to wait: the output is half full, so that
// commands and their replies always have room, or one subscription had its turn
// while others wait.
func (s *Session) crowded() bool {
	if mutate.On(mutate.StallBlocks) && len(s.subs.list) > 0 && s.subs.list[0].waits {
		return true
	}
	return s.unsent >= (s.o.OutputMax+1)/2 || s.turn >= pushTurn && len(s.subs.blocked) > 0
}

// pushing is the output of this step, with room for a push.
func (s *Session) pushing() []byte {
	out := &s.env.Out
	if n := len(out.Output); cap(out.Output)-n < swapMin && (n >= swapMin || s.flow > swapMin) {
		out.Output = append(s.env.Buffer(max(4*n, s.flow+s.flow/8)), out.Output...) // lent memory, for more than a few
	}
	return out.Output
}

// flowed takes note of how much was put out in a step, for the next one.
func (s *Session) flowed() { s.flow = max(len(s.env.Out.Output), s.flow/2) }

// pushed takes the output back, with a push at its end.
func (s *Session) pushed(b []byte) {
	if s.unsent == 0 {
		s.progress = s.env.Now
	}
	n := len(b) - len(s.env.Out.Output)
	s.env.Out.Output = b
	s.unsent += n
	s.turn += n
}

// appendPush begins a push of n elements. A client that speaks RESP2 gets an
// array, as Redis does for its channels; redis-cli, which understands pushes in
// any case, gets those.
func (s *Session) appendPush(b []byte, n int) []byte {
	if s.spoken == resp3.RESP3 || s.conn.Shell {
		b = append(b, resp3.KindPush)
		b = strconv.AppendInt(b, int64(n), 10)
		return append(b, '\r', '\n')
	}
	return resp3.AppendArray(b, n)
}

// begin lets a subscription run, once its reply has gone out.
func (s *Session) begin(u *subscription) {
	s.subs.opening--
	s.subs.add(u)
	s.pushed(u.appendConfirmed(s.env.Out.Output, len(s.subs.list)))
	switch {
	case u.era != s.subs.era && !mutate.On(mutate.ResetMissesOpening):
		s.unsubscribe(u) // RESET came behind it
	case s.draining:
		s.close(u, errClosing)
	default:
		s.store.Resume(s.env, &u.follow)
	}
}

// errClosing is why subscriptions end when the node stops in order.
var errClosing = Errorf(Unavailable, "the node is closing")

// acknowledged lets a subscription go on that waited for its client.
func (s *Session) acknowledged(u *subscription) {
	if u.waits && u.sent-u.acked < u.window {
		u.waits = false
		s.turn = 0
		s.store.Resume(s.env, &u.follow)
	}
}

// relieve lets the subscriptions go on that wait for room in the output, as long
// as there is some.
func (s *Session) relieve() {
	for n := len(s.subs.blocked); n > 0 && s.unsent < (s.o.OutputMax+1)/2; n-- {
		u := s.subs.blocked[0]
		left := copy(s.subs.blocked, s.subs.blocked[1:])
		s.subs.blocked[left] = nil
		s.subs.blocked = s.subs.blocked[:left]
		u.blocked = false
		s.turn = 0
		s.store.Resume(s.env, &u.follow)
		if mutate.On(mutate.RelieveOne) {
			return
		}
	}
}

// unsubscribe ends a subscription that its client does not want any more.
func (s *Session) unsubscribe(u *subscription) {
	s.subs.remove(u)
	s.store.Unfollow(s.env, &u.follow)
}

// close ends a subscription and tells the client why.
func (s *Session) close(u *subscription, why *Error) {
	s.env.Hooks.Sometimes("commands/subscription-closed")
	s.unsubscribe(u)
	s.pushed(u.appendClosed(s.env.Out.Output, why))
}

// closeAll ends all subscriptions and tells the client why.
func (s *Session) closeAll(why *Error) {
	for len(s.subs.list) > 0 {
		s.close(s.subs.list[0], why)
	}
}

// unsubscribeAll ends all subscriptions, those that are being opened too.
func (s *Session) unsubscribeAll() {
	s.subs.era++
	for len(s.subs.list) > 0 {
		s.unsubscribe(s.subs.list[0])
	}
}
