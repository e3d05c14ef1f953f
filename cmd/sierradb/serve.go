package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"sierradb/node"
	"sierradb/node/tcp"
)

// drainMax is how long clients may take to read their last replies after the
// first signal. It is below the ten seconds that container runtimes wait before
// they kill.
const drainMax = 5 * time.Second

// repeatMax is how long after the first signal another one is taken for the same
// wish: timeout(1), for one, signals its child and then the whole process group.
const repeatMax = 500 * time.Millisecond

// database is what serving needs of a *node.DB.
type database interface {
	Report() node.Report
	Close() error
}

// server is what serving needs of a *tcp.Server.
type server interface {
	Shutdown(ctx context.Context) error
}

// machine is the outside of the server. Tests have one of their own.
type machine struct {
	open    func(dir string, o node.Options) (database, error)
	accept  func(db database, ln net.Listener, o tcp.Options) server
	signals <-chan os.Signal // each asks to stop
	now     func() time.Time // asked when a signal comes
	files   uint64           // how many files may be open; 0 is unknown
	drain   time.Duration
}

// thisMachine is the real one. From here on SIGTERM and SIGINT don't end the
// process by themselves, and neither does a log that nobody reads any more.
func thisMachine() machine {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	signal.Ignore(syscall.SIGPIPE)
	return machine{
		open: func(dir string, o node.Options) (database, error) {
			db, err := node.Open(dir, o)
			if err != nil {
				return nil, err // and not a nil *node.DB in an interface
			}
			return db, nil
		},
		accept: func(db database, ln net.Listener, o tcp.Options) server {
			return tcp.Serve(db.(*node.DB), ln, o)
		},
		signals: signals,
		now:     time.Now,
		files:   openFilesMax(),
		drain:   drainMax,
	}
}

// serving is one run of the server.
type serving struct {
	c   *Config
	log *slog.Logger
	m   machine
	ln  net.Listener
	db  database
	srv server

	stopBy os.Signal // the first signal; nil before
	stopAt time.Time // when it came
}

// serve runs the server until a signal and returns the exit code.
func serve(c *Config, log *slog.Logger, m machine) int {
	s := &serving{c: c, log: log, m: m}
	begin := time.Now()
	log.Info("sierradb starts", "version", node.Version, "pid", os.Getpid(), "config", cmp.Or(c.File, "none"))
	for _, w := range c.Warnings {
		log.Warn(w)
	}
	// The address is taken before the directory is touched: a typing mistake in
	// it must neither cost a recovery nor leave a new directory behind. Clients
	// that connect meanwhile wait.
	ln, err := listen(c.Network.ClientAddress)
	if err != nil {
		log.Error(listenError(c.Network.ClientAddress, err))
		return exitError
	}
	defer ln.Close()
	s.ln = ln
	if !s.open() {
		return exitError
	}
	s.srv = m.accept(s.db, ln, tcp.Options{
		MaxConnections: s.connections(),
		WriteTimeout:   c.Session.OutputTimeout,
		OutputMax:      c.Limits.OutputBytes,
		Logger:         log,
	})
	s.announce(time.Since(begin))
	for s.stopBy == nil {
		s.hear(<-m.signals)
	}
	return s.stop()
}

// hear takes a signal and says whether it asks to stop at once: the first one
// never does, another one does unless it comes within repeatMax of the first.
func (s *serving) hear(sig os.Signal) (atOnce bool) {
	now := s.m.now()
	if s.stopBy == nil {
		s.stopBy, s.stopAt = sig, now
		return false
	}
	if after := now.Sub(s.stopAt); after < repeatMax {
		s.log.Debug("signal taken for the same as the first", "signal", sig.String(), "after", spent(after))
		return false
	}
	s.log.Warn("stopped at once", "signal", sig.String())
	return true
}

// open opens the database, and meanwhile hears signals: the first is acted upon
// after opening, since recovery can't be left halfway through; a second ends the
// wait, and with it the process. Then, and when opening fails, ok is false.
func (s *serving) open() (ok bool) {
	failed := make(chan error, 1)
	go func() {
		var err error
		o := s.c.nodeOptions()
		o.Logger = s.log
		s.db, err = s.m.open(s.c.Dir, o)
		failed <- err
	}()
	for {
		select {
		case err := <-failed:
			if err != nil {
				s.log.Error(err.Error())
				return false
			}
			s.describe()
			return true
		case sig := <-s.m.signals:
			first := s.stopBy == nil
			if s.hear(sig) {
				return false
			}
			if first {
				s.log.Info("will stop when the directory is open; another signal stops at once", "signal", sig.String())
			}
		}
	}
}

// describe logs what opening did.
func (s *serving) describe() {
	report := s.db.Report()
	for _, p := range report.Phases {
		attrs := []any{"took", spent(p.Took)}
		if p.Detail != "" {
			attrs = append(attrs, "detail", p.Detail)
		}
		s.log.Info(p.Name, attrs...)
	}
	for _, w := range report.Warnings {
		s.log.Warn(w)
	}
	for _, err := range report.Damaged {
		s.log.Error("a bucket is damaged and not served", "error", err)
	}
}

// announce logs what is served.
func (s *serving) announce(took time.Duration) {
	if !isLoopback(s.ln.Addr()) {
		s.log.Warn("there is no authentication: whoever reaches the address may read and write", "address", s.ln.Addr().String())
	}
	dir := s.c.Dir
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	r := s.db.Report()
	s.log.Info("ready for clients", "address", s.ln.Addr().String(), "dir", dir,
		"buckets", r.Buckets, "partitions", r.Partitions, "segment_size", sizeText(r.SegmentSize),
		"node_id", r.ID.String(), "took", spent(took))
}

// connections is limits.connections, lowered where the operating system allows
// fewer open files: a client must not take the descriptor that a new segment
// needs.
func (s *serving) connections() int {
	limit := s.c.Limits.Connections
	if s.m.files == 0 {
		return limit
	}
	files := int(min(s.m.files, 1<<30))
	ours := min(128+8*s.c.Bucket.Count, files/2)
	if limit <= files-ours {
		return limit
	}
	s.log.Warn("limits.connections is lowered: the operating system allows too few open files (see ulimit -n)",
		"asked", limit, "used", files-ours, "open_files", files)
	return files - ours
}

// stop ends in order, unless another signal comes.
func (s *serving) stop() int {
	s.log.Info("stopping; another signal stops at once", "signal", s.stopBy.String())
	ctx, cancel := context.WithTimeout(context.Background(), s.m.drain)
	defer cancel()
	closed := make(chan error, 1)
	go func() {
		if err := s.srv.Shutdown(ctx); err != nil {
			s.log.Warn("connections were closed before they took all replies", "waited", s.m.drain.String())
		}
		closed <- s.db.Close()
	}()
	for {
		select {
		case err := <-closed:
			if err != nil {
				s.log.Error("close the directory", "error", err)
				return exitError
			}
			s.log.Info("stopped")
			return exitOK
		case sig := <-s.m.signals:
			if s.hear(sig) {
				return exitError
			}
		}
	}
}

// listen takes an address. An IPv4 address means IPv4 only: left alone, package
// net makes "0.0.0.0" listen on IPv6 too.
func listen(addr string) (net.Listener, error) {
	network := "tcp"
	if host, _, err := net.SplitHostPort(addr); err == nil {
		if ip, err := netip.ParseAddr(host); err == nil && ip.Is4() {
			network = "tcp4"
		}
	}
	return net.Listen(network, addr)
}

// listenError says in one line why an address can't be listened on.
func listenError(addr string, err error) string {
	cause := err
	if e := new(net.OpError); errors.As(err, &e) {
		cause = e.Err
	}
	if e := new(os.SyscallError); errors.As(cause, &e) {
		cause = e.Err
	}
	advice := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		advice = ": another program serves there; choose another with --client-address"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		advice = ": no interface of this machine has it"
	case errors.Is(err, syscall.EACCES):
		advice = ": ports below 1024 are for privileged users"
	}
	return fmt.Sprintf("listen on %s: %v%s", addr, cause, advice)
}

// isLoopback says whether only this machine can reach an address.
func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// spent shows a duration without digits that say nothing.
func spent(d time.Duration) string { return d.Round(10 * time.Microsecond).String() }
