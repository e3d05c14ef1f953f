package main

import (
	"regexp"
	"slices"
	"strings"
)

// orchestrated are variables that Kubernetes adds to every container when a
// service of the namespace is called sierradb or sierradb-something
// (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
// They are nobody's settings. A bare ..._PORT is one of them only if its value is
// a URL; with a number it is a wish that must not be passed over.
var orchestrated = regexp.MustCompile(`^SIERRADB_(.+_)?(SERVICE_HOST=|SERVICE_PORT(_.+)?=|PORT=[a-z]+://|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=)`)

// readEnv returns the settings in an environment, in the order of their names.
// A variable with the prefix that is no setting is a problem: it would be a
// setting that silently does nothing.
func readEnv(environ []string) ([]entry, []problem) {
	environ = slices.Sorted(slices.Values(environ))
	byName := make(map[string]*key)
	var names []string
	for i := range keys {
		byName[keys[i].env()] = &keys[i]
		names = append(names, keys[i].env())
	}
	var entries []entry
	var problems []problem
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, envPrefix) || orchestrated.MatchString(v) {
			continue
		}
		if k := byName[name]; k != nil {
			entries = append(entries, entry{k, plain(value), origin{source: byEnv, name: name}})
			continue
		}
		problems = append(problems, problem{origin{source: byEnv, name: clip(strings.Map(printable, name))}, "unknown variable" + didYouMean(nearest(name, names))})
	}
	return entries, problems
}
