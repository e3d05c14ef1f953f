package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// SubscribeOptions are the settings of a subscription. The zero value of each
// field means its default.
type SubscribeOptions struct {
	From From // where to begin: Latest
	// Window is how many events the node sends ahead of what the loop has
	// finished, 1,024. It bounds the memory of a subscription.
	Window int
	// PartitionKey is that of the stream's events, if they were appended with
	// one. It is for SubscribeStream alone.
	PartitionKey uuid.UUID
	// Positions remembers across restarts how far the subscription is. What it
	// loads counts more than From.
	Positions Positions
	// Interrupted, if it is set, is told each time that the subscription lost
	// its connection or failed to connect, and why. It is called from the loop.
	Interrupted func(err error)
	// RetryFor bounds how long the subscription tries to come back, counted
	// from the interruption. 0: until the context of the loop ends.
	RetryFor time.Duration
}

// windowDefault is the window of a subscription that names none.
const windowDefault = 1024

// Positions remembers how far a subscription is, for the next start of the
// program.
type Positions interface {
	// Load returns what was stored last; nothing at the first start.
	Load(ctx context.Context) ([]Position, error)
	// Store replaces what was stored. It is called from the loop, whenever half
	// the window was worked off, when no event is there, and when the loop
	// ends. The positions never lie behind an event that the loop body has not
	// finished: after a crash some events come again, none is left out.
	Store(ctx context.Context, positions []Position) error
}

// A StreamID names a stream.
type StreamID struct {
	ID           string
	PartitionKey uuid.UUID // Nil: the one derived from ID
}

// SubscribeStream subscribes to a stream. Nothing happens before the loop over
// [Subscription.Events], or [Subscription.Open].
func (c *Client) SubscribeStream(stream string, o SubscribeOptions) *Subscription {
	return c.SubscribeStreams([]StreamID{{stream, o.PartitionKey}}, o)
}

// SubscribeStreams subscribes to several streams. Events of one stream come in
// order, without gap or repeat; there is no order between streams.
func (c *Client) SubscribeStreams(streams []StreamID, o SubscribeOptions) *Subscription {
	s := newSubscription(c, o)
	if len(streams) == 0 {
		s.wrong = &Error{Code: "INVALIDARG", Text: "no stream to subscribe to"}
	}
	seen := make(map[source]bool)
	for _, id := range streams {
		src := streamSource(id.ID, id.PartitionKey)
		if id.ID == "" {
			s.wrong = &Error{Code: "INVALIDARG", Text: "a stream without an id"}
		}
		if !seen[src] {
			seen[src] = true
			s.sources = append(s.sources, src)
		}
	}
	// Words that end the list of streams can only come first.
	first := slices.IndexFunc(s.sources, func(src source) bool { return isSubscribeOption(src.stream) })
	if first > 0 {
		s.sources[0], s.sources[first] = s.sources[first], s.sources[0]
		if i := slices.IndexFunc(s.sources[1:], func(src source) bool { return isSubscribeOption(src.stream) }); i >= 0 {
			s.wrong = &Error{Code: "INVALIDARG", Text: fmt.Sprintf("streams %q and %q can't be in one subscription", s.sources[0].stream, s.sources[1+i].stream)}
		}
	}
	return s
}

func isSubscribeOption(word string) bool {
	return strings.EqualFold(word, "FROM") || strings.EqualFold(word, "WINDOW") || strings.EqualFold(word, "PARTITION_KEY")
}

// SubscribePartition subscribes to a partition.
func (c *Client) SubscribePartition(p Partition, o SubscribeOptions) *Subscription {
	return c.SubscribePartitions([]Partition{p}, o)
}

// SubscribePartitions subscribes to several partitions. Events of one partition
// come in order, without gap or repeat; there is no order between partitions.
func (c *Client) SubscribePartitions(partitions []Partition, o SubscribeOptions) *Subscription {
	s := newSubscription(c, o)
	s.partitions = slices.Clone(partitions)
	if len(partitions) == 0 {
		s.wrong = &Error{Code: "INVALIDARG", Text: "no partition to subscribe to"}
	}
	return s
}

// SubscribeAll subscribes to all partitions.
func (c *Client) SubscribeAll(o SubscribeOptions) *Subscription {
	s := newSubscription(c, o)
	s.all = true
	return s
}

func newSubscription(c *Client, o SubscribeOptions) *Subscription {
	s := &Subscription{c: c, o: o}
	if o.Window == 0 {
		s.o.Window = windowDefault
	}
	if o.Window < 0 || o.RetryFor < 0 {
		s.wrong = &Error{Code: "INVALIDARG", Text: "a number of SubscribeOptions is negative"}
	}
	return s
}

// resolve finds out once which sources there are and where each begins, and asks
// the node where LATEST is: from then on the subscription knows its position.
func (s *Subscription) resolve(ctx context.Context, n *conn) error {
	sources, err := s.list(n.node.Partitions)
	if err != nil {
		return err
	}
	var stored []Position
	if s.o.Positions != nil {
		if stored, err = s.o.Positions.Load(ctx); err != nil {
			return fmt.Errorf("load positions: %w", err)
		}
	}
	known := make(map[source]uint64, len(s.o.From.positions)+len(stored))
	for _, p := range append(slices.Clip(s.o.From.positions), stored...) { // the later counts
		known[p.source()] = p.Next
	}
	next := make([]uint64, len(sources))
	var latest []int
	for i, src := range sources {
		at, ok := known[src]
		if !ok {
			at, ok = s.o.From.rest, s.o.From.hasRest
		}
		if next[i] = at; !ok {
			latest = append(latest, i)
		}
	}
	if err := askLatest(ctx, n, sources, latest, next); err != nil {
		return err
	}
	s.sources, s.next, s.done = sources, next, slices.Clone(next)
	s.index = make(map[source]int, len(sources))
	for i, src := range sources {
		if src.stream != "" && src.key == uuid.Nil {
			src.key = event.KeyOf(src.stream) // as events show it
		}
		s.index[src], s.only = i, src
	}
	s.resolved = true
	// A program that ends before the first event shall not begin at a later
	// LATEST next time.
	s.dirty = len(latest) > 0
	return s.store(ctx)
}

// list returns the sources. Keys lead to partitions only when it is known how
// many there are.
func (s *Subscription) list(partitions int) ([]source, error) {
	if partitions < 1 || partitions > 1<<16 {
		return nil, fmt.Errorf("%w: HELLO tells of %d partitions", ErrReply, partitions)
	}
	var list []source
	if s.all {
		for p := range partitions {
			list = append(list, source{partition: PartitionID(p)})
		}
		return list, nil
	}
	if s.partitions == nil {
		return s.sources, nil
	}
	seen := make(map[source]bool)
	for _, p := range s.partitions {
		src := source{partition: p.among(partitions)}
		if !seen[src] {
			seen[src] = true
			list = append(list, src)
		}
	}
	return list, nil
}

// askLatest finds where the listed sources end. The questions go out together.
func askLatest(ctx context.Context, n *conn, sources []source, latest []int, next []uint64) error {
	replies := make([]chan result, len(latest))
	for i, of := range latest {
		cmd := newCommand("EPSEQ", strconv.Itoa(int(sources[of].partition)))
		if src := sources[of]; src.stream != "" {
			cmd = newCommand("ESVER", src.stream).key(src.key)
		}
		var err error
		if replies[i], err = n.begin(ctx, cmd); err != nil {
			return err
		}
	}
	for i, of := range latest {
		v, _, err := n.await(ctx, replies[i])
		if err == nil && v.IsError() {
			err = parseError(v.Text())
		}
		if err != nil {
			return err
		}
		last, found, err := positionFrom(v)
		if err != nil {
			return err
		}
		if found {
			next[of] = last + 1
		}
	}
	return nil
}

// command is ESUB or EPSUB from where the loop is.
func (s *Subscription) command() *command {
	var cmd *command
	if first := s.sources[0]; first.stream != "" {
		cmd = newCommand("ESUB")
		for _, src := range s.sources {
			cmd.word(src.stream).key(src.key)
		}
	} else if s.all {
		cmd = newCommand("EPSUB", "*")
	} else {
		var ids []string
		for _, src := range s.sources {
			ids = append(ids, strconv.Itoa(int(src.partition)))
		}
		cmd = newCommand("EPSUB", strings.Join(ids, ","))
	}
	cmd.word("FROM")
	if len(s.sources) == 1 {
		cmd.number(s.next[0])
	} else {
		cmd.word("MAP")
		for i, src := range s.sources {
			name := src.stream
			if name == "" {
				name = strconv.Itoa(int(src.partition))
			}
			cmd.word(name + "=" + strconv.FormatUint(s.next[i], 10))
		}
	}
	return cmd.word("WINDOW").number(uint64(s.o.Window))
}

// lasting says whether an error that ended or refused a subscription will still
// be there after a while.
func lasting(err error) bool {
	code := codeOf(err)
	return code == "" && !errors.Is(err, ErrConnection) || code != "" && !passing(code)
}
