package sim

import (
	"bytes"
	"strconv"
	"strings"

	"sierradb/core/event"
)

// How the simulator reads ESUB and EPSUB: apart from how the node reads them, by
// the words of the contract alone.

// subscriptionOf reads what a well-formed request subscribes to, apart from how
// the node reads it. It returns nil when the request is not well-formed.
func subscriptionOf(args [][]byte, partitions int) *subscription {
	sub := &subscription{}
	words := args[1:]
	n := 0 // of words that select
	if strings.EqualFold(string(args[0]), "ESUB") {
		n = sub.selectStreams(words, partitions)
	} else if len(words) > 0 {
		n = sub.selectPartitions(string(words[0]), partitions)
	}
	if n == 0 || !sub.readOptions(words[n:]) {
		return nil
	}
	sub.selects = n + 1
	for _, s := range sub.sources {
		s.asked = s.next
	}
	return sub
}

func isOption(word []byte, name string) bool { return strings.EqualFold(string(word), name) }

// selectStreams reads the streams of ESUB and returns how many words they take.
func (sub *subscription) selectStreams(words [][]byte, partitions int) int {
	at, written := 0, 0
	for at < len(words) && (at == 0 || !isOption(words[at], "FROM") && !isOption(words[at], "WINDOW")) {
		name := streamName{event.KeyOf(string(words[at])), string(words[at])}
		if len(words[at]) == 0 {
			return 0
		}
		at++
		if at < len(words) && isOption(words[at], "PARTITION_KEY") {
			if at+1 == len(words) {
				return 0
			}
			name.Key = keyIn(string(words[at+1]))
			at += 2
		}
		written++
		p := event.PartitionOf(name.Key, partitions)
		if sub.source(uint64(p), name) == nil {
			sub.sources = append(sub.sources, &source{name: name.ID, partition: p, stream: name})
		}
	}
	sub.numbered = written == 1
	return at
}

// selectPartitions reads the selector of EPSUB; it takes one word, or none when
// it is malformed.
func (sub *subscription) selectPartitions(selector string, partitions int) int {
	add := func(p int) {
		for _, s := range sub.sources {
			if int(s.partition) == p {
				return
			}
		}
		sub.sources = append(sub.sources, &source{name: strconv.Itoa(p), partition: event.PartitionID(p), whole: true})
	}
	if selector == "*" {
		for p := range partitions {
			add(p)
		}
		return 1
	}
	items := strings.Split(selector, ",")
	sub.numbered = len(items) == 1
	for _, item := range items {
		item = strings.TrimSpace(item)
		if key := keyIn(item); len(strings.Trim(item, "{}")) >= 32 {
			add(int(event.PartitionOf(key, partitions)))
			continue
		}
		a, b, ranged := strings.Cut(item, "-")
		lo, err := strconv.Atoi(a)
		hi, err2 := lo, error(nil)
		if ranged {
			hi, err2 = strconv.Atoi(b)
			sub.numbered = false
		}
		if err != nil || err2 != nil || lo < 0 || hi < lo || hi >= partitions {
			return 0
		}
		for p := lo; p <= hi; p++ {
			add(p)
		}
	}
	return 1
}

// readOptions reads FROM and WINDOW, in any order, each once.
func (sub *subscription) readOptions(words [][]byte) bool {
	from, window := false, false
	for len(words) > 0 {
		switch {
		case isOption(words[0], "WINDOW") && len(words) > 1 && !window:
			n, err := strconv.ParseUint(string(words[1]), 10, 64)
			if err != nil || n == 0 {
				return false
			}
			window, sub.window, words = true, n, words[2:]
		case isOption(words[0], "FROM") && len(words) > 1 && !from:
			from = true
			n := sub.readFrom(words[1:])
			if n == 0 {
				return false
			}
			words = words[1+n:]
		default:
			return false
		}
	}
	if !from {
		sub.fromLatest()
	}
	return true
}

func (sub *subscription) fromLatest() {
	for _, s := range sub.sources {
		s.latest = true
	}
}

// readFrom reads what stands behind FROM and returns how many words it takes, 0
// when it is malformed.
func (sub *subscription) readFrom(words [][]byte) int {
	if isOption(words[0], "LATEST") {
		sub.fromLatest()
		return 1
	}
	if !isOption(words[0], "MAP") {
		n, err := strconv.ParseUint(string(words[0]), 10, 64)
		for _, s := range sub.sources {
			s.next = n
		}
		if err != nil {
			return 0
		}
		return 1
	}
	sub.fromLatest()
	pairs := make(map[string][]uint64)
	at := 1
	for ; at < len(words) && !isOption(words[at], "WINDOW") && !isOption(words[at], "DEFAULT"); at++ {
		i := bytes.LastIndexByte(words[at], '=')
		if i < 0 {
			return 0
		}
		n, err := strconv.ParseUint(string(words[at][i+1:]), 10, 64)
		if err != nil {
			return 0
		}
		name := string(words[at][:i])
		pairs[name] = append(pairs[name], n)
	}
	if at == 1 {
		return 0
	}
	sub.startAt(pairs)
	if at < len(words) && isOption(words[at], "DEFAULT") {
		if at+1 == len(words) {
			return 0
		}
		n, err := strconv.ParseUint(string(words[at+1]), 10, 64)
		if err != nil {
			return 0
		}
		for _, s := range sub.sources {
			if s.latest {
				s.latest, s.next = false, n
			}
		}
		at += 2
	}
	return at
}

// startAt gives the sources the positions of FROM MAP: a pair for each
// appearance of a name, or one for all of them.
func (sub *subscription) startAt(pairs map[string][]uint64) {
	seen := make(map[string]int)
	for _, s := range sub.sources {
		list := pairs[s.name]
		i := seen[s.name]
		seen[s.name]++
		if len(list) == 1 {
			i = 0
		}
		if i < len(list) {
			s.latest, s.next = false, list[i]
		}
	}
}
