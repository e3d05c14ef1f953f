package main

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParseSize(t *testing.T) {
	f := func(s string, want int64) {
		t.Helper()
		got, err := parseSize(s)
		if ok := want >= 0; (err == nil) != ok || ok && got != want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", s, got, err, want)
		}
	}
	f("0", 0)
	f("4096", 4096)
	f("4096B", 4096)
	f("64KiB", 64<<10)
	f("256 MiB", 256<<20)
	f("10gib", 10<<30)
	f("9223372036854775807", 1<<63-1)
	const refused = -1
	f("", refused)
	f("MiB", refused)
	f("-1", refused)
	f("+1", refused)
	f("1.5GiB", refused)
	f("256MB", refused)
	f("256M", refused)
	f(" 1", refused)
	f("1 ", 1)
	f("9223372036854775808", refused)
	f("9223372036854775807KiB", refused)
	f("17179869184GiB", refused)
}

func TestSizeText_IsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<62).Draw(t, "n")
		if got, err := parseSize(sizeText(n)); err != nil || got != n {
			t.Fatalf("parseSize(%q) = %d, %v, want %d", sizeText(n), got, err, n)
		}
	})
}

func TestAddresses(t *testing.T) {
	f := func(key, value string, ok bool) {
		t.Helper()
		c, _ := newConfig(nil)
		if err := keyNamed(key).set(c, plain(value)); (err == nil) != ok {
			t.Errorf("%s = %q: %v, want accepted: %v", key, value, err, ok)
		}
	}
	for _, key := range []string{"network.client_address", "network.cluster_address"} {
		f(key, "0.0.0.0:9090", true)
		f(key, ":9090", true)
		f(key, "[::1]:9090", true)
		f(key, "[fe80::1%eth0]:9090", true)
		f(key, "db.example.org:0", true)
		f(key, "localhost", false)
		f(key, "::1:9090", false)
		f(key, "localhost:65536", false)
		f(key, "localhost:http", false)
		f(key, "localhost:-1", false)
		f(key, "a b:1", false)
		f(key, "", false)
		f(key, "a\x00b:1", false)
	}
	const peer = "network.cluster_address"
	f(peer, "/ip4/0.0.0.0/tcp/0", true)
	f(peer, "/ip6/::1/tcp/7000", true)
	f(peer, "/dns/db-1.example.org/tcp/7000", true)
	f(peer, "/ip4/::1/tcp/1", false)
	f(peer, "/ip6/1.2.3.4/tcp/1", false)
	f(peer, "/dns//tcp/1", false)
	f(peer, "/ip4/1.2.3.4/udp/1", false)
	f(peer, "/ip4/1.2.3.4/tcp/70000", false)
	f(peer, "/ip4/1.2.3.4/tcp", false)
	f(peer, "/onion/x/tcp/1", false)
	f(peer, "/", false)
	f("network.client_address", "/ip4/0.0.0.0/tcp/0", false)
}

func TestTypes(t *testing.T) {
	f := func(key string, value any, want string) {
		t.Helper()
		c, _ := newConfig(nil)
		k := keyNamed(key)
		got := "refused"
		if k.set(c, value) == nil {
			got = k.valueText(c)
		}
		if got != want {
			t.Errorf("%s = %v is %s, want %s", key, value, got, want)
		}
	}
	const refused = "refused"
	f("scan.count", int64(7), "7")
	f("scan.count", plain("7"), "7")
	f("scan.count", "7", refused) // a string in a file is a mistake
	f("scan.count", 7.0, refused)
	f("scan.count", plain("7e2"), refused)
	f("segment.size_bytes", "8KiB", "8192")
	f("segment.size_bytes", plain("8KiB"), "8192")
	f("segment.size_bytes", int64(8192), "8192")
	f("network.default_protocol", int64(3), `"3"`)
	f("network.default_protocol", "auto", `"auto"`)
	f("network.default_protocol", int64(1), refused)
	f("network.mdns", true, "true")
	f("network.mdns", plain("true"), "true")
	f("network.mdns", plain("1"), refused)
	f("network.mdns", "true", refused)
	f("dir", "a \"b\" \\ \n", `"a \"b\" \\ \u000A"`)
	f("dir", int64(3), refused)
	f("log.level", "INFO", refused)
}
