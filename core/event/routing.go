package event

import (
	"crypto/sha1"
	"encoding/binary"

	"github.com/google/uuid"

	"sierradb/core/actor"
)

// Namespace is the UUID namespace in which partition keys are derived from
// stream ids: uuid5(NAMESPACE_DNS, "sierradb.tqwewe.com").
var Namespace = uuid.MustParse("219bd637-e279-53e9-9e2b-eabe5d9120cc")

// KeyOf returns the partition key of a stream that names none:
// uuid5(Namespace, stream id), the version 5 UUID of RFC 9562, section 5.5. It
// allocates nothing for a valid stream id: every append and read passes here.
func KeyOf[S ~string | ~[]byte](stream S) uuid.UUID {
	if len(stream) > StreamMax {
		return uuid.NewSHA1(Namespace, []byte(stream))
	}
	var b [len(Namespace) + StreamMax]byte
	n := copy(b[:], Namespace[:])
	n += copy(b[n:], stream)
	sum := sha1.Sum(b[:n])
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x50 // version 5
	id[8] = id[8]&0x3f | 0x80 // the variant of RFC 9562
	return id
}

// HashOf returns the 16 bits of a key that choose its partition: those that
// follow the variant, bits 61 to 46 counted from the lowest.
func HashOf(key uuid.UUID) uint16 {
	return uint16(key[8]&0x3f)<<10 | uint16(key[9])<<2 | uint16(key[10])>>6
}

// PartitionOf returns the partition of a key among count partitions.
func PartitionOf(key uuid.UUID, count int) PartitionID {
	return PartitionID(int(HashOf(key)) % count)
}

// BucketOf returns the bucket that stores a partition, among count buckets.
func BucketOf(p PartitionID, count int) BucketID { return BucketID(int(p) % count) }

// NewID makes the id of an event in the partition of key: a version 7 UUID
// (RFC 9562) of the time whose 16 bits after the variant are the key's hash, so
// that the id alone leads to the partition.
func NewID(r *actor.Rand, millis int64, key uuid.UUID) uuid.UUID {
	var id uuid.UUID
	a, b := r.Uint64(), r.Uint64()
	binary.BigEndian.PutUint64(id[:], uint64(millis)<<16|0x7000|a&0x0fff)
	binary.BigEndian.PutUint64(id[8:], 0x8000000000000000|uint64(HashOf(key))<<46|b&(1<<46-1))
	return id
}

// NewTransactionID makes the id of a transaction of several events: a version
// 4 UUID.
func NewTransactionID(r *actor.Rand) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
