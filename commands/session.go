package commands

import (
	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/core/mutate"
)

// Session is the actor of one client connection. It takes bytes as
// [actor.Input], answers through [actor.Effects.Output], and asks its store.
//
// What a client can make it hold is bounded (architecture S21, S22): commands
// that are not answered by Options.Inflight and InflightBytes, replies by
// OutputMax and by ReplyMax for the scan that goes beyond it. Beyond that input
// stays unparsed and is not reported as consumed, so that the runner stops
// reading and the client's own writes block.
type Session struct {
	set   *Set
	store Store
	o     Options
	conn  Conn
	env   *actor.Env // during Step only

	partitions int
	reader     *resp3.Reader
	fed        uint64 // bytes of input
	reported   uint64 // of these, told as consumed
	args       Args
	spare      [][]Command // by module: commands for reuse

	pipeline
	subs   subscriptions
	spoken resp3.Proto // the protocol of pushes: that of the last reply
	turn   int         // bytes that one subscription pushed in a row
	flow   int         // bytes that a step is expected to push

	unsent   int           // bytes in the runner's hands
	progress actor.Instant // when some of them left
	armed    bool          // a timer looks after progress

	closing  bool   // no more commands: QUIT or a protocol error
	why      *Error // of closing, but for QUIT
	ended    bool   // no more input: the client has closed its side
	starved  bool   // what there is of input holds no further command
	draining bool   // no more commands: the node stops
	hungUp   bool
	gone     bool // the connection is
}

var _ actor.Actor = (*Session)(nil)

// timerToken is the token of the session's own timer. Ticks with any other
// token are the store's.
const timerToken = 1 << 63

// NewSession returns the session of a connection whose client may use the
// commands of set. The store is the session's own; set and o are shared.
func NewSession(set *Set, store Store, o Options) *Session {
	s := &Session{
		set:    set,
		store:  store,
		o:      o.withDefaults(),
		reader: resp3.NewReader(o.Limits),
		spare:  make([][]Command, len(set.modules)),
	}
	s.conn.reset(&s.o)
	return s
}

// Step implements [actor.Actor].
func (s *Session) Step(env *actor.Env, ev *actor.Event) {
	s.env = env
	s.handle(ev)
	if !s.gone {
		s.emit()
		s.startWaiting()
		s.take()
		s.relieve()
		s.watchOutput()
		if len(s.subs.list) > 0 {
			s.flowed()
		}
	}
	s.env = nil
}

// Flush implements [actor.Actor]. Requests of a batch are gathered by the
// replicas, so there is nothing to do here.
func (s *Session) Flush(*actor.Env) {}

func (s *Session) handle(ev *actor.Event) {
	switch {
	case ev.Kind == actor.Start:
		s.start()
	case ev.Kind == actor.Input:
		p, _ := ev.Body.([]byte)
		s.input(p)
	case ev.Kind == actor.Sent:
		s.unsent -= int(min(ev.Token, uint64(s.unsent)))
		s.progress = s.env.Now
		s.recheck = true
	case ev.Kind == actor.Closed && ev.Err == nil:
		s.ended = true
	case ev.Kind == actor.Closed:
		s.forget()
	case ev.Kind == actor.Stop:
		s.draining = true
		if !mutate.On(mutate.StopSilent) {
			s.closeAll(errClosing)
		}
		if !mutate.On(mutate.StopLeavesReads) {
			s.store.Hurry(s.env)
		}
	case ev.Kind == actor.Tick && ev.Token == timerToken:
		s.armed = false
		s.checkOutput()
	default:
		s.turn = 0
		a, q := s.store.Deliver(s.env, ev)
		if !s.gone && (a != nil || q != nil) {
			s.answered(a, q)
		}
	}
}

func (s *Session) start() {
	info := s.store.Info()
	s.partitions = info.Partitions
	s.open, s.ahead = newTally(info.Buckets), newTally(info.Buckets)
	s.conn.ID = s.env.Self.N
	s.spoken = s.conn.Proto
}

// bucketOf is the bucket of all sources of a subscription, or everyBucket.
func (s *Session) bucketOf(f *event.Follow) int {
	b := s.store.Bucket(f.Sources[0].Partition)
	for i := range f.Sources {
		if s.store.Bucket(f.Sources[i].Partition) != b && !mutate.On(mutate.FirstBucketOnly) {
			return everyBucket
		}
	}
	return int(b)
}

func (s *Session) input(p []byte) {
	if s.closing || s.gone {
		return
	}
	s.starved = false
	s.fed += uint64(len(p))
	s.reader.Feed(p)
}

// forget lets go of everything when the connection is gone. Requests in flight
// go on without it.
func (s *Session) forget() {
	s.gone = true
	s.unsubscribeAll()
	s.pipeline = pipeline{}
	s.spare = nil
	s.reader = nil
}

// take runs commands while there are some and there is room for them.
func (s *Session) take() {
	hungry := false
	for s.room() && !hungry {
		before := s.reader.Buffered()
		words, ok, err := s.reader.Next()
		switch {
		case err != nil:
			c := s.push(s, 0)
			c.Fail(&Error{Err, err.Error()})
			c.after = s.conn.Proto
			s.finish(c)
			s.closing, s.why = true, &Error{Err, err.Error()}
		case ok:
			s.run(words, before-s.reader.Buffered())
			s.at(s.tail - 1).after = s.conn.Proto
		default:
			hungry, s.starved = true, true
		}
		s.emit()
	}
	if !hungry && !s.closing && !s.draining {
		s.env.Hooks.Sometimes("commands/out-of-credit")
	}
	s.consumed(hungry || s.closing)
}

// consumed reports input as taken: what was parsed, or all of it when the rest
// is the beginning of a command that can't go on without more.
func (s *Session) consumed(all bool) {
	taken := s.fed
	if !all {
		taken -= uint64(s.reader.Buffered())
	}
	if taken > s.reported {
		s.env.Out.Consumed += int(taken - s.reported)
		s.reported = taken
	}
}

// room says whether another command may come in.
func (s *Session) room() bool {
	return !s.closing && !s.draining &&
		s.outstanding() < s.o.Inflight && s.bytes < s.o.InflightBytes &&
		s.unsent+s.held <= s.o.OutputMax
}

// run starts a command of n bytes. words is valid until it returns.
func (s *Session) run(words [][]byte, n int) {
	c := s.push(s, n)
	module, ok := s.set.find(words[0])
	if !ok {
		c.Fail(s.set.unknown(words))
		s.finish(c)
		return
	}
	m := &s.set.modules[module]
	if s.tail == 1 && m.Spec.Name == CommandList.Spec.Name {
		s.conn.Shell = true
	}
	if s.conn.Multi && m.Spec.Flags&InMulti == 0 {
		c.Fail(notRun(m.Spec.Name))
		s.finish(c)
		return
	}
	cmd := s.newCommand(module)
	s.args.reset(&m.Spec, words[1:], s.partitions)
	err := cmd.Parse(&s.args)
	s.args.words = nil
	if err != nil {
		// The command is not used again: it may refer to large arguments.
		c.Fail(err)
		s.finish(c)
		return
	}
	c.module, c.cmd = module, cmd
	cmd.Run(c)
	if c.req.none() {
		s.finish(c)
		return
	}
	s.admit(c)
}

func (s *Session) newCommand(module int) Command {
	list := s.spare[module]
	if len(list) == 0 {
		return s.set.modules[module].New()
	}
	cmd := list[len(list)-1]
	s.spare[module] = list[:len(list)-1]
	return cmd
}

// admit sends a new request to the store, or lets it wait for its turn.
func (s *Session) admit(c *Call) {
	blocked := s.open.blocks(&c.req)
	s.open.count(&c.req, 1)
	if blocked || !s.affords(c, s.late > 0) {
		if blocked {
			s.env.Hooks.Sometimes("commands/request-waits-for-earlier")
		}
		c.state = callWaiting
		s.waiting++
		if c.req.heavy() {
			s.late++
		}
		return
	}
	s.ask(c)
}

// startWaiting sends the requests whose turn has come.
func (s *Session) startWaiting() {
	if s.waiting == 0 || !s.recheck {
		return
	}
	s.recheck = false
	s.ahead.clear()
	late := false // a read with a large answer before this command waits
	for seq := s.head; seq != s.tail && s.waiting > 0; seq++ {
		c := s.at(seq)
		if c.state == callDone {
			continue
		}
		if c.state == callWaiting {
			if s.ahead.blocks(&c.req) || !s.affords(c, late) {
				late = late || c.req.heavy()
			} else {
				s.waiting--
				if c.req.heavy() {
					s.late--
				}
				s.ask(c)
			}
		}
		s.ahead.count(&c.req, 1)
	}
}

// heavyMax bounds the reads with large answers that are under way at a time.
const heavyMax = 16

// affords says whether there is room for the answer of c. The oldest command
// needs none for the replies behind it, which wait for its own. One large
// answer may always be under way, more only when answers like the last ones
// would fit: how large they get is not known before. Such reads begin in their
// order: one that overtook another would take the room that the other needs, and
// answers go out in the order of commands anyway. late says that one before c
// waits.
func (s *Session) affords(c *Call, late bool) bool {
	switch {
	case !c.req.heavy():
		return true
	case late:
		return false
	}
	waiting := s.unsent
	if c.seq != s.head {
		waiting += s.held
	}
	if s.heavy == 0 {
		return waiting <= s.o.OutputMax
	}
	return s.large > 0 && s.heavy < heavyMax && waiting+(s.heavy+1)*s.large <= s.o.OutputMax
}

// learn takes the size of a large answer into account for those to come.
func (s *Session) learn(size int) { s.large = max(size, s.large-s.large/8) }

func (s *Session) ask(c *Call) {
	c.state = callAsked
	if c.req.append != nil {
		s.store.Append(s.env, c.req.append)
		return
	}
	if c.req.heavy() {
		s.heavy++
	}
	s.store.Query(s.env, c.req.query)
}

// answered replies to the command whose request the store completed.
func (s *Session) answered(a *event.Append, q *event.Query) {
	var seq uint64
	if a != nil {
		seq = a.Token
	} else {
		seq = q.Token
	}
	if seq < s.head || seq >= s.tail {
		panic("commands: the store answered a request of no open command")
	}
	c := s.at(seq)
	if c.state != callAsked || c.req.append != a || c.req.query != q {
		panic("commands: the store answered a request that it was not asked")
	}
	s.open.count(&c.req, -1)
	if c.req.heavy() {
		s.heavy--
	}
	s.recheck = true
	if mutate.On(mutate.ProtocolOfNow) {
		c.proto = s.conn.Proto
	}
	c.cmd.Done(c)
	if c.req.heavy() {
		s.learn(len(c.buf) - c.start)
	}
	s.finish(c)
}

// finish makes the reply of c final.
func (s *Session) finish(c *Call) {
	if len(c.buf) == c.start {
		c.Fail(Errorf(Err, "the command gave no reply"))
	}
	c.state = callDone
	if mutate.On(mutate.RefusalOvertakes) && c.cmd == nil {
		s.env.Out.Output = append(s.env.Out.Output, c.buf[c.start:]...)
		s.unsent += len(c.buf) - c.start
		c.buf = c.buf[:c.start]
	}
	s.held += len(c.buf) - c.start
}

// swapMin is the size from which a reply's memory goes out itself, uncopied.
const swapMin = 4 << 10

// emit puts finished replies out, in the order of their commands, and hangs up
// behind the last one if there is to be no other.
func (s *Session) emit() {
	for s.outstanding() > 0 {
		c := s.at(s.head)
		if c.state != callDone {
			break
		}
		reply := c.buf[c.start:]
		if s.unsent == 0 {
			s.progress = s.env.Now
		}
		if c.opens != nil && mutate.On(mutate.PushBeforeReply) {
			s.begin(c.opens)
			c.opens = nil
		}
		switch out := &s.env.Out; {
		case len(out.Output) == 0 && len(reply) > swapMin:
			out.Output, c.buf = reply, nil
		case len(out.Output) == 0 && mutate.On(mutate.ReplyReused):
			out.Output = reply
		default:
			out.Output = append(out.Output, reply...)
		}
		s.unsent += len(reply)
		s.held -= len(reply)
		s.spoken = c.after
		if mutate.On(mutate.PushProtocolOfNow) {
			s.spoken = s.conn.Proto
		}
		if c.opens != nil {
			s.begin(c.opens)
		}
		if c.cmd != nil {
			s.spare[c.module] = append(s.spare[c.module], c.cmd)
		}
		s.pop(c)
		s.recheck = true
	}
	if mutate.On(mutate.QuitDrops) && s.closing && !s.hungUp {
		s.hangUp()
	}
	if s.outstanding() == 0 && (s.closing || s.draining || s.ended && s.starved) && !s.hungUp {
		s.hangUp()
	}
}

// hangUp closes the connection behind what has been put out.
func (s *Session) hangUp() {
	switch {
	case s.why != nil:
		s.closeAll(s.why)
	case s.ended:
		s.closeAll(errEnded)
	}
	s.unsubscribeAll()
	s.hungUp = true
	s.env.Out.Hangup = true
}

// errEnded is why subscriptions end when the client says that it sends no more.
var errEnded = Errorf(Err, "the client has closed its side of the connection")

// watchOutput sets the timer that finds a client that reads nothing.
func (s *Session) watchOutput() {
	if s.unsent > 0 && !s.armed {
		s.armed = true
		s.env.After(max(s.progress+s.o.OutputTimeout-s.env.Now, actor.Millisecond), timerToken)
	}
}

// checkOutput cuts off a client that reads nothing: its output would never
// leave, so hanging up behind it would never happen.
func (s *Session) checkOutput() {
	if s.unsent == 0 || s.env.Now-s.progress < s.o.OutputTimeout {
		return
	}
	s.env.Hooks.Sometimes("commands/output-timeout")
	s.env.Out.Abort = true
	s.env.Out.Hangup = true
	s.hungUp = true
	s.forget()
}
