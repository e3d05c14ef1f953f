package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sierradb/commands/resp3"
)

const (
	// startMax is how long a server may take until it answers PING.
	startMax = 30 * time.Second
	// stopMax is how long it may take to end by itself.
	stopMax = 20 * time.Second
)

// kind is what a server understands.
type kind int

const (
	sierra kind = iota
	redis
)

// A server is a process that the bench started, on loopback, and ends.
type server struct {
	kind     kind
	addr     string
	profiles string // address where its profiles are to be had, if it was built so
	log      string // the file of its output
	cmd      *exec.Cmd
	exited   chan struct{} // closed once it was waited for
	data     *dataset      // what was stored before reads; nil: nothing
}

// startSierra starts SierraDB with its data below dir.
func startSierra(ctx context.Context, binary, dir string, settings []string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	profiles, err := freeAddr()
	if err != nil {
		return nil, err
	}
	args := []string{"--dir", filepath.Join(dir, "data"), "--client-address", addr}
	for _, s := range settings {
		args = append(args, "--set", s)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(serverEnv(os.Environ()), profileVariable+"="+profiles)
	s, err := launch(ctx, sierra, addr, dir, cmd)
	if s != nil {
		s.profiles = profiles
	}
	return s, err
}

// startRedis starts redis-server as durable as SierraDB is: every append is
// synced before its reply. It never rewrites its log, which would take
// processor time and disk from some rounds and not from others.
func startRedis(ctx context.Context, binary, dir string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("free address %s: %w", addr, err)
	}
	return launch(ctx, redis, addr, dir, exec.Command(binary, "--bind", "127.0.0.1", "--port", port, "--dir", dir,
		"--daemonize", "no", "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"))
}

// freeAddr returns a loopback address that nobody listens on.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return ln.Addr().String(), ln.Close()
}

// launch starts a process in dir and waits until it answers.
func launch(ctx context.Context, k kind, addr, dir string, cmd *exec.Cmd) (*server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of a server: %w", err)
	}
	s := &server{kind: k, addr: addr, log: filepath.Join(dir, "output"), cmd: cmd, exited: make(chan struct{})}
	out, err := os.Create(s.log)
	if err != nil {
		return nil, fmt.Errorf("make the log of a server: %w", err)
	}
	defer out.Close() // the process has its own handle
	cmd.Dir = dir     // where no configuration file lies about
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		cmd.Wait() // its status is of no interest: who asked it to end knows
		close(s.exited)
	}()
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// serverEnv leaves out what would configure a server behind the bench's back.
func serverEnv(env []string) []string {
	var kept []string
	for _, e := range env {
		if !strings.HasPrefix(e, "SIERRADB_") {
			kept = append(kept, e)
		}
	}
	return kept
}

// await waits until the server answers PING.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startMax)
	defer cancel()
	for {
		err := ping(s.addr)
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended: %s", s.cmd.Path, s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer (%w): %s", s.cmd.Path, err, s.lastWords())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func ping(addr string) error {
	c, err := dialClient(addr)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.do(resp3.AppendCommand(nil, "PING"), 1)
	return err
}

// lastWords returns the end of what the server wrote.
func (s *server) lastWords() string {
	b, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(b[max(0, len(b)-2000):]))
}

// pid is the process id, for the meter.
func (s *server) pid() int { return s.cmd.Process.Pid }

// stop ends the server. One that does not end by itself is killed and named.
func (s *server) stop() error {
	s.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-s.exited:
		return nil
	case <-time.After(stopMax):
	}
	s.cmd.Process.Kill()
	<-s.exited
	return fmt.Errorf("%s (process %d) did not end within %s and was killed", s.cmd.Path, s.pid(), stopMax)
}

// serverPackage is the server of this module.
const serverPackage = "sierradb/cmd/sierradb"

// buildSierra builds the server into dir, with profiles to be had from it or
// without.
func buildSierra(ctx context.Context, dir string, profiled bool) (string, error) {
	path := filepath.Join(dir, "sierradb")
	args := []string{"build", "-o", path}
	if profiled {
		file, err := overlay(ctx, dir)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", file)
	}
	out, err := exec.CommandContext(ctx, "go", append(args, serverPackage)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return path, nil
}

// bucketCount is the setting that the two SierraDB servers differ in.
func bucketCount(n int) string { return "bucket.count=" + strconv.Itoa(n) }
