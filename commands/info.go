package commands

import (
	"strconv"
	"strings"
)

// InfoText is the INFO module: it describes the node in text, for people and
// for client libraries that look whether the server is ready.
var InfoText = Module{
	Spec: Spec{
		Name:    "INFO",
		Usage:   "[<section> ...]",
		Summary: "Describe the node in text.",
		Group:   "server",
		Since:   "0.1.0",
		Flags:   Connection,
		Args:    []Arg{{Name: "section", Type: "string", Optional: true, Multiple: true, About: "only these sections, by name in any case; all, default and everything mean all of them"}},
		Notes: []string{
			"Sections are Server, Clients, Persistence, Replication, Cluster and Keyspace, and what the node adds; a line is name:value. " +
				"A section that doesn't exist is empty, INFO CACHE too: there is no cache of which this could tell.",
			"redis_version, redis_mode, role and cluster_enabled are what Redis clients look for: the node speaks the protocol of that version and no cluster commands.",
		},
		Returns:  "Text.",
		Examples: []string{"INFO", "INFO server"},
		Errors:   []Code{InvalidArg},
	},
	New: func() Command { return new(infoText) },
}

// redisVersion is the version of Redis whose protocol the node speaks.
const redisVersion = "7.4.0"

type infoText struct {
	all      bool
	sections []string // in lower case
}

func (c *infoText) Parse(a *Args) error {
	c.all, c.sections = !a.More(), c.sections[:0]
	for a.More() {
		name := strings.ToLower(a.Str("section"))
		switch name {
		case "all", "default", "everything":
			c.all = true
		}
		c.sections = append(c.sections, name)
	}
	return a.End()
}

func (c *infoText) Run(call *Call) {
	var b []byte
	for _, section := range infoSections(call) {
		if !c.wants(section.Name) {
			continue
		}
		if len(b) > 0 {
			b = append(b, "\r\n"...)
		}
		b = append(b, "# "...)
		b = append(b, strings.ToUpper(section.Name[:1])+section.Name[1:]...)
		b = append(b, "\r\n"...)
		for _, f := range section.Fields {
			b = append(b, f[0]...)
			b = append(b, ':')
			b = append(b, f[1]...)
			b = append(b, "\r\n"...)
		}
	}
	call.Bulk(b)
	c.sections = nil
}

func (c *infoText) wants(section string) bool {
	if c.all {
		return true
	}
	for _, s := range c.sections {
		if strings.EqualFold(s, section) {
			return true
		}
	}
	return false
}

// infoSections returns the session's own sections, each with what the node
// adds to it, and then the node's others.
func infoSections(call *Call) []InfoSection {
	info, o := call.Info(), call.Options()
	sections := []InfoSection{
		{Name: "server", Fields: [][2]string{
			{"redis_version", redisVersion},
			{"redis_mode", "standalone"},
			{"sierradb_version", info.Version},
			{"sierradb_mode", info.Mode},
			{"run_id", info.PeerID},
		}},
		{Name: "clients", Fields: [][2]string{
			{"client_inflight_max", strconv.Itoa(o.Inflight)},
			{"client_inflight_bytes_max", strconv.Itoa(o.InflightBytes)},
			{"client_output_bytes_max", strconv.Itoa(o.OutputMax)},
		}},
		{Name: "persistence", Fields: [][2]string{{"loading", "0"}}},
		{Name: "replication", Fields: [][2]string{{"role", "master"}}},
		{Name: "cluster", Fields: [][2]string{{"cluster_enabled", "0"}}},
		{Name: "keyspace", Fields: [][2]string{
			{"partitions", strconv.Itoa(info.Partitions)},
			{"buckets", strconv.Itoa(info.Buckets)},
		}},
	}
	own := len(sections)
next:
	for _, added := range info.Sections {
		for i := range sections[:own] {
			if strings.EqualFold(sections[i].Name, added.Name) {
				sections[i].Fields = append(sections[i].Fields, added.Fields...)
				continue next
			}
		}
		if added.Name != "" {
			sections = append(sections, added)
		}
	}
	return sections
}

func (c *infoText) Done(*Call) {}
