package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that should take
// milliseconds: long enough for a loaded machine, short enough to end.
const patience = 30 * time.Second

// TestMain removes the binary that the tests built.
func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// built is the server under test.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// binary builds the server, once for all tests, and returns its path. Tests
// that run under the race detector build it with the race detector, too:
// a test fails if that reports something about its servers.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "sierradb-e2e-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, "sierradb")
		args := []string{"build", "-o", built.path}
		if raceDetector {
			args = append(args, "-race")
		}
		out, err := exec.Command("go", append(args, "sierradb/cmd/sierradb")...).CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("build the server: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// A server is a running process of the binary under test.
type server struct {
	cmd    *exec.Cmd
	addr   string
	dir    string
	args   []string
	log    logBuffer
	exited chan struct{} // closed once the process has been waited for
	err    error         // of the wait; read it after exited
}

// logBuffer keeps what a process wrote to stderr.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// launch starts a server on a free port and does not wait for it.
func launch(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	return launchAt(t, freeAddr(t), dir, args...)
}

func launchAt(t *testing.T, addr, dir string, args ...string) *server {
	t.Helper()
	s := &server{addr: addr, dir: dir, args: args, exited: make(chan struct{})}
	s.cmd = exec.Command(binary(t), append([]string{"--dir", dir, "--client-address", addr}, args...)...)
	s.cmd.Dir = filepath.Dir(dir) // where no configuration file lies about
	s.cmd.Env = cleanEnv()
	s.cmd.Stderr = &s.log
	s.cmd.Stdout = &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start the server: %v", err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() {
		s.kill()
		if strings.Contains(s.log.String(), "WARNING: DATA RACE") {
			t.Error("the race detector found something in the server")
		}
		if t.Failed() {
			t.Logf("log of the server at %s:\n%s", s.addr, s.log.String())
		}
	})
	return s
}

// start starts a server in dir, or in a new directory for "", and waits until
// it answers.
func start(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "data")
	}
	s := launch(t, dir, args...)
	s.await(t)
	return s
}

// restart starts a server in the directory and with the arguments of one that
// has ended.
func (s *server) restart(t *testing.T) *server {
	t.Helper()
	return start(t, s.dir, s.args...)
}

// await waits until the server answers PING.
func (s *server) await(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		if c, err := dialTo(s.addr); err == nil {
			v, err := c.do("PING")
			c.Close()
			if err == nil && v.Text() == "PONG" {
				return
			}
		}
		select {
		case <-s.exited:
			t.Fatalf("the server ended before it answered: %v\n%s", s.err, s.log.String())
		case <-deadline:
			t.Fatalf("the server at %s did not answer within %v\n%s", s.addr, patience, s.log.String())
		case <-tick.C:
		}
	}
}

// signal sends the process a signal; one that has ended gets none.
func (s *server) signal(sig os.Signal) {
	select {
	case <-s.exited:
	default:
		// An error means that the process ended in between.
		_ = s.cmd.Process.Signal(sig)
	}
}

// kill ends the process without warning and waits until it is gone.
func (s *server) kill() {
	s.signal(syscall.SIGKILL)
	<-s.exited
}

// stop asks the server to end and wants it to do so in order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.signal(syscall.SIGTERM)
	if code := s.exitCode(t); code != 0 {
		t.Fatalf("after SIGTERM the server ended with exit code %d, want 0\n%s", code, s.log.String())
	}
}

// exitCode waits for the end of the process.
func (s *server) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-s.exited:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("the server did not end within %v\n%s", patience, s.log.String())
		return -1
	}
}

// memory reads a field of the process's status in bytes: VmRSS, what it
// occupies now, or VmHWM, the most it ever did.
func (s *server) memory(field string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no " + field + " in the status of the process")
}

// cleanEnv is the environment without settings of a server.
func cleanEnv() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SIERRADB_") {
			env = append(env, v)
		}
	}
	return env
}

// ports hands out ports below those that the kernel gives to outgoing
// connections, so that none of our own clients takes one meanwhile.
var ports struct {
	mu   sync.Mutex
	next int
}

// freeAddr finds a loopback address where nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	ports.mu.Lock()
	defer ports.mu.Unlock()
	const first, count = 20000, 10000
	if ports.next == 0 {
		ports.next = os.Getpid() * 37 % count
	}
	for range count {
		ports.next = (ports.next + 1) % count
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+ports.next))
		ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
		if err == nil {
			ln.Close()
			return addr
		}
	}
	t.Fatal("no free port on the loopback interface")
	return ""
}

// writeConfig writes a configuration file and returns its path.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sierradb.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
