package sim

import (
	"strconv"
)

// malformed makes a request that must be refused.
func (g *Gen) malformed() *Op {
	if g.Chance(1, 8) {
		return g.noRequest()
	}
	wl := workloads[g.Intn(len(workloads))]
	if wl.Bad == nil {
		return work("PING").Gen(g)
	}
	return &Op{Work: wl, Args: wl.Bad(g), Bad: true}
}

// noRequest makes bytes that are no request, or one beyond the node's limits:
// the connection ends with an error.
func (g *Gen) noRequest() *Op {
	raw := choose(g.Rand, garbage...)
	switch g.Intn(6) {
	case 0:
		if n := g.k.BulkMax; n > 0 {
			raw = "*2\r\n$4\r\nECHO\r\n$" + strconv.Itoa(n+1) + "\r\n"
			if g.Chance(1, 2) {
				raw += string(make([]byte, n+1)) + "\r\n"
			}
		}
	case 1:
		if n := g.k.ArgsMax; n > 0 {
			raw = "*" + strconv.Itoa(n+1) + "\r\n$4\r\nECHO\r\n"
		}
	}
	return &Op{Raw: []byte(raw), Bad: true}
}

// garbage is bytes that are no request.
var garbage = []string{
	"*1\r\n$-5\r\nPING\r\n", "*99999999999999999999\r\n", "*2\r\n$4\r\nECHO\r\n$10737418240\r\n", "*2000000000\r\n$3\r\nfoo\r\n",
	"*1\r\n*1\r\n$4\r\nPING\r\n", "*1\r\n$4\r\nPINGxx", "*1\r\n$x\r\n", "*-7\r\n", ">1\r\n+PING\r\n", "%1\r\n+a\r\n+b\r\n",
}

// unheard makes a request that comes too late to be read: behind QUIT, behind
// bytes that are no request, or cut short by the end of the client's side. Its
// event leads to no intent, so that it is a phantom if it ever lands.
func (g *Gen) unheard() []byte {
	return request(text("EAPPEND", g.stream(), "unheard"))
}

// null makes arguments of which the last one is null.
func null(words ...string) [][]byte { return append(text(words...), nil) }

// plain says whether a request can be sent as a line of words.
func plain(args [][]byte) bool {
	if len(args) > 100 {
		return false // beyond the limit of a line
	}
	for _, a := range args {
		if len(a) == 0 || len(a) > 200 {
			return false
		}
		for _, c := range a {
			if c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\' {
				return false
			}
		}
	}
	return true
}

// line encodes a plain request as people type it.
func line(args [][]byte) []byte {
	var b []byte
	for i, a := range args {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, a...)
	}
	return append(b, "\r\n"...)
}
