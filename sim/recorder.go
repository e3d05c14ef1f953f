package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sierradb/core/actor"
	"sierradb/core/event"
	"sierradb/node/replica"
	"sierradb/sim/sched"
)

// recorder makes moments of what the world and the scheduler tell it. A nil
// recorder listens to nothing. It draws nothing and changes nothing of the run.
type recorder struct {
	w    *World
	take func(*Moment)

	requests    map[*Op]*Moment
	connections map[*conn]*link
	asks        map[*replica.Ask]*Op // reads on their way, by the block that travels

	life     *Moment
	states   []*Moment // by bucket
	back     []uint64  // by bucket: entries that were visible before this life
	barriers []*Moment // of this life, not completed

	struckBy *Fault // the last fault that struck,
	struckAt uint64 // in this step,
	fault    *Moment
	bare     bool // and nothing has said what it did;
	down     bool // the process was down before it

	fellAt uint64 // the step in which the last life ended,
	why    string // and what was last told of an end,
	whyAt  uint64 // in this step
}

// link is what is known of a connection.
type link struct {
	span *Moment
	left actor.Instant // when the session last put out bytes
}

func newRecorder(w *World, take func(*Moment)) *recorder {
	if take == nil {
		return nil
	}
	return &recorder{w: w, take: take, requests: make(map[*Op]*Moment), connections: make(map[*conn]*link),
		asks: make(map[*replica.Ask]*Op), states: make([]*Moment, w.k.Buckets), back: make([]uint64, w.k.Buckets)}
}

// add hands out a moment of now.
func (r *recorder) add(lane Lane, kind MomentKind, text string, tags ...string) *Moment {
	now := r.w.s.Now()
	m := &Moment{At: now, End: now, Lane: lane, Kind: kind, Text: text, Tags: tags}
	r.take(m)
	return m
}

// begin hands out a span that is not over.
func (r *recorder) begin(lane Lane, kind MomentKind, text string, tags ...string) *Moment {
	m := r.add(lane, kind, text, tags...)
	m.Open = true
	return m
}

func (r *recorder) end(m *Moment) { m.End, m.Open = r.w.s.Now(), false }

func (m *Moment) detail(name, format string, args ...any) {
	m.Details = append(m.Details, Detail{name, fmt.Sprintf(format, args...)})
}

func lifeTag(n int) string               { return fmt.Sprintf("life %d", n) }
func partitionTag[N ~uint16](n N) string { return fmt.Sprintf("partition %d", n) }
func entryTag[N ~int | ~uint16 | ~uint32](bucket N, index uint64) string {
	return fmt.Sprintf("bucket %d entry %d", bucket, index)
}

// struck says that a fault of the plan does its work now. What the world tells
// in the same step is what it did.
func (r *recorder) struck(f *Fault) {
	if r == nil || f == r.struckBy && r.struckAt == r.w.s.Steps() {
		return
	}
	r.idle()
	var tags []string
	what := "of the last phase"
	for i := range r.w.plan.Faults {
		if f == &r.w.plan.Faults[i] {
			tags = []string{fmt.Sprintf("fault %d", i)}
			what = tags[0]
		}
	}
	m := r.add(Lane{Role: LaneWorld}, FaultMoment, f.String(), tags...)
	m.detail("of the plan", "%s: %s", what, f)
	switch f.Kind {
	case KillPower, RollKill, SyncStall, SyncHang: // For is a delay, or that of the barrier
	case LostWrite, Misplaced:
		if m.At == f.At {
			m.Text += ": waits for the next sync"
		}
	case Cut:
		m.Text += fmt.Sprintf(": client %d loses its connection", int(f.Arg)%r.w.k.Clients)
	case Deaf:
		m.Text += fmt.Sprintf(": client %d reads nothing", int(f.Arg)%r.w.k.Clients)
		m.End += f.For
	default:
		m.End += f.For
	}
	r.down = !r.w.box.m.Up()
	r.struckBy, r.struckAt, r.fault, r.bare = f, r.w.s.Steps(), m, true
}

// striking is the end of a barrier at which a fault strikes.
func (r *recorder) striking(f *Fault, done func() error) func() error {
	if r == nil {
		return done
	}
	return func() error {
		r.struck(f)
		return done()
	}
}

// idle says of the last fault that it hit nothing, when that is so.
func (r *recorder) idle() {
	if r.fault != nil && r.bare && r.down && r.fault.End == r.fault.At {
		r.fault.Text += ", but the process is down: nothing happens"
	}
	r.fault = nil
}

// cause is the fault that struck in this step, or nil.
func (r *recorder) cause() *Moment {
	if r.fault != nil && r.struckAt == r.w.s.Steps() {
		return r.fault
	}
	return nil
}

// told takes what the world tells.
func (r *recorder) told(format string, args ...any) {
	if r == nil || r.w.found != nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	m := r.cause()
	if m != nil && r.bare {
		m.Text, r.bare = text, false
	} else {
		lane, kind := Lane{Role: LaneWorld}, NoteMoment
		switch {
		case strings.HasPrefix(format, "bucket %d"):
			lane.Role = LaneBucket
			if _, err := fmt.Sscanf(text, "bucket %d", &lane.N); err != nil {
				lane.Role = LaneWorld
			}
		case strings.HasPrefix(text, "the process dies") || strings.HasPrefix(text, "power is lost"):
			lane, kind = Lane{Role: LaneNode}, DeathMoment
		case strings.HasPrefix(text, "the node refuses"):
			lane, kind = Lane{Role: LaneNode}, DeathMoment
		case text == "orderly stop":
			lane = Lane{Role: LaneNode}
		}
		own := r.add(lane, kind, text)
		if m != nil {
			own.Tags = slices.Clone(m.Tags)
		}
		m = own
	}
	if m.Kind == DeathMoment || m.Kind == FaultMoment {
		r.why, r.whyAt = text, r.w.s.Steps()
		r.explain()
	}
}

// explain says why a life ended, when both are known: one may be told before
// the other.
func (r *recorder) explain() {
	if r.life != nil && !r.life.Open && r.fellAt == r.whyAt {
		r.life.detail("ended by", "%s", r.why)
		r.life = nil
	}
}

// Booted implements [sched.Watcher].
func (r *recorder) Booted(m *sched.Machine) {
	tag := lifeTag(m.Life)
	r.life = r.begin(Lane{Role: LaneNode}, LifeMoment, tag+" of the process", tag)
	for i, b := range r.w.model.buckets {
		r.back[i] = uint64(len(b.entries))
		r.state(i, MomentRecovers, fmt.Sprintf("recovers; %d entries were visible before", r.back[i]))
	}
}

// Fell implements [sched.Watcher].
func (r *recorder) Fell(*sched.Machine) {
	r.end(r.life)
	r.fellAt = r.w.s.Steps()
	if r.w.box.closing {
		r.why, r.whyAt = "the orderly stop", r.fellAt
	}
	r.explain()
	for i := range r.states {
		r.state(i, "", "")
	}
	for _, m := range r.barriers {
		r.end(m)
		m.Outcome = MomentLost
		m.Text += ": the process dies before it is done"
	}
	r.barriers = nil
	clear(r.asks)
}

// state ends a bucket's state and begins another one, if there is one.
func (r *recorder) state(bucket int, state, text string) {
	if m := r.states[bucket]; m != nil {
		r.end(m)
	}
	r.states[bucket] = nil
	if state != "" {
		m := r.begin(Lane{LaneBucket, bucket}, StateMoment, text, lifeTag(r.w.box.m.Life))
		m.Outcome = state
		r.states[bucket] = m
	}
}

// started looks at what recovery found.
func (r *recorder) started(damaged []error) {
	if r == nil {
		return
	}
	for i, err := range damaged {
		if err != nil {
			r.state(i, MomentDamaged, "is not served: "+err.Error())
		}
	}
}

// applied takes an entry that became visible and what the model said to it.
func (r *recorder) applied(f *event.Applied, v *Violation) {
	if r == nil {
		return
	}
	bucket := int(f.Bucket)
	b := r.w.model.buckets[bucket]
	kind, verb := EntryMoment, "becomes visible"
	if f.Index <= r.back[bucket] {
		kind, verb = AgainMoment, "is visible again"
	}
	if v != nil {
		kind, verb = EntryMoment, verb+" and breaks "+v.Property
	}
	what := r.w.model.describe(f.Index, f.Data)
	if len(f.Data) == 0 {
		what = "no data: the entry with which a term begins"
	}
	m := r.add(Lane{LaneBucket, bucket}, kind, fmt.Sprintf("entry %d %s: %s", f.Index, verb, what), entryTag(f.Bucket, f.Index))
	m.Index = f.Index
	m.detail("term", "%d", f.Term)
	m.detail("data", "%s", what)
	if n := int(f.Index); n > 0 && n <= len(b.entries) {
		if in := b.entries[n-1].intent; in != nil {
			m.Tags = append(m.Tags, in.tag(), partitionTag(in.Partition))
			m.detail("asked for by", "%s", in)
		}
	}
	if s := r.states[bucket]; s != nil && s.Outcome == MomentRecovers && f.Index >= r.back[bucket] {
		r.state(bucket, MomentServes, fmt.Sprintf("serves; its log is visible up to entry %d or more", f.Index))
	}
}

// halted takes the fact that a bucket went out of service.
func (r *recorder) halted(bucket int, reason string) {
	if r != nil {
		r.state(bucket, MomentHalted, "is halted until the process starts anew: "+reason)
	}
}

// barrier watches a barrier on its way.
func (r *recorder) barrier(id actor.ID, b *actor.Barrier, s sched.Sync) sched.Sync {
	if r == nil {
		return s
	}
	m := r.begin(Lane{LaneDisk, int(id.N)}, BarrierMoment, fmt.Sprintf("sync of %s", id))
	for _, f := range b.Files {
		name := "a file"
		if n, ok := f.(interface{ Name() string }); ok {
			name = n.Name()
		}
		m.detail("covers", "what was written before to %s", name)
	}
	for _, d := range b.Dirs {
		m.detail("covers", "the names in %s", d)
	}
	m.detail("takes", "%s", clock(s.After))
	m.Outcome = MomentPending
	r.blame(m)
	r.barriers = append(r.barriers, m)
	done := s.Done
	s.Done = func() error {
		err := done()
		r.end(m)
		r.barriers = slices.DeleteFunc(r.barriers, func(o *Moment) bool { return o == m })
		m.Outcome = MomentDone
		if err != nil {
			m.Outcome = MomentFailed
			m.Text += " fails: " + err.Error()
			r.blame(m)
		}
		return err
	}
	return s
}

// blame ties a moment to the fault that struck in this step.
func (r *recorder) blame(m *Moment) {
	if f := r.cause(); f != nil {
		m.Tags = append(m.Tags, f.Tags...)
		m.Details = append(m.Details, f.Details[0])
		if m.Kind == BarrierMoment {
			m.Text += " (" + r.struckBy.String() + ")"
		}
	}
}

// violated takes the end of the run.
func (r *recorder) violated(v *Violation) {
	if r == nil {
		return
	}
	r.why, r.whyAt = "the violation", r.w.s.Steps()
	r.explain()
	m := r.add(Lane{Role: LaneWorld}, ViolationMoment, v.Property+": "+v.Text, TagsIn(v.Text)...)
	m.detail("property", "%s", v.Property)
	m.detail("text", "%s", v.Text)
}

var (
	tagPattern    = regexp.MustCompile(`\bc\d+/\d+|\bappend #\d+|\bbucket \d+ entry \d+|\bpartition \d+`)
	bucketPattern = regexp.MustCompile(`\bbucket \d+`)
	entryPattern  = regexp.MustCompile(`\bentry \d+`)
	namePattern   = regexp.MustCompile(`=e(\d+)\.\d+\b`)
)

// TagsIn returns the tags that a text names, each once, in order. The name of
// an event names the append that it was made for.
func TagsIn(text string) []string {
	var tags []string
	add := func(tag string) {
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	for _, tag := range tagPattern.FindAllString(text, -1) {
		add(tag)
	}
	bucket := bucketPattern.FindString(text)
	if bucket != "" {
		for _, entry := range entryPattern.FindAllString(text, -1) {
			add(bucket + " " + entry) // named apart from its bucket
		}
		add(bucket)
	}
	for _, m := range namePattern.FindAllStringSubmatch(text, -1) {
		add("append #" + m[1])
	}
	return tags
}

// finish ends what is still open when the run ends.
func (r *recorder) finish() {
	if r == nil {
		return
	}
	r.idle()
	now := r.w.s.Now()
	for _, m := range slices.Concat([]*Moment{r.life}, r.states, r.barriers) {
		if m != nil && m.Open {
			m.End = now
		}
	}
	for _, c := range r.w.clients {
		if c.conn != nil && r.connections[c.conn] != nil {
			r.connections[c.conn].span.End = now
		}
	}
	for _, op := range r.w.history {
		m := r.requests[op]
		if op.Outcome == Pending {
			m.End = now
		}
		if in := op.Intent; in != nil {
			switch {
			case in.Landed != nil:
				bucket := r.w.model.bucketOf(in.Partition)
				m.Tags = append(m.Tags, entryTag(bucket, in.Index))
				m.detail("in the log", "bucket %d entry %d, from sequence %d of partition %d", bucket, in.Index, in.Landed[0].Sequence, in.Partition)
			case in.Excused:
				m.detail("in the log", "it was there and was lost to damage that may cost it")
			default:
				m.detail("in the log", "not when the run ended")
			}
		}
	}
}
