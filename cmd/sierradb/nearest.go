package main

import "strings"

// nearest returns the candidate that a misspelled name most likely meant, or ""
// when none is close. The first of equals wins.
func nearest(name string, candidates []string) string {
	best, bestAway := "", len(name)+1
	for _, c := range candidates {
		away := distance(name, c)
		if away < bestAway && away <= max(2, min(len(name), len(c))/3) {
			best, bestAway = c, away
		}
	}
	return best
}

// nearestKey also finds "segment.size", which lacks its end, "client_address",
// which lacks its section, and "server.client_address", which has a wrong one.
func nearestKey(name string) string {
	var names []string
	for i := range keys {
		names = append(names, keys[i].name)
	}
	if k := nearest(strings.ToLower(name), names); k != "" {
		return k
	}
	for _, full := range names {
		if name != "" && strings.HasPrefix(full, name) {
			return full
		}
	}
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	for _, full := range names {
		if _, after, _ := strings.Cut(full, "."); after == last && last != "" {
			return full
		}
	}
	return ""
}

// unknownKey is what is said of a key that nobody knows.
func unknownKey(shown, name string) string {
	if near := nearestKey(name); near != "" {
		return "unknown key " + shown + didYouMean(near)
	}
	return "unknown key " + shown + "; 'sierradb help config' lists all keys"
}

// didYouMean is the end of an error about an unknown name.
func didYouMean(candidate string) string {
	if candidate == "" {
		return ""
	}
	return "; did you mean " + candidate + "?"
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to turn a into b: the optimal string alignment distance. Names that
// are absurdly long are far from everything.
func distance(a, b string) int {
	if len(a) > 256 || len(b) > 256 {
		return len(a) + len(b)
	}
	// Three rows of the table: two above the one being filled.
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
