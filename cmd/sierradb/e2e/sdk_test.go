package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sierradb/client"
)

// program builds a command of this module below the folder of the server.
func program(t *testing.T, path string) string {
	t.Helper()
	server := binary(t)
	out := filepath.Join(filepath.Dir(server), filepath.Base(path))
	args := []string{"build", "-o", out}
	if raceDetector {
		args = append(args, "-race")
	}
	if text, err := exec.Command("go", append(args, path)...).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", path, err, text)
	}
	return out
}

// A process is one that a test started; it ends with the test.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout logBuffer
	stderr logBuffer
	exited chan struct{}
}

func run(t *testing.T, path string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(path, args...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.end(os.Kill)
		if strings.Contains(p.stderr.String(), "WARNING: DATA RACE") {
			t.Error("the race detector found something in", p.cmd)
		}
		if t.Failed() {
			t.Logf("%s wrote\n%s%s", p.cmd, p.stdout.String(), p.stderr.String())
		}
	})
	return p
}

// end sends a signal and returns the exit code.
func (p *process) end(sig os.Signal) int {
	_ = p.cmd.Process.Signal(sig) // it may have ended
	return p.code()
}

func (p *process) code() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.exited
		p.t.Errorf("%s did not end", p.cmd)
	}
	return p.cmd.ProcessState.ExitCode()
}

// eventually waits until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); time.Since(begin) < patience; <-tick.C {
		if f() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

// TestSDK_Account runs the example of optimistic concurrency many times at once:
// what is paid out never exceeds what was paid in, and nobody is refused who
// could be served.
func TestSDK_Account(t *testing.T) {
	s := start(t, "")
	account := program(t, "sierradb/client/examples/account")
	if p := run(t, account, "-address", s.addr, "account-1", "70"); p.code() != 0 || p.stdout.String() != "70\n" {
		t.Fatalf("exit code %d, stdout %q", p.code(), p.stdout.String())
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	balances := make(map[string]bool)
	refused := 0
	for range 10 {
		p := run(t, account, "-address", s.addr, "account-1", "-10")
		all.Go(func() {
			code := p.code()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case code == 0:
				balances[p.stdout.String()] = true
			case code == 1 && strings.Contains(p.stderr.String(), "too little"):
				refused++
			default:
				t.Errorf("exit code %d: %s", code, p.stderr.String())
			}
		})
	}
	all.Wait()
	if len(balances) != 7 || !balances["0\n"] || refused != 3 {
		t.Errorf("balances %v, %d refused", balances, refused)
	}
}

// TestSDK_Balances runs the example of a projection. The server is stopped,
// killed and started again, so is the projection; each event counts once.
func TestSDK_Balances(t *testing.T) {
	s := start(t, "", "--config", writeConfig(t, smallSegments))
	balances := program(t, "sierradb/client/examples/balances")
	file := filepath.Join(t.TempDir(), "balances.json")
	follow := func() *process { return run(t, balances, "-address", s.addr, "-file", file) }
	db, err := client.New(client.Options{Addr: s.addr})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	want := make(map[string]int)
	put := func(n int) {
		t.Helper()
		for i := range n {
			stream := fmt.Sprint("account-", i%7)
			_, err := db.Append(t.Context(), client.NewEvent{Stream: stream, Name: "MoneyMoved", Payload: fmt.Appendf(nil, `{"amount":%d}`, i)})
			if err != nil {
				t.Fatal(err)
			}
			want[stream] += i
		}
	}
	caughtUp := func() {
		t.Helper()
		wanted, _ := json.Marshal(want)
		eventually(t, "the table to be "+string(wanted), func() bool {
			data, err := os.ReadFile(file)
			var got struct {
				Balances json.RawMessage `json:"balances"`
			}
			return err == nil && json.Unmarshal(data, &got) == nil && bytes.Equal(got.Balances, wanted)
		})
	}
	restart := func() {
		t.Helper()
		s = launchAt(t, s.addr, s.dir, s.args...)
		s.await(t)
	}
	put(200)
	p := follow()
	caughtUp() // with what was there
	put(50)
	caughtUp() // with what came
	s.stop(t)
	restart()
	put(50)
	caughtUp()
	s.kill()
	restart()
	put(50)
	caughtUp()
	p.end(syscall.SIGKILL)
	put(100)
	p = follow()
	caughtUp()
	if code := p.end(os.Interrupt); code != 0 {
		t.Errorf("exit code %d after SIGINT", code)
	}
	if log := p.stderr.String(); log != "" {
		t.Errorf("a projection that nothing interrupted says %q", log)
	}
}

// TestTail follows what is appended, through a restart of the server.
func TestTail(t *testing.T) {
	s := start(t, "")
	c := dial(t, s.addr)
	c.must(t, "EAPPEND", "user-1", "Created", "PAYLOAD", "first")
	tail := func(args ...string) *process {
		return run(t, binary(t), append([]string{"tail", "--address", s.addr}, args...)...)
	}
	if p := tail("--from", "start", "--count", "1", "user-1"); p.code() != 0 || !strings.Contains(p.stdout.String(), " user-1 0 Created first [") {
		t.Errorf("exit code %d, stdout %q", p.code(), p.stdout.String())
	}
	p, all := tail("--from", "0", "user-1", "user-2"), tail("--all", "--json", "--from", "start")
	lines := func(p *process, want ...string) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d lines of %s", len(want), p.cmd), func() bool { return strings.Count(p.stdout.String(), "\n") >= len(want) })
		got := strings.Split(p.stdout.String(), "\n")
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("line %d is %q, want %q", i, got[i], want[i])
			}
		}
		if len(got) != len(want)+1 {
			t.Errorf("got %q", got)
		}
	}
	lines(p, "user-1 0 Created first")
	c.must(t, "EAPPEND", "user-1", "Renamed", "PAYLOAD", "second")
	lines(p, "user-1 0 Created first", "user-1 1 Renamed second")
	lines(all, `"payload":"first"`, `"payload":"second"`) // it has begun, too
	c.Close()
	s.stop(t)
	s = launchAt(t, s.addr, s.dir, s.args...)
	s.await(t)
	dial(t, s.addr).must(t, "EAPPEND", "user-2", "Created", "PAYLOAD", "third")
	lines(p, "user-1 0 Created first", "user-1 1 Renamed second", "user-2 0 Created third")
	lines(all, `"payload":"first"`, `"payload":"second"`, `"payload":"third"`)
	dec := json.NewDecoder(strings.NewReader(all.stdout.String()))
	for i, payload := range []string{"first", "second", "third"} {
		var e map[string]any
		if err := dec.Decode(&e); err != nil || e["payload"] != payload || len(e) != 11 {
			t.Errorf("event %d: %v, %v", i, e, err)
		}
	}
	if log := p.stderr.String(); !strings.Contains(log, "the node is closing; trying again") {
		t.Errorf("the user was told %q", log)
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if code := p.end(sig); code != 0 {
			t.Errorf("exit code %d after %v", code, sig)
		}
		p = all
	}
}

// TestTail_PipeCloses: head(1) and its like end tail.
func TestTail_PipeCloses(t *testing.T) {
	s := start(t, "")
	c := dial(t, s.addr)
	c.must(t, "EAPPEND", "s", "N", "PAYLOAD", "one")
	cmd := exec.Command(binary(t), "tail", "--address", s.addr, "--from", "start", "s")
	var stderr logBuffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	out.Close()
	c.must(t, "EAPPEND", "s", "N", "PAYLOAD", "two")
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) || err != nil || stderr.String() != "" {
			t.Errorf("%v, stderr %q", err, stderr.String())
		}
	case <-time.After(patience):
		t.Fatal("tail did not notice that its output closed")
	}
}
