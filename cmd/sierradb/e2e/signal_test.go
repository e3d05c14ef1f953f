package e2e

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestSIGTERM_Drains ends a server while it is written to. What it answered is
// stored, and it leaves with exit code 0.
func TestSIGTERM_Drains(t *testing.T) {
	s := start(t, "", "--config", writeConfig(t, smallSegments))
	l := newLedger()
	var counter atomic.Int64
	var writers []*writer
	var wg sync.WaitGroup
	for i := range 3 {
		w := &writer{number: i, c: dial(t, s.addr), next: make(map[streamName]int64),
			counter: func() int { return int(counter.Add(1)) }}
		writers = append(writers, w)
		wg.Go(func() { w.run(func() bool { return true }) })
	}
	<-time.After(100 * time.Millisecond)
	s.signal(syscall.SIGTERM)
	if code := s.exitCode(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	wg.Wait()
	for _, w := range writers {
		if w.err != nil {
			t.Errorf("writer %d: %v", w.number, w.err)
		}
		l.add(w.sent)
	}
	if l.acked() == 0 {
		t.Fatal("nothing was acknowledged before the signal")
	}
	again := s.restart(t)
	d, err := dumpStore(dial(t, again.addr), defaultPartitions)
	if err != nil {
		t.Fatal(err)
	}
	if faults := l.check(d); len(faults) > 0 {
		t.Errorf("%d faults\n%s", len(faults), first(faults))
	}
	t.Logf("%d events acknowledged, %d of unknown fate", l.acked(), len(l.byID)-l.acked())
}

// TestSIGTERM_Idle wants a server with idle clients to leave at once.
func TestSIGTERM_Idle(t *testing.T) {
	s := start(t, "")
	c := dial(t, s.addr)
	c.must(t, "PING")
	begin := time.Now()
	s.signal(syscall.SIGTERM)
	if code := s.exitCode(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("an idle server took %v to leave", took)
	}
	if _, err := c.read(); err == nil {
		t.Error("the connection of an idle client is still open")
	}
}

// TestSIGTERM_Twice wants a second signal to end a server whose clients won't
// take their answers.
func TestSIGTERM_Twice(t *testing.T) {
	s := start(t, "")
	c := dial(t, s.addr)
	for range 50 {
		c.must(t, "EAPPEND", "big", "Filled", "PAYLOAD", strings.Repeat("p", 64<<10))
	}
	for range 20 {
		c.add("ESCAN", "big", "-", "+")
	}
	if err := c.flush(); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGTERM)
	// The first signal is heard when nobody new is let in.
	for refused := false; !refused; {
		probe, err := dialTo(s.addr)
		if refused = err != nil; !refused {
			probe.Close()
		}
	}
	<-time.After(600 * time.Millisecond) // sooner, it is taken for the first again
	begin := time.Now()
	s.signal(syscall.SIGTERM)
	code := s.exitCode(t)
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("after the second signal the server took %v to leave", took)
	}
	if code != 0 && code != 1 {
		t.Errorf("exit code %d, want 1, or 0 if the server was done already", code)
	}
	again := s.restart(t)
	if v := dial(t, again.addr).must(t, "ESVER", "big"); v.Int != 49 {
		t.Errorf("ESVER big = %v after 50 acknowledged events, want 49", v)
	}
}

// TestSIGTERM_Repeated wants a signal that is sent twice, as timeout(1) does, to
// end the server in order.
func TestSIGTERM_Repeated(t *testing.T) {
	s := start(t, "")
	c := dial(t, s.addr)
	for range 50 {
		c.must(t, "EAPPEND", "big", "Filled", "PAYLOAD", strings.Repeat("p", 64<<10))
	}
	for range 20 { // what no socket buffer holds
		c.add("ESCAN", "big", "-", "+")
	}
	if err := c.flush(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, err := c.read(); err != nil {
			t.Fatalf("reply %d: %v", i, err)
		}
		if i == 0 { // the server has the pipeline: what it has not read when it stops gets no reply
			s.signal(syscall.SIGTERM)
			s.signal(syscall.SIGTERM)
		}
	}
	if code := s.exitCode(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// TestSecondProcess wants a directory to have one server, and the other to say
// who has it.
func TestSecondProcess(t *testing.T) {
	s := start(t, "")
	c := dial(t, s.addr)
	c.must(t, "EAPPEND", "s", "First")
	second := launch(t, s.dir)
	if code := second.exitCode(t); code != 1 {
		t.Errorf("exit code of the second server %d, want 1", code)
	}
	log, pid := second.log.String(), strconv.Itoa(s.cmd.Process.Pid)
	if !strings.Contains(log, pid) || !strings.Contains(log, s.dir) {
		t.Errorf("the second server says %q, want directory %s and pid %s in it", log, s.dir, pid)
	}
	if v := c.must(t, "ESVER", "s"); v.Int != 0 {
		t.Errorf("ESVER s = %v after the second server left, want 0", v)
	}
	s.kill()
	s.restart(t).stop(t) // the lock died with its process
}

// TestAddressInUse wants a clear refusal, and nothing left behind.
func TestAddressInUse(t *testing.T) {
	s := start(t, "")
	dir := filepath.Join(t.TempDir(), "data")
	second := launchAt(t, s.addr, dir)
	if code := second.exitCode(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if log := second.log.String(); !strings.Contains(log, "address already in use") || !strings.Contains(log, s.addr) {
		t.Errorf("the second server says %q, want the address %s and that it is in use", log, s.addr)
	}
	start(t, dir).stop(t)
}

// TestConfiguration_Refused wants a wrong configuration to be told in full
// before anything is touched.
func TestConfiguration_Refused(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "data")
		s := launch(t, dir, args...)
		if code := s.exitCode(t); code == 0 {
			t.Errorf("%q: exit code 0", args)
		}
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("%q: the server says %q, want %q in it", args, s.log.String(), want)
		}
		if entries, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(entries) > 0 {
			t.Errorf("%q: the server left %v behind, %v", args, entries, err)
		}
	}
	f("no-such-flag", "--no-such-flag")
	f("buckt", "--config", writeConfig(t, "[buckt]\ncount = 4\n"))
	f("bucket.count", "--config", writeConfig(t, "[bucket]\ncount = \"four\"\n"))
	f("nowhere.toml", "--config", filepath.Join(t.TempDir(), "nowhere.toml"))
}

// TestCounts_Fixed wants bucket and partition counts to stay what they were
// when the directory was made.
func TestCounts_Fixed(t *testing.T) {
	s := start(t, "", "--config", writeConfig(t, "[partition]\ncount = 64\n"))
	dial(t, s.addr).must(t, "EAPPEND", "s", "First")
	s.stop(t)
	other := launch(t, s.dir) // the default, 32
	if code := other.exitCode(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, want := range []string{"partition", "32", "64"} {
		if log := other.log.String(); !strings.Contains(log, want) {
			t.Errorf("the server says %q, want %q in it", log, want)
		}
	}
	if v := dial(t, s.restart(t).addr).must(t, "ESVER", "s"); fmt.Sprint(v.Int) != "0" {
		t.Errorf("ESVER s = %v, want 0", v)
	}
}
