package main

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"sierradb/commands"
	"sierradb/commands/resp3"
	"sierradb/core/actor"
	"sierradb/node"
)

// mustLoad loads a configuration that is expected to be right.
func mustLoad(t *testing.T, env []string, args ...string) *Config {
	t.Helper()
	in, err := parseArgs(args)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := load(in, env)
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	return c
}

func TestPrecedence(t *testing.T) {
	f := func(file string, env, args []string, want int, from string) {
		t.Helper()
		at(t, "sierradb.toml", file)
		c := mustLoad(t, env, args...)
		if got := c.from("scan.count").String(); c.Scan.Count != want || got != from {
			t.Errorf("scan.count = %d from %s, want %d from %s", c.Scan.Count, got, want, from)
		}
	}
	file := "\n[scan]\ncount = 7"
	env := []string{"PATH=/bin", "SIERRADB_SCAN_COUNT=8"}
	f("", nil, nil, 100, "default")
	f(file, nil, nil, 7, "sierradb.toml:3")
	f("scan.count = 7", nil, nil, 7, "sierradb.toml:1")
	f("scan = {count = 7}", nil, nil, 7, "sierradb.toml:1")
	f("", env, nil, 8, "SIERRADB_SCAN_COUNT")
	f(file, env, nil, 8, "SIERRADB_SCAN_COUNT")
	f(file, env, []string{"--set", "scan.count=9"}, 9, "--set")
	f(file, nil, []string{"--set=scan.count=9", "--set=scan.count=10"}, 10, "--set")
}

func TestFileIsChosen(t *testing.T) {
	at(t, "sierradb.toml", `dir = "here"`, "other.toml", `log.level = "warn"`)
	if c := mustLoad(t, nil); c.Dir != "here" || c.File != "sierradb.toml" {
		t.Errorf("without --config: dir %q of file %q", c.Dir, c.File)
	}
	if c := mustLoad(t, nil, "-c", "other.toml"); c.Dir != "./data" || c.Log.Level != "warn" || c.File != "other.toml" {
		t.Errorf("with --config the default file must not be read: dir %q, level %q, file %q", c.Dir, c.Log.Level, c.File)
	}
	at(t)
	if c := mustLoad(t, nil); c.File != "" {
		t.Errorf("no file is there, but %q was read", c.File)
	}
}

func TestFlagsOfKeys(t *testing.T) {
	at(t)
	c := mustLoad(t, nil, "-d", "x", "--client-address", "localhost:1", "--cluster-address", "h:2",
		"-n", "1", "-i", "0", "--mdns", "true", "-l", "error", "--log-format=json")
	for _, got := range []struct {
		key        string
		value      any
		want, from string
	}{
		{"dir", c.Dir, "x", "--dir"},
		{"network.client_address", c.Network.ClientAddress, "localhost:1", "--client-address"},
		{"network.cluster_address", c.Network.ClusterAddress, "h:2", "--cluster-address"},
		{"log.level", c.Log.Level, "error", "--log"},
		{"log.format", c.Log.Format, "json", "--log-format"},
	} {
		if got.value != got.want || c.from(got.key).String() != got.from {
			t.Errorf("%s = %v from %s, want %s from %s", got.key, got.value, c.from(got.key), got.want, got.from)
		}
	}
	if c.Node.Count != 1 || c.Node.Index != 0 || !c.Network.MDNS {
		t.Errorf("node %d of %d, mdns %v", c.Node.Index, c.Node.Count, c.Network.MDNS)
	}
}

// TestDefaults wants the defaults to be those of the packages that are set.
func TestDefaults(t *testing.T) {
	at(t)
	got := mustLoad(t, nil).nodeOptions()
	want := node.Options{
		Buckets: node.DefaultBuckets, Partitions: node.DefaultPartitions,
		QueueBytes: node.DefaultQueueBytes, Timeout: node.DefaultTimeout,
		Session: commands.Options{
			Inflight: 1024, InflightBytes: 8 << 20, OutputMax: 1 << 20, ReplyMax: 8 << 20,
			OutputTimeout: 60 * actor.Second, Subscriptions: 16384, Count: 100,
			Limits: resp3.Limits{Args: 1 << 20, Bulk: 16 << 20, Command: 64 << 20, Inline: 64 << 10},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("options of the node:\n%+v, want\n%+v", got, want)
	}
}

// TestBounds wants a node to accept what the table of keys accepts.
func TestBounds(t *testing.T) {
	at(t)
	for i := range keys {
		k := &keys[i]
		if k.bounds() == "" || strings.HasPrefix(k.name, "node.") {
			continue
		}
		for _, v := range []int64{k.min, k.max} {
			c, _ := newConfig(nil)
			if err := k.set(c, v); err != nil {
				t.Errorf("%s: its own bound is refused: %v", k.name, err)
			}
			c.Partition.Count = max(c.Partition.Count, c.Bucket.Count)
			if k.name == "partition.count" {
				c.Bucket.Count = min(c.Bucket.Count, c.Partition.Count)
			}
			if err := c.nodeOptions().Check(); err != nil {
				t.Errorf("%s = %d: the node refuses it: %v", k.name, v, err)
			}
		}
		for _, v := range []int64{k.min - 1, k.max + 1} {
			c, _ := newConfig(nil)
			if err := k.set(c, v); err == nil {
				t.Errorf("%s = %d is out of bounds and was taken", k.name, v)
			}
		}
	}
}

func TestNodeOptions(t *testing.T) {
	at(t)
	c := mustLoad(t, []string{"SIERRADB_SEGMENT_SIZE_BYTES=64MiB", "SIERRADB_APPEND_STRICT_VERSIONING=true"},
		"--set", "network.default_protocol=3", "--set", "append.timeout_ms=1500", "--set", "session.output_timeout_ms=2000",
		"--set", "limits.inline_bytes=2KiB")
	o := c.nodeOptions()
	if o.SegmentSize != 64<<20 || o.Timeout != 1500*time.Millisecond || !o.Session.Strict ||
		o.Session.Proto != 3 || o.Session.OutputTimeout != 2*actor.Second || o.Session.Limits.Inline != 2048 {
		t.Errorf("options of the node: %+v", o)
	}
}

func TestKeys(t *testing.T) {
	env, flags := map[string]string{}, map[string]string{}
	for i := range keys {
		k := &keys[i]
		if other := env[k.env()]; other != "" {
			t.Errorf("%s and %s share the variable %s", k.name, other, k.env())
		}
		env[k.env()] = k.name
		if orchestrated.MatchString(k.env() + "=1") {
			t.Errorf("%s would be taken for a variable of Kubernetes", k.env())
		}
		if k.flag != "" && (flags[k.flag] != "" || k.brief == "" || k.metavar == "") {
			t.Errorf("%s: its flag is taken or has no help", k.name)
		}
		flags[k.flag] = k.name
		if !strings.HasSuffix(k.about, ".") {
			t.Errorf("%s: its meaning should be sentences", k.name)
		}
		if i > 0 && k.section() != keys[i-1].section() && k.section() != "" && sectionKeys(k.section())[0] != k.name {
			t.Errorf("%s stands apart from its section", k.name)
		}
	}
}

// TestProductSample is the configuration of the product's description.
func TestProductSample(t *testing.T) {
	at(t, "sierradb.toml", `
[bucket]
count = 4                    # Number of buckets

[partition] 
count = 32                   # Number of partitions (8 per bucket by default)

[segment]
size_bytes = 268435456       # Segment size in bytes (256MB default)

[replication]
factor = 3                   # Data replication factor
buffer_size = 1000           # Replication buffer size
buffer_timeout_ms = 8000     # Buffer timeout

[network]
client_address = "0.0.0.0:9090"           # Client connection address
cluster_address = "/ip4/0.0.0.0/tcp/0"   # Inter-node communication

[threads]
read = 8                     # Read thread pool size
write = 4                    # Write thread pool size
`)
	c := mustLoad(t, nil)
	if c.Replication.Factor != 1 {
		t.Errorf("replication.factor is %d on one node, want 1", c.Replication.Factor)
	}
	want := []string{
		"replication.factor 3 is more than the number of nodes: 1 is used (sierradb.toml:12)",
		"settings that do nothing in this version: network.cluster_address (sierradb.toml:18), " +
			"replication.buffer_size (sierradb.toml:13), replication.buffer_timeout_ms (sierradb.toml:14), " +
			"threads.read (sierradb.toml:21), threads.write (sierradb.toml:22)",
	}
	if !reflect.DeepEqual(c.Warnings, want) {
		t.Errorf("warnings:\n%s", strings.Join(c.Warnings, "\n"))
	}
}
