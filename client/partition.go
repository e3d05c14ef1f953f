package client

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// A Partition names a partition: [ID] by its number, [Key] by a key that leads
// to it.
type Partition interface{ selector() string }

// ID names a partition by its number.
type ID PartitionID

// Key names the partition of a partition key.
type Key uuid.UUID

func (p ID) selector() string  { return strconv.Itoa(int(p)) }
func (p Key) selector() string { return uuid.UUID(p).String() }

// ParsePartitions reads a list of partitions as EPSUB takes it: numbers, ranges
// of them (0-7) and UUID keys, separated by commas.
func ParsePartitions(list string) ([]Partition, error) {
	var partitions []Partition
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if key, err := uuid.Parse(item); err == nil {
			partitions = append(partitions, Key(key))
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
			partitions = append(partitions, ID(n))
		}
	}
	return partitions, nil
}
