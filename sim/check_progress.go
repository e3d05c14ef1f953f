package sim

import "sierradb/core/actor"

// Subscriptions never stall in silence (D5, I14): where nothing else holds them
// up, an event that is visible leaves in bounded time, and when everything is
// quiet every subscription has got all of its selection, as far as its window
// allows. What the client does not read, and what it does not acknowledge, holds
// up nobody else.

// prompt bounds how long a session of which the connection is idle may take for
// what is visible.
//
// The answers of replicas for all of its subscriptions may stand before it, and
// in their mailboxes the requests of all connections. The events of a read may come
// two by two. Delays are late at random: three times the sum leaves room for bad
// luck.
func (w *World) prompt(cn *conn, events int) actor.Instant {
	k := w.k
	tell, turn := k.late()*k.TellMax, k.late()*k.RunMax
	event := turn / actor.Instant((1+k.BatchMax)/2)
	one := 6*tell + 12*turn + actor.Instant(len(cn.subs))*(tell+event) + actor.Instant(events+1)/2*(2*tell+2*turn)
	return 3 * (5*actor.Millisecond + one + actor.Instant(8*k.Clients*k.Depth+cn.wire.posted-cn.wire.taken)*event)
}

// peaceful says whether no fault may hold up anything.
func (w *World) peaceful() bool { return w.second || w.plan.Mode == "calm" }

// checkDelay judges how long an event that leaves now was visible while the
// connection was idle: one that waited for the next commit to wake the session
// waited too long.
func (w *World) checkDelay(sub *subscription, r *Record) *Violation {
	if !w.peaceful() {
		return nil
	}
	w.judged("D5 liveness")
	late, most := w.s.Now()-max(r.At, sub.cn.active), w.prompt(sub.cn, 0)
	w.peak("delay of a push, % of its bound", uint64(max(0, late)), uint64(most))
	if late > most {
		return violated("D5 liveness", "%s gets an event that was visible for %s while nothing was to do on its connection, expected at most %s", sub.op, clock(late), clock(most))
	}
	return nil
}

// checkWoken judges how long a read that waited took to see what it waited for.
func (w *World) checkWoken(op *Op, landed *Record) *Violation {
	if !w.peaceful() {
		return nil
	}
	w.judged("D5 liveness")
	late, most := op.LeftAt-max(landed.At, op.quiet, op.CallAt), w.prompt(op.Conn, len(fieldList(&op.Reply, "events")))
	w.peak("delay of a long poll, % of its bound", uint64(max(0, late)), uint64(most))
	if late > most {
		return violated("D5 liveness", "%s is answered %s after what it waits for was visible, expected at most %s", op, clock(late), clock(most))
	}
	return nil
}

// stalled finds a subscription that gets nothing though it is owed something: its
// connection was idle for long, and its client reads.
func (w *World) stalled() *Violation {
	now := w.s.Now()
	for _, c := range w.clients {
		cn := c.conn
		if cn == nil || cn.dead || cn.unsent > 0 || len(cn.in) > 0 || c.deaf > now {
			continue
		}
		for _, sub := range cn.subs {
			if !sub.alive() || sub.ending() || sub.behind(w.model) == 0 {
				continue
			}
			if idle, most := now-max(cn.active, sub.since(w.model)), w.prompt(cn, 0); idle > most {
				return violated("D5 liveness", "the subscription of %s is stalled: %d events are visible and were not sent, nothing was to do on its connection for %s, expected at most %s",
					sub.op, sub.behind(w.model), clock(idle), clock(most))
			}
		}
	}
	return nil
}

// ending says whether the client may have ended the subscription, and the reply
// waits for an earlier one.
func (sub *subscription) ending() bool {
	for _, op := range sub.cn.owing {
		if op.Acks == sub && op.Work.Name == "EUNSUB" || op.Work != nil && (op.Work.Name == "RESET" || op.Work.Name == "QUIT") {
			return true
		}
	}
	return false
}

// since is when the event that was visible first, of those that come next in their
// sources, was.
func (sub *subscription) since(m *Model) (at actor.Instant) {
	at = -1
	for _, s := range sub.sources {
		if n := s.owed(m); n > 0 {
			list := s.records(m)
			if r := list[uint64(len(list))-n]; at < 0 || r.At < at {
				at = r.At
			}
		}
	}
	return at
}

// keepWatch looks for stalled subscriptions as long as no fault may hold up
// anything.
func (w *World) keepWatch() {
	w.s.After(50*actor.Millisecond, func() {
		if w.peaceful() && !w.parting && w.found == nil {
			w.violate(w.stalled())
			w.keepWatch()
		}
	})
}

// followed says whether all subscriptions have got, and their clients have
// answered, all that there is.
func (w *World) followed() bool {
	for _, c := range w.clients {
		cn := c.conn
		if cn == nil || cn.dead || cn.closing || c.deaf > w.s.Now() {
			continue
		}
		if len(c.due) > 0 || len(c.again) > 0 || len(cn.waiting) > 0 || len(cn.frames) > 0 {
			return false
		}
		for _, sub := range cn.subs {
			if sub.alive() && (sub.behind(w.model) > 0 || sub.acking) {
				return false
			}
		}
	}
	return true
}

// follow waits until all subscriptions have what is theirs: each event may need an
// acknowledgement that takes its time. Slow readers may need longer; strict
// demands that all are done.
func (w *World) follow(strict bool) {
	w.judged("D5 liveness")
	live, owed := w.following()
	w.count.Add("subscriptions followed to the end", live)
	most := patience + actor.Instant(owed)*actor.Second/2
	w.until(w.s.Now()+most, func() bool {
		w.violate(w.stalled())
		return w.found != nil || w.followed()
	})
	if strict && w.found == nil && !w.followed() {
		w.violate(violated("D5 liveness", "the subscriptions do not come to their end within %s: %s", clock(most), w.unfollowed()))
	}
}

// following counts the live subscriptions, and the events that they are owed.
func (w *World) following() (live, owed uint64) {
	for _, c := range w.clients {
		if c.conn == nil {
			continue
		}
		live += uint64(c.conn.live())
		for _, sub := range c.conn.subs {
			if sub.alive() {
				owed += sub.owed(w.model)
			}
		}
	}
	return live, owed
}

// unfollowed names what is left to do.
func (w *World) unfollowed() string {
	for _, c := range w.clients {
		if c.conn == nil {
			continue
		}
		for _, sub := range c.conn.subs {
			if n := sub.behind(w.model); sub.alive() && n > 0 {
				return sub.op.String() + " is owed events"
			}
		}
		if len(c.due)+len(c.again)+len(c.conn.waiting) > 0 {
			return "a client has requests that are not answered"
		}
	}
	return "messages are on their way"
}
