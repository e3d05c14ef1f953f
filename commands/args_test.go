package commands

import (
	"math"
	"strings"
	"testing"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// parseOne reads one argument with f.
func parseOne[T any](word string, f func(*Args) T) (T, error) {
	var a Args
	a.reset(&Spec{Name: "TEST", Usage: "<it>"}, [][]byte{[]byte(word)}, 32)
	v := f(&a)
	return v, a.End()
}

func TestArgs_UUID(t *testing.T) {
	want := uuid.MustParse("550e8400-e29b-41d4-a716-446655440000")
	f := func(word string, ok bool) {
		t.Helper()
		got, err := parseOne(word, func(a *Args) uuid.UUID { return a.UUID("id") })
		if ok && (got != want || err != nil) {
			t.Errorf("UUID(%q) = %v, %v, want %v", word, got, err, want)
		}
		if !ok && (err == nil || !strings.HasPrefix(err.Error(), "INVALIDARG id must be a UUID, got ")) {
			t.Errorf("UUID(%q): got error %v", word, err)
		}
	}
	f("550e8400-e29b-41d4-a716-446655440000", true)
	f("550E8400-E29B-41D4-A716-446655440000", true)
	f("550e8400e29b41d4a716446655440000", true)
	f("{550e8400-e29b-41d4-a716-446655440000}", true)
	f("urn:uuid:550e8400-e29b-41d4-a716-446655440000", true)
	f("URN:UUID:550e8400-e29b-41d4-a716-446655440000", true)
	f(" \t\r\n550e8400-e29b-41d4-a716-446655440000 ", true)
	f("", false)
	f("550e8400", false)
	f("550e8400-e29b-41d4-a716-44665544000g", false)
	f("550e8400ge29b41d4a71644665544000", false)
	f("[550e8400-e29b-41d4-a716-446655440000]", false)
	f("{550e8400-e29b-41d4-a716-446655440000)", false)
	f("urn:guid:550e8400-e29b-41d4-a716-446655440000", false)
	f("550e8400_e29b_41d4_a716_446655440000", false)
}

func TestArgs_Uint(t *testing.T) {
	f := func(word string, want uint64, ok bool) {
		t.Helper()
		got, err := parseOne(word, func(a *Args) uint64 { return a.Uint("n") })
		if got != want || (err == nil) != ok {
			t.Errorf("Uint(%q) = %d, %v", word, got, err)
		}
	}
	f("0", 0, true)
	f("+0", 0, true)
	f("007", 7, true)
	f("+0000000000000000000000000000007", 7, true)
	f("18446744073709551615", math.MaxUint64, true)
	f("18446744073709551616", 0, false)
	f("99999999999999999999", 0, false)
	f("184467440737095516150", 0, false)
	f("", 0, false)
	f("+", 0, false)
	f("++1", 0, false)
	f("-0", 0, false)
	f(" 1", 0, false)
	f("1_000", 0, false)
	f("1e3", 0, false)
	f("0x10", 0, false)
	f("٣", 0, false)
}

func TestArgs_Int(t *testing.T) {
	f := func(word string, want int, ok bool) {
		t.Helper()
		got, err := parseOne(word, func(a *Args) int { return a.Int("n", 10) })
		if got != want || (err == nil) != ok {
			t.Errorf("Int(%q, 10) = %d, %v", word, got, err)
		}
	}
	f("10", 10, true)
	f("11", 0, false)
	f("18446744073709551615", 0, false)
}

func TestArgs_Expected(t *testing.T) {
	f := func(word string, want event.Expected) {
		t.Helper()
		got, err := parseOne(word, (*Args).Expected)
		if got != want || err != nil {
			t.Errorf("Expected(%q) = %v, %v, want %v", word, got, err, want)
		}
	}
	f("any", event.Expected{Kind: event.Any})
	f("Exists", event.Expected{Kind: event.Exists})
	f("EMPTY", event.Expected{Kind: event.Empty})
	f("0", event.At(0))
	f("+41", event.At(41))
	f("9223372036854775807", event.At(event.NoVersion))
}

func TestArgs_Millis(t *testing.T) {
	f := func(word string, want int64, wantErr string) {
		t.Helper()
		got, err := parseOne(word, (*Args).Millis)
		text := ""
		if err != nil {
			text = strings.TrimPrefix(err.Error(), "INVALIDARG timestamp must be milliseconds since 1970, a number from 0 to 281474976710655, got ")
		}
		if got != want || text != wantErr {
			t.Errorf("Millis(%q) = %d, %q, want %d, %q", word, got, text, want, wantErr)
		}
	}
	f("0", 0, "")
	f("1760745600000", 1760745600000, "")
	f("281474976710655", event.TimestampMax, "")
	f("281474976710656", 0, `"281474976710656"`)
	f("1760745600000000", 0, `"1760745600000000", which looks like microseconds`)
	f("1760745600000000000", 0, `"1760745600000000000", which looks like nanoseconds`)
	f("18446744073709551615", 0, `"18446744073709551615", which looks like nanoseconds`)
	f("18446744073709551616", 0, `"18446744073709551616"`)
	f("yesterday", 0, `"yesterday"`)
}

func TestArgs_Bounds(t *testing.T) {
	f := func(from, to string, wantFrom, wantTo uint64, wantErr string) {
		t.Helper()
		var a Args
		a.reset(&Spec{Name: "TEST"}, [][]byte{[]byte(from), []byte(to)}, 32)
		gotFrom, gotTo := a.Bounds("version")
		err := ""
		if e := a.End(); e != nil {
			err = e.Error()
		}
		if err != wantErr || err == "" && (gotFrom != wantFrom || gotTo != wantTo) {
			t.Errorf("Bounds(%q, %q) = %d, %d, %q", from, to, gotFrom, gotTo, err)
		}
	}
	f("-", "+", 0, event.NoVersion, "")
	f("3", "5", 3, 5, "")
	f("5", "3", 5, 3, "")
	f("0", "18446744073709551615", 0, event.NoVersion, "")
	f("18446744073709551615", "18446744073709551615", math.MaxUint64, event.NoVersion, "")
	f("+", "+", 0, 0, "INVALIDARG start version cannot be '+'")
	f("-", "-", 0, 0, "INVALIDARG end version cannot be '-'")
	f("--", "+", 0, 0, `INVALIDARG start version must be '-' or a number from 0 to 18446744073709551615, got "--"`)
}

func TestArgs_Partition(t *testing.T) {
	f := func(word string, want event.PartitionID, wantErr string) {
		t.Helper()
		got, err := parseOne(word, (*Args).Partition)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != want || text != wantErr {
			t.Errorf("Partition(%q) = %d, %q, want %d, %q", word, got, text, want, wantErr)
		}
	}
	f("0", 0, "")
	f("31", 31, "")
	f("32", 0, "INVALIDARG partition 32 is out of range 0..31")
	f("65535", 0, "INVALIDARG partition 65535 is out of range 0..31")
	f("99999", 0, `INVALIDARG partition must be an id from 0 to 31 or a UUID, got "99999"`)
	f("orders", 0, `INVALIDARG partition must be an id from 0 to 31 or a UUID, got "orders"`)
	f("550e8400-e29b-41d4-a716-446655440000", 25, "")
	f("ffffffffffffffffffffffffffffffff", 31, "")
	// 32 digits are a key even when all of them are decimal.
	f("00000000000000000000000000000001", 0, "")
}

func TestArgs_FirstErrorStays(t *testing.T) {
	var a Args
	a.reset(&Spec{Name: "TEST"}, [][]byte{[]byte("x"), []byte("y")}, 32)
	a.UUID("first")
	a.UUID("second")
	a.Stream()
	if a.Option(Keywords{"Y"}) || a.More() {
		t.Error("there is more behind an error")
	}
	if got, want := a.End().Error(), `INVALIDARG first must be a UUID, got "x"`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestArgs_Null(t *testing.T) {
	h := newHarness(t, Builtin(), newFakeStore(), Options{})
	f := func(wire, want string) {
		t.Helper()
		h.input(wire)
		h.settle()
		if got := h.take(); got != want {
			t.Errorf("%q: got %q, want %q", wire, got, want)
		}
	}
	f("*3\r\n$7\r\nEAPPEND\r\n$-1\r\n$1\r\ne\r\n", "-INVALIDARG stream id must not be null\r\n")
	f("*5\r\n$7\r\nEAPPEND\r\n$1\r\ns\r\n$1\r\ne\r\n$7\r\nPAYLOAD\r\n_\r\n", "-INVALIDARG payload must not be null\r\n")
	f("*1\r\n$-1\r\n", "-ERR unknown command '', with args beginning with: \r\n")
	f("*2\r\n$4\r\nPING\r\n$-1\r\n", "-INVALIDARG message must not be null\r\n")
}

func TestQuote(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := quote([]byte(in)); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
	f("", `""`)
	f("a\r\n\x00\xff", `"a\r\n\x00\xff"`)
	f("Grüße", `"Grüße"`)
	f(strings.Repeat("x", 48), `"`+strings.Repeat("x", 48)+`"`)
	f(strings.Repeat("x", 49), `"`+strings.Repeat("x", 48)+`"...`)
}
