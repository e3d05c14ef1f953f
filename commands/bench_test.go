package commands

import (
	"testing"

	"sierradb/core/actor"
	"sierradb/core/event"
)

// benchStore answers every append at once and remembers nothing.
type benchStore struct {
	fakeStore
	answers []actor.Event
}

func (b *benchStore) Append(_ *actor.Env, a *event.Append) {
	a.Transaction.Partition = event.PartitionOf(a.Transaction.Key, 32)
	for range a.Transaction.Events {
		a.Placed = append(a.Placed, event.Placed{ID: a.Transaction.Key, Version: 12345, Timestamp: 1760745600000})
	}
	b.answers = append(b.answers, actor.Event{Kind: event.Appended, Body: a})
}

func (b *benchStore) Deliver(_ *actor.Env, ev *actor.Event) (*event.Append, *event.Query) {
	return ev.Body.(*event.Append), nil
}

// benchAppend returns a function that runs one pipeline of EAPPENDs.
func benchAppend(tb testing.TB, depth int) (run func(), wire int) {
	store := &benchStore{fakeStore: *newFakeStore()}
	s := NewSession(Builtin(), store, Options{})
	env := &actor.Env{Rand: actor.NewRand(1), Hooks: actor.Quiet{}}
	s.Step(env, &actor.Event{Kind: actor.Start})
	var p []byte
	for range depth {
		p = append(p, onWire("EAPPEND", "user-123", "UserRegistered", "EXPECTED_VERSION", "any", "TIMESTAMP", "1760745600000",
			"PAYLOAD", `{"email":"alice@example.com","name":"Alice"}`, "METADATA", `{"source":"api"}`)...)
	}
	// The runner's buffers are its own: only what the session does counts.
	input := actor.Event{Kind: actor.Input, Body: p}
	sent := actor.Event{Kind: actor.Sent}
	return func() {
		s.Step(env, &input)
		for i := range store.answers {
			s.Step(env, &store.answers[i])
		}
		store.answers = store.answers[:0]
		sent.Token = uint64(len(env.Out.Output))
		if sent.Token < uint64(depth)*200 {
			tb.Fatalf("%d bytes of replies to %d commands: %q", sent.Token, depth, env.Out.Output)
		}
		env.Out.Reset()
		s.Step(env, &sent)
		env.Out.Reset()
	}, len(p)
}

func BenchmarkEAppend(b *testing.B) {
	for _, depth := range []int{1, 16, 256} {
		b.Run("pipeline="+[]string{1: "1", 16: "16", 256: "256"}[depth], func(b *testing.B) {
			run, n := benchAppend(b, depth)
			run()
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*depth), "ns/append")
		})
	}
}

func TestEAppend_NoAllocation(t *testing.T) {
	run, _ := benchAppend(t, 16)
	run()
	if got := testing.AllocsPerRun(100, run); got != 0 {
		t.Fatalf("a pipeline of 16 EAPPENDs allocates %.0f times, want 0", got)
	}
}
