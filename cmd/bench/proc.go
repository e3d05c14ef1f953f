package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

var ownPID = os.Getpid()

// tick is the unit of processor time in /proc: 1/100 s on every architecture
// that Go runs on, whatever the kernel's own clock is.
const tick = 10 * time.Millisecond

// cpuTime returns the processor time that a process and its threads took since
// it began, in steps of a tick; -1 where the system does not say.
func cpuTime(pid int) time.Duration {
	if pid == 0 {
		return -1
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return -1
	}
	return parseCPU(b)
}

// parseCPU reads utime and stime, fields 14 and 15 of proc_pid_stat(5). The
// second field is a name in parentheses that may hold anything.
func parseCPU(stat []byte) time.Duration {
	i := bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[i+1:]))
	if i < 0 || len(fields) < 13 {
		return -1
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return -1
	}
	return time.Duration(user+system) * tick
}

// cpuBetween is the difference of two results of cpuTime.
func cpuBetween(from, to time.Duration) time.Duration {
	if from < 0 || to < from {
		return -1
	}
	return to - from
}

// machine describes where the numbers come from, in one line.
func machine(dir, redis string) string {
	server := "no redis-server"
	if redis != "" {
		server = "redis-server " + redisVersion(redis)
	}
	return fmt.Sprintf("%d cores, %s/%s, %s, %s, data on %s",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), server, fileSystem(dir))
}

var versionPattern = regexp.MustCompile(`v=(\S+)`)

// redisVersion asks a redis-server for its version.
func redisVersion(path string) string {
	out, err := exec.Command(path, "--version").Output()
	if m := versionPattern.FindSubmatch(out); err == nil && m != nil {
		return string(m[1])
	}
	return "of an unknown version"
}

// fileSystem names the type of the file system that holds dir.
func fileSystem(dir string) string {
	info, err := os.ReadFile("/proc/self/mountinfo")
	abs, absErr := filepath.Abs(dir)
	if err != nil || absErr != nil {
		return "an unknown file system"
	}
	return parseMounts(string(info), abs)
}

// parseMounts finds the mount with the longest path above dir; of equal ones
// the last, which covers the others. The fields are those of
// proc_pid_mountinfo(5): the path is the fifth, the type follows a "-".
func parseMounts(info, dir string) string {
	kind, longest := "an unknown file system", -1
	for line := range strings.Lines(info) {
		before, after, ok := strings.Cut(line, " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(rest) < 1 {
			continue
		}
		at := fields[4]
		if under := at == "/" || dir == at || strings.HasPrefix(dir, at+"/"); under && len(at) >= longest {
			kind, longest = rest[0], len(at)
		}
	}
	return kind
}
