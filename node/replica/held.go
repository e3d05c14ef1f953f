package replica

// Queued is what the replica counts against Options.QueueBytes: bytes of
// appends that it took and that it, Raft or the disk still holds.
func (r *Replica) Queued() int64 { return r.queued }

// Held adds up the same from the appends themselves, and says how many they
// are. A replica that has stopped holds none.
func (r *Replica) Held() (bytes int64, appends int) {
	add := func(q *request) {
		if q.size > 0 {
			bytes += q.size
			appends++
		}
	}
	all := func(list []request) {
		for i := range list {
			add(&list[i])
		}
	}
	all(r.queue)
	all(r.asks)
	for i := range r.reads {
		all(r.reads[i].items)
	}
	r.waiting.each(func(w *waiter) { add(&w.request) })
	return bytes, appends
}

// Halted says whether the replica has stopped for good.
func (r *Replica) Halted() bool { return r.halted != "" }
