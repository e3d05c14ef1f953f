package commands

import (
	"fmt"
	"strings"
)

// Args is a cursor over the arguments of one command, its name not counted.
//
// It remembers its first error: after that every method returns a zero value
// and the loops over options end, so that Parse reads straight down and asks
// once, at [Args.End]. An error says which argument is wrong, what came and
// what was expected.
//
// The bytes and strings that it hands out are the client's input itself: they
// never change and live as long as somebody refers to them.
type Args struct {
	// Keyword is the option that Option or Accept found, in upper case.
	Keyword string

	spec       *Spec
	words      [][]byte
	next       int // of words
	partitions int // of the node
	seen       uint64
	err        *Error
}

// reset points the cursor at the arguments of a command.
func (a *Args) reset(spec *Spec, words [][]byte, partitions int) {
	*a = Args{spec: spec, words: words, partitions: partitions}
}

// More says whether there are arguments left and no error so far.
func (a *Args) More() bool { return a.err == nil && a.next < len(a.words) }

// Left is the number of arguments left.
func (a *Args) Left() int { return len(a.words) - a.next }

// End returns the first error; an argument that is left over is one.
func (a *Args) End() error {
	if a.More() {
		a.misused("unexpected %s, expected the end of the command", quote(a.words[a.next]))
	}
	if a.err != nil {
		return a.err
	}
	return nil
}

// Fail records an error unless there is one already.
func (a *Args) Fail(err *Error) {
	if a.err == nil {
		a.err = err
	}
}

// misused records a SYNTAX error and shows how the command is used.
func (a *Args) misused(format string, args ...any) {
	a.Fail(Errorf(Syntax, "%s; usage: %s", fmt.Sprintf(format, args...), a.spec.line()))
}

// invalid records an INVALIDARG error about the argument called name.
func (a *Args) invalid(name, expected string, got []byte) {
	a.Fail(Errorf(InvalidArg, "%s must be %s, got %s", name, expected, quote(got)))
}

// take returns the next argument. name is what errors call it.
func (a *Args) take(name string) ([]byte, bool) {
	if a.err != nil {
		return nil, false
	}
	if a.next == len(a.words) {
		if a.Keyword != "" {
			a.misused("missing %s after %s", name, a.Keyword)
		} else {
			a.misused("missing %s", name)
		}
		return nil, false
	}
	w := a.words[a.next]
	a.next++
	if w == nil {
		a.Fail(Errorf(InvalidArg, "%s must not be null", name))
		return nil, false
	}
	return w, true
}

// Keywords are the options of a command in upper case, at most 64.
type Keywords []string

// Option moves to the next option, whose keyword it leaves in a.Keyword for
// the caller to read the value of. It is false at the end of the arguments. An
// argument that is no keyword of k is an error, and so is a repeated one.
//
//	for a.Option(options) {
//		switch a.Keyword {
//		case "COUNT":
//			c.count = a.Count()
//		}
//	}
func (a *Args) Option(k Keywords) bool {
	if a.Accept(k) {
		return true
	}
	if a.More() {
		a.Keyword = ""
		a.misused("unexpected %s, expected %s", quote(a.words[a.next]), listed(k))
	}
	return false
}

// Accept is Option for commands where something else may follow: it is false,
// without an error, when the next argument is no keyword of k.
func (a *Args) Accept(k Keywords) bool {
	if !a.More() {
		return false
	}
	for i, word := range k {
		if !isWord(a.words[a.next], word) {
			continue
		}
		if a.seen&(1<<i) != 0 {
			a.misused("%s already specified", word)
			return false
		}
		a.seen |= 1 << i
		a.next++
		a.Keyword = word
		return true
	}
	return false
}

// Word moves on when the next argument is one of k, and returns it in upper
// case; else it returns "". It may be repeated.
func (a *Args) Word(k Keywords) string {
	if a.More() {
		for _, word := range k {
			if isWord(a.words[a.next], word) {
				a.next++
				a.Keyword = word
				return word
			}
		}
	}
	return ""
}

// Again forgets which options were seen: the next of several groups begins.
func (a *Args) Again() {
	a.seen = 0
	a.Keyword = ""
}

// Choice takes an argument that is one of k and returns it in upper case.
func (a *Args) Choice(name string, k Keywords) string {
	w, ok := a.take(name)
	if !ok {
		return ""
	}
	for _, word := range k {
		if isWord(w, word) {
			return word
		}
	}
	a.misused("unexpected %s, expected %s", quote(w), listed(k))
	return ""
}

// listed joins words for an error: "A, B or C".
func listed(k Keywords) string {
	if len(k) < 2 {
		return strings.Join(k, "")
	}
	return strings.Join(k[:len(k)-1], ", ") + " or " + k[len(k)-1]
}
