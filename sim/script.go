package sim

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// Request is one request of a scripted client.
type Request struct {
	Client int
	At     actor.Instant // not before
	Work   string        // what judges the reply, when it is not the command's own workload
	Bad    bool          // malformed on purpose
	Raw    bool          // Args is one word of bytes that are no request
	Named  int           // what EACK and EUNSUB call the subscription that it asks for; 0: nothing
	Args   [][]byte
}

// Skip names a request that is drawn and not made.
type Skip struct{ Client, N int }

// Find is a planted bug that a plan shows, and the property by which it does.
type Find struct{ Bug, Property string }

// text is the request as a line of a plan.
func (r *Request) text() string {
	words := []string{"request", strconv.Itoa(r.Client), time.Duration(r.At).String()}
	if r.Bad {
		words = append(words, "bad")
	}
	if r.Raw {
		words = append(words, "raw")
	}
	if r.Work != "" {
		words = append(words, "as="+word(r.Work))
	}
	if r.Named > 0 {
		words = append(words, "sub="+strconv.Itoa(r.Named))
	}
	for _, a := range r.Args {
		if a == nil {
			words = append(words, nullWord)
			continue
		}
		words = append(words, word(string(a)))
	}
	return strings.Join(words, " ")
}

// nullWord stands for a null argument. No generated request has it as text.
const nullWord = "(null)"

// argsIn reads the arguments of a request's line.
func argsIn(words []string) [][]byte {
	args := text(words...)
	for i := range args {
		if words[i] == nullWord {
			args[i] = nil
		}
	}
	return args
}

func parseRequest(words []string) (r Request, err error) {
	if r.Client, err = strconv.Atoi(words[0]); err != nil {
		return r, fmt.Errorf("a request begins with the number of its client, not with %q", words[0])
	}
	d, err := time.ParseDuration(words[1])
	if err != nil {
		return r, fmt.Errorf("behind the client stands a time, not %q", words[1])
	}
	r.At = actor.Instant(d)
	words = words[2:]
	for len(words) > 1 {
		as, named := strings.CutPrefix(words[0], "as=")
		sub, numbered := strings.CutPrefix(words[0], "sub=")
		switch {
		case numbered:
			if r.Named, err = strconv.Atoi(sub); err != nil || r.Named < 1 {
				return r, fmt.Errorf("sub= gives a subscription a number from 1 on, not %q", sub)
			}
		case words[0] == "bad":
			r.Bad = true
		case words[0] == "raw":
			r.Raw = true
		case named:
			r.Work = as
		default:
			r.Args = argsIn(words)
			return r, nil
		}
		words = words[1:]
	}
	r.Args = argsIn(words)
	return r, nil
}

// Scripted returns the plan with the requests that were made in a run of it
// instead of the means to draw them. It outlives changes of the workload.
func (r *Result) Scripted() *Plan {
	p := *r.world.plan
	p.Faults = append([]Fault(nil), p.Faults...)
	p.Skip, p.Script = nil, []Request{}
	p.Knobs.Ops, p.Knobs.Weights, p.Knobs.Malformed, p.Knobs.Retries = 0, nil, 0, 0
	for _, op := range r.world.history {
		if op.Client >= p.Knobs.Clients || op.Late {
			continue
		}
		req := Request{Client: op.Client, At: op.CallAt, Bad: op.Bad, Args: op.Args}
		if op.Args == nil {
			req.Raw, req.Args = true, [][]byte{op.Raw}
		} else if name := strings.ToUpper(string(op.Args[0])); op.Work != nil && op.Work.Name != name {
			req.Work = op.Work.Name
		}
		if op.Sub != nil {
			req.Named = op.Named
		}
		if op.Blocks && op.Block == 0 { // nobody loses patience with a script
			req.Args = slices.Clone(op.Args)
			for i := 3; i < len(req.Args); i++ {
				if isOption(req.Args[i-1], "BLOCK") {
					req.Args[i] = []byte("500")
				}
			}
		}
		if op.Acks != nil && !op.Bad { // its id is another one in each run
			req.Args = slices.Clone(op.Args)
			req.Args[1] = []byte(subPrefix + strconv.Itoa(op.Acks.op.Named))
		}
		p.Script = append(p.Script, req)
	}
	return &p
}

// direct lets the scripted requests of a client come when their time has come,
// in the order in which they stand.
func (c *Client) direct() {
	if len(c.coming) == 0 {
		return
	}
	w := c.w
	w.s.At(c.coming[0].At, func() {
		for len(c.coming) > 0 && c.coming[0].At <= w.s.Now() {
			c.script = append(c.script, w.scripted(c.coming[0]))
			c.coming = c.coming[1:]
		}
		c.wake(0)
		c.direct()
	})
}

// scripted makes the request of a line: what it asks, and what its reply is
// judged by.
func (w *World) scripted(r *Request) *Op {
	if r.Raw {
		return &Op{Raw: r.Args[0], Bad: true}
	}
	name := r.Work
	if name == "" {
		name = strings.ToUpper(string(r.Args[0]))
	}
	op := &Op{Work: workCalled(name), Args: r.Args, Bad: r.Bad, Follows: r.Work != "", Named: r.Named}
	if op.Work == nil {
		op.Bad = true // no command: it must be refused
	}
	if !op.Bad && r.Work == "" {
		w.understand(op, name)
	}
	return op
}

// understand reads what a well-formed request of events asks for.
func (w *World) understand(op *Op, name string) {
	a := &op.Ask
	arg := func(i int) string { return string(op.Args[i]) }
	switch name {
	case "EAPPEND":
		in := &Intent{Key: event.KeyOf(arg(1))}
		w.understandAppend(op, in, op.Args[1:])
	case "EMAPPEND":
		in := &Intent{Key: keyIn(arg(1)), Multi: true}
		w.understandAppend(op, in, op.Args[2:])
	case "EGET":
		a.Kind, a.ID = event.GetEvent, keyIn(arg(1))
	case "ESCAN", "ESVER":
		a.Kind, a.Stream = event.LastVersion, streamName{event.KeyOf(arg(1)), arg(1)}
		rest := op.Args[2:]
		if name == "ESCAN" {
			a.Kind = event.ScanStream
			w.understandRange(a, op.Args[2:4])
			rest = op.Args[4:]
		}
		w.understandOptions(a, rest)
		a.Partition = event.PartitionOf(a.Stream.Key, w.k.Partitions)
	case "ESUB", "EPSUB":
		op.Sub = subscriptionOf(op.Args, w.k.Partitions)
	case "EACK":
		op.Cursor, _ = strconv.ParseUint(arg(2), 10, 64)
	case "EREAD":
		*a = Ask{Kind: event.ScanStream, Stream: streamName{event.KeyOf(arg(1)), arg(1)}, To: event.NoVersion, Limit: w.k.Count}
		w.understandPoll(op)
		a.Partition = event.PartitionOf(a.Stream.Key, w.k.Partitions)
	case "EPREAD":
		*a = Ask{Kind: event.ScanPartition, Partition: partitionCalled(arg(1), w.k.Partitions), To: event.NoVersion, Limit: w.k.Count}
		w.understandPoll(op)
	case "EPSCAN", "EPSEQ":
		a.Kind = event.LastSequence
		a.Partition = partitionCalled(arg(1), w.k.Partitions)
		if name == "EPSCAN" {
			a.Kind = event.ScanPartition
			w.understandRange(a, op.Args[2:4])
			w.understandOptions(a, op.Args[4:])
		}
	}
}

func (w *World) understandRange(a *Ask, bounds [][]byte) {
	a.To, a.Limit = event.NoVersion, w.k.Count
	if s := string(bounds[0]); s != "-" {
		a.From, _ = strconv.ParseUint(s, 10, 64)
	}
	if s := string(bounds[1]); s != "+" {
		n, _ := strconv.ParseUint(s, 10, 64)
		a.To = min(n, event.NoVersion)
	}
}

func (w *World) understandOptions(a *Ask, words [][]byte) {
	for i := 0; i+1 < len(words); i += 2 {
		switch value := string(words[i+1]); strings.ToUpper(string(words[i])) {
		case "COUNT":
			a.Limit, _ = strconv.Atoi(value)
		case "PARTITION_KEY":
			a.Stream.Key = keyIn(value)
		}
	}
}

// understandPoll reads the options of EREAD and EPREAD.
func (w *World) understandPoll(op *Op) {
	w.understandOptions(&op.Ask, op.Args[2:])
	for i := 2; i+1 < len(op.Args); i += 2 {
		n, _ := strconv.ParseUint(string(op.Args[i+1]), 10, 64)
		switch {
		case isOption(op.Args[i], "FROM"):
			op.Ask.From = n
		case isOption(op.Args[i], "BLOCK"):
			op.Blocks, op.Block = true, actor.Instant(n)*actor.Millisecond
		}
	}
}

// subPrefix stands before the number of a subscription where a request of a
// script names its id, which nobody knows before.
const subPrefix = "sub:"

// resolve puts the id of a subscription into a scripted EACK or EUNSUB. One that
// the client does not know on this connection stays as it is, an id that nobody
// gave.
func (c *Client) resolve(op *Op) {
	if op.Raw != nil || op.Bad || op.Work == nil || op.Work.Name != "EACK" && op.Work.Name != "EUNSUB" {
		return
	}
	number, symbolic := strings.CutPrefix(string(op.Args[1]), subPrefix)
	if !symbolic {
		return
	}
	op.Args = slices.Clone(op.Args)
	op.Args[1] = []byte(uuid.Max.String())
	n, _ := strconv.Atoi(number)
	if sub := c.named[n]; sub != nil && sub.known {
		op.Args[1] = []byte(sub.id)
		if sub.cn == c.conn {
			op.Acks = sub
		}
	}
}

// understandAppend reads the events of an append. The number of the intent
// stands in the names of its events, so that retries find their original.
func (w *World) understandAppend(op *Op, in *Intent, words [][]byte) {
	for i := 0; i+1 < len(words); i += 2 {
		key, value := strings.ToUpper(string(words[i])), words[i+1]
		var last *event.New
		if n := len(in.Events); n > 0 {
			last = &in.Events[n-1]
		}
		switch {
		case last != nil && key == "EVENT_ID":
			last.ID, last.GivenID = keyIn(string(value)), true
		case last != nil && key == "EXPECTED_VERSION":
			last.Expected = expectedIn(string(value))
		case last != nil && key == "TIMESTAMP":
			last.GivenTime = true
			last.Timestamp, _ = strconv.ParseInt(string(value), 10, 64)
		case last != nil && key == "PAYLOAD":
			last.Payload = value
		case last != nil && key == "METADATA":
			last.Metadata = value
		case last != nil && key == "PARTITION_KEY" && !in.Multi:
			in.Key = keyIn(string(value))
		default:
			in.Events = append(in.Events, event.New{Stream: string(words[i]), Name: string(value)})
		}
	}
	op.Intent = w.model.intendAs(in)
}

// intendAs registers an intent under the number that its first event's name
// tells; a retry gets the intent that it repeats.
func (m *Model) intendAs(in *Intent) *Intent {
	n, _, ok := intentOf(in.Events[0].Name)
	if !ok {
		return nil
	}
	for len(m.intents) <= n {
		m.intents = append(m.intents, &Intent{N: len(m.intents)})
	}
	if of := m.intents[n]; len(of.Events) > 0 {
		return m.variantOf(of, in)
	}
	in.N, in.Partition = n, event.PartitionOf(in.Key, m.partitions)
	m.intents[n] = in
	return in
}

// keyIn reads a UUID as generated requests write it.
func keyIn(s string) (id uuid.UUID) {
	s = strings.NewReplacer("-", "", "{", "", "}", "").Replace(s)
	if b, err := hex.DecodeString(s); err == nil {
		copy(id[:], b)
	}
	return id
}

func expectedIn(s string) event.Expected {
	switch strings.ToLower(s) {
	case "any":
		return event.Expected{}
	case "exists":
		return event.Expected{Kind: event.Exists}
	case "empty":
		return event.Expected{Kind: event.Empty}
	}
	n, _ := strconv.ParseUint(s, 10, 64)
	return event.At(event.Version(n))
}

// workCalled finds a workload, also those that stand behind others.
func workCalled(name string) *Workload {
	for _, list := range [][]*Workload{workloads, {behindMulti, execMulti, discardMulti}} {
		for _, wl := range list {
			if wl.Name == name {
				return wl
			}
		}
	}
	return nil
}
