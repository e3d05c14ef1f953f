package main

import (
	"strconv"

	"sierradb/commands/resp3"
)

// A group is a table: rows that are measured in the same way.
type group struct {
	name  string // as in --rows
	fresh bool   // servers anew for each row: appends make them grow
	bare  bool   // the bare loop is a contender
	items bool   // what is counted are the events in replies, not replies
	heads []string
	rows  []row
}

// A row is one shape of load.
type row struct {
	labels []string // under the heads of its group
	conns  int
	depth  int
	aim    aim
	// script makes the scripts of one measurement; run is a number that no other
	// measurement has.
	script func(s *server, run int) func(conn int) script
}

// An aim is what the project wants of SierraDB with one bucket; zero fields are
// no aim.
type aim struct {
	ratio float64 // to Redis
	rate  float64 // a second
}

// plans returns the groups in their order.
func plans(widths, depths []int) []group {
	return []group{appendGroup(widths, depths), scanGroup(), getGroup(widths, depths)}
}

func appendGroup(widths, depths []int) group {
	g := group{name: "append", fresh: true, bare: true, heads: []string{"connections", "pipeline"}}
	for _, depth := range depths {
		for _, conns := range widths {
			want := aim{ratio: 1}
			if depth >= 16 {
				want.ratio = 2
			}
			g.rows = append(g.rows, row{
				labels: []string{strconv.Itoa(conns), strconv.Itoa(depth)},
				conns:  conns, depth: depth, aim: want, script: appendScripts,
			})
		}
	}
	return g
}

func appendScripts(s *server, run int) func(int) script {
	return func(conn int) script {
		if s.kind == redis {
			return newXadds(run, conn)
		}
		return newAppends(run, conn)
	}
}

// scanGroup reads pages of scanEvents events. Redis has one shape for all: a
// stream there is a thing of its own, not a selection from a log.
func scanGroup() group {
	g := group{name: "scan", items: true, heads: []string{"command", "events in the log", "connections"}}
	for _, shape := range []struct {
		command, layout string
		list            func(*server) [][]byte
	}{
		{"ESCAN", "one stream's side by side", func(s *server) [][]byte { return s.streamScans(s.data.adjacent) }},
		{"ESCAN", "64 streams by turns", func(s *server) [][]byte { return s.streamScans(s.data.mixed) }},
		{"EPSCAN", "a partition's", (*server).partitionScans},
	} {
		for _, conns := range []int{1, 16} {
			g.rows = append(g.rows, row{
				labels: []string{shape.command, shape.layout, strconv.Itoa(conns)},
				conns:  conns, depth: 1, aim: aim{rate: 1e6},
				script: func(s *server, _ int) func(int) script {
					list := shape.list(s)
					return func(conn int) script { return newReads(list, scanEvents, conn) }
				},
			})
		}
	}
	return g
}

func (s *server) streamScans(streams []string) [][]byte {
	var list [][]byte
	for _, stream := range streams {
		command := "ESCAN"
		if s.kind == redis {
			command = "XRANGE"
		}
		list = append(list, resp3.AppendCommand(nil, command, stream, "-", "+", "COUNT", strconv.Itoa(scanEvents)))
	}
	return list
}

func (s *server) partitionScans() [][]byte {
	if s.kind == redis {
		return s.streamScans(s.data.adjacent)
	}
	return [][]byte{resp3.AppendCommand(nil, "EPSCAN", s.data.partition, "-", "+", "COUNT", strconv.Itoa(scanEvents))}
}

// getGroup reads single events by id. Redis finds one in a stream that must be
// named; SierraDB's ids are enough by themselves.
func getGroup(widths, depths []int) group {
	g := group{name: "get", heads: []string{"connections", "pipeline"}}
	for _, depth := range depths {
		for _, conns := range widths {
			if conns > 64 {
				continue
			}
			g.rows = append(g.rows, row{
				labels: []string{strconv.Itoa(conns), strconv.Itoa(depth)},
				conns:  conns, depth: depth, script: getScripts,
			})
		}
	}
	return g
}

func getScripts(s *server, _ int) func(int) script {
	var list [][]byte
	items := int64(-1)
	for _, e := range s.data.events {
		if s.kind == redis {
			list = append(list, resp3.AppendCommand(nil, "XRANGE", e.stream, e.id, e.id))
			items = 1
		} else {
			list = append(list, resp3.AppendCommand(nil, "EGET", e.id))
		}
	}
	return func(conn int) script { return newReads(list, items, conn) }
}
