package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"sierradb/node"
)

// versionText names the version, and what it was built from and for.
func versionText() string {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && len(s.Value) >= 12:
				commit = ", commit " + s.Value[:12] + commit
			case s.Key == "vcs.modified" && s.Value == "true":
				commit += " with changes"
			}
		}
	}
	return fmt.Sprintf("sierradb %s (%s, %s/%s%s)", node.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
}
