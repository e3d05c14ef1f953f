package client

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// A Partition names a partition: by its number, a [PartitionID], or by a key
// that leads to it, a [PartitionKey].
type Partition interface {
	selector() string        // as commands take it
	among(n int) PartitionID // of n partitions
}

// PartitionID is the number of a partition, from 0.
type PartitionID uint16

// PartitionKey names the partition of a partition key.
type PartitionKey uuid.UUID

func (p PartitionID) selector() string  { return strconv.Itoa(int(p)) }
func (p PartitionKey) selector() string { return uuid.UUID(p).String() }

func (p PartitionID) among(int) PartitionID { return p }

func (p PartitionKey) among(n int) PartitionID {
	return PartitionID(event.PartitionOf(uuid.UUID(p), n))
}

// ParsePartitions reads a list of partitions as EPSUB takes it: numbers, ranges
// of them (0-7) and UUID keys, separated by commas.
func ParsePartitions(list string) ([]Partition, error) {
	var partitions []Partition
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if key, err := uuid.Parse(item); err == nil {
			partitions = append(partitions, PartitionKey(key))
			continue
		}
		from, to, isRange := strings.Cut(item, "-")
		first, err := strconv.ParseUint(from, 10, 16)
		last := first
		if err == nil && isRange {
			last, err = strconv.ParseUint(to, 10, 16)
		}
		if err != nil || last < first {
			return nil, &Error{Code: "INVALIDARG", Text: fmt.Sprintf("partition %q: expected a number up to 65535, a range of two, or a UUID", item)}
		}
		for n := first; n <= last; n++ {
			partitions = append(partitions, PartitionID(n))
		}
	}
	return partitions, nil
}
