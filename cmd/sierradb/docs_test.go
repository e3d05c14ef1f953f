package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestDocs compares docs/config.md with the table of keys.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString(docsHead)
	for i := range keys {
		k := &keys[i]
		if i == 0 || k.section() != keys[i-1].section() {
			title := "[" + k.section() + "]"
			if k.section() == "" {
				title = "At the top"
			}
			fmt.Fprintf(&b, "\n### %s\n\n| key | takes | default | flag | meaning |\n| --- | --- | --- | --- | --- |\n", title)
		}
		about := k.about
		if k.idle {
			about += " **Does nothing in this version;** setting it gives a warning."
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s |\n", k.name, k.docsType(), k.def, k.docsFlag(), about)
	}
	b.WriteString(docsTail)
	golden(t, "../../docs/config.md", b.String())
}

// docsType is what a key takes, for a table.
func (k *key) docsType() string {
	switch k.kind {
	case text:
		return "path"
	case address:
		return "host:port"
	case peer:
		return "multiaddr or host:port"
	case number:
		return "integer, " + k.bounds()
	case size:
		return "size, " + k.bounds()
	case millis:
		return "milliseconds, " + k.bounds()
	case boolean:
		return "true, false"
	}
	return strings.Join(k.words, ", ")
}

func (k *key) docsFlag() string {
	switch {
	case k.flag == "":
		return ""
	case k.short != "":
		return "`-" + k.short + "`, `--" + k.flag + "`"
	}
	return "`--" + k.flag + "`"
}

const docsHead = `<!-- Printed by "go test ./cmd/sierradb -update" from cmd/sierradb/keys.go and docs_test.go. -->
# Configuration

` + "`sierradb config`" + ` prints the effective value of every setting and where it comes from; its output
is a configuration file itself. ` + "`sierradb help config <key>`" + ` explains one setting.

## Sources

The first source that gives a setting wins:

1. flags: those below, or ` + "`--set key=value`" + ` for any setting, which may be repeated;
2. environment variables: ` + "`SIERRADB_`" + ` and the key in upper case with ` + "`_`" + ` for the dot, so
   ` + "`segment.size_bytes`" + ` is ` + "`SIERRADB_SEGMENT_SIZE_BYTES`" + ` and ` + "`dir`" + ` is ` + "`SIERRADB_DIR`" + `;
3. one TOML file: that of ` + "`-c`" + ` or ` + "`--config`" + `, else ` + "`./sierradb.toml`" + ` if it exists. No other place
   is searched;
4. the defaults.

` + "```toml" + `
dir = "/var/lib/sierradb"

[network]
client_address = "127.0.0.1:9090"

[segment]
size_bytes = "64MiB"

[session]
inflight = 4096
` + "```" + `

Mistakes are errors, in every source and even where a stronger one overrides them: a key or a
` + "`SIERRADB_`" + ` variable that nobody knows, a wrong type, a value out of its bounds. All of them are
printed at once, one a line, with file, line and column, and the exit code is 1:

    sierradb.toml:6:1: unknown key bucket.cuont; did you mean bucket.count?
    SIERRADB_SCAN_COUNT: scan.count must be an integer of 1 to 1000000; got "many"

Variables that Kubernetes makes for a service called sierradb (` + "`SIERRADB_SERVICE_HOST`" + `,
` + "`SIERRADB_PORT=tcp://...`" + ` and their like) are passed over.

**Sizes** are bytes, or a number with B, KiB, MiB or GiB; in a file such a text needs quotes. KB, MB
and GB are refused, because they mean different things to different people. **Paths** are relative
to the working directory, also in a file.

## Settings
`

const docsTail = `
## Start and end

An IPv4 address to listen on means IPv4 only; ` + "`[::]:9090`" + ` and ` + "`:9090`" + ` listen on both. There is no
authentication and no encryption: a warning says so when the address is not that of the machine
itself.

The limit of open files is the hard limit of the process (` + "`ulimit -Hn`" + `). Where it leaves too little
room beside the files of the database, ` + "`limits.connections`" + ` is lowered, with a warning.

SIGTERM and SIGINT end the server in order: it accepts no more connections, answers what is in
flight, gives clients 5 seconds to take their replies, and closes the directory. A second signal ends
it at once, which loses nothing that was answered; within 500 milliseconds of the first it is taken
for the same, since some supervisors send two. [operations.md](operations.md) has the rest of running
a server.

| exit code | when |
| --- | --- |
| 0 | after SIGTERM or SIGINT; after help, config and version |
| 1 | the configuration or the start failed, or a second signal came |
| 2 | the command line was not understood |

The log goes to standard error.
`
