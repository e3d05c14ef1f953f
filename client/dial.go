package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
)

// dial opens a connection and says HELLO. f takes its pushes, or is nil.
func (c *Client) dial(ctx context.Context, f *feed) (*conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.o.DialTimeout, &connError{c.o.Addr, errors.New("no answer in time")})
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	nc, err := c.open(ctx)
	if err != nil {
		return nil, c.dialError(ctx, err)
	}
	n, err := newConn(c, nc, f)
	if err != nil {
		return nil, err
	}
	v, _, err := n.do(ctx, newCommand("HELLO", "3", "SETNAME", c.o.Name))
	if err == nil && v.IsError() {
		err = parseError(v.Text())
	}
	if err == nil {
		n.node, err = nodeFrom(v)
	}
	if err != nil {
		n.close(err)
		return nil, c.dialError(ctx, err)
	}
	return n, nil
}

// dialError says why dialing failed: a context that ended, or the network.
func (c *Client) dialError(ctx context.Context, err error) error {
	switch code := codeOf(err); {
	case c.life.Err() != nil:
		return ErrClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case code == "NOPROTO" || code == "WRONGPASS" || code == "INVALIDARG" || errors.Is(err, ErrConnection) || errors.Is(err, ErrReply):
		return err
	}
	return &connError{c.o.Addr, err} // and ERR, which a node says that has too many connections
}

// open connects, and encrypts if the client shall.
func (c *Client) open(ctx context.Context) (net.Conn, error) {
	nc, err := c.o.Dial(ctx, "tcp", c.o.Addr)
	if err != nil || c.o.TLS == nil {
		return nc, err
	}
	config := c.o.TLS
	if config.ServerName == "" && !config.InsecureSkipVerify {
		config = config.Clone()
		config.ServerName, _, err = net.SplitHostPort(c.o.Addr)
		if err != nil {
			nc.Close()
			return nil, err
		}
	}
	secured := tls.Client(nc, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return secured, nil
}
