package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// smallSegments makes segments roll all the time.
const smallSegments = "[segment]\nsize_bytes = 131072\n"

const (
	defaultPartitions = 32
	writersOfRound    = 4
)

// TestKillNine kills the server while it is written to, over and over, and
// compares what it shows afterwards with what it acknowledged.
func TestKillNine(t *testing.T) {
	rounds := 5
	if text := os.Getenv("SIERRADB_KILL_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("SIERRADB_KILL_ROUNDS = %q, want a number of rounds", text)
		}
		rounds = n
	}
	k := &killing{ledger: newLedger(), next: make(map[streamName]int64)}
	// go test -artifacts keeps the directory of a run that failed.
	s := start(t, filepath.Join(t.ArtifactDir(), "data"), "--config", writeConfig(t, smallSegments))
	for round := range rounds {
		before := k.ledger.acked()
		k.write(t, s)
		s = k.reopen(t, s)
		k.verify(t, s, round)
		s = k.endAndCompare(t, s, round)
		t.Logf("round %d: %d events acknowledged, %d stored in all", round+1, k.ledger.acked()-before, k.stored())
	}
	if k.ledger.acked() < rounds {
		t.Fatalf("only %d events were acknowledged in %d rounds", k.ledger.acked(), rounds)
	}
	s.stop(t)
}

// killing is the state of the test between rounds.
type killing struct {
	ledger  *ledger
	next    map[streamName]int64 // the next version of each stream
	dump    dump                 // what the store showed last
	fresh   []*record            // what was sent in this round
	counter atomic.Int64
}

func (k *killing) stored() int {
	n := 0
	for _, events := range k.dump {
		n += len(events)
	}
	return n
}

// write lets writers append and kills the server at a random moment.
func (k *killing) write(t *testing.T, s *server) {
	t.Helper()
	var writers []*writer
	var wg sync.WaitGroup
	for i := range writersOfRound {
		next := make(map[streamName]int64)
		for name, version := range k.next {
			next[name] = version
		}
		w := &writer{number: i, c: dial(t, s.addr), next: next,
			counter: func() int { return int(k.counter.Add(1)) }}
		writers = append(writers, w)
		wg.Go(func() { w.run(func() bool { return true }) })
	}
	<-time.After(20*time.Millisecond + rand.N(300*time.Millisecond))
	s.kill()
	wg.Wait()
	k.fresh = nil
	for _, w := range writers {
		w.c.Close()
		if w.err != nil {
			t.Errorf("writer %d: %v", w.number, w.err)
		}
		k.fresh = append(k.fresh, w.sent...)
	}
	k.ledger.add(k.fresh)
}

// reopen starts the server again; in every other round it dies once more while
// it recovers.
func (k *killing) reopen(t *testing.T, s *server) *server {
	t.Helper()
	if rand.IntN(2) == 0 {
		dying := launch(t, s.dir, s.args...)
		select {
		case <-time.After(rand.N(30 * time.Millisecond)):
		case <-dying.exited:
			t.Fatalf("the server ended by itself: %v\n%s", dying.err, dying.log.String())
		}
		dying.kill()
	}
	return s.restart(t)
}

// verify compares all that the server shows with the ledger.
func (k *killing) verify(t *testing.T, s *server, round int) {
	t.Helper()
	c := dial(t, s.addr)
	defer c.Close()
	var err error
	if k.dump, err = dumpStore(c, defaultPartitions); err != nil {
		t.Fatalf("round %d: %v", round+1, err)
	}
	if faults := k.ledger.check(k.dump); len(faults) > 0 {
		t.Fatalf("round %d: %d faults\n%s", round+1, len(faults), first(faults))
	}
	k.next = make(map[streamName]int64)
	for name, want := range k.dump.streams() {
		got, err := c.scanStream(name.id, name.key)
		if err != nil {
			t.Fatalf("round %d: %v", round+1, err)
		}
		if diff := (dump{want}).diff(dump{got}); diff != "" {
			t.Fatalf("round %d: ESCAN of %s differs from EPSCAN: %s", round+1, name.id, diff)
		}
		k.next[name] = int64(len(want))
	}
	if err := k.getAll(c); err != nil {
		t.Fatalf("round %d: %v", round+1, err)
	}
}

// getAll looks up the events of this round by their ids.
func (k *killing) getAll(c *conn) error {
	const depth = 100
	for rest := k.fresh; len(rest) > 0; {
		batch := rest[:min(depth, len(rest))]
		rest = rest[len(batch):]
		for _, r := range batch {
			c.add("EGET", r.id)
		}
		if err := c.flush(); err != nil {
			return err
		}
		for _, r := range batch {
			v, err := c.read()
			if err != nil {
				return err
			}
			if v.IsNull() && !r.acked {
				continue // it never landed
			}
			e, err := storedFrom(v)
			if err != nil {
				return fmt.Errorf("EGET %s (acknowledged: %v): %w", r.id, r.acked, err)
			}
			if e.partition >= int64(len(k.dump)) || e.sequence >= int64(len(k.dump[e.partition])) || k.dump[e.partition][e.sequence] != e {
				return fmt.Errorf("EGET %s shows %v, which EPSCAN does not", r.id, e)
			}
		}
	}
	return nil
}

// endAndCompare ends the server, in order or not by turns, and wants the next
// one to show the same.
func (k *killing) endAndCompare(t *testing.T, s *server, round int) *server {
	t.Helper()
	if round%2 == 0 {
		s.kill()
	} else {
		s.stop(t)
	}
	s = s.restart(t)
	c := dial(t, s.addr)
	defer c.Close()
	again, err := dumpStore(c, defaultPartitions)
	if err != nil {
		t.Fatalf("round %d, second opening: %v", round+1, err)
	}
	if diff := k.dump.diff(again); diff != "" {
		t.Fatalf("round %d: the second opening shows another state: %s", round+1, diff)
	}
	return s
}
