package sched

import (
	"math/bits"

	"sierradb/core/actor"
)

// checkpointEvery is how many records lie between two checkpoints.
const checkpointEvery = 1024

// Trace is a hash chain over all that happened in a run. Two runs of a seed
// that differ anywhere differ in every later checkpoint.
type Trace struct {
	hash  uint64
	count uint64
	marks []uint64
	text  func(string)
}

// Hash is the chain's value so far.
func (t *Trace) Hash() uint64 { return t.hash }

// Count is how many records went in.
func (t *Trace) Count() uint64 { return t.count }

// Checkpoints are the values after each 1024 records, for finding where two
// runs part.
func (t *Trace) Checkpoints() []uint64 { return t.marks }

func (t *Trace) add(first uint64, words ...uint64) {
	h := fold(t.hash, first)
	for _, w := range words {
		h = fold(h, w)
	}
	t.hash = h
	t.count++
	if t.count%checkpointEvery == 0 {
		t.marks = append(t.marks, h)
	}
}

// fold mixes a word into a hash.
func fold(h, w uint64) uint64 { return bits.RotateLeft64(actor.Mix(h^w), 23) + 0x9e3779b97f4a7c15 }

// DigestBytes folds bytes into a hash.
func DigestBytes(h uint64, p []byte) uint64 {
	h = fold(h, uint64(len(p)))
	for len(p) >= 8 {
		h = fold(h, uint64(p[0])|uint64(p[1])<<8|uint64(p[2])<<16|uint64(p[3])<<24|
			uint64(p[4])<<32|uint64(p[5])<<40|uint64(p[6])<<48|uint64(p[7])<<56)
		p = p[8:]
	}
	var w uint64
	for i, c := range p {
		w |= uint64(c) << (8 * i)
	}
	return fold(h, w)
}

// Digest folds numbers into a hash.
func Digest(h uint64, words ...uint64) uint64 {
	for _, w := range words {
		h = fold(h, w)
	}
	return h
}

func digestString(h uint64, s string) uint64 { return DigestBytes(h, []byte(s)) }
