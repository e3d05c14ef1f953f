package main

import (
	"fmt"
	"io"
	"strings"
)

// writeConfig prints the value of every key and where it comes from, as a TOML
// file that sets the same values.
func writeConfig(w io.Writer, c *Config) {
	nameWidth, valueWidth := 0, 0
	for i := range keys {
		nameWidth = max(nameWidth, len(keys[i].name))
		if n := len(keys[i].valueText(c)); n <= 24 {
			valueWidth = max(valueWidth, n)
		}
	}
	for i := range keys {
		k := &keys[i]
		if i > 0 && k.section() != keys[i-1].section() {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%-*s = %-*s  # %s\n", nameWidth, k.name, valueWidth, k.valueText(c), strings.Join(k.remarks(c), ", "))
	}
}

// remarks are what is said of a value behind it.
func (k *key) remarks(c *Config) []string {
	var said []string
	if bytes, ok := k.field(c).(*int64); ok {
		said = append(said, sizeText(*bytes))
	}
	said = append(said, strings.Map(printable, c.from(k.name).String()))
	if k.idle {
		said = append(said, "does nothing in this version")
	}
	return said
}

// printable keeps a strange file name from ending the comment it stands in.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}
