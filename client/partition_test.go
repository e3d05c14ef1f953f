package client_test

import (
	"fmt"
	"testing"

	"sierradb/client"
)

func TestParsePartitions(t *testing.T) {
	f := func(list, want string) {
		t.Helper()
		got, err := client.ParsePartitions(list)
		if text := fmt.Sprint(got); err != nil && want != "" || err == nil && text != want {
			t.Errorf("%q: got %v, %v; want %s", list, got, err, want)
		}
	}
	f("3", "[3]")
	f("3, 0-2,65535", "[3 0 1 2 65535]")
	f("7-7", "[7]")
	f("00000000-0000-0000-0000-0000000000ff", fmt.Sprint([]client.Partition{client.PartitionKey{15: 0xff}}))
	for _, wrong := range []string{"", "1,,2", "x", "2-1", "1-", "-1", "65536", "0-65536", "*"} {
		f(wrong, "")
	}
}
