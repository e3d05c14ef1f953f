package commands

import "strings"

// unknown words the error about a command that is not in the set as Redis does,
// since client libraries look for its text, and adds a hint.
func (s *Set) unknown(words [][]byte) *Error {
	name := words[0]
	if len(name) > quoteMax {
		name = name[:quoteMax]
	}
	text := "unknown command '" + string(name) + "', with args beginning with: "
	for _, w := range words[1:] {
		if len(text) > 3*quoteMax {
			break
		}
		if len(w) > quoteMax {
			w = w[:quoteMax]
		}
		text += "'" + string(w) + "' "
	}
	if near := s.nearest(words[0]); near != "" {
		if len(words) > 1 {
			text = strings.TrimSuffix(text, " ")
		}
		text += "; did you mean " + near + "?"
	}
	return &Error{Err, text}
}

// slipsMax is how many letters may be wrong in a name that is still recognised,
// as long as that is less than half of it: SET is not EGET.
const slipsMax = 2

// nearest returns the name of the set that takes the fewest slips to become
// name, the first of several, or "" if all take too many.
func (s *Set) nearest(name []byte) string {
	best, fewest := "", slipsMax+1
	for i := range s.modules {
		known := s.modules[i].Spec.Name
		if d := len(known) - len(name); d > slipsMax || d < -slipsMax {
			continue
		}
		if n := slips(name, known); n < fewest && 2*n < len(name) {
			best, fewest = known, n
		}
	}
	return best
}

// slips is the Levenshtein distance of a name in any case to an upper case one
// of at most nameMax bytes: how many bytes to insert, remove or replace. It
// keeps one row of the table of Wagner and Fischer (1974), from which each next
// one follows.
func slips(name []byte, known string) int {
	var row [nameMax + 1]int
	for j := range row {
		row[j] = j
	}
	for i, c := range name {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(known) {
			replaced := diagonal
			if upperCase(c) != known[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(known)]
}
