package node

import (
	"fmt"
	"sync"
	"time"

	"sierradb/core/actor"
	"sierradb/vfs"
)

const (
	// stepsMax bounds a batch: how many events an actor takes before its effects
	// leave. It is the latency that a flooded actor adds to others.
	stepsMax = 512
	// mailMax is the bound that credits keep (architecture S21): every event in
	// a mailbox was paid for by a command in flight, a timer or a barrier.
	mailMax = 1 << 24
	// outputKept is how much reply memory an idle session keeps.
	outputKept = 8 << 10
)

// Conn is the connection of a session, as the runner sees it.
type Conn interface {
	// Write sends p and blocks until it is handed to the network, or fails. It
	// does not keep p.
	Write(p []byte) error
	// Consumed says that the session took n more bytes of input.
	Consumed(n int)
	// Hangup closes the connection after what was written.
	Hangup()
	// Abort closes the connection at once.
	Abort()
}

// Runner is the Host of production: it gives each actor a goroutine and a
// mailbox, and does barriers on goroutines of their own. Together with the
// listener and the embedding caller it is all the concurrent code there is.
type Runner struct {
	fs      vfs.FS
	begin   time.Time
	fatal   func(reason string)
	hooks   actor.Hooks
	buffers buffers
	mu      sync.RWMutex // guards the fields below
	rand    *actor.Rand
	actors  map[actor.ID]*worker
	done    sync.WaitGroup // workers and barriers
}

var _ Host = (*Runner)(nil)

// worker is one actor at work.
type worker struct {
	r    *Runner
	a    actor.Actor
	env  actor.Env
	conn Conn // of a session

	mu     sync.Mutex
	idle   sync.Cond // signalled when mail is empty and nothing is busy
	mail   []actor.Event
	spare  []actor.Event // memory of a batch that was worked off
	busy   bool          // a batch is being worked on
	gone   bool
	sent   int           // bytes written to conn that the session was not told of
	told   actor.Event   // of sent, when it is
	signal chan struct{} // holds one token when there is mail or an end
}

// NewRunner returns a runner whose actors see the files of fs, draw their
// randomness from seed and tell hooks, which are called from many goroutines.
// fatal is called when an actor asks for a fail-stop.
func NewRunner(fs vfs.FS, seed *actor.Rand, hooks actor.Hooks, fatal func(reason string)) *Runner {
	return &Runner{fs: fs, begin: time.Now(), fatal: fatal, hooks: hooks, rand: seed, actors: make(map[actor.ID]*worker)}
}

// Add starts an actor.
func (r *Runner) Add(id actor.ID, a actor.Actor) { r.add(id, a, nil) }

// add starts an actor, a session with its connection.
func (r *Runner) add(id actor.ID, a actor.Actor, conn Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &worker{r: r, a: a, conn: conn, signal: make(chan struct{}, 1)}
	w.idle.L = &w.mu
	w.env = actor.Env{Self: id, FS: r.fs, Buffers: &r.buffers, Rand: r.rand.Fork(uint64(id.Role)<<32 | uint64(id.N)), Hooks: r.hooks}
	r.actors[id] = w
	w.post(actor.Event{Kind: actor.Start})
	r.done.Add(1)
	go w.run()
}

// Remove ends an actor after the batch it is in, and waits for that.
func (r *Runner) Remove(id actor.ID) {
	r.mu.Lock()
	w := r.actors[id]
	delete(r.actors, id)
	r.mu.Unlock()
	if w != nil {
		w.mu.Lock()
		w.gone = true
		w.mail = nil
		w.mu.Unlock()
		select {
		case w.signal <- struct{}{}:
		default:
		}
		w.mu.Lock()
		for w.busy {
			w.idle.Wait()
		}
		w.mu.Unlock()
	}
}

// Post hands an event to an actor.
func (r *Runner) Post(to actor.ID, ev actor.Event) {
	r.mu.RLock()
	w := r.actors[to]
	r.mu.RUnlock()
	if w != nil {
		w.post(ev)
	}
}

// input hands bytes to a session and runs it on this goroutine when it is idle.
func (r *Runner) input(to actor.ID, p []byte) {
	r.mu.RLock()
	w := r.actors[to]
	r.mu.RUnlock()
	if w != nil && w.put(actor.Event{Kind: actor.Input, Body: p}) {
		w.drain()
	}
}

// Quiesce waits until every actor has worked off the mail that it had when
// Quiesce was called.
func (r *Runner) Quiesce() {
	r.mu.RLock()
	workers := make([]*worker, 0, len(r.actors))
	for _, w := range r.actors {
		workers = append(workers, w)
	}
	r.mu.RUnlock()
	for _, w := range workers {
		w.mu.Lock()
		for (len(w.mail) > 0 || w.busy) && !w.gone {
			w.idle.Wait()
		}
		w.mu.Unlock()
	}
}

// Close ends all actors and waits for them and for the barriers in flight.
func (r *Runner) Close() {
	r.mu.RLock()
	ids := make([]actor.ID, 0, len(r.actors))
	for id := range r.actors {
		ids = append(ids, id)
	}
	r.mu.RUnlock()
	for _, id := range ids {
		r.Remove(id)
	}
	r.done.Wait()
}

// post puts an event into the mailbox and wakes the actor's goroutine.
func (w *worker) post(ev actor.Event) {
	if w.put(ev) {
		select {
		case w.signal <- struct{}{}:
		default: // it is awake already
		}
	}
}

// put puts an event into the mailbox. It reports whether someone must be woken:
// mail that was there before, or a batch under way, will be followed by this.
func (w *worker) put(ev actor.Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return false
	}
	w.mail = append(w.mail, ev)
	if len(w.mail) > mailMax {
		panic(fmt.Sprintf("node: the mailbox of %s holds more than credits allow", w.env.Self))
	}
	return len(w.mail) == 1 && !w.busy
}

// run is the life of an actor.
func (w *worker) run() {
	defer w.r.done.Done()
	for range w.signal {
		if !w.drain() {
			return
		}
	}
}

// drain works off the mail: take all of it, step through it, flush, let the
// effects out, look again. One goroutine does so at a time, the actor's own or,
// for input, the one that read it from the connection: that saves a switch for
// each request. It reports false when the actor is gone.
func (w *worker) drain() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.busy && !w.gone && (len(w.mail) > 0 || w.sent > 0) {
		batch := w.mail
		w.mail, w.spare = w.spare[:0], nil
		w.busy = true
		w.mu.Unlock()
		for from := 0; from == 0 || from < len(batch); from += stepsMax {
			w.turn(batch[from:min(from+stepsMax, len(batch))])
		}
		clear(batch)
		w.mu.Lock()
		w.busy, w.spare = false, batch
	}
	w.idle.Broadcast()
	return !w.gone
}

// turn takes one batch of events.
func (w *worker) turn(batch []actor.Event) {
	now := time.Now()
	w.env.Now, w.env.Wall = actor.Instant(now.Sub(w.r.begin)), now.UnixMilli()
	if n := w.sent; n > 0 {
		w.sent, w.told = 0, actor.Event{Kind: actor.Sent, Token: uint64(n)}
		w.a.Step(&w.env, &w.told)
	}
	for i := range batch {
		w.a.Step(&w.env, &batch[i])
	}
	w.a.Flush(&w.env)
	w.release()
}

// release carries the effects of a batch out.
func (w *worker) release() {
	out := &w.env.Out
	for _, b := range out.Barriers {
		w.barrier(b)
	}
	if len(out.Tells) > 0 {
		w.r.mu.RLock()
		for i := range out.Tells {
			t := &out.Tells[i]
			t.Ev.From = w.env.Self
			if to := w.r.actors[t.To]; to != nil {
				to.post(t.Ev)
			}
		}
		w.r.mu.RUnlock()
	}
	for _, t := range out.Timers {
		r, self, token := w.r, w.env.Self, t.Token // not w: a timer must not keep an actor that is gone
		time.AfterFunc(time.Duration(t.After), func() { r.Post(self, actor.Event{Kind: actor.Tick, Token: token}) })
	}
	if w.conn != nil {
		w.talk(out)
	}
	if out.Halt != "" {
		w.r.fatal(out.Halt)
	}
	out.Reset()
	if cap(out.Output) > outputKept {
		w.r.buffers.put(out.Output)
		out.Output = nil
	}
}

// talk does what a session wants of its connection.
func (w *worker) talk(out *actor.Effects) {
	if out.Abort {
		w.conn.Abort()
		return
	}
	if out.Consumed > 0 {
		w.conn.Consumed(out.Consumed)
	}
	if n := len(out.Output); n > 0 {
		if err := w.conn.Write(out.Output); err != nil {
			w.post(actor.Event{Kind: actor.Closed, Err: err})
			out.Hangup = true
		} else {
			// It goes in front of what came while the write waited: a tick behind which
			// it stood would find output that has long left.
			w.sent += n
		}
	}
	if out.Hangup {
		w.conn.Hangup()
	}
}

// barrier syncs files and directories and reports once.
func (w *worker) barrier(b actor.Barrier) {
	w.r.done.Add(1)
	go func() {
		defer w.r.done.Done()
		var err error
		for _, f := range b.Files {
			if err = f.Sync(); err != nil {
				break
			}
		}
		for _, dir := range b.Dirs {
			if err != nil {
				break
			}
			err = w.r.fs.SyncDir(dir)
		}
		w.post(actor.Event{Kind: actor.BarrierDone, Token: b.Token, Err: err})
	}()
}
