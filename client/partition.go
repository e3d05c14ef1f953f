package client

import (
	"strconv"

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
