package main

import (
	"testing"
	"time"
)

func TestParseCPU(t *testing.T) {
	one := func(stat string, want time.Duration) {
		t.Helper()
		if got := parseCPU([]byte(stat)); got != want {
			t.Errorf("parseCPU(%q) = %v, want %v", stat, got, want)
		}
	}
	one("7 (sierradb) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 9 0 1000", 2*time.Second)
	one("7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 1 0 0 0 20 0 9 0 1000", 10*time.Millisecond)
	one("7 (short) S 1 7", -1)
	one("", -1)
	one("7 (x) S 1 7 7 0 -1 4194304 100 0 0 0 a b 0 0", -1)
}

func TestCPUBetween(t *testing.T) {
	one := func(from, to, want time.Duration) {
		t.Helper()
		if got := cpuBetween(from, to); got != want {
			t.Errorf("cpuBetween(%v, %v) = %v, want %v", from, to, got, want)
		}
	}
	one(time.Second, 3*time.Second, 2*time.Second)
	one(-1, 3*time.Second, -1)
	one(time.Second, -1, -1) // the process has ended
}

func TestParseMounts(t *testing.T) {
	const info = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /run rw,nosuid shared:2 - tmpfs tmpfs rw,size=1024k
31 22 0:27 / /data rw - xfs /dev/vdb rw
32 31 0:28 / /data rw - btrfs /dev/vdc rw
a line of another form
`
	one := func(dir, want string) {
		t.Helper()
		if got := parseMounts(info, dir); got != want {
			t.Errorf("parseMounts(%q) = %q, want %q", dir, got, want)
		}
	}
	one("/", "ext4")
	one("/var/lib", "ext4")
	one("/run", "tmpfs")
	one("/run/user", "tmpfs")
	one("/running", "ext4")
	one("/data/x", "btrfs")
	if got := parseMounts("", "/"); got != "an unknown file system" {
		t.Errorf("parseMounts of nothing = %q", got)
	}
}
