package main

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is the type of a setting.
type kind uint8

const (
	text    kind = iota // any text but the empty one
	address             // host:port to listen on
	peer                // a multiaddr or host:port
	number              // a whole number
	size                // bytes, with or without a unit
	millis              // a duration, written in milliseconds
	boolean             // true or false
	word                // one of the key's words
)

// plain is a value as it stands in the environment or on the command line,
// where everything is text. Values from a file have the types of TOML: string,
// int64, float64, bool, time types, []any and map[string]any.
type plain string

// errKind is returned when a value has the wrong type, so that nothing more can
// be said of it than what was expected.
var errKind = errors.New("wrong type")

// set stores a value in c. The error says what was expected and what came.
func (k *key) set(c *Config, value any) error {
	err := k.store(k.field(c), value)
	if err == nil {
		return nil
	}
	detail := ""
	if err != errKind {
		detail = " (" + err.Error() + ")"
	}
	return fmt.Errorf("%s must be %s; got %s%s", k.name, k.expects(), shown(value), detail)
}

func (k *key) store(field, value any) error {
	switch k.kind {
	case boolean:
		v, err := asBool(value)
		if err != nil {
			return err
		}
		*field.(*bool) = v
	case number, size, millis:
		v, err := asInt(k.kind, value)
		if err != nil {
			return err
		}
		if v < k.min || v > k.max {
			return errKind
		}
		switch f := field.(type) {
		case *int:
			*f = int(v)
		case *int64:
			*f = v
		case *time.Duration:
			*f = time.Duration(v) * time.Millisecond
		}
	default:
		v, err := k.asText(value)
		if err != nil {
			return err
		}
		*field.(*string) = v
	}
	return nil
}

func asBool(value any) (bool, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case plain:
		if v == "true" || v == "false" {
			return v == "true", nil
		}
	}
	return false, errKind
}

func asInt(kind kind, value any) (int64, error) {
	switch v := value.(type) {
	case int64:
		return v, nil
	case plain:
		if kind == size {
			return parseSize(string(v))
		}
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n, nil
		}
	case string:
		if kind == size {
			return parseSize(v)
		}
	}
	return 0, errKind
}

// asText checks the kinds that are stored as text.
func (k *key) asText(value any) (string, error) {
	var s string
	switch v := value.(type) {
	case plain:
		s = string(v)
	case string:
		s = v
	case int64: // network.default_protocol = 3
		if k.kind != word {
			return "", errKind
		}
		s = strconv.FormatInt(v, 10)
	default:
		return "", errKind
	}
	switch {
	case k.kind == word && !slices.Contains(k.words, s), s == "":
		return "", errKind
	case strings.ContainsRune(s, 0):
		return "", errors.New("it contains a zero byte")
	case k.kind == address:
		return s, checkHostPort(s)
	case k.kind == peer:
		return s, checkPeer(s)
	}
	return s, nil
}

// checkHostPort says what is wrong with an address to listen on. An empty host
// is every interface.
func checkHostPort(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		var addr *net.AddrError
		if errors.As(err, &addr) {
			return errors.New(addr.Err)
		}
		return err
	}
	if strings.ContainsAny(host, " \t\r\n/") {
		return errors.New("the host contains a blank or a slash")
	}
	return checkPort(port)
}

func checkPort(port string) error {
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("the port must be a number of 0 to 65535")
	}
	return nil
}

// checkPeer says what is wrong with an address between nodes. Of multiaddrs
// (https://github.com/multiformats/multiaddr) it takes a host over TCP.
func checkPeer(s string) error {
	if !strings.HasPrefix(s, "/") {
		return checkHostPort(s)
	}
	parts := strings.Split(s[1:], "/")
	if len(parts) != 4 || parts[2] != "tcp" {
		return errors.New("a multiaddr is expected to be /ip4, /ip6 or /dns, a host, /tcp and a port")
	}
	proto, host, port := parts[0], parts[1], parts[3]
	ip := net.ParseIP(host)
	switch proto {
	case "ip4":
		if ip == nil || strings.Contains(host, ":") {
			return errors.New("the host is no IPv4 address")
		}
	case "ip6":
		if ip == nil || !strings.Contains(host, ":") {
			return errors.New("the host is no IPv6 address")
		}
	case "dns", "dns4", "dns6":
		if host == "" || strings.ContainsAny(host, " \t\r\n:") {
			return errors.New("the host is no name")
		}
	default:
		return errors.New("it must begin with /ip4, /ip6, /dns, /dns4 or /dns6")
	}
	return checkPort(port)
}

// units are those of parseSize and sizeText, largest first.
var units = []struct {
	suffix string
	bytes  int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// parseSize reads "4096", "4096B", "64KiB", "16 MiB" or "10GiB". KB, MB and GB
// are refused: half of the world means 1000 by them, the other half 1024.
func parseSize(s string) (int64, error) {
	digits := strings.TrimLeft(s, "0123456789")
	digits, suffix := s[:len(s)-len(digits)], strings.TrimLeft(digits, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, errKind
	}
	if suffix == "" {
		return n, nil
	}
	for _, u := range units {
		if strings.EqualFold(suffix, u.suffix) {
			if n > math.MaxInt64/u.bytes {
				return 0, errKind
			}
			return n * u.bytes, nil
		}
	}
	return 0, errors.New("the units are B, KiB, MiB and GiB")
}

// sizeText writes a size with the largest unit that divides it.
func sizeText(n int64) string {
	for _, u := range units {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// clip shortens what is quoted from the user in an error: a problem is one line.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// shown names a value in an error.
func shown(value any) string {
	switch v := value.(type) {
	case plain:
		return clip(strconv.Quote(string(v)))
	case string:
		return "the string " + clip(strconv.Quote(v))
	case int64, bool:
		return fmt.Sprint(v)
	case float64:
		return "the fraction " + strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		return "an array"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}

// valueText writes the value of the key in c as TOML.
func (k *key) valueText(c *Config) string {
	switch v := k.field(c).(type) {
	case *bool:
		return strconv.FormatBool(*v)
	case *int:
		return strconv.Itoa(*v)
	case *int64:
		return strconv.FormatInt(*v, 10)
	case *time.Duration:
		return strconv.FormatInt(v.Milliseconds(), 10)
	case *string:
		return tomlString(*v)
	}
	panic("config: " + k.name + " has a field of an unknown type")
}

// tomlString quotes a text as TOML does (https://toml.io/en/v1.0.0#string).
// Bytes that are no UTF-8, which TOML can't hold, become U+FFFD.
func tomlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
