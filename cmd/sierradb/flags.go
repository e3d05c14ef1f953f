package main

import (
	"errors"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// invocation is a command line that was understood.
type invocation struct {
	command  []string // "config", or "help" and its topics; empty to serve
	file     string   // of --config
	help     bool
	version  bool
	entries  []entry
	problems []problem
}

// parseArgs reads a command line without the name of the program. An error is
// one of usage; what is wrong with a value is in problems.
func parseArgs(args []string) (*invocation, error) {
	in := new(invocation)
	fs := in.flags()
	if err := fs.Parse(args); err != nil {
		return nil, usageError(fs, err)
	}
	in.command = fs.Args()
	return in, nil
}

// flags defines all flags, in the order in which help shows them.
func (in *invocation) flags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("sierradb", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.SortFlags = false
	fs.StringVarP(&in.file, "config", "c", "", "read `FILE`, settings in TOML (default ./"+defaultFile+", if there is one)")
	for i := range keys {
		if k := &keys[i]; k.flag != "" {
			fs.VarP(keyFlag{in, k}, k.flag, k.short, k.brief+" (default "+k.def+")")
		}
	}
	fs.Var(setFlag{in}, "set", "any setting, such as bucket.count=8; may be repeated")
	fs.BoolVarP(&in.version, "version", "V", false, "print the version and exit")
	fs.BoolVarP(&in.help, "help", "h", false, "print this help and exit")
	return fs
}

// keyFlag is the flag of a key. It keeps every value: which one wins, and
// whether they are right, is decided for all sources at once.
type keyFlag struct {
	in *invocation
	k  *key
}

func (f keyFlag) String() string { return "" }

// Type is what help prints after the flag.
func (f keyFlag) Type() string {
	if f.k == nil {
		return "" // pflag asks a zero value for its default
	}
	return f.k.metavar
}

func (f keyFlag) Set(s string) error {
	f.in.entries = append(f.in.entries, entry{f.k, plain(s), origin{source: byFlag, name: "--" + f.k.flag}})
	return nil
}

// setFlag is --set KEY=VALUE.
type setFlag struct{ in *invocation }

func (f setFlag) String() string { return "" }
func (f setFlag) Type() string   { return "KEY=VALUE" }

func (f setFlag) Set(s string) error {
	name, value, found := strings.Cut(s, "=")
	if !found {
		return errors.New("KEY=VALUE is expected")
	}
	name = strings.TrimSpace(name)
	from := origin{source: byFlag, name: "--set"}
	if k := keyNamed(name); k != nil {
		f.in.entries = append(f.in.entries, entry{k, plain(value), from})
		return nil
	}
	f.in.problems = append(f.in.problems, problem{from, unknownKey(quoteParts(strings.Split(name, ".")), name)})
	return nil
}

// usageError adds what may have been meant to pflag's error.
func usageError(fs *pflag.FlagSet, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	name := unknown.GetSpecifiedName()
	var flags []string
	fs.VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	if near := nearest(name, flags); near != "" {
		return errors.New(err.Error() + didYouMean("--"+near))
	}
	if k := nearestKey(strings.ReplaceAll(name, "-", "_")); k != "" {
		return errors.New(err.Error() + "; there is --set " + k + "=...")
	}
	return err
}
