package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"sierradb/node"
	"sierradb/node/tcp"
	"sierradb/vfs"
)

// patience is how long a test waits for what takes no time.
const patience = 30 * time.Second

// stage is a machine whose database and server do what the test says.
type stage struct {
	signals   chan os.Signal
	accepting chan net.Listener // receives the listener once clients are served
	options   tcp.Options       // of the server; read it after accepting

	report     node.Report
	openErr    error
	closeErr   error
	drainErr   error
	openHold   chan struct{} // opening waits for it
	closeHold  chan struct{} // closing waits for it
	files      uint64
	times      []time.Duration // of the signals; those beyond come an hour apart
	hour       time.Duration
	log        bytes.Buffer // read it after the end
	drained    bool
	closed     bool
	exit       chan int
	wantedDir  string
	wantedOpts node.Options
}

func newStage() *stage {
	open := make(chan struct{})
	close(open)
	return &stage{
		signals: make(chan os.Signal, 2), accepting: make(chan net.Listener, 1), exit: make(chan int, 1),
		openHold: open, closeHold: open,
		report: node.Report{ID: uuid.UUID{15: 1}, Buckets: 4, Partitions: 32, SegmentSize: 64 << 20,
			Phases: []node.Phase{{Name: "recover the store", Took: 1234567, Detail: "4 buckets"}, {Name: "start the replicas"}}},
	}
}

func (s *stage) Report() node.Report { return s.report }

func (s *stage) Close() error {
	<-s.closeHold
	s.closed = true
	return s.closeErr
}

func (s *stage) Shutdown(context.Context) error {
	s.drained = true
	return s.drainErr
}

// start serves on a free port of the loopback interface, or with the given
// further arguments.
func (s *stage) start(t *testing.T, args ...string) {
	t.Helper()
	c := mustLoad(t, nil, append([]string{"--client-address", "127.0.0.1:0"}, args...)...)
	m := machine{
		open: func(dir string, o node.Options) (database, error) {
			<-s.openHold
			s.wantedDir, s.wantedOpts = dir, o
			return s, s.openErr
		},
		accept: func(_ database, ln net.Listener, o tcp.Options) server {
			s.options = o
			s.accepting <- ln
			return s
		},
		signals: s.signals, now: s.now, files: s.files, drain: patience,
	}
	go func() { s.exit <- serve(c, s.logger(), m) }()
}

// now is the time of the next signal.
func (s *stage) now() time.Time {
	var at time.Duration
	if len(s.times) > 0 {
		at, s.times = s.times[0], s.times[1:]
	} else {
		s.hour += time.Hour
		at = s.hour
	}
	return time.Unix(0, 0).Add(at)
}

// logger writes lines without their time.
func (s *stage) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "pid" {
			return slog.Attr{}
		}
		return a
	}}))
}

// code waits for the end of the server.
func (s *stage) code(t *testing.T) int {
	t.Helper()
	return await(t, s.exit, "the end of the server")
}

func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("unreachable")
	}
}

func wantLog(t *testing.T, s *stage, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if !strings.Contains(s.log.String(), want+"\n") && !strings.Contains(s.log.String(), want+" ") {
			t.Errorf("the log lacks %s; it is\n%s", want, s.log.String())
		}
	}
}

func TestServe_StopsInOrder(t *testing.T) {
	at(t)
	s := newStage()
	s.report.Warnings = []string{"segment.size_bytes is 64 MiB in this directory"}
	s.report.Damaged = []error{errors.New("b/0001/0003.seg: damage at 77")}
	s.start(t, "--dir", "db", "--set", "threads.read=8", "--set", "limits.connections=7")
	ln := await(t, s.accepting, "accepting")
	s.signals <- syscall.SIGTERM
	if code := s.code(t); code != exitOK || !s.drained || !s.closed {
		t.Errorf("exit code %d, drained %v, closed %v", code, s.drained, s.closed)
	}
	if s.wantedDir != "db" || s.wantedOpts.Buckets != 4 || s.wantedOpts.Logger == nil || s.options.MaxConnections != 7 || s.options.WriteTimeout != time.Minute {
		t.Errorf("dir %q, options %+v and %+v", s.wantedDir, s.wantedOpts, s.options)
	}
	dir, _ := os.Getwd()
	wantLog(t, s,
		`level=INFO msg="sierradb starts" version=`+node.Version+` config=none`,
		`level=WARN msg="settings that do nothing in this version: threads.read (--set)"`,
		`level=INFO msg="recover the store" took=1.23ms detail="4 buckets"`,
		`level=INFO msg="start the replicas" took=0s`,
		`level=WARN msg="segment.size_bytes is 64 MiB in this directory"`,
		`level=ERROR msg="a bucket is damaged and not served" error="b/0001/0003.seg: damage at 77"`,
		`level=INFO msg="ready for clients" address=`+ln.Addr().String()+` dir=`+dir+`/db buckets=4 partitions=32 `+
			`segment_size=64MiB node_id=00000000-0000-0000-0000-000000000001`,
		`level=INFO msg="stopping; another signal stops at once" signal=terminated`,
		`level=INFO msg=stopped`)
	if strings.Contains(s.log.String(), "authentication") {
		t.Error("a loopback address needs no warning")
	}
}

func TestServe_SecondSignalStopsAtOnce(t *testing.T) {
	at(t)
	s := newStage()
	s.closeHold = make(chan struct{}) // never
	s.start(t)
	await(t, s.accepting, "accepting")
	s.signals <- syscall.SIGINT
	s.signals <- syscall.SIGINT
	if code := s.code(t); code != exitError {
		t.Errorf("exit code %d, want %d", code, exitError)
	}
	wantLog(t, s, `level=WARN msg="stopped at once" signal=interrupt`)
}

func TestServe_SignalWhileOpening(t *testing.T) {
	at(t)
	s := newStage()
	s.openHold = make(chan struct{})
	s.start(t)
	s.signals <- syscall.SIGTERM
	close(s.openHold)
	if code := s.code(t); code != exitOK || !s.drained || !s.closed {
		t.Errorf("exit code %d, drained %v, closed %v", code, s.drained, s.closed)
	}
}

func TestServe_TwoSignalsWhileOpening(t *testing.T) {
	at(t)
	s := newStage()
	s.openHold = make(chan struct{}) // never
	s.start(t)
	s.signals <- syscall.SIGTERM
	s.signals <- syscall.SIGTERM
	if code := s.code(t); code != exitError {
		t.Errorf("exit code %d, want %d", code, exitError)
	}
}

// TestServe_RepeatedSignal: timeout(1) and some supervisors send every signal
// twice; the server ends in order all the same.
func TestServe_RepeatedSignal(t *testing.T) {
	at(t)
	s := newStage()
	s.signals = make(chan os.Signal) // what was sent was heard
	s.closeHold = make(chan struct{})
	s.times = []time.Duration{0, time.Millisecond, repeatMax - 1}
	s.start(t)
	await(t, s.accepting, "accepting")
	s.signals <- syscall.SIGTERM
	s.signals <- syscall.SIGTERM
	s.signals <- syscall.SIGINT
	close(s.closeHold)
	if code := s.code(t); code != exitOK || !s.drained || !s.closed {
		t.Errorf("exit code %d, drained %v, closed %v", code, s.drained, s.closed)
	}
	wantLog(t, s, `level=DEBUG msg="signal taken for the same as the first" signal=terminated after=1ms`)

	s = newStage()
	s.closeHold = make(chan struct{}) // never
	s.times = []time.Duration{0, time.Millisecond, repeatMax}
	s.start(t)
	await(t, s.accepting, "accepting")
	for range 3 {
		s.signals <- syscall.SIGTERM
	}
	if code := s.code(t); code != exitError {
		t.Errorf("after a third signal: exit code %d, want %d", code, exitError)
	}

	s = newStage()
	s.signals = make(chan os.Signal)
	s.openHold = make(chan struct{})
	s.times = []time.Duration{0, time.Millisecond}
	s.start(t)
	s.signals <- syscall.SIGTERM
	s.signals <- syscall.SIGTERM
	close(s.openHold)
	if code := s.code(t); code != exitOK || !s.closed {
		t.Errorf("while opening: exit code %d, closed %v", code, s.closed)
	}
}

func TestServe_CloseFails(t *testing.T) {
	at(t)
	s := newStage()
	s.drainErr, s.closeErr = context.DeadlineExceeded, vfs.ErrIO
	s.start(t)
	await(t, s.accepting, "accepting")
	s.signals <- syscall.SIGTERM
	if code := s.code(t); code != exitError {
		t.Errorf("exit code %d, want %d", code, exitError)
	}
	wantLog(t, s, `level=WARN msg="connections were closed before they took all replies" waited=30s`,
		`level=ERROR msg="close the directory" error="input/output error"`)
}

func TestServe_CannotOpen(t *testing.T) {
	at(t)
	s := newStage()
	s.openErr = errors.New("db is not a directory")
	s.start(t, "--dir", "db")
	if code := s.code(t); code != exitError {
		t.Errorf("exit code %d, want %d", code, exitError)
	}
	wantLog(t, s, `level=ERROR msg="db is not a directory"`)
}

func TestServe_AddressInUse(t *testing.T) {
	at(t)
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	addr := ln.Addr().String()
	s := newStage()
	s.start(t, "--client-address", addr)
	if code := s.code(t); code != exitError || s.wantedDir != "" {
		t.Errorf("exit code %d, want %d; the directory %q was opened", code, exitError, s.wantedDir)
	}
	wantLog(t, s, `level=ERROR msg="listen on `+addr+`: address already in use: another program serves there; choose another with --client-address"`)
}

func TestServe_WarnsOfOpenAddress(t *testing.T) {
	at(t)
	s := newStage()
	s.start(t, "--client-address", "0.0.0.0:0")
	ln := await(t, s.accepting, "accepting")
	s.signals <- syscall.SIGTERM
	s.code(t)
	if ip := ln.Addr().(*net.TCPAddr).IP; ip.To4() == nil {
		t.Errorf("0.0.0.0 listens on %v, which is more than IPv4", ln.Addr())
	}
	wantLog(t, s, `level=WARN msg="there is no authentication: whoever reaches the address may read and write" address=`+ln.Addr().String())
}

func TestServe_Connections(t *testing.T) {
	f := func(files uint64, asked, want int) {
		t.Helper()
		at(t)
		s := newStage()
		s.files = files
		s.start(t, "--set", fmt.Sprintf("limits.connections=%d", asked))
		await(t, s.accepting, "accepting")
		s.signals <- syscall.SIGTERM
		s.code(t)
		if s.options.MaxConnections != want {
			t.Errorf("%d open files, %d connections asked: %d, want %d", files, asked, s.options.MaxConnections, want)
		}
		if want < asked {
			wantLog(t, s, fmt.Sprintf(`asked=%d used=%d open_files=%d`, asked, want, files))
		}
	}
	f(0, 10000, 10000) // unknown
	f(20000, 10000, 10000)
	f(1024, 10000, 1024-128-8*4)
	f(1024, 100, 100)
	f(64, 100, 32)
	f(1<<63, 1000000, 1000000)
}

// TestServe_Real serves a directory to a client over TCP, twice.
func TestServe_Real(t *testing.T) {
	at(t)
	t.Cleanup(func() { signal.Reset() }) // of what thisMachine catches
	for _, want := range []string{":0\r\n", ":1\r\n"} {
		s := newStage()
		c := mustLoad(t, nil, "--client-address", "127.0.0.1:0", "--set", "segment.size_bytes=64KiB")
		m := thisMachine()
		accept := m.accept
		m.signals, m.now = s.signals, s.now
		m.accept = func(db database, ln net.Listener, o tcp.Options) server {
			s.accepting <- ln
			return accept(db, ln, o)
		}
		go func() { s.exit <- serve(c, s.logger(), m) }()
		conn, err := net.Dial("tcp", await(t, s.accepting, "accepting").Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprint(conn, "PING\r\nEAPPEND s Happened\r\nESVER s\r\n")
		r := bufio.NewReader(conn)
		var got string
		for !strings.HasSuffix(got, want) {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("after %q: %v", got, err)
			}
			got += line
		}
		if !strings.HasPrefix(got, "+PONG\r\n") {
			t.Errorf("the first reply is not PONG: %q", got)
		}
		s.signals <- syscall.SIGTERM
		if code := s.code(t); code != exitOK {
			t.Errorf("exit code %d, want %d\n%s", code, exitOK, s.log.String())
		}
		conn.Close()
	}
}
