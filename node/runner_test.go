package node

import (
	"errors"
	"sync"
	"testing"

	"sierradb/core/actor"
	"sierradb/vfs"
)

const (
	ping actor.Kind = iota + 200
	pong
)

// relay sends each ping it gets on, and counts. The last one in the chain tells
// the test.
type relay struct {
	to   actor.ID
	left int
	seen int
	last uint64
	done chan<- int
	bad  func(string, ...any)
}

func (a *relay) Step(env *actor.Env, ev *actor.Event) {
	if ev.Kind != ping {
		return
	}
	if ev.Token != a.last+1 {
		a.bad("%v got message %d after %d", env.Self, ev.Token, a.last)
	}
	a.last = ev.Token
	a.seen++
	if a.to != (actor.ID{}) {
		env.Tell(a.to, actor.Event{Kind: ping, Token: ev.Token})
	}
	if a.seen == a.left && a.done != nil {
		a.done <- a.seen
	}
}

func (a *relay) Flush(*actor.Env) {}

func TestRunner_KeepsOrderAndLosesNothing(t *testing.T) {
	r := NewRunner(vfs.NewMem(vfs.MemOptions{}), actor.NewRand(1), actor.Quiet{}, func(why string) { t.Error(why) })
	const messages, chain = 5000, 4
	done := make(chan int, 1)
	for i := range chain {
		a := &relay{left: messages, bad: t.Errorf}
		if i+1 < chain {
			a.to = actor.ID{Role: actor.Session, N: uint32(i + 2)}
		} else {
			a.done = done
		}
		r.Add(actor.ID{Role: actor.Session, N: uint32(i + 1)}, a)
	}
	for i := range messages {
		r.Post(actor.ID{Role: actor.Session, N: 1}, actor.Event{Kind: ping, Token: uint64(i + 1)})
	}
	if got := <-done; got != messages {
		t.Fatalf("%d of %d messages came through", got, messages)
	}
	r.Close()
}

// syncer asks for barriers and reports what they answered.
type syncer struct {
	file vfs.File
	got  chan error
}

func (a *syncer) Step(env *actor.Env, ev *actor.Event) {
	switch ev.Kind {
	case ping:
		env.Out.Barriers = append(env.Out.Barriers, actor.Barrier{Files: []vfs.File{a.file}, Dirs: []string{"."}, Token: ev.Token})
	case actor.BarrierDone:
		a.got <- ev.Err
	}
}

func (a *syncer) Flush(*actor.Env) {}

// failing is a file whose sync fails.
type failing struct{ vfs.File }

func (failing) Sync() error { return vfs.ErrIO }

func TestRunner_Barrier(t *testing.T) {
	fs := vfs.NewMem(vfs.MemOptions{})
	f, err := fs.Open("a", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRunner(fs, actor.NewRand(1), actor.Quiet{}, func(why string) { t.Error(why) })
	defer r.Close()
	got := make(chan error, 1)
	good, bad := actor.ID{Role: actor.Replica, N: 1}, actor.ID{Role: actor.Replica, N: 2}
	r.Add(good, &syncer{f, got})
	r.Add(bad, &syncer{failing{f}, got})
	r.Post(good, actor.Event{Kind: ping, Token: 1})
	if err := <-got; err != nil {
		t.Fatalf("a barrier over a good file: %v", err)
	}
	r.Post(bad, actor.Event{Kind: ping, Token: 1})
	if err := <-got; !errors.Is(err, vfs.ErrIO) {
		t.Fatalf("a barrier over a failing file: %v, want an i/o error", err)
	}
}

// TestRunner_RemoveWhileBusy ends actors while others tell them things: what is
// for them disappears, and Close waits for everyone.
func TestRunner_RemoveWhileBusy(t *testing.T) {
	r := NewRunner(vfs.NewMem(vfs.MemOptions{}), actor.NewRand(1), actor.Quiet{}, func(why string) { t.Error(why) })
	hub := actor.ID{Role: actor.Replica, N: 9}
	r.Add(hub, &spray{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				id := actor.ID{Role: actor.Session, N: uint32(g*1000 + i)}
				r.Add(id, &spray{})
				r.Post(hub, actor.Event{Kind: ping, From: id, Token: uint64(id.N)})
				r.Post(id, actor.Event{Kind: ping})
				r.Remove(id)
			}
		})
	}
	wg.Wait()
	r.Quiesce()
	r.Close()
}

// spray answers everything to the session named by the token.
type spray struct{}

func (*spray) Step(env *actor.Env, ev *actor.Event) {
	if ev.Kind == ping {
		env.Tell(actor.ID{Role: actor.Session, N: uint32(ev.Token)}, actor.Event{Kind: pong})
	}
}

func (*spray) Flush(*actor.Env) {}
