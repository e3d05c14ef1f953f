package actor

import "math/bits"

// Rand is a small generator (xoshiro256++ 1.0 by Blackman and Vigna, seeded
// through splitmix64) whose outputs are frozen by a golden test: a seed must
// mean the same run on every platform and with every Go release. It is not fit
// for secrets. Not safe for concurrent use.
type Rand struct{ s [4]uint64 }

// NewRand returns the stream that belongs to seed.
func NewRand(seed uint64) *Rand {
	r := new(Rand)
	r.Seed(seed)
	return r
}

// Seed restarts the stream at seed.
func (r *Rand) Seed(seed uint64) {
	for i := range r.s {
		seed += 0x9e3779b97f4a7c15
		r.s[i] = Mix(seed)
	}
}

// Mix scrambles a number (the finalizer of splitmix64): a cheap way to derive
// independent seeds.
func Mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Fork returns a new stream that depends on this one's next output and label.
func (r *Rand) Fork(label uint64) *Rand { return NewRand(r.Uint64() ^ Mix(label+1)) }

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 {
	s := &r.s
	out := bits.RotateLeft64(s[0]+s[3], 23) + s[0]
	t := s[1] << 17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft64(s[3], 45)
	return out
}

// Uint64n returns a number in [0, n). n must be positive.
func (r *Rand) Uint64n(n uint64) uint64 {
	// Lemire's multiplication; the bias is below 2^-40 for every n used here.
	hi, _ := bits.Mul64(r.Uint64(), n)
	return hi
}

// Intn returns a number in [0, n). n must be positive.
func (r *Rand) Intn(n int) int { return int(r.Uint64n(uint64(n))) }

// Range returns a number in [lo, hi].
func (r *Rand) Range(lo, hi int) int { return lo + r.Intn(hi-lo+1) }

// Chance is true in num of den draws.
func (r *Rand) Chance(num, den int) bool { return r.Intn(den) < num }

// Read fills p with random bytes; it never fails.
func (r *Rand) Read(p []byte) (int, error) {
	for i := 0; i < len(p); i += 8 {
		v := r.Uint64()
		for j := i; j < len(p) && j < i+8; j++ {
			p[j] = byte(v)
			v >>= 8
		}
	}
	return len(p), nil
}
