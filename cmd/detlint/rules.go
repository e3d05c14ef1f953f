package main

import (
	"regexp"
	"strings"
)

// forbiddenImports are packages that bring in the world. An entry that ends in
// "/..." stands for the package and all below it.
var forbiddenImports = []struct{ path, why string }{
	{"os/...", "the operating system: files go through vfs.FS, settings through options"},
	{"syscall", "the operating system: files go through vfs.FS"},
	{"net/...", "sockets: bytes come and go as events and effects"},
	{"math/rand/...", "chance without a seed: use env.Rand"},
	{"crypto/rand", "chance without a seed: use env.Rand"},
	{"hash/maphash", "a new seed in each process: use a salted hash"},
	{"sync/...", "actors share nothing, so there is nothing to lock"},
	{"golang.org/x/sync/...", "actors share nothing, so there is nothing to lock"},
	{"runtime", "the scheduler and the collector are not the same in two processes"},
	{"unique", "handles depend on the collector"},
	{"weak", "pointers die when the collector likes"},
}

// forbiddenNames are functions, methods and variables of packages that may be
// imported for the rest of what they hold, by their full names.
var forbiddenNames = map[string]string{
	"time.Now":          clock,
	"time.Since":        clock,
	"time.Until":        clock,
	"time.Sleep":        timer,
	"time.After":        timer,
	"time.AfterFunc":    timer,
	"time.NewTimer":     timer,
	"time.NewTicker":    timer,
	"time.Tick":         timer,
	"time.Local":        "the time zone of the machine: use time.UTC",
	"time.LoadLocation": "the time zones of the machine: use time.UTC",

	"context.WithTimeout":       timer,
	"context.WithTimeoutCause":  timer,
	"context.WithDeadline":      timer,
	"context.WithDeadlineCause": timer,
	"context.AfterFunc":         "starts a goroutine",

	"github.com/google/uuid.New":             identity,
	"github.com/google/uuid.NewString":       identity,
	"github.com/google/uuid.NewRandom":       identity,
	"github.com/google/uuid.NewUUID":         identity,
	"github.com/google/uuid.NewV6":           identity,
	"github.com/google/uuid.NewV7":           identity,
	"github.com/google/uuid.NewV7FromReader": identity,

	"(reflect.Value).MapRange": "ranges over a map: sort the keys first",
	"(reflect.Value).MapKeys":  "gives the keys of a map in no order: sort them first",
}

const (
	clock    = "reads the clock: use env.Now or env.Wall"
	timer    = "waits for the clock: use env.After"
	identity = "an id out of the clock and chance: build it from env.Wall and env.Rand"
)

// mapIterators give the contents of a map in no order.
var mapIterators = map[string]bool{"maps.Keys": true, "maps.Values": true, "maps.All": true}

// sorters turn an iterator into a sorted slice.
var sorters = map[string]bool{"slices.Sorted": true, "slices.SortedFunc": true, "slices.SortedStableFunc": true}

// pointerVerb is a formatting verb that prints an address.
var pointerVerb = regexp.MustCompile(`%[-+# 0]*[0-9]*p`)

// escape marks a map range whose order can't be seen; the reason follows it.
const escape = "//det:ok"

// importForbidden says why a package may not be imported, or "".
func importForbidden(path string) string {
	for _, f := range forbiddenImports {
		name, below := strings.CutSuffix(f.path, "/...")
		if path == name || below && strings.HasPrefix(path, name+"/") {
			return f.why
		}
	}
	return ""
}

// printsPointer says whether a format string prints an address.
func printsPointer(format string) bool {
	return pointerVerb.MatchString(strings.ReplaceAll(format, "%%", ""))
}
