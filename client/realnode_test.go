package client_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"sierradb/node"
	"sierradb/node/tcp"
)

// A realNode is a database served on a loopback port, in this process.
type realNode struct {
	t      *testing.T
	dir    string
	addr   string
	db     *node.DB
	server *tcp.Server
}

// serve starts a node on a directory of its own.
func serve(t *testing.T) *realNode {
	t.Helper()
	n := &realNode{t: t, dir: t.TempDir(), addr: "127.0.0.1:0"}
	n.start()
	t.Cleanup(n.stop)
	return n
}

// start opens the database and serves it, where it was served before.
func (n *realNode) start() {
	n.t.Helper()
	db, err := node.Open(n.dir, node.Options{SegmentSize: 1 << 20})
	if err != nil {
		n.t.Fatal(err)
	}
	ln, err := net.Listen("tcp", n.addr)
	if err != nil {
		n.t.Fatal(err)
	}
	n.addr = ln.Addr().String()
	n.db, n.server = db, tcp.Serve(db, ln, tcp.Options{})
}

// stop ends the node in order; one that is stopped stays so.
func (n *realNode) stop() {
	if n.db == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := errors.Join(n.server.Shutdown(ctx), n.db.Close()); err != nil {
		n.t.Errorf("stop the node: %v", err)
	}
	n.db = nil
}
